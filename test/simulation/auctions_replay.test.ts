/** The replay as a whole: what is promised of Midroll's pacer, alone, late, misinformed and shocked; and its command. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { sampleAuctionsText } from "../../scripts/make_sample_auctions.ts";
import { runReplay } from "../../simulate/auctions_command.ts";
import { present } from "../../src/kernel/assert.ts";
import { generateAuctions } from "../../src/simulation/auctions/generate.ts";
import { HEAVY_TAILED_MARKET, SAMPLE_MARKET } from "../../src/simulation/auctions/markets.ts";
import { type BidderResult, MIDROLL_ALONE, replay, type ReplayOptions } from "../../src/simulation/auctions/replay.ts";
import { flyWeek, WEEK_SHAPE } from "../../src/simulation/auctions/week.ts";

const SEED = process.env["SEED"] ?? "replay-1";
const sampleFile = path.resolve(import.meta.dirname, "../../simulate/sample/auctions.txt");
const directory = mkdtempSync(path.join(tmpdir(), "midroll-replay-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const markets = [SAMPLE_MARKET, HEAVY_TAILED_MARKET].map((market) =>
  generateAuctions({ ...market, count: 60_000 }, SEED),
);

/** What the pacer made of every market, with these changes to the plain replay. */
function fly(change: Partial<ReplayOptions>): BidderResult[] {
  return markets.map((auctions) =>
    present(replay(auctions, { ...MIDROLL_ALONE, ...change }).bidders[0], "one bidder flew"),
  );
}

describe(`Midroll's pacer (SEED=${SEED})`, () => {
  test("comes close to hindsight and spends its budget along the plan", () => {
    for (const [budgetFraction, least] of [
      [1 / 32, 0.99],
      [1 / 8, 0.995],
      [1 / 2, 0.995],
    ] as const) {
      for (const result of fly({ budgetFraction })) {
        expect(result.shareOfHindsightHorizon).toBeGreaterThan(least);
        expect(result.shareOfHindsightHorizon).toBeLessThanOrEqual(1);
        expect(result.utilisation).toBeGreaterThan(0.995);
        expect(result.planDeviationMax).toBeLessThan(0.01);
      }
    }
  });

  test("loses little when spread over 64 isolates that hear it late", () => {
    for (const result of fly({ isolates: 64, lag: 0.01 }))
      expect(result.shareOfHindsightHorizon).toBeGreaterThan(0.988);
  });

  test("stays within three points of one isolate, for any isolates and lag", () => {
    for (const lag of [0.001, 0.02, 0.16]) {
      const alone = fly({ lag });
      for (const isolates of [16, 1024]) {
        for (const [i, result] of fly({ lag, isolates }).entries()) {
          const drop = (alone[i]?.shareOfHindsightHorizon ?? 1) - result.shareOfHindsightHorizon;
          expect(drop, `lag ${lag}, ${isolates} isolates`).toBeLessThan(0.03);
        }
      }
    }
  });

  test("does not need the number of auctions to be forecast right", () => {
    for (const horizonError of [-0.25, 0.25]) {
      for (const result of fly({ horizonError })) {
        expect(result.shareOfHindsightHorizon).toBeGreaterThan(0.95);
        expect(result.utilisation).toBeGreaterThan(0.98);
      }
    }
  });

  test("bears a stretch of threefold prices", () => {
    const shock = { priceFactor: 3, from: 0.45, to: 0.55 };
    for (const result of fly({ shock })) expect(result.shareOfHindsightHorizon).toBeGreaterThan(0.96);
  });

  test("follows a forecast of the week's hours with little loss, from a cold start", () => {
    const auctions = present(markets[0], "the sample market");
    const budget = Math.floor(auctions.prices.reduce((sum, price) => sum + price, 0) / 8);
    const week = flyWeek(auctions, budget, 400_000, WEEK_SHAPE);
    expect(week.share).toBeGreaterThan(0.99);
    expect(week.utilisation).toBeGreaterThan(0.995);
    expect(week.deviation).toBeLessThan(0.01);
  });
});

describe("every bidder", () => {
  const auctions = generateAuctions({ ...SAMPLE_MARKET, count: 8_000 }, SEED);
  const all = { ...MIDROLL_ALONE, bidders: ["mcpc", "lin", "rlb", "throttle", "pid", "midroll"] } as const;

  test("keeps to its budget, in episodes and over the horizon, spread or not", () => {
    for (const change of [{ horizon: false }, { horizon: true }, { horizon: true, isolates: 300, lag: 0.16 }]) {
      const report = replay(auctions, { ...all, ...change });
      expect(report.bidders).toHaveLength(6);
      for (const result of report.bidders) {
        expect(result.costMicros).toBeLessThanOrEqual(report.totalBudget);
        expect(result.shareOfHindsightHorizon).toBeLessThanOrEqual(1);
        expect(result.impressions).toBeGreaterThan(0);
      }
    }
  });

  test("gets an episode's budget as published: mean training price × fraction × auctions, whole units", () => {
    const training = { clicks: 3, impressions: 1_000, cost: 64_999, priceCounts: Array.from({ length: 301 }, () => 1) };
    const report = replay(auctions, { ...MIDROLL_ALONE, horizon: false, holdout: 0, training, budgetFraction: 1 / 32 });
    expect(report).toMatchObject({ auctions: 8_000, flights: 8, flightBudget: 2_031, totalBudget: 8 * 2_031 });
  });
});

