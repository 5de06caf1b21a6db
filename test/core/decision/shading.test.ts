/** Bid shading: the bid that leaves a buyer most, its laws, and when it is left alone. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shadedBid } from "../../../src/decision/shading.ts";
import { micros } from "../../../src/kernel/money.ts";
import { decide, prices, type AdSketch, type Circumstances } from "./fixture.ts";

const SEED = 20261124;
const landscape = fc
  .array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 2, maxLength: 20 })
  .map((quantiles) => quantiles.toSorted((a, b) => a - b));
const amount = fc.integer({ min: 0, max: 60_000 });

/** The best bid by trying every one from floor to value. */
function bestSurplus(value: number, floor: number, quantiles: readonly number[]): number {
  let most = 0;
  for (let bid = floor; bid <= value; bid++) {
    const steps = Math.max(
      0,
      quantiles.findLastIndex((quantile) => Math.ceil(quantile / 1000) <= bid),
    );
    most = Math.max(most, (value - bid) * steps);
  }
  return most;
}

describe("a shaded bid", () => {
  test("leaves the buyer as much as the best of all bids", () => {
    const small = fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(small, fc.nat(300), fc.nat(300), (drawn, value, floor) => {
        const quantiles = drawn.toSorted((a, b) => a - b);
        const bid = shadedBid(micros(value), micros(floor), quantiles);
        const steps = Math.max(
          0,
          quantiles.findLastIndex((quantile) => Math.ceil(quantile / 1000) <= bid),
        );
        const best = bestSurplus(value, floor, quantiles);
        expect(best === 0 ? 0 : (value - bid) * steps).toBe(best);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("is never above the value, and never below a floor that the value reaches", () => {
    fc.assert(
      fc.property(landscape, amount, amount, (quantiles, value, floor) => {
        const bid = shadedBid(micros(value), micros(floor), quantiles);
        expect(bid).toBeLessThanOrEqual(value);
        expect(bid).toBeGreaterThanOrEqual(value >= floor ? floor : 0);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  test("never falls when the value rises", () => {
    fc.assert(
      fc.property(landscape, amount, amount, fc.nat(2_000), (quantiles, value, floor, more) => {
        const [low, high] = [value, value + more].map((each) => shadedBid(micros(each), micros(floor), quantiles));
        expect(high).toBeGreaterThanOrEqual(low ?? 0);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});

const pays = async (ad: AdSketch, over: Circumstances): Promise<number | undefined> =>
  prices(await decide([ad], over))["s"];

describe("shading", () => {
  const shaded: AdSketch = { id: "s", cpmMicros: 40_000_000, campaign: { bidding: "shaded" } };
  const market = { landscapes: [{ rivalCpmMicros: [10_000_000, 10_000_000, 10_000_000] }] };

  test("bids what rivals usually bid, in the most precise kind of break", async () => {
    expect(await pays(shaded, { market })).toBe(10_000);
    const onTelevision = { device: "ctv", rivalCpmMicros: [7_000_000, 7_000_000] };
    expect(await pays(shaded, { market: { landscapes: [...market.landscapes, onTelevision] } })).toBe(7_000);
  });

  test("never goes below the floor", async () => {
    expect(await pays(shaded, { market, publisher: { floorCpmMicros: 15_000_000 } })).toBe(15_000);
  });

  test("is for campaigns that ask for it, where a landscape is known", async () => {
    expect(await pays({ ...shaded, campaign: {} }, { market })).toBe(40_000);
    expect(await pays(shaded, {})).toBe(40_000);
  });

  test("is not for deals, nor where the price is not the bid", async () => {
    const deals = [{ id: "d", kind: "privateAuction", cpmMicros: 1_000_000, lineItemIds: ["li-s"] }];
    expect(await pays(shaded, { market: { ...market, deals } })).toBe(40_000);
    const second = await decide([shaded], { market, publisher: { priceRule: "second" } });
    expect(second.slots[0]?.bidMicros).toBe(40_000);
  });
});
