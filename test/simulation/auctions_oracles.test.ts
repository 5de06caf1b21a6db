/** The replay's arithmetic against oracles: brute force for hindsight, the definition for rlb, a pencil for mcpc and lin. */
import { describe, expect, test } from "vitest";
import { stream } from "../../src/kernel/random.ts";
import {
  type Auctions,
  learnFrom,
  parseAuctions,
  shockAuctions,
  type Training,
} from "../../src/simulation/auctions/auctions.ts";
import { runFlight } from "../../src/simulation/auctions/flight.ts";
import { hindsight } from "../../src/simulation/auctions/hindsight.ts";
import { linBidder, mcpcBidder, tuneBaseBid } from "../../src/simulation/auctions/published.ts";
import { bidFromValues, rlbBidder, smoothLandscape, solveValues } from "../../src/simulation/auctions/rlb.ts";

const SEED = process.env["SEED"] ?? "oracles-1";

/** Auctions as rows of click, price, predicted probability. */
function auctionsOf(rows: readonly (readonly [click: number, price: number, ctr: number])[]): Auctions {
  return {
    count: rows.length,
    clicks: Uint8Array.from(rows, ([click]) => click),
    prices: Float64Array.from(rows, ([, price]) => price),
    ctrs: Float64Array.from(rows, ([, , ctr]) => ctr),
  };
}

/** A click for five impressions, at 50 each. */
const TRAINING: Training = { clicks: 2, impressions: 10, cost: 500, priceCounts: Array.from({ length: 301 }, () => 0) };

describe("hindsight", () => {
  test("is the best of all baskets with a part of one more auction", () => {
    const random = stream(SEED, "hindsight");
    for (let n = 0; n < 300; n++) {
      const rows = Array.from(
        { length: 1 + random.below(8) },
        () => [0, random.below(6), random.below(5) / 10] as const,
      );
      const budget = random.below(20);
      expect(hindsight(auctionsOf(rows), budget).value, `SEED=${SEED}, case ${n}`).toBeCloseTo(
        bestBasket(rows, budget),
        12,
      );
    }
  });

  test("names the price per outcome at which the money runs out", () => {
    const rows = auctionsOf([
      [0, 10, 0.5],
      [0, 30, 0.5],
      [0, 90, 0.5],
    ]);
    expect(hindsight(rows, 25)).toEqual({ value: 0.75, pricePerOutcome: 60 });
    expect(hindsight(rows, 130).pricePerOutcome).toBe(Infinity);
  });
});

function bestBasket(rows: readonly (readonly [number, number, number])[], budget: number): number {
  let best = 0;
  for (let basket = 0; basket < 2 ** rows.length; basket++) {
    const inside = rows.filter((_, i) => (basket >> i) & 1);
    const left = budget - inside.reduce((sum, [, price]) => sum + price, 0);
    if (left < 0) continue;
    const parts = rows.map(([, price, ctr], i) =>
      (basket >> i) & 1 ? 0 : ctr * (price === 0 ? 1 : Math.min(1, left / price)),
    );
    best = Math.max(best, inside.reduce((sum, [, , ctr]) => sum + ctr, 0) + Math.max(0, ...parts));
  }
  return best;
}

describe("mcpc and lin", () => {
  test("mcpc bids what a click cost, in whole units, capped at what is left, and pays the market price", () => {
    // A click cost 250: bids 50, 49 (of 49.75), 75, then 60 left of a bid of 100, then nothing.
    const rows = auctionsOf([
      [1, 50, 0.2],
      [0, 50, 0.199],
      [0, 75, 0.3],
      [1, 60, 0.4],
      [1, 1, 0.4],
    ]);
    const tally = runFlight(rows, 185, mcpcBidder(TRAINING, 300).open(185, 5));
    expect(tally).toMatchObject({ impressions: 3, clicks: 2, cost: 185, value: 0.2 + 0.3 + 0.4 });
  });

  test("lin bids in proportion to the average probability, and no more than the highest price", () => {
    const flight = linBidder(TRAINING, 24, 300).open(1_000, 4);
    expect([0.2, 0.1, 0.21, 9].map((ctr) => flight.bid(0, ctr, 1_000))).toEqual([24, 12, 25, 300]);
  });

  test("lin's base bid is the highest of those that win most clicks in training", () => {
    // At an average probability a base of 40 wins both clicks; from 66 on the dear auction eats the budget first.
    const rows = auctionsOf([
      [0, 61, 0.2],
      [1, 30, 0.2],
      [1, 40, 0.2],
    ]);
    expect(tuneBaseBid(TRAINING, [{ auctions: rows, budget: 80 }], 300)).toBe(60);
  });

  test("the distance from the plan is the largest after the first twentieth", () => {
    const rows = auctionsOf(Array.from({ length: 100 }, (_, i) => [0, i < 50 ? 2 : 1_000, 1] as const));
    const flight = { bid: () => 2, won: () => undefined };
    // All of the 100 is spent half way, half a budget ahead of the plan.
    expect(runFlight(rows, 100, flight).deviation).toBe(0.5);
  });
});

