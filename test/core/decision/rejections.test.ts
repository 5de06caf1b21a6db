/** Every reason a candidate can lose for, each brought about by the smallest catalog that shows it. */
import { describe, expect, test } from "vitest";
import { REJECTIONS, type RejectionReason } from "../../../src/decision/rejection.ts";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { micros } from "../../../src/kernel/money.ts";
import { breakOf, decide, NOW_MS, steadyScorer, whyNot, type AdSketch } from "./fixture.ts";

type Circumstances = Parameters<typeof decide>[1];
type Others = readonly AdSketch[];
/** The reason, the ad that loses for it, the circumstances, and the ads it meets. */
type Case =
  | readonly [RejectionReason, AdSketch]
  | readonly [RejectionReason, AdSketch, Circumstances]
  | readonly [RejectionReason, AdSketch, Circumstances, Others];

const viewer = breakOf().viewer;
const rich: AdSketch = { id: "rich", cpmMicros: 90_000_000 };
const twoViews = [1, 2].map((hours) => ({ lineItemId: "li-x", shownMs: NOW_MS - hours * 3_600_000 }));

const budgetOf = (campaignId: string, available: number) =>
  new Map([[campaignId, { availableMicros: micros(available), multiplierPpm: 1_000_000 }]]);

/** A deal of the ad "x". */
const dealOf = (over: object) => ({ deals: [{ id: "d", lineItemIds: ["li-x"], cpmMicros: 21_000_000, ...over }] });
const other = { deals: [{ id: "other", floorCpmMicros: null }] };
const two = { publisher: { maxPerAdvertiser: 2 } };
const slot = { minSec: 6, maxSec: 6, floorCpmMicros: null, position: "first" as const };

