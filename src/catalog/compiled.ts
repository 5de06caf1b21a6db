/**
 * The catalog as a decision reads it: entities by id, and one flat list of offers (a line item with one of its
 * creatives) in an explicit total order. What does not depend on the request is worked out once a snapshot, or once
 * when it is first asked for.
 */
import { present } from "../kernel/assert.ts";
import type { Micros } from "../kernel/money.ts";
import { assembleCatalog } from "./assemble.ts";
import type { Learned } from "./learned.ts";
import type { Advertiser, Campaign, Catalog, Creative, Currency, Deal, Goal, Landscape } from "./entities.ts";
import type { LineItem, MimeType, Publisher, Reserve } from "./entities.ts";
import type { CompiledDeal } from "./line_deals.ts";
import { packCatalog } from "./pack.ts";
import { endOf } from "./steps.ts";
import type { EntityTable, OfferTable } from "./tables.ts";
import type { CompiledTargeting } from "./targeting.ts";
import type { Surface } from "./words.ts";

/** A catalog ready to decide with. Immutable. */
export interface CompiledCatalog {
  readonly publishers: ReadonlyMap<string, CompiledPublisher>;
  readonly advertisers: ReadonlyMap<string, Advertiser>;
  readonly campaigns: ReadonlyMap<string, CompiledCampaign>;
  readonly lineItems: EntityTable<CompiledLineItem>;
  readonly creatives: EntityTable<Creative>;
  /** By id, like the three that follow. */
  readonly deals: readonly Deal[];
  readonly currencies: readonly Currency[];
  readonly reserves: readonly Reserve[];
  readonly landscapes: readonly Landscape[];
  /** Deals of kind "guaranteed", by id. */
  readonly guarantees: readonly CompiledGuarantee[];
  /** What one unit of each known currency is worth in the catalog's own, by ISO 4217 code. Units: millionths. */
  readonly ratesPpm: ReadonlyMap<string, number>;
  /** Offers of line items that somebody pays for. */
  readonly paidOffers: OfferTable;
  /** Offers of line items whose goal is "house". They cost nothing and fill what is left. */
  readonly houseOffers: OfferTable;
}

/** A publisher with a floor for every surface. Units: micros CPM. */
export interface CompiledPublisher extends Learned {
  readonly publisher: Publisher;
  readonly floorCpmMicros: Readonly<Record<Surface, Micros>>;
  /** IAB codes as written; see `isCategoryBlocked` for what a top-level code covers. */
  readonly blockedCategories: ReadonlySet<string>;
  /** Lower case. */
  readonly blockedAdvertiserDomains: ReadonlySet<string>;
  /** Categories that may appear once in a break; a top-level code covers its sub-codes. */
  readonly separatedCategories: ReadonlySet<string>;
  /** Cost of one viewer leaving during an ad. Units: micros. */
  readonly abandonCostMicros: Micros;
  readonly houseFill: boolean;
}

/** A campaign with its flight as numbers. Units: epoch milliseconds, half-open; micros. */
export interface CompiledCampaign {
  readonly campaign: Campaign;
  readonly advertiser: Advertiser;
  /** Whether its status is "active". Says nothing of its flight. */
  readonly active: boolean;
  readonly flightStartMs: number;
  readonly flightEndMs: number;
  readonly budgetMicros: Micros;
}

/** A line item with its campaign. */
export interface CompiledLineItem {
  readonly lineItem: LineItem;
  readonly campaign: CompiledCampaign;
  /** Whether line item and campaign are both "active". */
  readonly active: boolean;
  readonly targeting: CompiledTargeting;
  /** Whether its targeting has a `where` expression. */
  readonly hasWhere: boolean;
  readonly frequencyCap: { readonly impressions: number; readonly windowMs: number } | null;
  /** Deals it may bid through, without guaranteed ones: the one that counts most first. */
  readonly deals: readonly CompiledDeal[];
}

/** A guaranteed deal with what it is about. All its line items are of its campaign, and all of the campaign's its. */
export interface CompiledGuarantee {
  readonly dealId: string;
  /** Where it holds. */
  readonly publisherIds: ReadonlySet<string>;
  /** Promised over the whole flight. */
  readonly impressions: number;
  readonly cpmMicros: Micros;
  readonly campaign: CompiledCampaign;
  readonly lines: readonly CompiledLineItem[];
}

/** One line item with one of its creatives: what may win a slot. */
export interface Offer {
  /** Position in `paidOffers` or `houseOffers`: breaks ties, and stays the same for the same snapshot. */
  readonly order: number;
  readonly lineItemId: string;
  readonly creativeId: string;
  readonly campaignId: string;
  readonly advertiserId: string;
  /** Lower case. */
  readonly advertiserDomain: string;
  /** The same object for all offers of a line item, so targeting need be asked only once a line item. */
  readonly line: CompiledLineItem;
  readonly creative: Creative;
  readonly goal: Goal;
  /** The guaranteed deal it is shown for, or null: it competes as open demand. */
  readonly guarantee: CompiledGuarantee | null;
  readonly durationSec: number;
  /** Media types of its files, each once. */
  readonly mimeTypes: readonly MimeType[];
  /** IAB codes of the creative, in code-unit order, each once. */
  readonly categories: readonly string[];
  /** The same with the top-level code of every sub-code: IAB2-3 brings IAB2. */
  readonly categoriesWithParents: readonly string[];
  /** Whether line item and campaign are both "active". */
  readonly active: boolean;
  readonly flightStartMs: number;
  readonly flightEndMs: number;
}

/**
 * Prepares a catalog for deciding. Requires one that `parseCatalog` accepted; a reference to an entity that is not
 * there is a broken invariant and throws. Cost: linear in the catalog, plus sorting; in one go, where reading a
 * snapshot goes in steps.
 */
export function compileCatalog(catalog: Catalog): CompiledCatalog {
  const assembled = endOf(assembleCatalog(packCatalog(catalog), false));
  return present(assembled.ok ? assembled.value : null, "an accepted catalog comes out as it went in");
}

/** Whether an offer may run at this moment: active, and `start ≤ now < end`. */
export function inFlight(offer: Pick<Offer, "active" | "flightStartMs" | "flightEndMs">, nowMs: number): boolean {
  return offer.active && offer.flightStartMs <= nowMs && nowMs < offer.flightEndMs;
}

/** Whether a blocked list covers the offer: a top-level code such as IAB2 also blocks IAB2-3, but not the reverse. */
export function isCategoryBlocked(offer: Pick<Offer, "categoriesWithParents">, blocked: ReadonlySet<string>): boolean {
  return blocked.size > 0 && offer.categoriesWithParents.some((category) => blocked.has(category));
}
