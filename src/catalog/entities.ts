/**
 * What operators write down: publishers, advertisers, campaigns, line items, creatives, deals. The zod schemas here are
 * the one definition; every type of the catalog is derived from them. Cross-references are checked in validate.ts.
 * Words follow OpenRTB 2.6 and AdCOM 1.0 where they have one (categories: IAB Content Taxonomy 1.0; domains: adomain).
 */
import { z } from "zod";
import { CATALOG_LIMITS, FULL_LIMITS } from "../kernel/limits.ts";
import { HOURS_A_WEEK } from "../kernel/week.ts";
import { amount, category, country, domain, floor, id, language, list, mediaUrl, moment, name } from "./fields.ts";
import { status, timeZone } from "./fields.ts";
import { currencySchema, dealSchema, landscapeSchema, reserveSchema } from "./market.ts";
import { daypart, targetingSchema } from "./targeting_schema.ts";
import { DEVICES, GENRES, PRICE_RULES, RATINGS, SLOT_WISHES, SURFACES } from "./words.ts";

const premium = z.int().min(0).max(CATALOG_LIMITS.premiumPpmMax);

/** At most so many impressions to one viewer in any window of this length. */
const frequencyCap = z.strictObject({
  impressions: z.int().positive().max(1000),
  windowMinutes: z
    .int()
    .positive()
    .max(60 * 24 * 31),
});

/** Floor of ads with `minSec` ≤ length ≤ `maxSec`. Units: seconds, micros CPM. */
const durationFloor = z
  .strictObject({ minSec: z.number().nonnegative(), maxSec: z.number().positive(), cpmMicros: floor })
  .refine((row) => row.minSec <= row.maxSec, { path: ["maxSec"], message: "a length of at least minSec" });

/**
 * Breaks a publisher expects, week after week: of one kind, spread evenly over the hours of `dayparts` (absent: all
 * hours). A dimension left out is not known of these breaks. Guaranteed deals are planned from it.
 */
export const forecastSchema = z.strictObject({
  surface: z.enum(SURFACES),
  device: z.enum(DEVICES).optional(),
  country: country.optional(),
  region: z.string().min(1).max(64).optional(),
  genre: z.enum(GENRES).optional(),
  rating: z.enum(RATINGS).optional(),
  language: language.optional(),
  segments: list(id).default([]),
  dayparts: z.array(daypart).min(1).max(32).optional(),
  breaksPerWeek: z.int().positive().max(CATALOG_LIMITS.impressionsMax),
});

/**
 * What the buyer pays for. All goals are billed per impression at the clearing price; the goal decides the bid.
 * Units: micros, per thousand impressions, per completed view, per click or per conversion.
 */
export const goalSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("cpm"), cpmMicros: amount }),
  z.strictObject({ kind: z.literal("completedView"), perViewMicros: amount }),
  z.strictObject({ kind: z.literal("click"), perClickMicros: amount }),
  /** Target cost of a conversion. */
  z.strictObject({ kind: z.literal("conversion"), perConversionMicros: amount }),
  /** Target return on spend: what conversions bring, over what is paid. Units: micros a conversion, millionths. */
  z.strictObject({
    kind: z.literal("roas"),
    conversionValueMicros: amount,
    targetRoasPpm: z.int().positive().max(CATALOG_LIMITS.ratePpmMax),
  }),
  z.strictObject({ kind: z.literal("house") }),
]);

/** The site or app that shows breaks, its floors and what it never shows. Units: micros CPM. */
export const publisherSchema = z.strictObject({
  id,
  name,
  floorCpmMicros: floor.default(0),
  surfaceFloorsCpmMicros: z.partialRecord(z.enum(SURFACES), floor).optional(),
  /** Floors by the length of the ad (OpenRTB `durfloors`); where one fits it stands in for the floors above. */
  durationFloors: z.array(durationFloor).max(32).default([]),
  /** How winners of open auctions are charged. */
  priceRule: z.enum(PRICE_RULES).default("first"),
  /** Clock of dayparts for viewers whose own is not known. */
  timeZone: timeZone.default("UTC"),
  blockedCategories: list(category).default([]),
  blockedAdvertiserDomains: list(domain).default([]),
  /** When any are named, only ads of these categories are shown (OpenRTB `acat`). */
  allowedCategories: list(category).default([]),
  /** Competitive separation: at most `maxPerCategory` ads of each of these (or their sub-categories) in a break. */
  separatedCategories: list(category).default([]),
  maxPerCategory: z.int().min(1).max(FULL_LIMITS.podAdsMax).default(1),
  /** Most ads of one advertiser in a break. */
  maxPerAdvertiser: z.int().min(1).max(FULL_LIMITS.podAdsMax).default(1),
  /** At least this many other ads between two of one advertiser or of one separated category. */
  minGapAds: z.int().min(0).max(FULL_LIMITS.podAdsMax).default(0),
  /** What a second costs that a break with exact fill leaves to the slate. Units: micros. */
  slateMicrosPerSec: floor.default(1_000),
  /** What a viewer leaving during an ad costs the publisher; taken off an ad's value. Units: micros. */
  abandonCostMicros: floor.default(20_000),
  /** Where viewers' histories are kept: with the player, signed, or one for all devices of a household. */
  frequencyStore: z.enum(["token", "household"]).default("token"),
  /** Whether time that no paid ad wins is filled with house line items. */
  houseFill: z.boolean().default(true),
  forecast: z.array(forecastSchema).max(CATALOG_LIMITS.forecastLinesMax).default([]),
});

