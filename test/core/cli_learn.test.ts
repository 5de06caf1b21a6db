/** `midroll learn` as an operator meets it: tables as pages and as numbers, the file they are kept in, and refusals. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRecord, writeRecord, type AuctionRecord } from "../../src/simulation/learning/auction_record.ts";
import { drawLog, singleSlot } from "../simulation/learning_stage.ts";
import { smallCatalog } from "./catalog_fixture.ts";
import { openStage } from "./cli_stage.ts";

let stage: ReturnType<typeof openStage>;
beforeEach(() => {
  stage = openStage();
});
afterEach(() => stage.strike());

const moment = (atMs: number): string => new Date(atMs).toISOString();
const lineOf = (record: AuctionRecord): string => writeRecord(record, moment);

/** Two bidders for each of 2,000 slots in ten days, their limits anywhere up to 40 CPM. */
const RECORDS = drawLog({ seed: "cli", breaks: 2_000, bidders: 2, limit: (random) => 40_000 * random.next() });
const LINES = RECORDS.map(lineOf);

/** The words of a run on a log of these lines, against the small catalog. */
function words(table: string, lines: readonly string[], ...more: readonly string[]): string[] {
  const catalog = stage.write("catalog.json", smallCatalog());
  return ["learn", table, stage.write("log.jsonl", lines.join("\n")), "--catalog", catalog, ...more];
}

const asSecond = ["--price-rule", "second", "--fill-loss-max", "1"];

describe("midroll learn reserves", () => {
  it("shows the table, what it does on days held out, where, to whom, and what it cannot know", async () => {
    const { exitCode, out, err } = await stage.midroll(words("reserves", LINES, ...asSecond));
    expect([exitCode, err]).toEqual([0, ""]);
    expect(out).toMatch(/2,000 breaks with 4,000 bids; learned from 7 days, judged on 3 from 2026-08-10 on\n/);
    for (const part of ["Learned (CPM)", "On the days held out", "Revenue by part", "Campaigns most changed"]) {
      expect(out).toContain(`\n${part}`);
    }
    expect(out).toMatch(/\n {2}demo +any +any +any +\d+\.\d\d +1,400 +\d\d\.\d %\n/);
    expect(out).toContain("Bids are held as they were logged");
    expect(out).toContain("Nothing was written; --out FILE keeps the table");
  });

  it("says why there is none where winners pay their bid", async () => {
    const { out } = await stage.midroll(words("reserves", LINES));
    expect(out).toContain("No reserve: none is surely worth more than it loses");
    expect(out).toContain("Under first price winners pay their bid");
    expect(out).not.toContain("Revenue by part");
  });

  it("gives scripts the table, the terms and the report", async () => {
    const { out } = await stage.midroll(words("reserves", LINES, ...asSecond, "--json"));
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({ ok: true, file: null, written: null, terms: { fillLossMax: 1 } });
    expect(answer.reserves[0]).toMatchObject({ id: "reserve-demo-any-any-any", publisherId: "demo", sales: 1400 });
    expect(Number.isInteger(answer.reserves[0].cpmMicros)).toBe(true);
    expect(answer.report).toMatchObject({ seed: "learn", all: { breaks: 600 } });
    expect(answer.report.all.revenueChange.share).toBeGreaterThan(0);
  });

  it("gives the same bytes for the same log, in whatever order its lines are", async () => {
    const one = await stage.midroll(words("reserves", LINES, ...asSecond, "--json"));
    const other = await stage.midroll(words("reserves", LINES.toReversed(), ...asSecond, "--json"));
    expect(other.out).toBe(one.out);
  });
});

describe("midroll learn landscapes", () => {
  it("shows bids to beat, chances as predicted and as they came, and what shading leaves", async () => {
    const { exitCode, out } = await stage.midroll(words("landscapes", LINES));
    expect(exitCode).toBe(0);
    for (const part of ["Bid to beat (CPM)", "Full bids: chance as predicted", "Shaded bids", "First price"]) {
      expect(out).toContain(`\n${part}`);
    }
    expect(out).toMatch(/shading keeps \d\d\.\d % of the surplus there is/);
  });

  it("gives scripts quantiles in whole micros CPM", async () => {
    const { landscapes, report } = JSON.parse((await stage.midroll(words("landscapes", LINES, "--json"))).out);
    expect(landscapes[0].rivalCpmMicros).toHaveLength(33);
    expect(landscapes[0].rivalCpmMicros.every(Number.isInteger)).toBe(true);
    expect(report.all.shaded.surplusMicros).toBeLessThan(report.all.oracle.surplusMicros);
  });
});

describe("the file that a table is kept in", () => {
  it("is a catalog file that validates with the rest", async () => {
    const out = join(stage.dir, "reserves.json");
    const kept = await stage.midroll(words("reserves", LINES, ...asSecond, "--out", out));
    expect(kept.out).toContain(`The table is written to ${out}`);
    const validated = await stage.midroll(["catalog", "validate", join(stage.dir, "catalog.json"), out]);
    expect(validated.exitCode).toBe(0);
  });

  it("stays as it is when nothing changed, and is replaced by another table only by force", async () => {
    const out = join(stage.dir, "landscapes.json");
    const run = (...more: string[]) => stage.midroll(words("landscapes", LINES, "--out", out, ...more));
    await run();
    const before = readFileSync(out, "utf8");
    expect((await run()).out).toContain(`already in ${out}`);
    const fewer = ["--hold-out", "0.5"];
    const refused = await run(...fewer);
    expect([refused.exitCode, refused.out]).toEqual([1, ""]);
    expect(refused.err).toContain("--force replaces it");
    expect(readFileSync(out, "utf8")).toBe(before);
    expect((await run(...fewer, "--force")).out).toContain(`replaced in ${out}`);
    expect(readFileSync(out, "utf8")).not.toBe(before);
  });
});

