/**
 * What one offer must pass to be shown in one break, whatever it would pay. Checks run in one fixed order, so that an
 * offer refused for two reasons always names the same one. This is what eligibility means; retrieve.ts finds the same
 * offers without asking all of them.
 */
import { inFlight, isCategoryBlocked, type CompiledCatalog } from "../catalog/compiled.ts";
import type { CompiledPublisher, Offer } from "../catalog/compiled.ts";
import type { BreakTerms } from "../catalog/postings_match.ts";
import { firstMismatch, type TargetingFacts } from "../catalog/targeting.ts";
import type { BreakRequest } from "../protocols/break_request.ts";
import { factsOf, publisherOffsetMinutes } from "./facts.ts";
import type { RejectionReason } from "./rejection.ts";
import { openHistory, type ViewingHistory } from "./viewing_history.ts";
import type { World } from "./world.ts";

/** What every offer of one request is held against. */
export interface Gate {
  readonly request: BreakRequest;
  readonly world: World;
  readonly facts: TargetingFacts;
  readonly terms: BreakTerms;
  readonly history: ViewingHistory;
  /** Line items with a deal here that is offered: they may bid where only deals may. Cost: linear in deals, once. */
  dealLineIds(): ReadonlySet<string>;
}

/** The gate of one break. */
export function openGate(request: BreakRequest, world: World, publisher: CompiledPublisher): Gate {
  const { nowMs, catalog } = world;
  return {
    request,
    world,
    facts: factsOf(request, nowMs, publisherOffsetMinutes(publisher, nowMs)),
    terms: {
      nowMs,
      blockedDomains: union(
        publisher.blockedAdvertiserDomains,
        request.blockedAdvertiserDomains.map((domain) => domain.toLowerCase()),
      ),
      blockedCategories: union(publisher.blockedCategories, request.blockedCategories),
      allowedCategories: [publisher.publisher.allowedCategories, request.allowedCategories]
        .filter((allowed) => allowed.length > 0)
        .map((allowed) => new Set(allowed)),
      fits: (durationSec) => fitsSomewhere(durationSec, request),
      mimeTypes: request.mimeTypes,
      deals: request.deals,
    },
    history: openHistory(request.viewer.frequency, catalog, nowMs),
    dealLineIds: once(() => lineIdsWithDeals(request, catalog)),
  };
}

/** Why an offer may not run here; null when it may. Cost: a few set look-ups. */
export function refusal(offer: Offer, gate: Gate): RejectionReason | null {
  if (!offer.active) return "campaign_inactive";
  if (!inFlight(offer, gate.world.nowMs)) return "outside_flight";
  return (
    targetingRefusal(offer, gate) ??
    dealsOnlyRefusal(offer, gate) ??
    termsRefusal(offer, gate) ??
    passingRefusal(offer, gate)
  );
}

/**
 * The same for an offer that the index found: it is in flight and its lists agree. `exactly`: the index knows all of
 * its terms, so that only what changes from viewer to viewer and from second to second is left to ask.
 */
export function refusalOfMatch(offer: Offer, gate: Gate, exactly: boolean): RejectionReason | null {
  const terms = exactly ? dealRefusal(offer, gate) : (whereRefusal(offer, gate) ?? termsRefusal(offer, gate));
  return terms ?? passingRefusal(offer, gate);
}

/** The index may let an expression through that does not hold; lists it knows. */
function whereRefusal(offer: Offer, gate: Gate): RejectionReason | null {
  return offer.line.hasWhere ? targetingRefusal(offer, gate) : null;
}

function targetingRefusal(offer: Offer, { facts }: Gate): RejectionReason | null {
  const mismatch = firstMismatch(offer.line.targeting, facts);
  if (mismatch === null) return null;
  return mismatch === "consent" ? "consent_missing" : `targeting_${mismatch}`;
}

function dealsOnlyRefusal({ guarantee, lineItemId }: Offer, { request, dealLineIds }: Gate): RejectionReason | null {
  if (!request.dealsOnly || guarantee !== null) return null;
  return dealLineIds().has(lineItemId) ? null : "deal_required";
}

function dealRefusal({ guarantee }: Offer, { request }: Gate): RejectionReason | null {
  return guarantee === null || guarantee.publisherIds.has(request.publisherId) ? null : "deal_elsewhere";
}

/** What publisher and request ask of the ad. */
function termsRefusal(offer: Offer, gate: Gate): RejectionReason | null {
  const { terms } = gate;
  const elsewhere = dealRefusal(offer, gate);
  if (elsewhere !== null) return elsewhere;
  if (terms.blockedDomains.has(offer.advertiserDomain)) return "advertiser_blocked";
  if (isCategoryBlocked(offer, terms.blockedCategories)) return "category_blocked";
  for (const allowed of terms.allowedCategories) {
    if (!offer.categoriesWithParents.some((category) => allowed.has(category))) return "category_not_allowed";
  }
  if (!terms.fits(offer.durationSec)) return "duration_not_allowed";
  const playable = terms.mimeTypes;
  if (playable === null || offer.mimeTypes.some((mimeType) => playable.includes(mimeType))) return null;
  return "media_not_playable";
}

/** What changes with the viewer and from second to second: caps and money. House offers need none. */
function passingRefusal(offer: Offer, { world, history }: Gate): RejectionReason | null {
  if (history.isCapped(offer)) return "frequency_capped";
  if (offer.goal.kind === "house") return null;
  return (world.budgets.get(offer.campaignId)?.availableMicros ?? 0) > 0 ? null : "no_budget";
}

function lineIdsWithDeals({ publisherId, deals }: BreakRequest, catalog: CompiledCatalog): ReadonlySet<string> {
  const offered = deals === null ? null : new Set(deals.map(({ id }) => id));
  const held = catalog.deals.filter(
    ({ id, kind, publisherIds }) =>
      kind !== "guaranteed" && publisherIds.includes(publisherId) && (offered === null || offered.has(id)),
  );
  return new Set(held.flatMap(({ lineItemIds }) => lineItemIds));
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

/** Whether there is a place for an ad of this length: a slot that the publisher has cut, or the rest of the break. */
function fitsSomewhere(durationSec: number, request: BreakRequest): boolean {
  for (const { minSec, maxSec } of request.structuredSlots) {
    if (minSec <= durationSec && durationSec <= maxSec) return true;
  }
  if (durationSec > request.podDurationSec) return false;
  if (request.exactDurationsSec !== null) return request.exactDurationsSec.includes(durationSec);
  return request.minAdDurationSec <= durationSec && durationSec <= request.maxAdDurationSec;
}

/** As a rule one of the two is empty, and the other need not be copied. */
function union(known: ReadonlySet<string>, more: readonly string[]): ReadonlySet<string> {
  return more.length === 0 ? known : new Set([...known, ...more]);
}
