/** Every candidate's fate, and what each would have needed to win: checked by bidding just that. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explainFully } from "../../../src/decision/explain.ts";
import { finish } from "../../../src/decision/funnel.ts";
import { decide, scoredBreak, shown, steadyScorer, type AdSketch, type Circumstances } from "./fixture.ts";

const SEED = 20261124;

async function explained(ads: readonly AdSketch[], over: Circumstances = {}) {
  const { scoringPlan, scoring } = await scoredBreak(ads, over);
  return explainFully(scoringPlan, scoring, finish(scoringPlan, scoring));
}
const withBid = (drawn: readonly AdSketch[], id: string, cpmMicros: number): readonly AdSketch[] =>
  drawn.map((each) => (each.id === id ? { ...each, cpmMicros } : each));

describe("an explanation", () => {
  test("names stage, reason, the trade's number, scores, value, bid, floor and deal", async () => {
    const deals = [{ id: "d", kind: "privateAuction", cpmMicros: 9_000_000, lineItemIds: ["li-low"] }];
    const ads = [
      { id: "won", cpmMicros: 30_000_000 },
      { id: "low", cpmMicros: 8_000_000 },
    ];
    const publisher = { abandonCostMicros: 64_000, floorCpmMicros: 3_000_000 };
    const scorer = steadyScorer({ completedView: 0.9, click: 0.01, abandon: 1 / 32, conversion: 0 });
    const summary = await explained(ads, { market: { deals }, publisher, scorer });
    expect(summary.slots[0]).toMatchObject({
      lineItemId: "li-won",
      bidMicros: 30_000,
      priceMicros: 30_000,
      floorMicros: 3_000,
      valueMicros: 28_000,
      dealId: null,
      neededBidMicros: 3_000,
    });
    expect(summary.rejections).toMatchObject([
      {
        lineItemId: "li-low",
        stage: "auction",
        reason: "below_deal_price",
        seatNonBid: 304,
        bidMicros: 8_000,
        valueMicros: 6_000,
        floorMicros: 9_000,
        neededBidMicros: 9_000,
        dealId: "d",
      },
    ]);
    expect(Object.keys(summary.rejections[0]?.scores ?? {})).toContain("abandon");
  });

  test("has every offer's fate once, also of those that nobody looked at", async () => {
    const ads: readonly AdSketch[] = [
      ...Array.from({ length: 6 }, (_, n) => ({ id: `n${n}` })),
      { id: "elsewhere", targeting: { countries: { include: ["DE"] } } },
      { id: "paused", status: "paused" },
      { id: "own", goal: { kind: "house" } },
    ];
    const { slots, rejections } = await explained(ads);
    const fates = [...slots, ...rejections].map(({ lineItemId }) => lineItemId);
    expect(fates.toSorted()).toEqual(ads.map(({ id }) => `li-${id}`).toSorted());
  });
});

describe("what a bid needed", () => {
  const sketch = fc.record({
    advertiser: fc.constantFrom("a", "b", "c", "d", "e", "f"),
    durationSec: fc.constantFrom(6, 10, 15, 20, 30, 45),
    cpmMicros: fc.integer({ min: 1_000, max: 60_000 }).map((bid) => bid * 1_000),
    categories: fc.constantFrom(["IAB2"], ["IAB8"], ["IAB13"]),
  });
  const ads = fc
    .array(sketch, { minLength: 2, maxLength: 9 })
    .map((drawn) => drawn.map((each, n): AdSketch => ({ ...each, id: `n${n}` })));
  const terms = fc.record({ floorCpmMicros: fc.constantFrom(0, 9_000_000), maxAds: fc.integer({ min: 1, max: 4 }) });

  test("wins when it is bid, and loses when two micros less are", async () => {
    await fc.assert(
      fc.asyncProperty(ads, terms, async (drawn, { floorCpmMicros, maxAds }) => {
        const publisher = { floorCpmMicros, separatedCategories: ["IAB2"], abandonCostMicros: 50_000 };
        const asked = { publisher, request: { maxAds } };
        for (const { lineItemId, neededBidMicros } of (await explained(drawn, asked)).rejections) {
          if (neededBidMicros === null) continue;
          const id = lineItemId.slice(3);
          expect(shown(await decide(withBid(drawn, id, neededBidMicros * 1_000), asked))).toContain(id);
          const less = Math.max(1, (neededBidMicros - 2) * 1_000);
          expect(shown(await decide(withBid(drawn, id, less), asked))).not.toContain(id);
        }
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  test("is nothing where no bid would help", async () => {
    const guarantees = [{ contractId: "deal-g", alphaPpm: 1_000_000, zetaPpm: 1_000_000 }];
    const over = { world: { guarantees }, request: { maxAds: 1 } };
    const summary = await explained([{ id: "g", guaranteedAt: ["p"] }, { id: "open" }], over);
    expect(summary.rejections[0]).toMatchObject({ lineItemId: "li-open", reason: "outbid", neededBidMicros: null });
  });
});
