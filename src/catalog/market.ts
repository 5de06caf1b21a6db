/**
 * The terms of trade in a catalog: deals, currencies, and what was learned from past auctions: reserve prices, and the
 * landscape of rival bids that shading reads. All are data that an operator may read and change.
 */
import { z } from "zod";
import { CATALOG_LIMITS } from "../kernel/limits.ts";
import { amount, floor, id, list, name } from "./fields.ts";
import { DEVICES, GENRES, SURFACES } from "./words.ts";

/**
 * Private terms between buyer and seller (OpenRTB `pmp`). Who may use it, and from which price. Units: micros CPM. A
 * guaranteed deal promises `impressions` within the flight of its campaign, at exactly its price. A
 * fixed and a preferred deal cost their price; a private auction has it as its floor.
 */
export const dealSchema = z
  .strictObject({
    id,
    name,
    kind: z.enum(["fixed", "privateAuction", "preferred", "guaranteed"]),
    publisherIds: list(id).min(1),
    lineItemIds: list(id).min(1),
    cpmMicros: amount,
    /**
     * Deal tier: an ad of a higher tier is preferred over any price below. 0 competes by price alone. Default: 1 for
     * preferred deals, which have the first look, and 0 for the others. Guaranteed deals stand above all tiers.
     */
    tier: z.int().min(0).max(CATALOG_LIMITS.dealTierMax).optional(),
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

/** A currency that requests may name, and its rate. The catalog's own currency is the one with the rate 1,000,000. */
export const currencySchema = z.strictObject({
  /** ISO 4217. */
  id: z.string().regex(/^[A-Z]{3}$/, "an ISO 4217 code such as EUR"),
  /** What one unit is worth in the catalog's own currency. Units: millionths. */
  ratePpm: z.int().positive().max(CATALOG_LIMITS.ratePpmMax),
});

/** Kind of break that a learned number is about. A dimension left out is "any"; the most specific line holds. */
const context = {
  id,
  publisherId: id,
  surface: z.enum(SURFACES).optional(),
  device: z.enum(DEVICES).optional(),
  genre: z.enum(GENRES).optional(),
};

/** Reserve price of open demand in one kind of break, learned from past auctions. Units: micros CPM. */
export const reserveSchema = z.strictObject({ ...context, cpmMicros: floor });

/**
 * Highest rival bid in one kind of break: its quantiles at equal steps of probability, from the lowest to the highest
 * seen. Units: micros CPM, ascending.
 */
export const landscapeSchema = z.strictObject({
  ...context,
  rivalCpmMicros: z
    .array(floor)
    .min(2)
    .max(CATALOG_LIMITS.landscapeQuantilesMax)
    .refine((quantiles) => quantiles.every((quantile, i) => quantile >= (quantiles[i - 1] ?? 0)), {
      message: "quantiles in ascending order",
    }),
});
