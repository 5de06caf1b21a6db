/** Private terms: through which deal an ad bids, what it then pays, and whom the request lets bid at all. */
import { describe, expect, test } from "vitest";
import { micros } from "../../../src/kernel/money.ts";
import type { OfferedDeal } from "../../../src/protocols/break_request.ts";
import { decide, prices, shown, whyNot, type AdSketch, type MarketSketch } from "./fixture.ts";

const dollars = (cpm: number): number => cpm * 1_000_000;
const ad = (id: string, cpm: number, over: Partial<AdSketch> = {}): AdSketch => {
  return { id, cpmMicros: dollars(cpm), ...over };
};
const deal = (kind: string, cpm: number, of: string, over: object = {}): object => {
  return { id: `d-${of}`, kind, cpmMicros: dollars(cpm), lineItemIds: [`li-${of}`], ...over };
};
const market = (...deals: readonly object[]): { readonly market: MarketSketch } => ({ market: { deals } });
const offered = (...deals: readonly (readonly [string, number | null])[]): readonly OfferedDeal[] =>
  deals.map(([id, floorCpmMicros]) => ({ id, floorCpmMicros }));

describe("a fixed deal", () => {
  test("costs its price, whatever more the ad would have bid", async () => {
    const decision = await decide([ad("a", 30)], market(deal("fixed", 22, "a")));
    expect(decision.slots[0]).toMatchObject({ bidMicros: 30_000, priceMicros: 22_000, dealId: "d-a" });
  });

  test("counts in the break with its price, not with the bid", async () => {
    const asked = { ...market(deal("fixed", 10, "a")), request: { maxAds: 1 } };
    expect(shown(await decide([ad("a", 90), ad("open", 12)], asked))).toEqual(["open"]);
  });

  test("is not taken by a bid that pacing holds below its price", async () => {
    const budgets = new Map([["ca-a", { availableMicros: micros(10_000_000), multiplierPpm: 500_000 }]]);
    const decision = await decide([ad("a", 30)], { ...market(deal("fixed", 22, "a")), world: { budgets } });
    expect(whyNot(decision, "a")).toBe("below_deal_price");
  });

  test("stands above every floor of publisher, request and learned reserve", async () => {
    const decision = await decide([ad("a", 30)], {
      market: { deals: [deal("fixed", 3, "a")], reserves: [{ cpmMicros: dollars(9) }] },
      publisher: { floorCpmMicros: dollars(25) },
      request: { floors: { cpmMicros: dollars(25), cpmMicrosPerSec: dollars(4), byDuration: [] } },
    });
    expect(prices(decision)).toEqual({ a: 3_000 });
  });

  test("pays its price under second price and VCG as well", async () => {
    for (const priceRule of ["second", "vcg"]) {
      const decision = await decide([ad("a", 30), ad("b", 9)], {
        ...market(deal("fixed", 22, "a")),
        publisher: { priceRule },
      });
      expect(prices(decision)).toMatchObject({ a: 22_000 });
    }
  });

  test("needs no more money at hand than its price", async () => {
    const budgets = new Map([["ca-a", { availableMicros: micros(22_000), multiplierPpm: 1_000_000 }]]);
    const decision = await decide([ad("a", 30)], { ...market(deal("fixed", 22, "a")), world: { budgets } });
    expect(shown(decision)).toEqual(["a"]);
  });

  test("earns no premium for its place", async () => {
    const line = { positionPremiumPpm: { first: 500_000 } };
    expect(prices(await decide([ad("a", 30, { line })], market(deal("fixed", 22, "a"))))).toEqual({ a: 22_000 });
  });
});

describe("a private auction", () => {
  test("has its own floor, below or above the publisher's", async () => {
    const low = { ...market(deal("privateAuction", 10, "a")), publisher: { floorCpmMicros: dollars(15) } };
    const both = await decide([ad("a", 12), ad("open", 12)], low);
    expect(prices(both)).toEqual({ a: 12_000 });
    expect(whyNot(both, "open")).toBe("below_floor");
    const high = { ...market(deal("privateAuction", 15, "a")), publisher: { floorCpmMicros: dollars(5) } };
    expect(whyNot(await decide([ad("a", 12)], high), "a")).toBe("below_deal_price");
  });

  test("is charged by the publisher's rule, down to its floor", async () => {
    const asked = { ...market(deal("privateAuction", 10, "a")), publisher: { priceRule: "second" } };
    expect(prices(await decide([ad("a", 12)], asked))).toEqual({ a: 10_000 });
  });
});