/** Runs the command; gives its exit code and what it wrote. */
async function run(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await runReplay(words, { out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}

function fileOf(name: string, text: string): string {
  const file = path.join(directory, name);
  writeFileSync(file, text);
  return file;
}

describe("the command", () => {
  const small = fileOf("small.csv", sampleAuctionsText().split("\n").slice(0, 4_000).join("\n"));

  test("the committed sample is what its script writes", () => {
    expect(readFileSync(sampleFile, "utf8") === sampleAuctionsText()).toBe(true);
  });

  test("prints the same bytes for the same file, as one JSON object with the promised keys", async () => {
    const words = [small, "--budget-fraction", "1/8", "--episode", "500", "--lin-base-bid", "60", "--json"];
    const [first, second] = [await run(...words), await run(...words)];
    expect(first).toEqual(second);
    expect(first.code).toBe(0);
    const printed: unknown = JSON.parse(first.out);
    expect(printed).toMatchObject({ ok: true, auctions: 4_000, flights: 8, episode: 500, budgetFraction: 0.125 });
    const figures = [
      "impressions",
      "clicks",
      "costMicros",
      "value",
      "shareOfHindsightEpisode",
      "shareOfHindsightHorizon",
    ];
    const each = ["bidder", ...figures, "utilisation", "planDeviationMax"];
    expect(printed).toHaveProperty("bidders.5.bidder", "midroll");
    for (const key of each) expect(printed).toHaveProperty(`bidders.0.${key}`);
  });

  test("prints a table for people, and its help", async () => {
    const table = await run(small, "--bidder", "mcpc,midroll", "--horizon", "--holdout", "0.25");
    expect(table.out).toMatch(/learned from the first 25 % of the file\n[^]*mcpc[^]*midroll/);
    expect((await run("--help")).out).toMatch(/--budget-fraction[^]*Examples:/);
  });

  test("takes training totals from a file", async () => {
    const train = {
      clk_train: 9,
      imp_train: 8_000,
      cost_train: 480_000,
      price_counter_train: Array.from({ length: 301 }, () => 9),
    };
    const info = fileOf("train.json", JSON.stringify({ ...train, field: 56 }));
    const { out } = await run(
      small,
      "--train-info",
      info,
      "--bidder",
      "rlb,mcpc",
      "--budget-fraction",
      "0.1",
      "--json",
    );
    expect(JSON.parse(out)).toMatchObject({ flightBudget: 6_000, learnedFrom: expect.stringContaining("train.json") });
  });

  test("says what is wrong with a command, and ends with 2", async () => {
    const wrong: readonly (readonly [words: readonly string[], says: RegExp])[] = [
      [[small, "--bidder", "best"], /no bidder "best".*mcpc,lin,rlb/],
      [[small, "--budget-fraction", "1/0"], /part like 1\/32/],
      [[small, "--columns", "click,price"], /"pctr" is not there once/],
      [[small, "--shock", "price=3"], /price=3,from=0.45,to=0.55/],
      [[small, "--isolates", "0"], /whole number from 1/],
      [[small, "--lag", "2"], /number from 0 to 1/],
      [[], /missing required argument/],
    ];
    for (const [words, says] of wrong) {
      const { code, err } = await run(...words);
      expect([code, err]).toEqual([2, expect.stringMatching(says)]);
    }
    expect(JSON.parse((await run(small, "--lag", "2", "--json")).out)).toMatchObject({
      ok: false,
      code: "wrong_command",
    });
  });

  test("says what is wrong with a file, and ends with 1", async () => {
    const unclicked = fileOf("unclicked.txt", "0 5 0\n".repeat(10));
    const wrong: readonly (readonly [words: readonly string[], says: RegExp])[] = [
      [[path.join(directory, "none.txt")], /Cannot read .*none.txt/],
      [[fileOf("bad.txt", "0 5 0.1\n0 five 0.1\n")], /bad.txt, line 2: price must be a whole number/],
      [[unclicked], /no click or no cost to learn from/],
      [[small, "--train-info", fileOf("bad.json", "{")], /bad.json is not JSON/],
      [[small, "--train-info", fileOf("less.json", "{}")], /less.json: clk_train/],
      [[small, "--budget-fraction", "0.0000001"], /budget is less than one price unit/],
    ];
    for (const [words, says] of wrong) {
      const { code, err } = await run(...words);
      expect([code, err]).toEqual([1, expect.stringMatching(says)]);
    }
  });
});