/** A log that differs from a good one in its second line. */
function spoiled(change: (record: AuctionRecord) => object | string): string[] {
  const [one, two, ...rest] = RECORDS;
  const changed = two === undefined ? "" : change(two);
  const line = typeof changed === "string" ? changed : JSON.stringify({ ...JSON.parse(LINES[1] ?? ""), ...changed });
  return [...(one === undefined ? [] : [lineOf(one)]), line, ...rest.map(lineOf)];
}

/** The second line with its first bid changed. */
function spoiledBid(change: object): string[] {
  return spoiled(({ bids: [bid, ...others] }) => ({ bids: [{ ...bid, ...change }, ...others] }));
}

describe("midroll learn refuses in plain words", () => {
  const refusals: readonly (readonly [string, () => string[], number, string])[] = [
    ["no source named", () => ["learn", "reserves"], 2, "a log, --traces or --simulate; found none"],
    ["two sources", () => words("reserves", LINES, "--simulate"), 2, "found more than one"],
    ["a log written nowhere", () => ["learn", "log", "--traces", "x"], 2, "--out FILE says where"],
    ["too few simulated days", () => ["learn", "log", "--simulate", "--days", "2"], 2, "--days takes a whole number"],
    ["no date", () => ["learn", "log", "--simulate", "--from", "soon"], 2, "--from takes a date such as 2026-10-05"],
    ["traces that are not there", () => ["learn", "reserves", "--traces", "none"], 1, "there are no traces at none"],
    ["a table it does not know", () => ["learn", "floors"], 2, "unknown command 'floors'"],
    ["a rule it does not know", () => words("reserves", LINES, "--price-rule", "third"), 2, "--price-rule takes first"],
    ["a share above all", () => words("reserves", LINES, "--fill-loss-max", "5"), 2, "--fill-loss-max takes a share"],
    ["nothing held out", () => words("reserves", LINES, "--hold-out", "0"), 2, "--hold-out takes a share of the days"],
    ["a log that is not there", () => ["learn", "reserves", "none.jsonl"], 1, "none.jsonl cannot be read"],
    ["an empty log", () => words("reserves", []), 1, "has no breaks; learning needs at least 3 days"],
    ["a log of one line", () => words("reserves", LINES.slice(0, 1)), 1, "has breaks of 1 day; learning needs"],
    [
      "a wrong year",
      () =>
        words(
          "reserves",
          spoiled(() => ({ at: "2062-08-03T00:00:00Z" })),
        ),
      1,
      "a wrong year",
    ],
    [
      "no moment",
      () =>
        words(
          "reserves",
          spoiled(() => ({ at: "yesterday" })),
        ),
      1,
      "line 2: at: ",
    ],
    [
      "a line that is not JSON",
      () =>
        words(
          "reserves",
          spoiled(() => "{"),
        ),
      1,
      "line 2: not JSON",
    ],
    ["a negative price", () => words("reserves", spoiledBid({ bidMicros: -1 })), 1, "line 2: bids.0.bidMicros: "],
    ["a huge price", () => words("landscapes", spoiledBid({ limitMicros: 1e12 })), 1, "line 2: bids.0.limitMicros: "],
    ["a bid above its limit", () => words("reserves", spoiledBid({ bidMicros: 40_001 })), 1, "at most limitMicros"],
    [
      "a publisher that the catalog does not have",
      () =>
        words(
          "reserves",
          spoiled(() => ({ publisherId: "demos" })),
        ),
      1,
      'line 2: the catalog has no publisher "demos"; did you mean "demo"?',
    ],
    [
      "a bad catalog",
      () => ["learn", "reserves", "x.jsonl", "--catalog", stage.write("bad.json", { campaigns: [{ id: "x" }] })],
      1,
      "docs/catalog.md",
    ],
  ];

  it.each(refusals)("%s", async (_what, run, exitCode, said) => {
    const refused = await stage.midroll(run());
    expect(refused.err).toContain(said);
    expect([refused.exitCode, refused.out]).toEqual([exitCode, ""]);
  });
});

it("docs/learning.md shows a line that can be read, and a table that a catalog takes", async () => {
  const page = readFileSync(new URL("../../docs/learning.md", import.meta.url), "utf8");
  const shown = [...page.matchAll(/```json\n(.*?)\n```/gs)].map((match) => match[1] ?? "");
  expect(shown).toHaveLength(2);
  expect(readRecord(JSON.stringify(JSON.parse(shown[0] ?? "")))).toMatchObject({ ok: true });
  const files = [stage.write("catalog.json", smallCatalog()), stage.write("reserves.json", shown[1] ?? "")];
  expect((await stage.midroll(["catalog", "validate", ...files])).exitCode).toBe(0);
});

it("a break's line reads back as the same break", () => {
  const record = singleSlot([30_000, 20_000, 20_000], { device: null, genre: null }, 5_000);
  expect(readRecord(lineOf(record))).toEqual({ ok: true, value: record });
});
