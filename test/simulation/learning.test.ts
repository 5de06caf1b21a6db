/**
 * Learning from logs against what is known in advance: bidders of a known distribution have a best reserve and a
 * landscape that can be written down. And its laws: nothing is learned from nothing, from one day, from what winners
 * would not pay, nor from the order of lines; and a report is what counting by hand gives.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { Reserve } from "../../src/catalog/entities.ts";
import { stream, type RandomStream } from "../../src/kernel/random.ts";
import { inOrder, type AuctionRecord } from "../../src/simulation/learning/auction_record.ts";
import { cutLog } from "../../src/simulation/learning/held_out.ts";
import { landscapeReport } from "../../src/simulation/learning/landscape_report.ts";
import { learnLandscapes, LANDSCAPE_TERMS } from "../../src/simulation/learning/landscapes.ts";
import { changeOf } from "../../src/simulation/learning/paired_bootstrap.ts";
import { reserveReport, sellTwice } from "../../src/simulation/learning/reserve_report.ts";
import { learnReserves, RESERVE_TERMS, revenueOf, salesOf } from "../../src/simulation/learning/reserves.ts";
import { drawLog, FIRST_DAY_MS, PUBLISHER, singleSlot } from "./learning_stage.ts";

const SEED = process.env["LEARN_SEED"] ?? String(Date.now() % 2 ** 31);
beforeAll(() => {
  console.info(`repeat with: LEARN_SEED=${SEED} npx vitest run --project simulation test/simulation/learning.test.ts`);
});

const second = () => "second" as const;
const first = () => "first" as const;
/** Bounds out of the way: the best reserve of the textbooks loses as many sales as it likes. */
const UNBOUND = { ...RESERVE_TERMS, fillLossMax: 1 };
/** Highest limit of the uniform bidders, and mean of the exponential ones. Units: micros for one impression. */
const TOP = 40_000;
const MEAN = 20_000;
const uniform = (random: RandomStream) => TOP * random.next();
const exponential = (random: RandomStream) => -MEAN * Math.log(1 - random.next());

/** What the first line asks for, in micros for one impression; 0 when there is none. */
function reserveOf(log: readonly AuctionRecord[], terms = UNBOUND): number {
  return (learnReserves(log, second, terms)[0]?.model.cpmMicros ?? 0) / 1000;
}

