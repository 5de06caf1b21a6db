/**
 * What operators write down: publishers, advertisers, campaigns, line items, creatives, deals. The zod schemas here are
 * the one definition; every type of the catalog is derived from them. Cross-references are checked in validate.ts.
 * Words follow OpenRTB 2.6 and AdCOM 1.0 where they have one (categories: IAB Content Taxonomy 1.0; domains: adomain).
 */
import { z } from "zod";
import { CATALOG_LIMITS, FULL_LIMITS } from "../kernel/limits.ts";
import { isTimeZone } from "../kernel/local_day.ts";
import { HOURS_A_WEEK } from "../kernel/week.ts";

/** Where in a viewing a break sits. */
export const SURFACES = ["preroll", "midroll", "postroll", "pause", "home"] as const;
/** What the viewer watches on. */
export const DEVICES = ["ctv", "mobile", "desktop", "tablet"] as const;
/** Content genres that targeting and features know. */
export const GENRES = ["drama", "comedy", "news", "sports", "kids", "documentary", "reality", "film"] as const;
/** Content ratings (US television parental guidelines). */
export const RATINGS = ["TV-Y", "TV-G", "TV-PG", "TV-14", "TV-MA"] as const;

const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, "letters, digits, - and _ only, starting with a letter or digit")
  .max(FULL_LIMITS.idCharsMax);
const name = z.string().min(1).max(200);
const amount = z.int().positive().max(CATALOG_LIMITS.priceMicrosMax);
const floor = z.int().nonnegative().max(CATALOG_LIMITS.priceMicrosMax);
const domain = z
  .string()
  .max(253)
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "a domain in lower case such as acme.example");
/** Either absolute http(s), or a path below the media base: no other scheme, no leading slash, no way upwards. */
const mediaUrl = z
  .string()
  .max(2000)
  .regex(
    /^(https?:\/\/\S+|(?!.*(^|\/)\.\.(\/|$))[\w.-][\w.~/-]*)$/,
    "an http(s) URL, or a relative path such as media/ads/15a/index.m3u8",
  );
const status = z.enum(["active", "paused", "archived"]).default("active");
const category = z.string().regex(/^IAB\d{1,2}(-\d{1,2})?$/, "an IAB Content Taxonomy 1.0 code such as IAB2 or IAB2-3");
const country = z.string().regex(/^[A-Z]{2}$/, "an ISO 3166-1 alpha-2 code such as DE");
const language = z.string().regex(/^[a-z]{2}$/, "an ISO 639-1 code such as en");
const timeZone = z.string().max(64).refine(isTimeZone, "an IANA time zone such as Europe/Berlin");
const moment = z.iso.datetime({ offset: true });
const list = <T extends z.ZodType>(item: T) => z.array(item).max(1000);

/** Include and exclude lists of one dimension; absent means "any". A viewer without a value matches no include list. */
const choice = <T extends z.ZodType>(item: T) =>
  z.strictObject({ include: list(item).min(1).optional(), exclude: list(item).min(1).optional() });

/** Part of a week in UTC: from an hour (0–23) up to but not including another (1–24). Days: 0 = Sunday. */
const daypart = z
  .strictObject({
    days: z.array(z.int().min(0).max(6)).min(1).max(7),
    fromHour: z.int().min(0).max(23),
    toHour: z.int().min(1).max(24),
  })
  .refine((part) => part.fromHour < part.toHour, {
    path: ["toHour"],
    message: "an hour after fromHour",
    params: { problem: "daypart_reversed" },
  });

/** Who may see a line item. All stated dimensions must match. */
export const targetingSchema = z.strictObject({
  publishers: choice(id).optional(),
  surfaces: choice(z.enum(SURFACES)).optional(),
  devices: choice(z.enum(DEVICES)).optional(),
  countries: choice(country).optional(),
  regions: choice(z.string().min(1).max(64)).optional(),
  genres: choice(z.enum(GENRES)).optional(),
  ratings: choice(z.enum(RATINGS)).optional(),
  languages: choice(language).optional(),
  segments: choice(id).optional(),
  dayparts: z.array(daypart).min(1).max(32).optional(),
});

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
 * Units: micros, per thousand impressions, per completed view or per click.
 */
