/** `midroll plan` as somebody planning a campaign meets it: the page, the numbers for scripts, and every way to go wrong. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { smallCatalog, spoiled } from "./catalog_fixture.ts";
import { openStage } from "./cli_stage.ts";

let stage: ReturnType<typeof openStage>;
beforeEach(() => {
  stage = openStage();
});
afterEach(() => stage.strike());

/** A plan of the small catalog's one campaign; few breaks, so that it is quick. */
async function planSmall(...more: readonly string[]) {
  // Without its deal, whose price is a first look's and not what the campaign bids.
  const catalog = stage.write("catalog.json", { ...smallCatalog(), deals: [] });
  return stage.midroll(["plan", "--catalog", catalog, "--campaign", "cars", "--sample", "60", ...more]);
}

/** The small catalog without its campaign, and a file with only that. */
function split() {
  const { campaigns, lineItems, creatives, deals: _deals, ...rest } = smallCatalog();
  const of = (own: boolean) => ({
    campaigns: campaigns.filter(({ id }) => (id === "cars") === own),
    lineItems: lineItems.filter(({ campaignId }) => (campaignId === "cars") === own),
    creatives: creatives.filter(({ advertiserId }) => (advertiserId === "nordwagen") === own),
  });
  return { catalog: stage.write("rest.json", { ...rest, ...of(false) }), own: of(true) };
}

/** A recorded break of every hour of eight days, as `POST /v1/decide` takes it. */
function recording(change: (n: number) => object = () => ({})): string {
  const lines = Array.from({ length: 8 * 24 }, (_, n) =>
    JSON.stringify({
      at: new Date(Date.UTC(2026, 2, 2) + n * 3_600_000).toISOString(),
      publisherId: "demo",
      podDurationSec: 60,
      viewer: { id: `v-${n % 30}`, device: n % 2 === 0 ? "ctv" : "mobile", country: "DE" },
      ...change(n),
    }),
  );
  return stage.write("breaks.jsonl", lines.join("\n"));
}

/** Catalogs and recordings that cannot be planned from, and the words that name the small catalog's campaign. */
const small = () => stage.write("small.json", smallCatalog());
const empty = () => stage.write("empty.json", { ...smallCatalog(), lineItems: [], deals: [] });
const endless = () => stage.write("endless.json", spoiled("campaigns[0].flight.end", "2090-01-01T00:00:00Z"));
const onSmall = () => ["plan", "--catalog", small(), "--campaign", "cars"];
const short = () => recording(() => ({ at: "2026-03-02T20:00:00Z" }));
const long = () => stage.write("long.jsonl", "{}\n".repeat(25_001));
const misdated = () => recording((n) => (n === 0 ? { at: "9999-03-02T20:00:00Z" } : {}));
const broken = () => recording((n) => (n === 1 ? { at: "yesterday" } : n === 2 ? { podDurationSec: -1 } : {}));

/** Lines of a page that begin a part of it. */
const headings = (text: string) => text.split("\n").filter((line) => /^[A-Z]/.test(line));