function shuffled<T>(items: readonly T[], seed: string): T[] {
  const random = stream(seed, "shuffle");
  return items
    .map((item) => ({ item, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** How many dimensions a line states. */
function named({ surface, device, genre }: Reserve): number {
  return [surface, device, genre].filter((word) => word !== undefined).length;
}

describe("the learned reserve approaches the monopoly price", () => {
  test.each([1, 2, 3])("half of the highest limit for uniform limits, %i bidders: within an eighth", (bidders) => {
    for (let n = 0; n < 3; n++) {
      const log = drawLog({ seed: `${SEED} ${n}`, breaks: 20_000, bidders, limit: uniform });
      expect(Math.abs(reserveOf(log) / (TOP / 2) - 1)).toBeLessThan(1 / 8);
    }
  });

  test("the mean for exponential limits: within a sixth", () => {
    for (let n = 0; n < 3; n++) {
      const log = drawLog({ seed: `${SEED} ${n}`, breaks: 20_000, bidders: 2, limit: exponential });
      expect(Math.abs(reserveOf(log) / MEAN - 1)).toBeLessThan(1 / 6);
    }
  });

  test("and earns on fresh breaks within 1 % of what the best one earns", () => {
    const [learned, fresh] = [`${SEED} a`, `${SEED} b`].map((seed) =>
      drawLog({ seed, breaks: 20_000, bidders: 2, limit: uniform }),
    );
    const sales = (fresh ?? []).flatMap((record) => salesOf(record, "second"));
    const earned = (reserve: number) => sales.reduce((sum, sale) => sum + revenueOf(sale, reserve), 0);
    expect(earned(reserveOf(learned ?? []))).toBeGreaterThan(0.99 * earned(TOP / 2));
  });

  test("of each publisher for itself, and of a surface where limits are others", () => {
    const log = drawLog({
      seed: SEED,
      breaks: 40_000,
      bidders: 2,
      publishers: ["cheap", "dear"],
      limit: (random, { publisherId, surface }) =>
        uniform(random) * (publisherId === "cheap" ? 0.25 : 1) * (surface === "preroll" ? 0.5 : 1),
    });
    const table = new Map(learnReserves(log, second, UNBOUND).map(({ model }) => [model.id, model.cpmMicros / 1000]));
    for (const [publisher, scale] of [
      ["cheap", 0.25],
      ["dear", 1],
    ] as const) {
      for (const [surface, part] of [
        ["midroll", 1],
        ["preroll", 0.5],
      ] as const) {
        const reserve =
          table.get(`reserve-${publisher}-${surface}-any-any`) ?? table.get(`reserve-${publisher}-any-any-any`);
        expect(Math.abs((reserve ?? 0) / ((TOP / 2) * scale * part) - 1)).toBeLessThan(0.2);
      }
    }
  });
});

test("the widest line is the best of all reserves by trying each one, but for the steps between those it tries", () => {
  for (let n = 0; n < 10; n++) {
    const log = drawLog({ seed: `${SEED} brute ${n}`, breaks: 1_000, bidders: 1 + (n % 2), limit: exponential });
    const sales = log.flatMap((record) => salesOf(record, "second"));
    const earned = (reserve: number) => sales.reduce((sum, sale) => sum + revenueOf(sale, reserve), 0);
    const best = Math.max(...sales.map(({ limitMicros }) => earned(limitMicros)));
    const learned = reserveOf(log, { ...UNBOUND, widerSales: 0 });
    expect(earned(learned)).toBeLessThanOrEqual(best);
    expect(earned(learned)).toBeGreaterThan(best / 2 ** (1 / 32) - sales.length);
  }
});

test("a narrow kind leans on its wider one as much as it is told to", () => {
  const log = drawLog({
    seed: SEED,
    breaks: 10_000,
    bidders: 2,
    limit: (random, { surface }) => uniform(random) * (surface === "preroll" ? 0.3 : 1),
  });
  const surfaces = (widerSales: number) =>
    learnReserves(log, second, { ...UNBOUND, widerSales }).filter(({ kind }) => kind.surface !== undefined);
  expect(surfaces(0).length).toBeGreaterThan(0);
  expect(surfaces(1e12)).toEqual([]);
});

describe("no reserve is learned", () => {
  test("without evidence: from no sale, from too few, from one day", () => {
    expect(learnReserves([], second, RESERVE_TERMS)).toEqual([]);
    const few = drawLog({ seed: SEED, breaks: RESERVE_TERMS.samplesMin - 1, bidders: 2, limit: uniform });
    expect(learnReserves(few, second, UNBOUND)).toEqual([]);
    const day = drawLog({ seed: SEED, breaks: 5_000, bidders: 2, limit: uniform, days: 1 });
    expect(learnReserves(day, second, UNBOUND)).toEqual([]);
  });

  test("where winners pay their bid, unless they shade it", () => {
    const log = drawLog({ seed: SEED, breaks: 5_000, bidders: 2, limit: uniform });
    expect(learnReserves(log, first, UNBOUND)).toEqual([]);
    const shaded = log.map((record) => ({
      ...record,
      bids: record.bids.map((bid) => ({ ...bid, bidMicros: Math.round(bid.limitMicros / 2) })),
    }));
    expect(learnReserves(shaded, first, UNBOUND)[0]?.model.cpmMicros).toBeGreaterThan(0);
  });

  test("that one lucky day alone speaks for", () => {
    const luck = drawLog({ seed: SEED, breaks: 2_000, bidders: 1, limit: () => 30_000, days: 1 });
    const plain = drawLog({ seed: SEED, breaks: 20_000, bidders: 2, limit: () => 20_000, days: 10 });
    const later = plain.map((record) => ({ ...record, atMs: record.atMs + 86_400_000 }));
    expect(reserveOf([...luck, ...later])).toBeLessThanOrEqual(20_000);
  });

  test("that loses more paid time than allowed", () => {
    const log = drawLog({ seed: SEED, breaks: 20_000, bidders: 2, limit: uniform });
    for (const fillLossMax of [0, 0.01, 0.05, 0.2]) {
      const reserve = reserveOf(log, { ...RESERVE_TERMS, fillLossMax });
      const sales = log.flatMap((record) => salesOf(record, "second"));
      const lost = sales.filter(({ limitMicros }) => limitMicros < reserve).length;
      expect(lost / sales.length).toBeLessThanOrEqual(fillLossMax);
    }
  });
});

describe("the report of reserves", () => {
  const log = drawLog({ seed: SEED, breaks: 4_000, bidders: 3, limit: exponential, publishers: ["demo", "other"] });
  const cut = cutLog(inOrder(log), 0.3);
  const reserves = learnReserves(cut.learned, second, UNBOUND).map(({ model }) => model);
  const report = reserveReport(sellTwice(cut.heldOut, reserves, second), "1");

  /** The most specific line by looking at every one. */
  function reserveFor(record: AuctionRecord): number {
    const fits = (line: Reserve) =>
      line.publisherId === record.publisherId &&
      [line.surface ?? record.surface, line.device ?? record.device, line.genre ?? record.genre].join() ===
        [record.surface, record.device, record.genre].join();
    const [line] = reserves.filter(fits).sort((a, b) => named(b) - named(a));
    return (line?.cpmMicros ?? 0) / 1000;
  }

  test("says what counting by hand gives", () => {
    let [without, under, ads] = [0, 0, 0];
    for (const record of cut.heldOut) {
      const [highest = 0, next = 0] = record.bids.map((bid) => bid.limitMicros).sort((a, b) => b - a);
      const reserve = reserveFor(record);
      without += next;
      if (highest >= reserve) {
        under += Math.max(next, reserve);
        ads++;
      }
    }
    expect(reserves.length).toBeGreaterThan(0);
    expect(report.all.without).toMatchObject({ revenueMicros: without, ads: cut.heldOut.length, fill: 1 });
    expect(report.all.with).toMatchObject({ revenueMicros: under, ads, paidMs: ads * 15_000 });
    expect(report.campaigns.reduce((sum, { withMicros }) => sum + withMicros, 0)).toBe(under);
    expect(report.parts.reduce((sum, part) => sum + part.with.revenueMicros, 0)).toBe(under);
    expect(under).toBeGreaterThan(without);
  });

  test("does not depend on the order of the log, nor do the tables", () => {
    const other = cutLog(inOrder(shuffled(log, SEED)), 0.3);
    expect(learnReserves(shuffled(cut.learned, SEED), second, UNBOUND)).toEqual(
      learnReserves(cut.learned, second, UNBOUND),
    );
    expect(reserveReport(sellTwice(other.heldOut, reserves, second), "1")).toEqual(report);
    expect(learnLandscapes(shuffled(cut.learned, SEED), LANDSCAPE_TERMS)).toEqual(
      learnLandscapes(cut.learned, LANDSCAPE_TERMS),
    );
  });

  test("of a reserve of 0 changes nothing, and of none at all neither", () => {
    const nothing: Reserve = { id: "r", publisherId: "demo", cpmMicros: 0 };
    for (const table of [[], [nothing]]) {
      const { all } = reserveReport(sellTwice(cut.heldOut, table, second), "1");
      expect(all.with).toEqual(all.without);
      expect(all.revenueChange).toEqual({ share: 0, low: 0, high: 0 });
    }
  });

  test("has intervals that hold the truth about as often as they say", () => {
    const random = stream(SEED, "truths");
    let held = 0;
    for (let trial = 0; trial < 200; trial++) {
      const pairs = Array.from({ length: 200 }, () => {
        const without = 50 + 100 * random.next();
        return { without, with: without * (1 + 0.4 * random.next()) };
      });
      const { low, high } = changeOf(pairs, `${SEED} ${trial}`);
      if (low <= 0.2 && 0.2 <= high) held++;
    }
    expect(held).toBeGreaterThan(174);
    expect(held).toBeLessThan(200);
  });
});

describe("a learned landscape", () => {
  const log = inOrder(drawLog({ seed: SEED, breaks: 20_000, bidders: 2, limit: uniform }));
  const cut = cutLog(log, 0.3);
  const lines = learnLandscapes(cut.learned, LANDSCAPE_TERMS);
  const report = landscapeReport(
    cut.heldOut,
    lines.map(({ model }) => model),
    "1",
  );

  test("has the quantiles of the one rival, within 4 % of the range", () => {
    const quantiles = lines[0]?.model.rivalCpmMicros ?? [];
    quantiles.forEach((rival, step) => {
      expect(Math.abs(rival / 1000 / TOP - step / (quantiles.length - 1))).toBeLessThan(0.04);
    });
  });

  test("is right about chances on days that it was not learned from, within 2 points", () => {
    expect(report.calibrationError).toBeLessThan(0.02);
    expect(report.uncovered).toBe(0);
  });

  test("shades to about half the limit, and keeps half of what an oracle would", () => {
    // Uniform rival on [0, top]: the surplus (v - b) b / top is largest at b = v / 2 and is half of v² / (2 top).
    expect(report.all.shaded.surplusMicros / report.all.oracle.surplusMicros).toBeGreaterThan(0.47);
    expect(report.all.shaded.surplusMicros / report.all.oracle.surplusMicros).toBeLessThan(0.53);
    expect(report.all.full.surplusMicros).toBe(0);
    expect(report.all.oracle.wins).toBe(report.all.full.wins);
  });

  test("is not learned from bids that no price could have made win", () => {
    const hopeless = log.map((record) => ({
      ...record,
      bids: record.bids.map((bid) => ({ ...bid, neededMicros: null, won: false })),
    }));
    expect(learnLandscapes(hopeless, LANDSCAPE_TERMS)).toEqual([]);
  });

  test("has none but the widest line where all kinds of break are alike, as far as can be told", () => {
    const alike = Array.from({ length: 3_000 }, (_, n) =>
      singleSlot([20_000, 10_000], {
        atMs: FIRST_DAY_MS + n * 300_000,
        surface: n % 2 === 0 ? "midroll" : "preroll",
      }),
    );
    expect(learnLandscapes(alike, LANDSCAPE_TERMS).map(({ kind }) => kind)).toEqual([{ publisherId: PUBLISHER }]);
  });
});
