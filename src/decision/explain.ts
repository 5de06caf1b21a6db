/**
 * A decision in words and numbers for people: who won with which scores, and every other candidate's fate. No viewer
 * key, segment or history is in it.
 */
import type { DecisionSummary, DecisionSummaryRejection } from "../telemetry/activity.ts";
import type { Decision, Slot } from "./decision.ts";
import { settle, type ScoringPlan } from "./funnel.ts";
import { neededBids, type NeededBids } from "./needed_bids.ts";
import type { Scoring } from "./rank.ts";
import { REJECTIONS, type Rejection } from "./rejection.ts";
import { explainRetrieval } from "./retrieve.ts";

/** What the request contributes to the explanation. */
export interface ExplainedBreak {
  readonly surface: string;
  readonly podDurationSec: number;
}

/** Nobody asked what it would have taken to win. */
const UNASKED: NeededBids = new Map();

function explainSlot(slot: Slot, needed: NeededBids): DecisionSummary["slots"][number] {
  return {
    slot: slot.position,
    lineItemId: slot.offer.lineItemId,
    creativeId: slot.offer.creativeId,
    campaignId: slot.offer.campaignId,
    durationSec: slot.offer.durationSec,
    bidMicros: slot.bidMicros,
    priceMicros: slot.priceMicros,
    floorMicros: slot.floorMicros,
    valueMicros: slot.valueMicros,
    neededBidMicros: needed.get(slot.offer) ?? null,
    dealId: slot.dealId,
    scores: { ...slot.scores },
  };
}

/** One loser: our reason, the trade's number beside it, the stage that dropped it, and what was known by then. */
function explainRejection(rejection: Rejection, needed = UNASKED): DecisionSummaryRejection {
  const { offer, reason, bidMicros, valueMicros, floorMicros, dealId, scores } = rejection;
  const { stage, seatNonBid } = REJECTIONS[reason];
  return {
    lineItemId: offer.lineItemId,
    creativeId: offer.creativeId,
    stage,
    reason,
    seatNonBid,
    bidMicros: bidMicros ?? null,
    valueMicros: valueMicros ?? null,
    floorMicros: floorMicros ?? null,
    neededBidMicros: needed.get(offer) ?? null,
    dealId: dealId ?? null,
    scores: scores === undefined ? null : { ...scores },
  };
}

/** The decision as the console shows it. Units: epoch milliseconds, seconds, micros. */
export function explain(decision: Decision, asked: ExplainedBreak, atMs: number, needed = UNASKED): DecisionSummary {
  return {
    decisionId: decision.decisionId,
    atMs,
    publisherId: decision.publisherId,
    surface: asked.surface,
    podDurationSec: asked.podDurationSec,
    tier: decision.tier,
    modelSetDigest: decision.modelSetDigest,
    slots: decision.slots.map((slot) => explainSlot(slot, needed)),
    rejections: decision.rejections.map((rejection) => explainRejection(rejection, needed)),
  };
}

/**
 * The whole decision, as `?explain=1` shows it: also what every bid would have needed to win, and the fates of offers
 * that retrieval did not look at, unless the catalog has more than `offersMax` of them: a stranger may ask an edge for
 * this, and a trace can be explained elsewhere. `decision`: as it came out of `finish`, or with what its commit
 * dropped.
 * Cost: a pod for every bid, and linear in the catalog's offers.
 */
export function explainFully(
  scoringPlan: ScoringPlan,
  scoring: Scoring,
  decision: Decision,
  offersMax = Number.POSITIVE_INFINITY,
): DecisionSummary {
  const { request, world, publisher } = scoringPlan;
  const { paidOffers, houseOffers } = world.catalog;
  const affordable = paidOffers.length + houseOffers.length <= offersMax;
  const unseen = affordable ? explainRetrieval(request, world, publisher) : [];
  const whole = { ...decision, rejections: [...decision.rejections, ...unseen] };
  return explain(whole, request, world.nowMs, neededBids(settle(scoringPlan, scoring)));
}