describe("rlb", () => {
  const counts = [0, 3, 0, 5, 2, 1];
  const landscape = smoothLandscape(counts);
  const ctrMean = 0.3;
  const [auctions, budget] = [7, 20];
  const naive = naiveValues(landscape, ctrMean, auctions, budget);
  const table = solveValues(landscape, ctrMean, auctions, budget);

  test("values are those of the definition", () => {
    for (const [left, row] of naive.entries()) {
      const solved = table.rows[left] ?? new Float64Array(0);
      for (const [money, value] of row.entries()) {
        expect(solved[money] ?? solved.at(-1), `${left} auctions, ${money} left`).toBeCloseTo(value, 9);
      }
    }
  });

  test("bids are the highest that lose nothing", () => {
    for (let left = 0; left < auctions; left++) {
      for (let money = 0; money <= budget; money++) {
        for (const ctr of [0.01, 0.11, 0.29, 0.5]) {
          const row = naive[left] ?? [];
          const worth = (bid: number): number => ctr + (row[money - bid] ?? 0) - (row[money] ?? 0);
          let highest = 0;
          while (highest < Math.min(money, 5) && worth(highest + 1) >= 1e-12) highest++;
          expect(bidFromValues(table, left, money, ctr, 5), `${left} left, ${money}, ${ctr}`).toBe(highest);
        }
      }
    }
  });

  test("a landscape counts every price once more than it was seen", () => {
    expect([...landscape].map((chance) => chance * 17)).toEqual([1, 4, 1, 6, 3, 2].map((n) => expect.closeTo(n, 12)));
  });

  test("a flight of several windows gives each its part of what is left", () => {
    const training = { clicks: 3, impressions: 10, cost: 30, priceCounts: counts };
    const flight = rlbBidder(training, { window: 4, windowBudget: 6, forecast: 8 }).open(12, 8);
    // Nothing was bought in the first window: the second may still spend no more than a window's budget.
    expect(flight.bid(3, 1, 12)).toBe(5);
    flight.won(1, 5);
    expect(flight.bid(3, 1, 7)).toBe(1);
    expect(flight.bid(7, 1, 7)).toBe(5);
  });
});

/** The value of each state by its definition: the best of all bids, price by price. */
function naiveValues(landscape: Float64Array, ctrMean: number, auctions: number, budget: number): number[][] {
  const rows = [Array.from({ length: budget + 1 }, () => 0)];
  for (let left = 1; left < auctions; left++) {
    const before = rows[left - 1] ?? [];
    const valueAt = (money: number, bid: number): number =>
      landscape.reduce((sum, chance, price) => {
        const after = price <= bid ? ctrMean + (before[money - price] ?? 0) : (before[money] ?? 0);
        return sum + chance * after;
      }, 0);
    rows.push(
      before.map((_, money) => {
        const bids = Array.from({ length: Math.min(money, landscape.length - 1) + 1 }, (_, bid) => valueAt(money, bid));
        // The published programme bids nothing with an empty budget, not even for free auctions.
        return money === 0 ? 0 : Math.max(...bids);
      }),
    );
  }
  return rows;
}

describe("a file of auctions", () => {
  const plain = ["click", "price", "pctr"] as const;

  test("is read with blanks, tabs or commas, with or without header, in any order of columns", () => {
    const expected = auctionsOf([
      [0, 70, 0.5],
      [1, 6, 1e-5],
    ]);
    expect(parseAuctions("0 70 0.5\n1 6 1e-5\n", plain)).toEqual({ ok: true, value: expected });
    expect(parseAuctions("click,price,pctr\r\n0, 70, 0.5\r\n\r\n1,6,1e-5", plain)).toEqual({
      ok: true,
      value: expected,
    });
    expect(parseAuctions("x\t0.5\t70\t0\ny\t1e-5\t6\t1", [null, "pctr", "price", "click"])).toEqual({
      ok: true,
      value: expected,
    });
  });

  test("is refused at the first line that is wrong, by number", () => {
    const refusals: readonly (readonly [text: string, line: number, why: RegExp])[] = [
      ["0 70 0.5\n0 70", 2, /2 of 3 fields/],
      ["0 70 0.5\n\n2 70 0.5", 3, /click must be 0 or 1, not "2"/],
      ["0 7.5 0.5", 1, /price must be a whole number/],
      ["0 -1 0.5", 1, /price must be a whole number/],
      ["0 1 1.5", 1, /pctr must be a number from 0 to 1, not "1.5"/],
      ["0,1,", 1, /pctr must be/],
      ["click price pctr\nclick price pctr", 2, /click must be/],
      [`0 1 0.5\n${"9".repeat(2_000)}`, 2, /longer than 1000/],
      ["click price pctr\n", 1, /no auctions/],
    ];
    for (const [text, line, why] of refusals) {
      expect(parseAuctions(text, plain)).toEqual({ ok: false, reason: { line, why: expect.stringMatching(why) } });
    }
  });

  test("teaches its totals and prices; a shock makes a stretch of it dearer", () => {
    const auctions = auctionsOf([
      [0, 2, 0.5],
      [1, 9, 0.5],
      [0, 2, 0.5],
      [0, 3, 0.5],
    ]);
    expect(learnFrom(auctions, 4)).toEqual({ clicks: 1, impressions: 4, cost: 16, priceCounts: [0, 0, 2, 1, 1] });
    expect([...shockAuctions(auctions, { priceFactor: 3, from: 0.25, to: 0.75 }).prices]).toEqual([2, 27, 6, 3]);
  });
});
