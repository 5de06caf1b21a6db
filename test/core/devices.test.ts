/** Which device gets which work, and what `midroll bench device` says of this machine without a browser. */
import { expect, test } from "vitest";
import { allocate, type Device, type Timing } from "../../devices/allocate.ts";
import { drawBreakRows, ROWS_OF_BREAK } from "../../devices/page/rows.ts";
import { BREAK_SPAN, COLUMN_COUNT } from "../../src/features/schema.ts";
import { openStage } from "./cli_stage.ts";

/** Times by device at 20, 200 and 5,000 rows. */
const timings = (table: Partial<Record<Device, readonly [number, number, number]>>): readonly Timing[] =>
  Object.entries(table).flatMap(([device, times]) =>
    [20, 200, 5_000].map((rows, at): Timing => ({ device: device as Device, rows, us: times[at] ?? Number.NaN })),
  );

test("online work goes to the fastest device a Worker has, offline work to the fastest of all", () => {
  const table = timings({ kernel: [30, 200, 6_000], wasm: [500, 900, 20_000], native: [20, 100, 4_000] });
  expect(allocate(table, false)).toMatchObject({ online: "kernel", offline: "native" });
});

test("where devices win by turns, online work goes to the one that is nearest the best over all sizes", () => {
  const table = timings({ kernel: [30, 300, 1], wasm: [60, 290, 1] });
  expect(allocate(table, false)).toMatchObject({
    online: "kernel",
    fastest: [
      { rows: 20, device: "kernel" },
      { rows: 200, device: "wasm" },
      { rows: 5_000, device: "kernel" },
    ],
  });
});

test("a GPU gets offline work where it is faster, a program that poses as one never", () => {
  const table = timings({ kernel: [30, 300, 9_000], webgpu: [900, 950, 2_000] });
  expect(allocate(table, false)).toMatchObject({ online: "kernel", offline: "webgpu" });
  expect(allocate(table, true)).toMatchObject({ online: "kernel", offline: "kernel" });
});

test("without sizes of a kind nothing is allocated for it", () => {
  expect(allocate([], false)).toEqual({ online: null, offline: null, fastest: [] });
});

test("rows come in breaks whose columns agree, and the same seed gives the same rows", () => {
  const rows = drawBreakRows("seed", ROWS_OF_BREAK + 3);
  const breakOf = (row: number) => rows.slice(row * COLUMN_COUNT + BREAK_SPAN.from, row * COLUMN_COUNT + BREAK_SPAN.to);
  expect(breakOf(ROWS_OF_BREAK - 1)).toEqual(breakOf(0));
  expect(breakOf(ROWS_OF_BREAK + 2)).toEqual(breakOf(ROWS_OF_BREAK));
  expect(breakOf(ROWS_OF_BREAK)).not.toEqual(breakOf(0));
  expect(drawBreakRows("seed", 5)).toEqual(rows.slice(0, 5 * COLUMN_COUNT));
});

/** No browser is found there. */
const NO_BROWSER = { PATH: "/nowhere", CHROME_PATH: "" };

test("the command measures what is there, says what is not and how to get it, and allocates", async () => {
  const stage = openStage();
  const { exitCode, out } = await stage.midroll(
    ["bench", "device", "--rounds", "1", "--sizes", "1,300", "--json"],
    undefined,
    NO_BROWSER,
  );
  stage.strike();
  expect(exitCode).toBe(0);
  const told = JSON.parse(out);
  expect(new Set(told.timings.map((timing: Timing) => timing.device))).toEqual(new Set(["native", "wasm", "kernel"]));
  expect(told.timings.every((timing: Timing) => timing.us > 0)).toBe(true);
  expect(["kernel", "wasm"]).toContain(told.allocation.online);
  expect(told.adapter).toBeNull();
  expect(told.notes.join("\n")).toContain("scripts/install_chromium.sh");
}, 60_000);

test.each([
  [["--sizes", "0"], 2, "--sizes"],
  [["--rounds", "many"], 2, "--rounds"],
  [["--models", "nowhere"], 1, "sample-set.json"],
])("%j is refused", async (words, status, said) => {
  const stage = openStage();
  const { exitCode, err } = await stage.midroll(["bench", "device", ...words], undefined, NO_BROWSER);
  stage.strike();
  expect(exitCode).toBe(status);
  expect(err).toContain(said);
});
