/**
 * A baseline: throttling. The campaign always bids in full but takes part only in a share of the auctions; in rounds
 * that share goes up or down by a tenth, whenever spending is behind or ahead of the plan. Only measured against.
 *
 * Source: Agarwal, Ghosh, Wei, You, "Budget pacing for targeted online advertisements at LinkedIn", KDD 2014.
 */
import { MULTIPLIER_PPM_MAX } from "../../money/limits.ts";
import { clamp } from "../../money/pacing/course.ts";
import { plannedMicros, plannedShare } from "../../money/pacing/plan_curve.ts";
import type { PaceReading, PaceTerms } from "../../money/pacing/terms.ts";

/** The controller's memory. `multiplierPpm` is the share of auctions taken part in. */
export interface ThrottlePacer {
  readonly multiplierPpm: number;
  readonly asOfMs: number;
}

/** Rounds in a flight: minutes in a day. */
const ROUNDS = 1440;
const CHANGE = 0.1;
/** Where a flight starts, and the least share of auctions. Units: ppm. */
const START_PPM = 100_000;
const LEAST_PPM = 1_000;

/** A throttle that has seen nothing. */
export const NEW_THROTTLE: ThrottlePacer = { multiplierPpm: START_PPM, asOfMs: 0 };

/** One round, when it is time for it. */
export function stepThrottle(
  pacer: ThrottlePacer,
  terms: PaceTerms,
  reading: PaceReading,
  nowMs: number,
): ThrottlePacer {
  const asOfMs = Math.min(nowMs, reading.asOfMs ?? nowMs);
  if (plannedShare(terms, asOfMs) - plannedShare(terms, pacer.asOfMs) < 1 / ROUNDS) return pacer;
  const behind = reading.spentMicros <= plannedMicros(terms, asOfMs);
  const changed = Math.round(pacer.multiplierPpm * (behind ? 1 + CHANGE : 1 - CHANGE));
  return { multiplierPpm: clamp(changed, LEAST_PPM, MULTIPLIER_PPM_MAX), asOfMs };
}
