/**
 * The oracle of packed catalogs: everything a decision may read of a catalog, worked out from its entities with arrays
 * and maps, and without a thought for memory.
 */
import type { CompiledCatalog, Offer } from "../../src/catalog/compiled.ts";
import type { Catalog, Creative, LineItem } from "../../src/catalog/entities.ts";
import { compileTargeting } from "../../src/catalog/targeting.ts";
import { present } from "../../src/kernel/assert.ts";

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byId = (a: { readonly id: string }, b: { readonly id: string }): number => byCodeUnits(a.id, b.id);

/** The same entities, each section by id. */
export function sortedCatalog(catalog: Catalog): Catalog {
  return {
    publishers: catalog.publishers.toSorted(byId),
    advertisers: catalog.advertisers.toSorted(byId),
    campaigns: catalog.campaigns.toSorted(byId),
    lineItems: catalog.lineItems.toSorted(byId),
    creatives: catalog.creatives.toSorted(byId),
    deals: catalog.deals.toSorted(byId),
    currencies: catalog.currencies.toSorted(byId),
    reserves: catalog.reserves.toSorted(byId),
    landscapes: catalog.landscapes.toSorted(byId),
  };
}

/** The entities of a compiled catalog. */
export function entitiesIn(catalog: CompiledCatalog): Catalog {
  return {
    publishers: [...catalog.publishers.values()].map(({ publisher }) => publisher),
    advertisers: [...catalog.advertisers.values()],
    campaigns: [...catalog.campaigns.values()].map(({ campaign }) => campaign),
    lineItems: [...catalog.lineItems].map(({ lineItem }) => ({ ...lineItem })),
    creatives: [...catalog.creatives].map((creative) => ({ ...creative })),
    deals: [...catalog.deals],
    currencies: [...catalog.currencies],
    reserves: [...catalog.reserves],
    landscapes: [...catalog.landscapes],
  };
}

/** All that can be observed of one offer. */
export function observed(offer: Offer) {
  const { order, lineItemId, creativeId, campaignId, advertiserId, advertiserDomain } = offer;
  const { goal, durationSec, mimeTypes, categories, categoriesWithParents, active, flightStartMs, flightEndMs } = offer;
  return {
    order,
    lineItemId,
    creativeId,
    campaignId,
    advertiserId,
    advertiserDomain,
    goal,
    durationSec,
    mimeTypes,
    categories,
    categoriesWithParents,
    active,
    flightStartMs,
    flightEndMs,
    guaranteedBy: offer.guarantee?.dealId ?? null,
    creative: { ...offer.creative },
    lineItem: { ...offer.line.lineItem },
    lineActive: offer.line.active,
    hasWhere: offer.line.hasWhere,
    frequencyCap: offer.line.frequencyCap,
    targeting: offer.line.targeting,
  };
}

/** The same of every offer, as it should be. House offers, or those that somebody pays for. */
export function expectedOffers(catalog: Catalog, house: boolean): readonly ReturnType<typeof observed>[] {
  const lines = catalog.lineItems.filter(({ goal }) => (goal.kind === "house") === house).toSorted(byId);
  return lines
    .flatMap((line) =>
      line.creativeIds.toSorted(byCodeUnits).map((id) => [line, found(catalog.creatives, id)] as const),
    )
    .map(([line, creative], order) => expectedOffer(catalog, line, creative, order));
}

function expectedOffer(catalog: Catalog, line: LineItem, creative: Creative, order: number) {
  const campaign = found(catalog.campaigns, line.campaignId);
  const advertiser = found(catalog.advertisers, campaign.advertiserId);
  const deal = catalog.deals.find(({ kind, lineItemIds }) => kind === "guaranteed" && lineItemIds.includes(line.id));
  const active = line.status === "active" && campaign.status === "active";
  const categories = [...new Set(creative.categories)].sort(byCodeUnits);
  const parents = categories.map((category) => category.split("-", 1)[0] ?? "");
  const cap = line.frequencyCap;
  return {
    order,
    lineItemId: line.id,
    creativeId: creative.id,
    campaignId: campaign.id,
    advertiserId: advertiser.id,
    advertiserDomain: advertiser.domain.toLowerCase(),
    goal: line.goal,
    durationSec: creative.durationSec,
    mimeTypes: [...new Set(creative.media.map(({ mimeType }) => mimeType))].sort(byCodeUnits),
    categories,
    categoriesWithParents: [...new Set([...categories, ...parents])].sort(byCodeUnits),
    active,
    flightStartMs: Date.parse(campaign.flight.start),
    flightEndMs: Date.parse(campaign.flight.end),
    guaranteedBy: deal?.id ?? null,
    creative,
    lineItem: line,
    lineActive: active,
    hasWhere: line.targeting.where !== undefined,
    frequencyCap: cap === undefined ? null : { impressions: cap.impressions, windowMs: cap.windowMinutes * 60_000 },
    targeting: compileTargeting(line.targeting),
  };
}

function found<T extends { readonly id: string }>(entities: readonly T[], id: string): T {
  return present(
    entities.find((entity) => entity.id === id),
    "the catalog was accepted",
  );
}