describe("midroll plan", () => {
  it("plans the campaign that docs/planning.md shows, and prints a page like the one there", async () => {
    const page = readFileSync(new URL("../../docs/planning.md", import.meta.url), "utf8");
    const shown = /<!-- checked by test\/core\/cli_plan\.test\.ts -->\s+```json\n(.*?)\n```.*?```\n(.*?)\n```/s.exec(
      page,
    );
    const { exitCode, out, err } = await stage.midroll(["plan", stage.write("campaign.json", shown?.[1] ?? "")]);
    expect([exitCode, err]).toEqual([0, ""]);
    expect(headings(out)).toEqual(headings(shown?.[2] ?? ""));
    expect(stage.asked).toEqual([]);
  });

  it("says what to expect, when the money goes, what to bid, what else it could be, and why not more", async () => {
    const { exitCode, out } = await planSmall();
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^Cars \(cars\)\n {2}flight {3}2026-01-01T00:00:00Z to 2026-12-31T22:00:00Z, 365 days\n/);
    expect(out).toContain("  market   0 other campaigns run then");
    for (const part of ["Delivery", "Spend by the end of the day", "Bids", "With a budget of", "What becomes of"]) {
      expect(out).toContain(`\n${part}`);
    }
    expect(out).toContain("  2026-12-31  ");
    expect(out).toMatch(/ {2}the line item does not target this device\n/);
  });

  it("with --json gives all of it as whole numbers", async () => {
    const { out } = await planSmall("--json");
    const plan = JSON.parse(out);
    expect(plan).toMatchObject({ ok: true, campaignId: "cars", pacing: "even", competition: "paced", decided: 60 });
    expect(plan.traffic).toMatchObject({ kind: "simulated", breaksPerDay: 20_000, seed: "plan" });
    expect(plan.supplyShape).toHaveLength(168);
    expect(plan.supplyShape.every((hour: unknown) => Number.isInteger(hour))).toBe(true);
    expect(plan.spendCurve).toHaveLength(365);
    expect(plan.spendCurve.at(-1).spendMicros).toEqual(plan.spendMicros);
    for (const measure of ["impressions", "completedViews", "clicks", "spendMicros"]) {
      const { expected, low, high } = plan[measure];
      expect([expected, low, high].every(Number.isInteger)).toBe(true);
      const rising = plan.budgets.map((row: Record<string, { expected: number }>) => row[measure]?.expected);
      expect(rising).toEqual(rising.toSorted((a: number, b: number) => a - b));
    }
    expect(plan.spendMicros.high).toBeLessThanOrEqual(50_000_000);
  });

  it("gives the same bytes for the same question and others for another seed", async () => {
    const [one, again, other] = [await planSmall("--json"), await planSmall("--json"), await planSmall("--seed", "x")];
    expect(one.out).toBe(again.out);
    expect((await planSmall()).out).not.toBe(other.out);
  });

  it("lays the campaign's own file over the catalog it will compete in", async () => {
    const { catalog, own } = split();
    const file = stage.write("own.json", own);
    const apart = await stage.midroll(["plan", file, "--catalog", catalog, "--sample", "60"]);
    expect(apart.out).toBe((await planSmall()).out);
    const cheaper = { ...own, lineItems: own.lineItems.map((line) => ({ ...line, id: "cars-new" })) };
    const whole = stage.write("whole.json", smallCatalog());
    const replaced = await stage.midroll([
      "plan",
      stage.write("new.json", cheaper),
      "--catalog",
      whole,
      "--sample",
      "60",
      "--json",
    ]);
    expect(JSON.parse(replaced.out).advice.bids.map((bid: { lineItemId: string }) => bid.lineItemId)).toEqual([
      "cars-new",
    ]);
  });

  it("plans from recorded breaks, in their own volume or in another", async () => {
    const { exitCode, out } = await planSmall("--traffic", recording(), "--json");
    expect(exitCode).toBe(0);
    const plan = JSON.parse(out);
    expect(plan.traffic).toMatchObject({ kind: "recorded", recordedBreaks: 192, breaksPerDay: 24 });
    const more = await planSmall("--traffic", recording(), "--breaks-per-day", "2400", "--json");
    expect(JSON.parse(more.out).breaks / plan.breaks).toBeCloseTo(100, 1);
  });

  it("leaves breaks of unknown publishers out and says so", async () => {
    const file = recording((n) => (n % 4 === 1 ? { publisherId: "elsewhere" } : {}));
    expect((await planSmall("--traffic", file)).out).toContain("48 of unknown publishers left out");
  });

  it("says so when nobody watches in the hours of the flight, or nobody whom it targets", async () => {
    const evening = recording((n) => ({ at: new Date(Date.UTC(2026, 2, 2 + (n % 8), 20)).toISOString() }));
    const morning = stage.write("m.json", spoiled("campaigns[0].flight.end", "2026-01-01T09:00:00Z"));
    const none = await stage.midroll(["plan", "--catalog", morning, "--campaign", "cars", "--traffic", evening]);
    expect([none.exitCode, none.out.includes("nobody watches in the hours of this flight")]).toEqual([0, true]);
    const nowhere = stage.write("n.json", spoiled("lineItems[0].targeting", { countries: { include: ["NZ"] } }));
    const nobody = await stage.midroll([
      "plan",
      "--catalog",
      nowhere,
      "--campaign",
      "cars",
      "--sample",
      "60",
      "--json",
    ]);
    expect(JSON.parse(nobody.out)).toMatchObject({ supplyShape: null, advice: { kind: "unreachable" } });
  });
});

describe("midroll plan refuses in plain words", () => {
  const refusals: readonly (readonly [string, () => readonly string[], number, string])[] = [
    ["nothing named", () => ["plan"], 2, "which campaign is to be planned?"],
    ["two campaigns", () => ["plan", stage.write("two.json", smallCatalog())], 2, "two.json with 2 campaigns"],
    ["a sample too small", () => ["plan", "x.json", "--sample", "3"], 2, "--sample takes a whole number from 50"],
    [
      "no traffic at all",
      () => ["plan", "x.json", "--breaks-per-day", "0"],
      2,
      "--breaks-per-day takes a whole number",
    ],
    ["other competition", () => ["plan", "x.json", "--competition", "none"], 2, "--competition takes paced or full"],
    ["a file that is not there", () => ["plan", "none.json"], 1, "found nothing there"],
    ["a name almost right", () => ["plan", "--campaign", "cmp-nordwagen-9"], 1, 'Did you mean "cmp-nordwagen-1"?'],
    ["a house campaign", () => ["plan", "--campaign", "own", "--catalog", small()], 1, '"own" has no budget'],
    ["no line items", () => ["plan", "--campaign", "cars", "--catalog", empty()], 1, '"cars" has no line items'],
    ["an endless flight", () => ["plan", "--campaign", "cars", "--catalog", endless()], 1, "at most 5 years ahead"],
    ["a bad catalog", () => ["plan", stage.write("bad.json", { campaigns: [{ id: "x" }] })], 1, "docs/catalog.md"],
    ["no such recording", () => [...onSmall(), "--traffic", "none.jsonl"], 1, "none.jsonl cannot be read"],
    ["a recording of an hour", () => [...onSmall(), "--traffic", short()], 1, "Record at least one whole day"],
    ["too long a recording", () => [...onSmall(), "--traffic", long()], 1, "Take every n-th line"],
    ["a moment with a wrong year", () => [...onSmall(), "--traffic", misdated()], 1, "a recording may span 366"],
    ["lines that are not breaks", () => [...onSmall(), "--traffic", broken()], 1, 'line 2: no moment: expected "at"'],
  ];

  it.each(refusals)("%s", async (_what, words, exitCode, said) => {
    const refused = await stage.midroll(words());
    expect(refused.err).toContain(said);
    expect([refused.exitCode, refused.out]).toEqual([exitCode, ""]);
  });
});
