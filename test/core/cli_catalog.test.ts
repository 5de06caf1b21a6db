/** `midroll catalog` as an operator meets it: what it prints, where, what it sends, with which exit code. */
import { fileURLToPath } from "node:url";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededCatalogJson } from "../../bench/seeded_catalog.ts";
import { CATALOG_PROBLEM_CODES } from "../../src/catalog/problem.ts";
import { encodeSnapshot, loadSnapshot } from "../../src/catalog/snapshot.ts";
import { parseCatalog } from "../../src/catalog/validate.ts";
import { present } from "../../src/kernel/assert.ts";
import { smallCatalog, spoiled } from "./catalog_fixture.ts";
import { TOKEN, answers, openStage } from "./cli_stage.ts";

const SAMPLE = fileURLToPath(new URL("../../catalog/sample", import.meta.url));
const applied = answers({ digest: "d".repeat(64), campaigns: 2, lineItems: 2 });

let stage: ReturnType<typeof openStage>;
beforeEach(() => {
  stage = openStage();
});
afterEach(() => stage.strike());

describe("midroll catalog validate", () => {
  it("takes the sample catalog and says what is in it", async () => {
    const { exitCode, out, err } = await stage.midroll(["catalog", "validate", SAMPLE]);
    expect([exitCode, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /^valid: 6 files\n {2}5 publishers, 52 advertisers, .*244 line items.*\n {2}snapshot of 0\.\d MB, digest [0-9a-f]{64}\n$/,
    );
    expect(stage.asked).toEqual([]);
  });

  it("takes the whole catalog that docs/catalog.md shows", async () => {
    const page = readFileSync(new URL("../../docs/catalog.md", import.meta.url), "utf8");
    const shown = /<!-- checked by test\/core\/cli_catalog\.test\.ts -->\s+```json\n(.*?)\n```/s.exec(page)?.[1];
    const { exitCode, err } = await stage.midroll(["catalog", "validate", stage.write("c.json", shown ?? "")]);
    expect([exitCode, err]).toEqual([0, ""]);
    for (const code of CATALOG_PROBLEM_CODES) expect(page).toContain(`\`${code}\``);
  });

  it("gives the same digest for one file as for many", async () => {
    const { creatives, ...rest } = smallCatalog();
    const whole = await stage.midroll(["catalog", "validate", stage.write("whole.json", smallCatalog()), "--json"]);
    const parts = [stage.write("rest.json", rest), stage.write("creatives.json", { creatives })];
    const split = await stage.midroll(["catalog", "validate", ...parts, "--json"]);
    const counts = { publishers: 1, advertisers: 2, campaigns: 2, lineItems: 2, creatives: 3, deals: 1 };
    expect(JSON.parse(whole.out)).toMatchObject({ ok: true, counts });
    expect(JSON.parse(split.out).digest).toBe(JSON.parse(whole.out).digest);
  });

  it("prints every problem on standard error and ends with 1", async () => {
    const path = stage.write("bad.json", spoiled("lineItems[0].creativeIds[0]", "cr-x"));
    const { exitCode, out, err } = await stage.midroll(["catalog", "validate", path]);
    expect([exitCode, out]).toEqual([1, ""]);
    expect(err).toBe(
      "midroll: the catalog has 1 problem\n" +
        `${path}: lineItems[0].creativeIds[0]: expected the id of a creative in the catalog, found "cr-x"\n` +
        "Every field is described in docs/catalog.md.\n",
    );
  });

  it("with --json prints the problems as one object on standard output", async () => {
    const path = stage.write("bad.json", spoiled("campaigns[0].budgetMicros", 0));
    const { exitCode, out, err } = await stage.midroll(["catalog", "validate", path, "--json"]);
    expect([exitCode, err]).toEqual([1, ""]);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      code: "catalog_invalid",
      problemCount: 1,
      problems: [{ file: path, path: "lineItems[0].goal.kind", code: "paid_goal_without_budget" }],
    });
  });

  it("names what cannot be read: no such path, a directory without catalogs, text that is not JSON", async () => {
    const broken = stage.write("broken.json", "{");
    const empty = join(stage.dir, "empty");
    mkdirSync(empty);
    const { exitCode, out } = await stage.midroll([
      "catalog",
      "validate",
      join(stage.dir, "none"),
      empty,
      broken,
      "--json",
    ]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(out).problems.map((problem: { code: string }) => problem.code)).toEqual([
      "unreadable_file",
      "no_files",
      "bad_json",
    ]);
  });

  it.each([
    [["catalog", "validate"], "missing required argument 'paths'"],
    [["catalog", "validat", "x"], "unknown command 'validat'"],
    [["catalog", "validate", "x", "--jsn"], "unknown option '--jsn'"],
    [["campaigns", "show", "a", "b"], "too many arguments"],
    [["status", "--origin", "localhost"], '"localhost" is not an http or https URL'],
  ])("and every other command line that is wrong ends with 2: %j", async (words, said) => {
    const { exitCode, err } = await stage.midroll(words);
    expect(exitCode).toBe(2);
    expect(err).toContain(said);
  });
});

