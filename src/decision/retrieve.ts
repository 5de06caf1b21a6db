/**
 * First stage: which offers may be shown in this break at all. Targeting, flight, blocks, length, frequency, money.
 * Checks run in one fixed order, so that an offer refused for two reasons always names the same one.
 */
import { inFlight, isCategoryBlocked, type CompiledPublisher, type Offer } from "../catalog/compiled.ts";
import { firstMismatch, type TargetingFacts } from "../catalog/targeting.ts";
import { DAY_MS, utcHour, utcWeekday } from "../kernel/time.ts";
import type { BreakRequest } from "../protocols/break_request.ts";
import type { Candidate } from "./candidate.ts";
import type { Rejection, RejectionReason } from "./rejection.ts";
import type { World } from "./world.ts";

/** What retrieval lets through, and what it dropped. */
export interface Retrieved {
  readonly candidates: readonly Candidate[];
  readonly rejections: readonly Rejection[];
}

/** What every offer of one request is held against. */
interface Gate {
  readonly request: BreakRequest;
  readonly world: World;
  readonly publisher: CompiledPublisher;
  readonly facts: TargetingFacts;
  readonly blockedCategories: ReadonlySet<string>;
  readonly blockedDomains: ReadonlySet<string>;
}

/** What targeting is held against: this break at this moment. */
export function factsOf(request: BreakRequest, atMs: number): TargetingFacts {
  const { viewer, content } = request;
  return {
    publisherId: request.publisherId,
    surface: request.surface,
    device: viewer.device,
    country: viewer.country,
    region: viewer.region,
    genre: content.genre,
    rating: content.rating,
    language: content.language,
    segments: new Set(viewer.segments),
    utcHour: utcHour(atMs),
    utcWeekday: utcWeekday(atMs),
  };
}

function toGate(request: BreakRequest, world: World, publisher: CompiledPublisher): Gate {
  return {
    request,
    world,
    publisher,
    facts: factsOf(request, world.nowMs),
    blockedCategories: new Set([...publisher.blockedCategories, ...request.blockedCategories]),
    blockedDomains: new Set([
      ...publisher.blockedAdvertiserDomains,
      ...request.blockedAdvertiserDomains.map((domain) => domain.toLowerCase()),
    ]),
  };
}

/** Times the viewer was shown this line item in the window that ends now. */
function shownWithin(gate: Gate, lineItemId: string, windowMs: number): number {
  const since = gate.world.nowMs - windowMs;
  let count = 0;
  for (const entry of gate.request.viewer.frequency) {
    if (entry.lineItemId === lineItemId && entry.shownMs > since) count++;
  }
  return count;
}

/** Why an offer may not run here, whatever it would pay; null when it may. House offers need no money. */
function refusal(offer: Offer, gate: Gate): RejectionReason | null {
  const { request, world } = gate;
  if (!offer.active) return "campaign_inactive";
  if (!inFlight(offer, world.nowMs)) return "outside_flight";
  const dimension = firstMismatch(offer.line.targeting, gate.facts);
  if (dimension !== null) return `targeting_${dimension}`;
  if (offer.guarantee !== null && !offer.guarantee.publisherIds.has(request.publisherId)) return "deal_elsewhere";
  if (gate.blockedDomains.has(offer.advertiserDomain)) return "advertiser_blocked";
  if (isCategoryBlocked(offer, gate.blockedCategories)) return "category_blocked";
  const longest = Math.min(request.maxAdDurationSec, request.podDurationSec);
  if (offer.durationSec < request.minAdDurationSec || offer.durationSec > longest) return "duration_not_allowed";
  const playable = request.mimeTypes;
  if (playable !== null && !offer.creative.media.some((file) => playable.includes(file.mimeType))) {
    return "media_not_playable";
  }
  const cap = offer.line.frequencyCap;
  if (cap !== null && shownWithin(gate, offer.lineItemId, cap.windowMs) >= cap.impressions) return "frequency_capped";
  if (offer.goal.kind === "house") return null;
  return (world.budgets.get(offer.campaignId)?.availableMicros ?? 0) > 0 ? null : "no_budget";
}

/**
 * Splits offers into those that may run here and those that may not. Keeps catalog order; at most `max` of open demand
 * pass, and as many of guaranteed deals, so that no crowd of open demand can keep a promise out.
 */
function admit(offers: Iterable<Offer>, gate: Gate, max: number): Retrieved {
  const candidates: Candidate[] = [];
  const rejections: Rejection[] = [];
  const passed = { open: 0, guaranteed: 0 };
  for (const offer of offers) {
    const reason = refusal(offer, gate);
    const demand = offer.guarantee === null ? "open" : "guaranteed";
    if (reason !== null) rejections.push({ offer, reason });
    else if (passed[demand] >= max) rejections.push({ offer, reason: "too_many_candidates" });
    else {
      passed[demand]++;
      candidates.push({ offer, frequencyCount: shownWithin(gate, offer.lineItemId, DAY_MS) });
    }
  }
  return { candidates, rejections };
}

/** Paid offers that may run in this break. Cost: linear in the catalog's offers. */
export function retrieve(request: BreakRequest, world: World, publisher: CompiledPublisher): Retrieved {
  return admit(world.catalog.paidOffers, toGate(request, world, publisher), world.limits.candidatesMax);
}

/** House offers that may fill what paid ads leave. */
export function retrieveHouse(request: BreakRequest, world: World, publisher: CompiledPublisher): Retrieved {
  const house = publisher.houseFill ? world.catalog.houseOffers : [];
  return admit(house, toGate(request, world, publisher), world.limits.candidatesMax);
}
