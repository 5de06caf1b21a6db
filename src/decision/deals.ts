/**
 * Private terms in a break: through which deal a candidate bids, and what that deal asks of its bid. Guaranteed deals
 * are no terms but promises; whose turn it is says guarantee.ts.
 * Source: OpenRTB 2.6, objects Pmp (`private_auction`) and Deal (`bidfloor`, `at`: 3 is a price agreed beforehand).
 */
import type { Offer } from "../catalog/compiled.ts";
import { byRank, type CompiledDeal } from "../catalog/line_deals.ts";
import { micros, perImpression, perImpressionUp, type Micros } from "../kernel/money.ts";
import type { BreakRequest } from "../protocols/break_request.ts";

const NO_DEALS: readonly CompiledDeal[] = [];

/** Whether the request takes bids through this deal: it names it, or names none at all. */
export function isOffered(dealId: string, { deals }: BreakRequest): boolean {
  return deals === null || deals.some(({ id }) => id === dealId);
}

/**
 * Deals that this offer may be bid through in this break, the one that counts most first: of the publisher, of the line
 * item, and offered. A price that the request states for a deal stands in for the catalog's.
 */
export function dealsFor({ line, guarantee }: Offer, request: BreakRequest): readonly CompiledDeal[] {
  if (guarantee !== null || line.deals.length === 0) return NO_DEALS;
  const held = line.deals.filter(({ dealId, publisherIds }) => {
    return publisherIds.has(request.publisherId) && isOffered(dealId, request);
  });
  if (request.deals === null) return held;
  const stated = new Map(request.deals.map(({ id, floorCpmMicros }) => [id, floorCpmMicros]));
  return held
    .map((deal): CompiledDeal => {
      const cpmMicros = stated.get(deal.dealId) ?? null;
      return cpmMicros === null ? deal : { ...deal, cpmMicros: micros(cpmMicros) };
    })
    .sort(byRank);
}

/** Whether a deal's price was agreed, so that winners pay exactly it. Otherwise its price is a floor. */
export function isAgreed({ kind }: CompiledDeal): boolean {
  return kind !== "privateAuction";
}

/** What a bid through this deal must reach, for one impression. A floor is rounded up, a price down. Units: micros. */
export function dealMicros(deal: CompiledDeal): Micros {
  return isAgreed(deal) ? perImpression(deal.cpmMicros) : perImpressionUp(deal.cpmMicros);
}

/** The first of these deals whose price the bid reaches, or null. Requires: deals in their order. */
export function reachedDeal(deals: readonly CompiledDeal[], bidMicros: Micros): CompiledDeal | null {
  return deals.find((deal) => bidMicros >= dealMicros(deal)) ?? null;
}
