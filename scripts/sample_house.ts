/**
 * The sample's fixed parts, written by hand: five publishers that differ in floors and in what they refuse, and the
 * house campaign that fills what nobody bought.
 */
import type { z } from "zod";
import type {
  advertiserSchema,
  campaignSchema,
  creativeSchema,
  lineItemSchema,
  publisherSchema,
} from "../src/catalog/entities.ts";
import { SAMPLE_FORECASTS } from "./sample_guaranteed.ts";

const DOLLAR = 1_000_000;

/** Who shows breaks. `demo` is the one the player page and the examples use. */
export const SAMPLE_PUBLISHERS: readonly z.input<typeof publisherSchema>[] = [
  {
    id: "demo",
    name: "Demo Channel",
    floorCpmMicros: 4 * DOLLAR,
    surfaceFloorsCpmMicros: { preroll: 5 * DOLLAR, pause: 2 * DOLLAR },
    forecast: SAMPLE_FORECASTS.demo,
  },
  {
    id: "sports-live",
    name: "Sports Live",
    floorCpmMicros: 9 * DOLLAR,
    surfaceFloorsCpmMicros: { midroll: 12 * DOLLAR, postroll: 6 * DOLLAR },
    blockedCategories: ["IAB13-7"],
    forecast: SAMPLE_FORECASTS["sports-live"],
  },
  {
    id: "kids-tv",
    name: "Kids TV",
    floorCpmMicros: 5 * DOLLAR,
    blockedCategories: ["IAB8-5", "IAB8-18", "IAB13", "IAB9-30"],
    blockedAdvertiserDomains: ["maisonorvelle.example", "marqueenine.example"],
  },
  {
    id: "news-now",
    name: "News Now",
    floorCpmMicros: 7 * DOLLAR,
    blockedAdvertiserDomains: ["ledgerfoxinvest.example"],
    forecast: SAMPLE_FORECASTS["news-now"],
  },
  {
    id: "film-club",
    name: "Film Club",
    floorCpmMicros: 6 * DOLLAR,
    surfaceFloorsCpmMicros: { midroll: 10 * DOLLAR },
    blockedCategories: ["IAB22-2"],
    houseFill: false,
  },
];

const houseCreative = (n: number, name: string): z.input<typeof creativeSchema> => ({
  id: `cr-house-${n}`,
  advertiserId: "adv-midroll-house",
  name,
  durationSec: 6,
  categories: ["IAB1-7"],
  media: [
    { url: "media/house/index.m3u8", mimeType: "application/x-mpegURL", width: 320, height: 180, bitrateKbps: 60 },
    { url: "media/house/ad.mp4", mimeType: "video/mp4", width: 320, height: 180, bitrateKbps: 60 },
  ],
  clickThroughUrl: "https://midroll-house.example/next",
});

const houseLineItem = (n: number, name: string, creativeIds: string[]): z.input<typeof lineItemSchema> => ({
  id: `li-house-${n}`,
  campaignId: "cmp-house",
  name,
  creativeIds,
  goal: { kind: "house" },
});

/** Fills what nobody bought. No budget, never billed. */
export const SAMPLE_HOUSE = {
  advertiser: { id: "adv-midroll-house", name: "The house", domain: "midroll-house.example" } satisfies z.input<
    typeof advertiserSchema
  >,
  campaign: {
    id: "cmp-house",
    advertiserId: "adv-midroll-house",
    name: "House promotions",
    budgetMicros: 0,
    flight: { start: "2026-01-01T00:00:00Z", end: "2027-12-31T00:00:00Z" },
  } satisfies z.input<typeof campaignSchema>,
  creatives: [
    houseCreative(1, "We will be right back"),
    houseCreative(2, "Up next"),
    houseCreative(3, "New this week"),
    houseCreative(4, "Watch without ads"),
  ],
  lineItems: [
    houseLineItem(1, "Be right back", ["cr-house-1"]),
    houseLineItem(2, "Programme promotions", ["cr-house-2", "cr-house-3"]),
    houseLineItem(3, "Subscriptions", ["cr-house-4"]),
  ],
};
