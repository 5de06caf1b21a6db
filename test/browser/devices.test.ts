/**
 * The published set on WebGPU: in a real Chromium with a software adapter every model, trees included, says within
 * 1e-4 what wasm says, for one row and for many; and a person can read so on the page.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readModelSet } from "../../cli/models/read_models.ts";
import { openDevicePage, type OpenPage } from "../../devices/browser.ts";
import { chromiumOrNotice, complaintsOf } from "./chromium.ts";

const PARITY = 1e-4;
const executablePath = chromiumOrNotice();

describe.skipIf(executablePath === null)("the published set on WebGPU", () => {
  let open: OpenPage;
  beforeAll(async () => {
    open = await openDevicePage(executablePath ?? "", "models");
  });
  afterAll(() => open?.close());

  test("has an adapter, and says of it whether it is software", () => {
    expect(open.adapter).toMatchObject({ vendor: expect.any(String), software: expect.any(Boolean) });
  });

  test.each([1, 7, 64, 200])("says within 1e-4 what wasm says, on %i rows", async (rows) => {
    const apart = await open.parity(rows);
    const { models } = await readModelSet("models");
    expect(Object.keys(apart)).toEqual(models.map(({ name }) => name));
    for (const distance of Object.values(apart)) expect(distance).toBeLessThanOrEqual(PARITY);
  });

  test("is read by a person: adapter, times and distances by size", async () => {
    const { page } = open;
    const complaints = complaintsOf(page);
    expect(await page.locator("#adapter").textContent()).toContain(
      open.adapter?.software === true ? "a software adapter" : "an adapter of a GPU",
    );
    await page.getByRole("button", { name: "Measure" }).click();
    await page.locator("tbody tr").first().waitFor({ timeout: 120_000 });
    const cells = await page.locator("tbody tr").first().locator("td").allTextContents();
    expect(cells).toHaveLength(4);
    expect(cells.map(Number).every((value) => value >= 0)).toBe(true);
    expect(complaints).toEqual([]);
  });
});
