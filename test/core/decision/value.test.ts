/** What an impression is worth: goals, pacing, viewers who leave, premiums for a place. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { perConversion } from "../../../src/decision/value.ts";
import { CATALOG_LIMITS } from "../../../src/kernel/limits.ts";
import { micros } from "../../../src/kernel/money.ts";
import { decide, prices, shown, steadyScorer, whyNot, type AdSketch } from "./fixture.ts";

const scorer = steadyScorer({ completedView: 0.5, click: 0.25, abandon: 0, conversion: 2 ** -10 });
const goal = (sketch: NonNullable<AdSketch["goal"]>): AdSketch => ({ id: "x", goal: sketch });

describe("a goal", () => {
  test.each([
    [goal({ kind: "cpm", cpmMicros: 20_000_000 }), 20_000],
    [goal({ kind: "completedView", perViewMicros: 30_000 }), 15_000],
    [goal({ kind: "click", perClickMicros: 80_000 }), 20_000],
    [goal({ kind: "conversion", perConversionMicros: 32_000_000 }), 31_250],
    [goal({ kind: "roas", conversionValueMicros: 64_000_000, targetRoasPpm: 4_000_000 }), 15_625],
  ])("bids its price times the chance that it is met: %j", async (ad, bid) => {
    expect(prices(await decide([ad], { scorer }))).toEqual({ x: bid });
  });

  test("of a return never pays more for conversions than the return allows", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000_000_000 }),
        fc.integer({ min: 1, max: 1_000_000_000 }),
        (conversionValueMicros, targetRoasPpm) => {
          const paid = BigInt(perConversion({ kind: "roas", conversionValueMicros, targetRoasPpm }));
          const allowed = BigInt(conversionValueMicros) * 1_000_000n;
          expect(paid * BigInt(targetRoasPpm) <= allowed).toBe(true);
          const most = BigInt(CATALOG_LIMITS.priceMicrosMax);
          expect(paid === most || (paid + 1n) * BigInt(targetRoasPpm) > allowed).toBe(true);
        },
      ),
      { seed: 20261124, numRuns: 500 },
    );
  });
});

describe("viewers who leave", () => {
  const leaving = steadyScorer({ completedView: 0.9, click: 0, abandon: 0.5, conversion: 0 });

  test("cost an ad its value and not its price", async () => {
    const decision = await decide([{ id: "x" }], { publisher: { abandonCostMicros: 30_000 }, scorer: leaving });
    expect(decision.slots[0]).toMatchObject({ priceMicros: 20_000, valueMicros: 5_000 });
  });

  test("may cost more than the ad brings", async () => {
    const decision = await decide([{ id: "x" }], { publisher: { abandonCostMicros: 40_000 }, scorer: leaving });
    expect(whyNot(decision, "x")).toBe("no_value");
  });

  test("may still be worth it where the slate would cost more", async () => {
    const publisher = { abandonCostMicros: 41_000, slateMicrosPerSec: 100 };
    const live = await decide([{ id: "x" }], { publisher, scorer: leaving, request: { fill: "exact" } });
    expect(shown(live)).toEqual(["x"]);
  });

  test("never break a promise", async () => {
    const guarantees = [{ contractId: "deal-g", alphaPpm: 1_000_000, zetaPpm: 1_000_000 }];
    const publisher = { abandonCostMicros: 900_000 };
    const decision = await decide([{ id: "g", guaranteedAt: ["p"] }], {
      publisher,
      scorer: leaving,
      world: { guarantees },
    });
    expect(shown(decision)).toEqual(["g"]);
  });
});

describe("a premium", () => {
  const opens: AdSketch = { id: "b", cpmMicros: 20_000_000, line: { positionPremiumPpm: { first: 600_000 } } };
  const a: AdSketch = { id: "a", cpmMicros: 30_000_000 };

  test("is bid and paid by the ad that has the place for it", async () => {
    const decision = await decide([a, opens]);
    expect(shown(decision)).toEqual(["b", "a"]);
    expect(decision.slots[0]).toMatchObject({ bidMicros: 32_000, priceMicros: 32_000 });
  });

  test("is paid once for each end of the break that the ad has alone", async () => {
    const both = { ...opens, line: { positionPremiumPpm: { first: 600_000, last: 100_000 } } };
    expect(prices(await decide([both]))).toEqual({ b: 34_000 });
  });

  test("is not paid for a place that an ad of the publisher's own then has", async () => {
    const closes = { ...opens, line: { positionPremiumPpm: { first: 600_000, last: 100_000 } } };
    const own: AdSketch = { id: "own", goal: { kind: "house" } };
    const decision = await decide([closes, own]);
    expect(shown(decision)).toEqual(["b", "own"]);
    expect(prices(decision)).toEqual({ b: 32_000, own: 0 });
  });

  test("is left out where the money at hand does not reach for it", async () => {
    const budgets = new Map([["ca-b", { availableMicros: micros(31_999), multiplierPpm: 1_000_000 }]]);
    expect(prices(await decide([opens], { world: { budgets } }))).toEqual({ b: 20_000 });
  });

  test("follows pacing like the bid", async () => {
    const budgets = new Map([["ca-b", { availableMicros: micros(1_000_000), multiplierPpm: 500_000 }]]);
    expect(prices(await decide([opens], { world: { budgets } }))).toEqual({ b: 16_000 });
  });
});