export const goalSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("cpm"), cpmMicros: amount }),
  z.strictObject({ kind: z.literal("completedView"), perViewMicros: amount }),
  z.strictObject({ kind: z.literal("click"), perClickMicros: amount }),
  z.strictObject({ kind: z.literal("house") }),
]);

/** The site or app that shows breaks, its floors and what it never shows. Units: micros CPM. */
export const publisherSchema = z.strictObject({
  id,
  name,
  floorCpmMicros: floor.default(0),
  surfaceFloorsCpmMicros: z.partialRecord(z.enum(SURFACES), floor).optional(),
  blockedCategories: list(category).default([]),
  blockedAdvertiserDomains: list(domain).default([]),
  /** Competitive separation: at most one ad of each of these categories (or their sub-categories) in a break. */
  separatedCategories: list(category).default([]),
  /** What a viewer leaving during an ad costs the publisher; taken off an ad's value. Units: micros. */
  abandonCostMicros: floor.default(20_000),
  /** Whether time that no paid ad wins is filled with house line items. */
  houseFill: z.boolean().default(true),
  forecast: z.array(forecastSchema).max(CATALOG_LIMITS.forecastLinesMax).default([]),
});

/** Who buys. `domain` is the landing domain, OpenRTB `adomain`. */
export const advertiserSchema = z.strictObject({ id, name, domain });

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
    /** Most that is billed between two midnights of `timeZone`. */
    dailyBudgetMicros: z.int().positive().max(CATALOG_LIMITS.budgetMicrosMax).optional(),
    timeZone: timeZone.default("UTC"),
    /** Most that one outcome of the line items' goals (impression, completed view, click) may cost on average. */
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
  creativeIds: z.array(id).min(1).max(50),
  goal: goalSchema,
  targeting: targetingSchema.default({}),
  frequencyCap: z
    .strictObject({
      impressions: z.int().positive().max(1000),
      windowMinutes: z
        .int()
        .positive()
        .max(60 * 24 * 31),
    })
    .optional(),
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

/**
 * Private terms between buyer and seller (OpenRTB `pmp`). Who may use it, and from which price. Units: micros CPM. A
 * guaranteed deal promises `impressions` within the flight of its campaign, at exactly its price.
 */
export const dealSchema = z
  .strictObject({
    id,
    name,
    kind: z.enum(["fixed", "privateAuction", "preferred", "guaranteed"]),
    publisherIds: list(id).min(1),
    lineItemIds: list(id).min(1),
    cpmMicros: amount,
    impressions: z.int().positive().max(CATALOG_LIMITS.impressionsMax).optional(),
  })
  .refine((deal) => deal.kind !== "guaranteed" || deal.impressions !== undefined, {
    path: ["impressions"],
    message: "the number of impressions that this guaranteed deal promises",
    params: { problem: "impressions_missing" },
  })
  .refine((deal) => deal.kind === "guaranteed" || deal.impressions === undefined, {
    path: ["impressions"],
    message: 'no impressions, because only a deal of kind "guaranteed" promises them',
    params: { problem: "impressions_not_promised" },
  });

/** The whole catalog, one array a kind. */
export const catalogSchema = z.strictObject({
  publishers: z.array(publisherSchema),
  advertisers: z.array(advertiserSchema),
  campaigns: z.array(campaignSchema),
  lineItems: z.array(lineItemSchema),
  creatives: z.array(creativeSchema),
  deals: z.array(dealSchema).default([]),
});

export type Surface = (typeof SURFACES)[number];
export type Device = (typeof DEVICES)[number];
export type Genre = (typeof GENRES)[number];
export type Rating = (typeof RATINGS)[number];
export type Targeting = z.output<typeof targetingSchema>;
export type Goal = z.output<typeof goalSchema>;
export type Forecast = z.output<typeof forecastSchema>;
export type Publisher = z.output<typeof publisherSchema>;
export type Advertiser = z.output<typeof advertiserSchema>;
export type Campaign = z.output<typeof campaignSchema>;
export type LineItem = z.output<typeof lineItemSchema>;
export type Creative = z.output<typeof creativeSchema>;
export type Deal = z.output<typeof dealSchema>;
export type Catalog = z.output<typeof catalogSchema>;
