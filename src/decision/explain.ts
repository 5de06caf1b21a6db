/**
 * A decision in words and numbers for people: who won with which scores, and every other candidate's fate. No viewer
 * key, segment or history is in it.
 */
import type { DecisionSummary, DecisionSummaryRejection } from "../telemetry/activity.ts";
import type { Decision, Slot } from "./decision.ts";
import { REJECTIONS, type Rejection } from "./rejection.ts";

/** What the request contributes to the explanation. */
export interface ExplainedBreak {
  readonly surface: string;
  readonly podDurationSec: number;
}

function explainSlot(slot: Slot): DecisionSummary["slots"][number] {
  return {
    slot: slot.position,
    lineItemId: slot.offer.lineItemId,
    creativeId: slot.offer.creativeId,
    campaignId: slot.offer.campaignId,
    durationSec: slot.offer.durationSec,
    bidMicros: slot.bidMicros,
    priceMicros: slot.priceMicros,
    scores: { ...slot.scores },
  };
}

/** One loser: our reason, the trade's number beside it, and the stage that dropped it. */
export function explainRejection({ offer, reason, bidMicros }: Rejection): DecisionSummaryRejection {
  const { stage, seatNonBid } = REJECTIONS[reason];
  const { lineItemId, creativeId } = offer;
  return { lineItemId, creativeId, stage, reason, seatNonBid, bidMicros: bidMicros ?? null };
}

/** The whole decision as the console and `?explain=1` show it. Units: epoch milliseconds, seconds, micros. */
export function explain(decision: Decision, asked: ExplainedBreak, atMs: number): DecisionSummary {
  return {
    decisionId: decision.decisionId,
    atMs,
    publisherId: decision.publisherId,
    surface: asked.surface,
    podDurationSec: asked.podDurationSec,
    tier: decision.tier,
    slots: decision.slots.map(explainSlot),
    rejections: decision.rejections.map(explainRejection),
  };
}
