/**
 * The catalog as a decision reads it: maps by id, and one flat list of offers (a line item with one of its creatives)
 * in an explicit total order. Everything that does not depend on the request is worked out here, once a snapshot.
 */
import { assert, present } from "../kernel/assert.ts";
import { micros, type Micros } from "../kernel/money.ts";
import { MINUTE_MS } from "../kernel/time.ts";
import type { Advertiser, Campaign, Catalog, Creative, Deal, Goal } from "./entities.ts";
import type { LineItem, Publisher } from "./entities.ts";
import type { Surface } from "./words.ts";
import { learnedOf, type Learned } from "./contexts.ts";
import { dealsByLine, type CompiledDeal } from "./line_deals.ts";
import { withParents } from "./category_tree.ts";
import type { IndexedLine } from "./indexed_line.ts";
import { indexLines } from "./postings_draft.ts";
import { offerTable, type OfferTable } from "./tables.ts";
import { compileTargeting, type CompiledTargeting } from "./targeting.ts";

/** A catalog ready to decide with. Immutable. */
export interface CompiledCatalog {
  readonly publishers: ReadonlyMap<string, CompiledPublisher>;
  readonly advertisers: ReadonlyMap<string, Advertiser>;
  readonly campaigns: ReadonlyMap<string, CompiledCampaign>;
  readonly lineItems: ReadonlyMap<string, CompiledLineItem>;
  readonly creatives: ReadonlyMap<string, Creative>;
  /** By id. */
  readonly deals: readonly Deal[];
  /** Deals of kind "guaranteed", by id. */
  readonly guarantees: readonly CompiledGuarantee[];
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
 * there is a broken invariant and throws. Cost: linear in the catalog, plus sorting the offers.
 */
export function compileCatalog(catalog: Catalog): CompiledCatalog {
  const publishers = new Map(
    catalog.publishers.map((publisher) => [publisher.id, compilePublisher(publisher, catalog)] as const),
  );
  const advertisers = new Map(catalog.advertisers.map((advertiser) => [advertiser.id, advertiser]));
  const creatives = new Map(catalog.creatives.map((creative) => [creative.id, creative]));
  const campaigns = new Map(
    catalog.campaigns.map((campaign) => [campaign.id, compileCampaign(campaign, advertisers)] as const),
  );
  const deals = catalog.deals.toSorted((a, b) => compareIds(a.id, b.id));
  const dealsOf = dealsByLine(deals);
  const lineItems = new Map(
    catalog.lineItems.map((lineItem) => [lineItem.id, compileLineItem(lineItem, campaigns, dealsOf)] as const),
  );
  const guarantees = deals.flatMap((deal) => compileGuarantee(deal, lineItems) ?? []);
  const guaranteeOf = new Map(guarantees.flatMap((deal) => deal.lines.map((line) => [line, deal] as const)));
  const offers: Omit<Offer, "order">[] = [];
  for (const line of lineItems.values()) {
    for (const creativeId of line.lineItem.creativeIds) {
      const creative = present(creatives.get(creativeId), "a line item's creatives are in the catalog");
      offers.push(compileOffer(line, creative, guaranteeOf.get(line) ?? null));
    }
  }
  offers.sort(byLineItemThenCreative);
  return {
    publishers,
    advertisers,
    campaigns,
    lineItems,
    creatives,
    deals,
    guarantees,
    paidOffers: indexedTable(
      offers.filter((offer) => offer.goal.kind !== "house"),
      deals,
    ),
    houseOffers: indexedTable(
      offers.filter((offer) => offer.goal.kind === "house"),
      deals,
    ),
  };
}

/** Whether an offer may run at this moment: active, and `start ≤ now < end`. */
export function inFlight(offer: Pick<Offer, "active" | "flightStartMs" | "flightEndMs">, nowMs: number): boolean {
  return offer.active && offer.flightStartMs <= nowMs && nowMs < offer.flightEndMs;
}

/** Whether a blocked list covers the offer: a top-level code such as IAB2 also blocks IAB2-3, but not the reverse. */
export function isCategoryBlocked(offer: Pick<Offer, "categoriesWithParents">, blocked: ReadonlySet<string>): boolean {
  return blocked.size > 0 && offer.categoriesWithParents.some((category) => blocked.has(category));
}

/** Orders ids by UTF-16 code units, the same on every machine and in every locale. */
export function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function indexedTable(offers: readonly Omit<Offer, "order">[], deals: readonly Deal[]): OfferTable {
  const numbered = offers.map((offer, order) => ({ ...offer, order }));
  return offerTable(numbered, indexLines(indexedLines(numbered, deals)));
}

/** What the index is told of each line item, in the order of their offers. */
function indexedLines(offers: readonly Offer[], deals: readonly Deal[]): readonly IndexedLine[] {
  const dealsOf = Map.groupBy(
    deals.filter(({ kind }) => kind !== "guaranteed").flatMap((deal) => deal.lineItemIds.map((id) => ({ id, deal }))),
    ({ id }) => id,
  );
  return [...Map.groupBy(offers, ({ line }) => line)].map(([{ lineItem, active }, own]) => {
    const { guarantee, flightStartMs, flightEndMs, advertiserDomain } = present(own[0], "a line item has an offer");
    return {
      targeting: lineItem.targeting,
      active,
      flightStartMs,
      flightEndMs,
      goal: lineItem.goal,
      positionPremiumPpm: lineItem.positionPremiumPpm,
      guaranteed: guarantee !== null,
      deals: (dealsOf.get(lineItem.id) ?? []).map(({ deal }) => deal),
      advertiserDomain,
      creatives: own.map(({ creative }) => creative),
    };
  });
}

function byLineItemThenCreative(a: Omit<Offer, "order">, b: Omit<Offer, "order">): number {
  return compareIds(a.lineItemId, b.lineItemId) || compareIds(a.creativeId, b.creativeId);
}

function compilePublisher(publisher: Publisher, catalog: Catalog): CompiledPublisher {
  const floors = publisher.surfaceFloorsCpmMicros ?? {};
  const floor = (surface: Surface): Micros => micros(floors[surface] ?? publisher.floorCpmMicros);
  return {
    publisher,
    floorCpmMicros: {
      preroll: floor("preroll"),
      midroll: floor("midroll"),
      postroll: floor("postroll"),
      pause: floor("pause"),
      home: floor("home"),
    },
    blockedCategories: new Set(publisher.blockedCategories),
    blockedAdvertiserDomains: new Set(publisher.blockedAdvertiserDomains.map((domain) => domain.toLowerCase())),
    separatedCategories: new Set(publisher.separatedCategories),
    abandonCostMicros: micros(publisher.abandonCostMicros),
    houseFill: publisher.houseFill,
    ...learnedOf(publisher.id, catalog),
  };
}

function compileCampaign(campaign: Campaign, advertisers: ReadonlyMap<string, Advertiser>): CompiledCampaign {
  const flightStartMs = Date.parse(campaign.flight.start);
  const flightEndMs = Date.parse(campaign.flight.end);
  assert(flightStartMs < flightEndMs, "a flight starts before it ends");
  return {
    campaign,
    advertiser: present(advertisers.get(campaign.advertiserId), "a campaign's advertiser is in the catalog"),
    active: campaign.status === "active",
    flightStartMs,
    flightEndMs,
    budgetMicros: micros(campaign.budgetMicros),
  };
}

function compileLineItem(
  lineItem: LineItem,
  campaigns: ReadonlyMap<string, CompiledCampaign>,
  dealsOf: ReadonlyMap<string, readonly CompiledDeal[]>,
): CompiledLineItem {
  const campaign = present(campaigns.get(lineItem.campaignId), "a line item's campaign is in the catalog");
  const cap = lineItem.frequencyCap;
  return {
    lineItem,
    campaign,
    active: campaign.active && lineItem.status === "active",
    targeting: compileTargeting(lineItem.targeting),
    frequencyCap: cap === undefined ? null : { impressions: cap.impressions, windowMs: cap.windowMinutes * MINUTE_MS },
    deals: dealsOf.get(lineItem.id) ?? [],
  };
}

function compileGuarantee(deal: Deal, lineItems: ReadonlyMap<string, CompiledLineItem>): CompiledGuarantee | null {
  if (deal.kind !== "guaranteed") return null;
  const lines = deal.lineItemIds.map((id) => present(lineItems.get(id), "a deal's line items are in the catalog"));
  return {
    dealId: deal.id,
    publisherIds: new Set(deal.publisherIds),
    impressions: present(deal.impressions, "a guaranteed deal promises impressions"),
    cpmMicros: micros(deal.cpmMicros),
    campaign: present(lines[0], "a deal has a line item").campaign,
    lines,
  };
}

function compileOffer(
  line: CompiledLineItem,
  creative: Creative,
  guarantee: CompiledGuarantee | null,
): Omit<Offer, "order"> {
  const { campaign, advertiser, flightStartMs, flightEndMs } = line.campaign;
  return {
    lineItemId: line.lineItem.id,
    creativeId: creative.id,
    campaignId: campaign.id,
    advertiserId: advertiser.id,
    advertiserDomain: advertiser.domain.toLowerCase(),
    line,
    creative,
    goal: line.lineItem.goal,
    guarantee,
    durationSec: creative.durationSec,
    categories: [...new Set(creative.categories)].sort(compareIds),
    categoriesWithParents: withParents(creative.categories),
    active: line.active,
    flightStartMs,
    flightEndMs,
  };
}