const CASES: readonly Case[] = [
  ["campaign_inactive", { id: "x", status: "paused" }],
  ["outside_flight", { id: "x", flight: { start: "2026-07-02T00:00:00Z", end: "2026-08-01T00:00:00Z" } }],
  ["targeting_publishers", { id: "x", targeting: { publishers: { exclude: ["p"] } } }],
  ["targeting_surfaces", { id: "x", targeting: { surfaces: { include: ["preroll"] } } }],
  ["targeting_devices", { id: "x", targeting: { devices: { include: ["mobile"] } } }],
  ["targeting_countries", { id: "x", targeting: { countries: { exclude: ["US"] } } }],
  ["targeting_regions", { id: "x", targeting: { regions: { include: ["CA"] } } }],
  ["targeting_genres", { id: "x", targeting: { genres: { include: ["news"] } } }],
  ["targeting_ratings", { id: "x", targeting: { ratings: { include: ["TV-MA"] } } }],
  ["targeting_languages", { id: "x", targeting: { languages: { include: ["de"] } } }],
  ["targeting_segments", { id: "x", targeting: { segments: { include: ["gamers"] } } }],
  ["targeting_contentCategories", { id: "x", targeting: { contentCategories: { include: ["IAB17"] } } }],
  ["targeting_where", { id: "x", targeting: { where: { not: { is: { genres: ["drama"] } } } } }],
  [
    "consent_missing",
    { id: "x", targeting: { requiresConsent: true } },
    { request: { viewer: { ...viewer, consent: false } } },
  ],
  ["targeting_dayparts", { id: "x", targeting: { dayparts: [{ days: [3], fromHour: 6, toHour: 12 }] } }],
  ["advertiser_blocked", { id: "x" }, { publisher: { blockedAdvertiserDomains: ["adv-x.example"] } }],
  ["advertiser_blocked", { id: "x" }, { request: { blockedAdvertiserDomains: ["adv-x.example"] } }],
  ["category_blocked", { id: "x", categories: ["IAB8-5"] }, { publisher: { blockedCategories: ["IAB8"] } }],
  ["category_blocked", { id: "x" }, { request: { blockedCategories: ["IAB8"] } }],
  ["category_not_allowed", { id: "x" }, { publisher: { allowedCategories: ["IAB9"] } }],
  ["category_not_allowed", { id: "x" }, { request: { allowedCategories: ["IAB9"] } }],
  ["duration_not_allowed", { id: "x", durationSec: 61 }],
  ["duration_not_allowed", { id: "x", durationSec: 15 }, { request: { exactDurationsSec: [10, 20] } }],
  ["duration_not_allowed", { id: "x", durationSec: 5 }, { request: { minAdDurationSec: 6 } }],
  ["media_not_playable", { id: "x" }, { request: { mimeTypes: ["video/mp4"] } }],
  [
    "frequency_capped",
    { id: "x", frequencyCap: { impressions: 2, windowMinutes: 1440 } },
    { request: { viewer: { ...viewer, frequency: twoViews } } },
  ],
  ["deal_elsewhere", { id: "x", guaranteedAt: ["q"] }],
  ["guarantee_not_drawn", { id: "x", guaranteedAt: ["p"] }],
  ["deal_not_offered", { id: "x", guaranteedAt: ["p"] }, { request: other }],
  ["deal_required", { id: "x" }, { request: { dealsOnly: true } }],
  ["no_budget", { id: "x" }, { world: { budgets: new Map() } }],
  ["too_many_candidates", { id: "x" }, { world: { limits: { ...FULL_LIMITS, candidatesMax: 1 } } }, [{ id: "a" }]],
  ["early_cut", { id: "x" }, { world: { limits: { ...FULL_LIMITS, scoredRowsMax: 1 } } }, [{ id: "a" }]],
  [
    "score_invalid",
    { id: "x" },
    { scorer: steadyScorer({ completedView: Number.NaN, click: 0, abandon: 0, conversion: 0 }) },
  ],
  ["no_value", { id: "x" }, { publisher: { abandonCostMicros: 10_000_000 } }],
  ["below_deal_price", { id: "x" }, { market: dealOf({ kind: "fixed" }) }],
  ["below_deal_price", { id: "x" }, { market: dealOf({ kind: "privateAuction" }) }],
  ["no_place", { id: "x", durationSec: 58 }, { request: { structuredSlots: [slot] } }],
  ["below_floor", { id: "x" }, { publisher: { floorCpmMicros: 20_001_000 } }],
  ["purse_short", { id: "x" }, { world: { budgets: budgetOf("ca-x", 19_999) } }],
  ["outbid", { id: "x", durationSec: 60 }, {}, [{ ...rich, durationSec: 60 }]],
  ["advertiser_repeated", { id: "x", advertiser: "rich" }, {}, [{ ...rich, advertiser: "rich" }]],
  [
    "creative_repeated",
    { id: "x", advertiser: "rich", creative: "one" },
    {},
    [{ ...rich, advertiser: "rich", creative: "one" }],
  ],
  [
    "category_separated",
    { id: "x", categories: ["IAB2-1"] },
    { publisher: { separatedCategories: ["IAB2"] } },
    [{ ...rich, categories: ["IAB2-3"] }],
  ],
  ["competitor_separated", { id: "x" }, { market: { competitors: { "adv-x": ["adv-rich"] } } }, [rich]],
  ["duplicate_in_break", { id: "x" }, { request: { podDedupe: [2] } }, [rich]],
  [
    "capped_in_break",
    { id: "x", advertiser: "rich", line: { creativeIds: ["cr-x", "cr-rich"] } },
    two,
    [{ ...rich, status: "paused" }],
  ],
  [
    "too_close",
    { id: "x", advertiser: "rich" },
    { publisher: { maxPerAdvertiser: 2, minGapAds: 1 } },
    [{ ...rich, advertiser: "rich" }],
  ],
  ["place_taken", { id: "x", line: { slotWish: "first" } }, {}, [{ ...rich, line: { slotWish: "first" } }]],
];

describe("a loser is told why", () => {
  test.each(CASES)("%s", async (reason, ad, over = {}, others = []) => {
    expect(whyNot(await decide([...others, ad], over), "x")).toBe(reason);
  });

  test("every reason but one that needs two requests at once has a case here", () => {
    const covered = new Set<string>(CASES.map(([reason]) => reason));
    const missing = Object.keys(REJECTIONS).filter((reason) => !covered.has(reason));
    expect(missing).toEqual(["budget_spent_meanwhile"]);
  });

  test("an ad that may run is shown at its bid", async () => {
    const decision = await decide([{ id: "x", cpmMicros: 12_345_678 }]);
    expect(decision.slots.map((slot) => slot.priceMicros)).toEqual([12_345]);
  });

  test("a history outside the cap's window does not count", async () => {
    const old = [1, 2].map((days) => ({ lineItemId: "li-x", shownMs: NOW_MS - days * 86_400_000 }));
    const capped: AdSketch = { id: "x", frequencyCap: { impressions: 2, windowMinutes: 60 } };
    const decision = await decide([capped], { request: { viewer: { ...viewer, frequency: old } } });
    expect(whyNot(decision, "x")).toBeNull();
  });

  test("an ad bids what its campaign's multiplier leaves", async () => {
    const budgets = new Map([["ca-x", { availableMicros: micros(20_000), multiplierPpm: 350_000 }]]);
    const decision = await decide([{ id: "x" }], { world: { budgets } });
    expect(decision.slots.map((slot) => slot.priceMicros)).toEqual([7_000]);
  });
});