/** Who buys. `domain` is the landing domain (OpenRTB `adomain`). No break holds an advertiser and its competitor. */
export const advertiserSchema = z.strictObject({ id, name, domain, competitorIds: list(id).default([]) });

/**
 * Owns a budget and a flight. `flight` is half-open: start ≤ now < end. A house campaign has no budget. Units: micros;
 * `supplyShape`: relative supply in each UTC hour of the week, Monday 00:00 first (`midroll plan` prints one).
 */
export const campaignSchema = z
  .strictObject({
    id,
    advertiserId: id,
    name,
    status,
    budgetMicros: z.int().nonnegative().max(CATALOG_LIMITS.budgetMicrosMax),
    flight: z.strictObject({ start: moment, end: moment }),
    pacing: z.enum(["even", "asap"]).default("even"),
    /** Whether bids in first-price auctions are lowered to what is likely to be needed. */
    bidding: z.enum(["full", "shaded"]).default("full"),
    frequencyCap: frequencyCap.optional(),
    /** Most that is billed between two midnights of `timeZone`. */
    dailyBudgetMicros: z.int().positive().max(CATALOG_LIMITS.budgetMicrosMax).optional(),
    timeZone: timeZone.default("UTC"),
    /** Most that one outcome of the line items' goals (impression, view, click, conversion) may cost on average. */
    targetCostMicros: amount.optional(),
    /** Where pacing starts, in millionths of the full bid; `midroll plan` suggests one. Default: the full bid. */
    startMultiplierPpm: z.int().min(10_000).max(1_000_000).optional(),
    supplyShape: z.array(z.int().nonnegative().max(CATALOG_LIMITS.supplyWeightMax)).length(HOURS_A_WEEK).optional(),
  })
  // Written so that a moment which is not one (already refused by its own field) is not refused twice.
  .refine((campaign) => !(Date.parse(campaign.flight.end) <= Date.parse(campaign.flight.start)), {
    path: ["flight", "end"],
    message: "a moment after flight.start",
    params: { problem: "flight_reversed" },
  });

/** What may be shown to whom, and what it bids. */
export const lineItemSchema = z.strictObject({
  id,
  campaignId: id,
  name,
  status,
  creativeIds: z.array(id).min(1).max(CATALOG_LIMITS.creativesOfLineItemMax),
  goal: goalSchema,
  targeting: targetingSchema.default({}),
  frequencyCap: frequencyCap.optional(),
  /** Most ads of this line item in one break. */
  maxPerBreak: z.int().min(1).max(FULL_LIMITS.podAdsMax).default(1),
  /** Where in the break it insists on playing. */
  slotWish: z.enum(SLOT_WISHES).default("any"),
  /** What it pays more when it plays first or last. Units: millionths of the bid. */
  positionPremiumPpm: z
    .strictObject({ first: premium.default(0), last: premium.default(0) })
    .default({ first: 0, last: 0 }),
});

/** One playable asset of a creative. A relative `url` is resolved against the deployment's media base. */
export const mediaFileSchema = z.strictObject({
  url: mediaUrl,
  mimeType: z.enum(["video/mp4", "application/x-mpegURL"]),
  width: z.int().positive(),
  height: z.int().positive(),
  bitrateKbps: z.int().positive(),
});

/** The asset. `durationSec` is what the break is charged for in time. */
export const creativeSchema = z.strictObject({
  id,
  advertiserId: id,
  name,
  durationSec: z.number().positive().max(FULL_LIMITS.podDurationSecMax),
  categories: z.array(category).min(1).max(8),
  media: z.array(mediaFileSchema).min(1).max(8),
  clickThroughUrl: z.url({ protocol: /^https?$/ }),
});

/** The whole catalog, one array a kind. */
export const catalogSchema = z.strictObject({
  publishers: z.array(publisherSchema),
  advertisers: z.array(advertiserSchema),
  campaigns: z.array(campaignSchema),
  lineItems: z.array(lineItemSchema),
  creatives: z.array(creativeSchema),
  deals: z.array(dealSchema).default([]),
  currencies: z.array(currencySchema).default([]),
  reserves: z.array(reserveSchema).default([]),
  landscapes: z.array(landscapeSchema).default([]),
});

export type Targeting = z.output<typeof targetingSchema>;
export type Goal = z.output<typeof goalSchema>;
export type Forecast = z.output<typeof forecastSchema>;
export type Publisher = z.output<typeof publisherSchema>;
export type Advertiser = z.output<typeof advertiserSchema>;
export type Campaign = z.output<typeof campaignSchema>;
export type LineItem = z.output<typeof lineItemSchema>;
export type Creative = z.output<typeof creativeSchema>;
export type MimeType = z.output<typeof mediaFileSchema>["mimeType"];
export type Currency = z.output<typeof currencySchema>;
export type Reserve = z.output<typeof reserveSchema>;
export type Landscape = z.output<typeof landscapeSchema>;
export type Deal = z.output<typeof dealSchema>;
export type Catalog = z.output<typeof catalogSchema>;
