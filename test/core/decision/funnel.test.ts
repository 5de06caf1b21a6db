/** Laws of a whole decision, from the outside. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../../src/kernel/bytes.ts";
import { explain } from "../../../src/decision/explain.ts";
import { finish } from "../../../src/decision/funnel.ts";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { decide, NOW_MS, shown, steadyScorer, whyNot, type AdSketch, scoredBreak } from "./fixture.ts";

const SEED = 20261124;

const sketch = fc.record({
  advertiser: fc.constantFrom("a", "b", "c", "d", "e", "f"),
  durationSec: fc.constantFrom(6, 15, 30, 45, 90),
  cpmMicros: fc.integer({ min: 1_000_000, max: 60_000_000 }),
  status: fc.constantFrom("active" as const, "active" as const, "paused" as const),
});
const ads = fc
  .array(sketch, { maxLength: 14 })
  .map((drawn) => drawn.map((ad, n): AdSketch => ({ ...ad, id: `n${n}` })));
const asJson = (decision: Awaited<ReturnType<typeof decide>>): string =>
  canonicalJson(explain(decision, { surface: "midroll", podDurationSec: 60 }, NOW_MS));

/** One of the publisher's own ads. */
const own = (id: string, creative: string): AdSketch => {
  return { id, advertiser: "us", creative, goal: { kind: "house" }, durationSec: 15 };
};

describe("a decision", () => {
  test("gives every offer exactly one fate", async () => {
    await fc.assert(
      fc.asyncProperty(ads, async (drawn) => {
        const decision = await decide(drawn);
        const fates = [...decision.slots, ...decision.rejections].map(({ offer }) => offer.lineItemId);
        expect(fates.toSorted()).toEqual(drawn.map(({ id }) => `li-${id}`).toSorted());
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  test("sells between floor and bid", async () => {
    await fc.assert(
      fc.asyncProperty(ads, fc.integer({ min: 0, max: 40_000_000 }), async (drawn, floorCpmMicros) => {
        const decision = await decide(drawn, { publisher: { floorCpmMicros } });
        for (const slot of decision.slots) {
          expect(slot.priceMicros).toBeLessThanOrEqual(slot.bidMicros);
          expect(slot.priceMicros).toBeGreaterThanOrEqual(Math.trunc(floorCpmMicros / 1000));
        }
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  test("is the same bytes for the same request and world", async () => {
    await fc.assert(
      fc.asyncProperty(ads, async (drawn) => {
        expect(asJson(await decide(drawn))).toBe(asJson(await decide(drawn)));
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  test("does not depend on the order in which candidates come", async () => {
    const priceRule = fc.constantFrom("first", "second", "vcg");
    await fc.assert(
      fc.asyncProperty(ads, priceRule, fc.infiniteStream(fc.nat()), async (drawn, rule, draws) => {
        const { scoringPlan, scoring } = await scoredBreak(drawn, { publisher: { priceRule: rule } });
        const scored = scoring.scored
          .map((candidate) => ({ candidate, at: draws.next().value }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ candidate }) => candidate);
        const slots = finish(scoringPlan, { ...scoring, scored }).slots;
        expect(slots).toEqual(finish(scoringPlan, scoring).slots);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  test("does not change when an ad that may not run is added", async () => {
    await fc.assert(
      fc.asyncProperty(ads, async (drawn) => {
        const more = [...drawn, { id: "zz", cpmMicros: 500_000_000, targeting: { devices: { include: ["mobile"] } } }];
        expect(shown(await decide(more))).toEqual(shown(await decide(drawn)));
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  test("scores at most the bounded number of rows, and keeps each advertiser's best", async () => {
    const many = Array.from({ length: 30 }, (_, n) => ({ id: `n${n}`, advertiser: n < 28 ? "big" : `small-${n}` }));
    const limits = { ...FULL_LIMITS, scoredRowsMax: 4 };
    const decision = await decide(many, { world: { limits } });
    expect(decision.counts).toMatchObject({ candidates: 30, scored: 4 });
    expect(whyNot(decision, "n28")).toBeNull();
    expect(whyNot(decision, "n29")).toBeNull();
  });

  test("lets price and promise together decide who is scored", async () => {
    const cheap = Array.from({ length: 9 }, (_, n) => ({ id: `n${n}`, advertiser: "one", cpmMicros: 5_000_000 + n }));
    const limits = { ...FULL_LIMITS, scoredRowsMax: 2 };
    const view: AdSketch = { id: "view", advertiser: "one", goal: { kind: "completedView", perViewMicros: 40_000 } };
    const lures = {
      ...steadyScorer(),
      rank: async ({ rowCount }: { rowCount: number }) => new Float32Array(rowCount).fill(0.9),
    };
    const decision = await decide([...cheap, view], { world: { limits }, scorer: lures });
    expect(shown(decision)).toEqual(["view"]);
    expect(whyNot(decision, "n8")).toBe("advertiser_repeated");
    expect(whyNot(decision, "n7")).toBe("early_cut");
  });

  test("bids by what the models expect of a goal", async () => {
    const scorer = steadyScorer({ completedView: 0.5, click: 0.25, abandon: 0, conversion: 0 });
    const decision = await decide(
      [
        { id: "view", goal: { kind: "completedView", perViewMicros: 30_000 } },
        { id: "click", goal: { kind: "click", perClickMicros: 80_000 } },
      ],
      { scorer },
    );
    expect(decision.slots.map((slot) => [slot.offer.lineItemId, slot.priceMicros])).toEqual([
      ["li-click", 20_000],
      ["li-view", 15_000],
    ]);
  });

  test("fills what paid ads leave with house ads, for nothing", async () => {
    const house: AdSketch = { id: "house", goal: { kind: "house" }, durationSec: 20 };
    const decision = await decide([house, { id: "paid", durationSec: 40 }]);
    expect(shown(decision)).toEqual(["paid", "house"]);
    expect(decision.slots[1]?.priceMicros).toBe(0);
  });

  test("never repeats an advertiser, not even the publisher's own", async () => {
    const decision = await decide([own("h1", "c1"), own("h2", "c2")]);
    expect(shown(decision)).toEqual(["h1"]);
    expect(whyNot(decision, "h2")).toBe("advertiser_repeated");
  });

  test("shows house ads only, in the house tier, when no campaign has money", async () => {
    const house: AdSketch = { id: "house", goal: { kind: "house" } };
    const decision = await decide([house, { id: "paid" }], { world: { budgets: new Map() } });
    expect(shown(decision)).toEqual(["house"]);
    expect(decision.tier).toBe("house");
  });

  test("leaves time empty when the publisher wants no house ads", async () => {
    const house: AdSketch = { id: "house", goal: { kind: "house" } };
    expect(shown(await decide([house], { publisher: { houseFill: false } }))).toEqual([]);
  });
});