const of = (id: string, tier: number): object => deal("privateAuction", 1, id, { tier });

describe("tiers", () => {
  test("give preferred deals the first look", async () => {
    const asked = { ...market(deal("preferred", 15, "pref")), request: { maxAds: 1 } };
    expect(prices(await decide([ad("pref", 15), ad("open", 60)], asked))).toEqual({ pref: 15_000 });
  });

  test("are preferred over any price, and within one the price decides", async () => {
    const asked = { ...market(of("a", 3), of("b", 3), of("c", 2)), request: { maxAds: 1 } };
    expect(shown(await decide([ad("a", 2), ad("b", 3), ad("c", 99), ad("open", 999)], asked))).toEqual(["b"]);
  });

  test("stand below a promise", async () => {
    const guarantees = [{ contractId: "deal-g", alphaPpm: 1_000_000, zetaPpm: 1_000_000 }];
    const asked = {
      ...market(deal("privateAuction", 1, "a", { tier: 4 })),
      request: { maxAds: 1 },
      world: { guarantees },
    };
    expect(shown(await decide([ad("g", 5, { guaranteedAt: ["p"] }), ad("a", 99)], asked))).toEqual(["g"]);
  });
});

const names = async (...deals: readonly object[]): Promise<string | null | undefined> =>
  (await decide([ad("a", 20)], market(...deals))).slots[0]?.dealId;

const named = (id: string, kind: string, cpm: number, tier?: number): object =>
  deal(kind, cpm, "a", { id, ...(tier === undefined ? {} : { tier }) });

describe("of several deals", () => {
  test("the best that the bid reaches is used: by tier, then kind, then price, then id", async () => {
    expect(await names(named("x", "fixed", 19), named("y", "privateAuction", 5, 2))).toBe("y");
    expect(await names(named("x", "privateAuction", 5, 1), named("y", "preferred", 5))).toBe("y");
    expect(await names(named("x", "fixed", 9), named("y", "fixed", 12))).toBe("y");
    expect(await names(named("y", "fixed", 9), named("x", "fixed", 9))).toBe("x");
    expect(await names(named("x", "fixed", 21), named("y", "fixed", 12))).toBe("y");
  });
});

describe("the request", () => {
  test("that names deals takes no others: the ad then bids as open demand", async () => {
    const asked = { ...market(deal("fixed", 22, "a")), request: { deals: offered(["other", null]) } };
    expect((await decide([ad("a", 30)], asked)).slots[0]).toMatchObject({ priceMicros: 30_000, dealId: null });
  });

  test("may state another price for a deal", async () => {
    const asked = { ...market(deal("fixed", 22, "a")), request: { deals: offered(["d-a", dollars(25)]) } };
    expect(prices(await decide([ad("a", 30)], asked))).toEqual({ a: 25_000 });
  });

  test("that wants deals only turns open demand away, and takes promises that it offers", async () => {
    const guarantees = [{ contractId: "deal-g", alphaPpm: 1_000_000, zetaPpm: 1_000_000 }];
    const ads = [ad("g", 5, { guaranteedAt: ["p"] }), ad("a", 30), ad("open", 99)];
    const all = { ...market(deal("fixed", 22, "a")), world: { guarantees } };
    const decision = await decide(ads, { ...all, request: { dealsOnly: true } });
    expect(shown(decision)).toEqual(["g", "a"]);
    expect(whyNot(decision, "open")).toBe("deal_required");
    const without = await decide(ads, { ...all, request: { dealsOnly: true, deals: offered(["d-a", null]) } });
    expect(whyNot(without, "g")).toBe("deal_not_offered");
  });

  test("finds no deal of another publisher", async () => {
    const elsewhere = market(deal("fixed", 22, "a", { publisherIds: ["q"] }));
    expect(prices(await decide([ad("a", 30)], elsewhere))).toEqual({ a: 30_000 });
  });
});
