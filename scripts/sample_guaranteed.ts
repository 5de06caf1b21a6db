/**
 * The sample's guaranteed deals, written by hand: three promises that overlap (two publishers are shared, targeting is
 * not the same), each with a campaign of its own, and what publishers expect, from which they are planned.
 */
import type { z } from "zod";
import type {
  advertiserSchema,
  campaignSchema,
  creativeSchema,
  forecastSchema,
  lineItemSchema,
} from "../src/catalog/entities.ts";
import type { dealSchema } from "../src/catalog/market.ts";

const DOLLAR = 1_000_000;
const MILLION = 1_000_000;

/** A company with its creatives. */
interface Buyer {
  readonly advertiser: z.input<typeof advertiserSchema>;
  readonly creatives: readonly z.input<typeof creativeSchema>[];
}

interface Promised {
  readonly word: string;
  readonly name: string;
  readonly advertiserId: string;
  readonly publisherIds: string[];
  readonly cpm: number;
  readonly impressions: number;
  readonly targeting: z.input<typeof lineItemSchema>["targeting"];
}

const PROMISES: readonly Promised[] = [
  {
    word: "sports-derby",
    name: "Derby night",
    advertiserId: "adv-nordwagen",
    publisherIds: ["sports-live"],
    cpm: 38,
    impressions: MILLION,
    targeting: { surfaces: { include: ["preroll", "midroll"] } },
  },
  {
    word: "big-screen",
    name: "Big screen, two networks",
    advertiserId: "adv-harborstone-bank",
    publisherIds: ["demo", "sports-live", "news-now"],
    cpm: 24,
    impressions: 2 * MILLION,
    targeting: { devices: { include: ["ctv"] } },
  },
  {
    word: "morning-briefing",
    name: "Morning briefing",
    advertiserId: "adv-brightkettle-tea",
    publisherIds: ["news-now", "demo"],
    cpm: 20,
    impressions: MILLION / 5,
    targeting: { dayparts: [{ days: [1, 2, 3, 4, 5], fromHour: 5, toHour: 11 }] },
  },
];

/** Deals, and the campaigns and line items that keep them. Requires: the buyers of all promises. */
export function sampleGuaranteed(buyers: readonly Buyer[], flight: { start: string; end: string }) {
  const campaigns: z.input<typeof campaignSchema>[] = [];
  const lineItems: z.input<typeof lineItemSchema>[] = [];
  const deals: z.input<typeof dealSchema>[] = [];
  for (const { word, name, advertiserId, publisherIds, cpm, impressions, targeting } of PROMISES) {
    const buyer = buyers.find(({ advertiser }) => advertiser.id === advertiserId);
    if (buyer === undefined) throw new RangeError(`no advertiser ${advertiserId}`);
    const campaignId = `cmp-${word}`;
    const lineItemId = `li-${word}-1`;
    const cpmMicros = cpm * DOLLAR;
    // A little more than the promise costs, for what is won while the last impressions are on their way.
    const budgetMicros = Math.ceil((impressions / 1_000) * cpm * 1.02) * DOLLAR;
    campaigns.push({ id: campaignId, advertiserId, name, budgetMicros, flight, pacing: "asap" });
    lineItems.push({
      id: lineItemId,
      campaignId,
      name: `${name}, guaranteed`,
      creativeIds: buyer.creatives.map(({ id }) => id),
      goal: { kind: "cpm", cpmMicros },
      ...(targeting === undefined ? {} : { targeting }),
    });
    deals.push({
      id: `deal-${word}`,
      name,
      kind: "guaranteed",
      publisherIds,
      lineItemIds: [lineItemId],
      cpmMicros,
      impressions,
    });
  }
  return { campaigns, lineItems, deals };
}

const onScreens = (surface: "preroll" | "midroll", breaksPerWeek: number): z.input<typeof forecastSchema>[] => [
  { surface, device: "ctv", breaksPerWeek: Math.round(breaksPerWeek * 0.6) },
  { surface, device: "mobile", breaksPerWeek: Math.round(breaksPerWeek * 0.25) },
  { surface, device: "desktop", breaksPerWeek: Math.round(breaksPerWeek * 0.15) },
];

/** Breaks a week that publishers expect. */
export const SAMPLE_FORECASTS = {
  demo: [...onScreens("midroll", 60_000), ...onScreens("preroll", 20_000)],
  "sports-live": [...onScreens("midroll", 40_000), ...onScreens("preroll", 20_000)],
  "news-now": onScreens("midroll", 30_000),
};