describe("midroll catalog apply", () => {
  it("sends the whole catalog once, with the token, to the origin that was named", async () => {
    const path = stage.write("c.json", smallCatalog());
    const { exitCode, out } = await stage.midroll(
      ["catalog", "apply", path, "--origin", "https://o.example.com/"],
      applied,
    );
    expect(exitCode).toBe(0);
    expect(out).toContain("applied at https://o.example.com: 2 campaigns, 2 line items");
    expect(stage.asked).toHaveLength(1);
    expect(stage.asked[0]).toMatchObject({
      method: "PUT",
      url: "https://o.example.com/v1/admin/catalog",
      authorization: `Bearer ${TOKEN}`,
    });
    const sent = loadSnapshot(stage.asked[0]?.body ?? new Uint8Array());
    expect(sent.ok && [...sent.value.lineItems].map(({ lineItem }) => lineItem.id)).toEqual(["cars-tv", "own-1"]);
  });

  it("takes a snapshot that was kept, and sends it as it is", async () => {
    const parsed = parseCatalog([{ file: "c.json", json: smallCatalog() }]);
    const bytes = encodeSnapshot(present(parsed.ok ? parsed.value : null, "the fixture validates"));
    const path = join(stage.dir, "kept.catalog");
    writeFileSync(path, bytes);
    const { exitCode } = await stage.midroll(["catalog", "apply", path], applied);
    expect(exitCode).toBe(0);
    expect(stage.asked[0]?.body).toEqual(bytes);
  });

  it("refuses a kept snapshot that was damaged, by its name, and sends nothing", async () => {
    const path = stage.write("kept.catalog", "midroll-catalog/2\nand nothing else");
    const { exitCode, err } = await stage.midroll(["catalog", "apply", path], applied);
    expect([exitCode, stage.asked.length]).toEqual([1, 0]);
    expect(err).toContain(`${path}: expected a snapshot in the format midroll-catalog/2`);
    expect((await stage.midroll(["catalog", "apply", join(stage.dir, "gone.catalog")], applied)).exitCode).toBe(1);
  });

  it("says how far it is when a catalog is large", async () => {
    const path = stage.write("large.json", seededCatalogJson(10_000, "progress"));
    const { exitCode, err } = await stage.midroll(["catalog", "apply", path], applied);
    expect(exitCode).toBe(0);
    expect(err).toMatch(/^… 10000 line items in 1 file are in order; packing\n… packed into \d+\.\d MB\n$/);
  }, 120_000);

  it("sends nothing when the catalog does not validate", async () => {
    const { exitCode } = await stage.midroll(["catalog", "apply", stage.write("c.json", {})], applied);
    expect([exitCode, stage.asked.length]).toEqual([1, 0]);
  });

  it("says how to start an origin that is not there", async () => {
    const { exitCode, err } = await stage.midroll(["catalog", "apply", stage.write("c.json", smallCatalog())]);
    expect(exitCode).toBe(1);
    expect(err).toBe(
      "midroll: origin at http://localhost:8788 cannot be reached (ECONNREFUSED)\n" +
        "Start it with `npm start`, or name another with --origin URL or MIDROLL_ORIGIN.\n",
    );
  });

  it("passes on what origin refuses, with its code and its problems", async () => {
    const problems = [{ path: "lineItems[0].id", expected: "text", found: "nothing" }];
    const refuse = answers({ code: "catalog_invalid", detail: "The catalog has 1 problems.", problems }, 422);
    const { exitCode, err } = await stage.midroll(["catalog", "apply", stage.write("c.json", smallCatalog())], refuse);
    expect(exitCode).toBe(1);
    expect(err).toContain("answered 422 catalog_invalid: The catalog has 1 problems.");
    expect(err).toContain("  lineItems[0].id: expected text, found nothing");
  });
});

describe("midroll --help", () => {
  it.each([
    [["--help"]],
    [["catalog", "validate", "--help"]],
    [["catalog", "apply", "--help"]],
    [["campaigns", "--help"]],
    [["campaigns", "show", "--help"]],
    [["models", "publish", "--help"]],
    [["models", "list", "--help"]],
    [["status", "--help"]],
  ])("%j shows examples and ends with 0", async (words) => {
    const { exitCode, out } = await stage.midroll(words);
    expect(exitCode).toBe(0);
    expect(out).toContain("Examples:\n  npm run -s midroll -- ");
  });
});
