/** What winners pay, by the publisher's rule, and the laws that make bidding honestly safe. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, prices, shown, type AdSketch, type Circumstances } from "./fixture.ts";

const SEED = 20261124;
const ad = (id: string, cpm: number, over: Partial<AdSketch> = {}): AdSketch => {
  return { id, cpmMicros: cpm * 1_000_000, ...over };
};
const rule = (priceRule: string, over: object = {}): Circumstances => ({ publisher: { priceRule, ...over } });

describe("first price", () => {
  test("is the bid", async () => {
    const decision = await decide([ad("a", 30), ad("b", 20), ad("c", 10)], { request: { maxAds: 2 } });
    expect(prices(decision)).toEqual({ a: 30_000, b: 20_000 });
  });
});

describe.each(["second", "vcg"])("%s price", (priceRule) => {
  const asked = { ...rule(priceRule), request: { maxAds: 2 } };

  test("is what the ads kept out would have brought", async () => {
    expect(prices(await decide([ad("a", 30), ad("b", 20), ad("c", 10)], asked))).toEqual({ a: 10_000, b: 10_000 });
    const long = [
      ad("long", 60, { durationSec: 60 }),
      ad("x", 25, { durationSec: 30 }),
      ad("y", 20, { durationSec: 30 }),
    ];
    expect(prices(await decide(long, rule(priceRule)))).toEqual({ long: 45_000 });
  });

  test("is the floor where nobody is kept out", async () => {
    const asked = rule(priceRule, { floorCpmMicros: 3_000_000 });
    expect(prices(await decide([ad("a", 60), ad("b", 20)], asked))).toEqual({ a: 3_000, b: 3_000 });
  });

  test("is not raised by a campaign's own other ads", async () => {
    const line = { creativeIds: ["cr-a", "cr-spare"] };
    const spare = ad("spare", 1, { advertiser: "adv-a", status: "paused" });
    const asked = { ...rule(priceRule), request: { maxAds: 1 } };
    expect(prices(await decide([ad("a", 30, { line }), spare, ad("b", 9)], asked))).toEqual({ a: 9_000 });
  });

  test("is the floor for an ad that its tier shows", async () => {
    const deals = [{ id: "d", kind: "privateAuction", cpmMicros: 2_000_000, lineItemIds: ["li-a"], tier: 2 }];
    const asked = { ...rule(priceRule), request: { maxAds: 1 }, market: { deals } };
    expect(prices(await decide([ad("a", 30), ad("b", 90)], asked))).toEqual({ a: 2_000 });
  });

  test("counts what viewers who leave cost: who costs more pays more", async () => {
    const asked = { ...rule(priceRule, { abandonCostMicros: 100_000 }), request: { maxAds: 1 } };
    // Every ad loses 2 % of viewers here: 2,000 micros each, so bids are compared as they are.
    expect(prices(await decide([ad("a", 30), ad("b", 20)], asked))).toEqual({ a: 20_000 });
  });
});

const twice = (priceRule: string): Circumstances => {
  return { ...rule(priceRule, { maxPerAdvertiser: 2 }), request: { maxAds: 2 } };
};

describe("two ads of one campaign in a break", () => {
  const two: readonly AdSketch[] = [
    ad("a", 30, { advertiser: "one" }),
    ad("b", 20, { advertiser: "one", campaign: { status: "paused" }, line: { campaignId: "ca-a" } }),
    ad("c", 10),
  ];

  test("each pay the least that would have shown it, under second price", async () => {
    expect(prices(await decide(two, twice("second")))).toEqual({ a: 10_000, b: 10_000 });
  });

  test("together pay what they keep out, under VCG, each by its bid", async () => {
    expect(prices(await decide(two, twice("vcg")))).toEqual({ a: 6_000, b: 4_000 });
  });
});

const sketch = fc.record({
  advertiser: fc.constantFrom("a", "b", "c", "d", "e", "f", "g"),
  durationSec: fc.constantFrom(6, 10, 15, 20, 30, 45),
  cpmMicros: fc.integer({ min: 1_000, max: 60_000 }).map((bid) => bid * 1_000),
  categories: fc.constantFrom(["IAB2"], ["IAB8"], ["IAB2-3", "IAB8"], ["IAB13"]),
});
const ads = fc
  .array(sketch, { minLength: 1, maxLength: 9 })
  .map((drawn) => drawn.map((each, n): AdSketch => ({ ...each, id: `n${n}` })));
const priceRule = fc.constantFrom("first", "second", "vcg");
const terms = fc.record({ floorCpmMicros: fc.constantFrom(0, 4_000_000), maxAds: fc.integer({ min: 1, max: 4 }) });
const circumstances = (name: string, { floorCpmMicros, maxAds }: { floorCpmMicros: number; maxAds: number }) => {
  const publisher = { floorCpmMicros, separatedCategories: ["IAB2"], abandonCostMicros: 50_000 };
  return { ...rule(name, publisher), request: { maxAds } };
};
const withBid = (drawn: readonly AdSketch[], id: string, cpmMicros: number): readonly AdSketch[] =>
  drawn.map((each) => (each.id === id ? { ...each, cpmMicros } : each));

describe("whatever the market", () => {
  test("floor ≤ price ≤ bid", async () => {
    await fc.assert(
      fc.asyncProperty(ads, priceRule, terms, async (drawn, name, drawnTerms) => {
        for (const slot of (await decide(drawn, circumstances(name, drawnTerms))).slots) {
          expect(slot.priceMicros).toBeGreaterThanOrEqual(slot.floorMicros);
          expect(slot.priceMicros).toBeLessThanOrEqual(slot.bidMicros);
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  test("a winner that bids more still wins and, unless it pays its bid, at the same price", async () => {
    await fc.assert(
      fc.asyncProperty(ads, priceRule, terms, fc.integer({ min: 1, max: 40_000 }), async (drawn, name, own, more) => {
        const asked = circumstances(name, own);
        const before = prices(await decide(drawn, asked));
        for (const [id, price] of Object.entries(before)) {
          const bid = drawn.find((each) => each.id === id)?.cpmMicros ?? 0;
          const after = prices(await decide(withBid(drawn, id, bid + more * 1_000), asked));
          expect(after[id]).toBe(name === "first" ? bid / 1_000 + more : price);
        }
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  test("a winner that bids less than its price loses, and one that bids more wins", async () => {
    await fc.assert(
      fc.asyncProperty(ads, fc.constantFrom("second", "vcg"), terms, async (drawn, name, own) => {
        const asked = circumstances(name, own);
        for (const [id, price] of Object.entries(prices(await decide(drawn, asked)))) {
          const below = shown(await decide(withBid(drawn, id, (price - 1) * 1_000 || 1), asked));
          // Nothing is below a price of nothing.
          expect(price > 0 && below.includes(id)).toBe(false);
          expect(shown(await decide(withBid(drawn, id, (price + 1) * 1_000), asked))).toContain(id);
        }
      }),
      { seed: SEED, numRuns: 150 },
    );
  });
});
