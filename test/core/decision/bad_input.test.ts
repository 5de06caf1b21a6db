/** What nobody should send, and what becomes of it: a defined answer, never a failure that a player sees. */
import { describe, expect, test } from "vitest";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { micros } from "../../../src/kernel/money.ts";
import type { Scorer } from "../../../src/decision/rank.ts";
import { decide, shown, steadyScorer, whyNot, type AdSketch } from "./fixture.ts";

const ad = (id: string, cpm = 20, over: Partial<AdSketch> = {}): AdSketch => {
  return { id, cpmMicros: cpm * 1_000_000, ...over };
};

describe("numbers that are none", () => {
  test.each([Number.NaN, Number.NEGATIVE_INFINITY, -1, 0, 0.0001])("a break of %s seconds is empty", async (sec) => {
    const decision = await decide([ad("a")], { request: { podDurationSec: sec } });
    expect(shown(decision)).toEqual([]);
    expect(whyNot(decision, "a")).toMatch(/duration_not_allowed|no_place/);
  });

  test.each([Number.NaN, -3, 0])("a break of %s ads is empty", async (maxAds) => {
    expect(shown(await decide([ad("a")], { request: { maxAds } }))).toEqual([]);
  });

  test("a break of absurdly many ads has as many as a break may have", async () => {
    const ads = Array.from({ length: 30 }, (_, n) => ad(`n${n}`, 20, { durationSec: 6 }));
    const decision = await decide(ads, { request: { maxAds: 1e9, podDurationSec: 600 } });
    expect(decision.slots).toHaveLength(FULL_LIMITS.podAdsMax);
  });

  test("heads that say nothing, or no probability, sell nothing", async () => {
    for (const click of [Number.NaN, -0.1, 1.1, Number.POSITIVE_INFINITY]) {
      const scorer = steadyScorer({ completedView: 0.9, click, abandon: 0, conversion: 0 });
      expect(whyNot(await decide([ad("a")], { scorer }), "a")).toBe("score_invalid");
    }
  });

  test("candidates that the early ranker gives no number are cut first, and counted", async () => {
    const scorer: Scorer = {
      ...steadyScorer(),
      rank: async ({ rowCount }) =>
        Float32Array.from({ length: rowCount }, (_, row) => (row < 3 ? Number.NaN : rowCount - row)),
    };
    const ads = Array.from({ length: 8 }, (_, n) => ad(`n${n}`, 90 - n));
    const decision = await decide(ads, { scorer, world: { limits: { ...FULL_LIMITS, scoredRowsMax: 4 } } });
    expect(decision.counts).toMatchObject({ candidates: 8, scored: 4, unranked: 3 });
    expect(shown(decision)).toEqual(["n3", "n4", "n5", "n6"]);
    expect(whyNot(decision, "n0")).toBe("early_cut");
  });
});

const slot = (minSec: number, maxSec: number) => {
  return { minSec, maxSec, floorCpmMicros: null, position: "any" as const };
};

describe("rules that contradict each other", () => {
  test("slots longer than the break, of no length, or reversed take no ads and fail nothing", async () => {
    const structuredSlots = [slot(900, 900), slot(0, 0), slot(20, 10), slot(Number.NaN, Number.NaN)];
    const decision = await decide([ad("a")], { request: { structuredSlots, maxAds: 8 } });
    expect(shown(decision)).toEqual([]);
    expect(whyNot(decision, "a")).toBe("no_place");
  });

  test("more slots than ads leave no free part", async () => {
    const structuredSlots = [15, 15].map((sec) => {
      return { minSec: sec, maxSec: sec, floorCpmMicros: null, position: "any" as const };
    });
    const decision = await decide([ad("a"), ad("b"), ad("c")], { request: { structuredSlots, maxAds: 1 } });
    expect(decision.slots).toHaveLength(2);
  });

  test("exact lengths that no ad has leave the break empty", async () => {
    expect(shown(await decide([ad("a")], { request: { exactDurationsSec: [] } }))).toEqual([]);
  });

  test("an advertiser that is its own competitor is shown once", async () => {
    const two = [ad("a", 30, { advertiser: "x" }), ad("b", 20, { advertiser: "x" })];
    const publisher = { maxPerAdvertiser: 4 };
    expect(shown(await decide(two, { publisher, market: { competitors: { x: ["x"] } } }))).toEqual(["a"]);
  });

  test("a gap that no break can keep leaves one ad of each", async () => {
    const two = [ad("a", 30, { advertiser: "x" }), ad("b", 20, { advertiser: "x" })];
    expect(shown(await decide(two, { publisher: { maxPerAdvertiser: 4, minGapAds: 16 } }))).toEqual(["a"]);
  });
});

describe("money beyond measure", () => {
  test("the dearest prices, premiums and tiers that a catalog may state still decide", async () => {
    const line = { positionPremiumPpm: { first: 10_000_000, last: 10_000_000 } };
    const ads = Array.from({ length: 20 }, (_, n) =>
      ad(`n${n}`, 20, { durationSec: 6, goal: { kind: "completedView", perViewMicros: 10_000_000_000 }, line }),
    );
    const deals = ads.map(({ id }, n) => {
      return { id: `d-${id}`, kind: "privateAuction", cpmMicros: 1, lineItemIds: [`li-${id}`], tier: n % 5 };
    });
    for (const priceRule of ["first", "second", "vcg"]) {
      const ample = { availableMicros: micros(1_000_000_000_000_000), multiplierPpm: 1_000_000 };
      const budgets = new Map(ads.map(({ id }) => [`ca-${id}`, ample]));
      const decision = await decide(ads, {
        market: { deals },
        publisher: { priceRule, slateMicrosPerSec: 10_000_000_000 },
        request: { podDurationSec: 600, maxAds: 16, fill: "exact" },
        world: { budgets },
      });
      expect(decision.slots).toHaveLength(16);
    }
  });
});

test("ten thousand candidates are decided within the limits, and every one has its fate", async () => {
  const ads = Array.from({ length: 500 }, (_, n) => {
    const creativeIds = Array.from({ length: 20 }, (_unused, k) => `cr-n${(n + 10 * k) % 500}`);
    return ad(`n${n}`, 1 + (n % 50), { advertiser: `adv-${n % 10}`, line: { creativeIds } });
  });
  const decision = await decide(ads);
  expect(decision.counts).toMatchObject({ candidates: FULL_LIMITS.candidatesMax, scored: FULL_LIMITS.scoredRowsMax });
  expect(new Set([...decision.slots, ...decision.rejections].map(({ offer }) => offer.order)).size).toBe(10_000);
}, 60_000);
