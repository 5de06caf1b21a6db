/**
 * Keeps a campaign near its plan by one number, the multiplier on its bids. A step controller on the dual of the budget
 * constraint: the target rate is solved again at every step from what remains of money and time, so errors of the past
 * do not pile up. The plan curve is flat for now; `plannedMicros` is the one place that knows its shape.
 */
import { type Micros, micros, ZERO_MICROS } from "../kernel/money.ts";
import {
  MULTIPLIER_PPM_MAX,
  MULTIPLIER_PPM_MIN,
  PACE_STEP_MS,
  PACE_WINDOW_IMPRESSIONS,
  PACE_WINDOW_MS_MAX,
  PACE_WINDOW_MS_MIN,
} from "./limits.ts";
import type { CampaignTerms } from "./protocol.ts";

/** The controller's memory. `rateMicrosPerSec` is a control signal, not money: it may be fractional. */
export interface Pacer {
  readonly multiplierPpm: number;
  /** When the last step was made; 0 before the first. */
  readonly steppedMs: number;
  /** Billed plus pending at the last step. */
  readonly spentMicros: Micros;
  /** Smoothed spending rate. */
  readonly rateMicrosPerSec: number;
}

/** What a step looks at. */
export interface PaceReading {
  /** Billed plus committed-and-still-billable. */
  readonly spentMicros: Micros;
  readonly billedMicros: Micros;
  readonly impressionsBilled: number;
}

/** Relative change of the multiplier within one averaging window, per relative distance from the target rate. */
const GAIN_PER_WINDOW = 0.5;
/** Distances beyond this count as this. */
const EXCESS_MAX = 8;

/** A controller that has seen nothing: full bids. */
export const NEW_PACER: Pacer = {
  multiplierPpm: MULTIPLIER_PPM_MAX,
  steppedMs: 0,
  spentMicros: ZERO_MICROS,
  rateMicrosPerSec: 0,
};

/** What the plan says should be spent by now. Flat over the flight; rounded towards zero. */
export function plannedMicros(terms: CampaignTerms, nowMs: number): Micros {
  if (nowMs <= terms.flightStartMs) return ZERO_MICROS;
  if (nowMs >= terms.flightEndMs) return terms.budgetMicros;
  const elapsedMs = BigInt(nowMs - terms.flightStartMs);
  const lengthMs = BigInt(terms.flightEndMs - terms.flightStartMs);
  return micros(Number((BigInt(terms.budgetMicros) * elapsedMs) / lengthMs));
}

/**
 * One step of the controller. Steps closer together than a second change nothing, so that the gain does not grow with
 * the number of wallets that report. "asap" bids in full. Requires: now inside the flight.
 */
export function stepPacer(pacer: Pacer, terms: CampaignTerms, reading: PaceReading, nowMs: number): Pacer {
  if (terms.pacing === "asap") {
    return {
      multiplierPpm: MULTIPLIER_PPM_MAX,
      steppedMs: nowMs,
      spentMicros: reading.spentMicros,
      rateMicrosPerSec: 0,
    };
  }
  if (pacer.steppedMs === 0) return { ...pacer, steppedMs: nowMs, spentMicros: reading.spentMicros };
  const elapsedMs = nowMs - pacer.steppedMs;
  if (elapsedMs < PACE_STEP_MS) return pacer;

  const targetPerSec = (Math.max(0, terms.budgetMicros - reading.spentMicros) * 1000) / (terms.flightEndMs - nowMs);
  const windowMs = averagingWindowMs(reading, targetPerSec);
  const weight = Math.min(1, elapsedMs / windowMs);
  const samplePerSec = (Math.max(0, reading.spentMicros - pacer.spentMicros) * 1000) / elapsedMs;
  const ratePerSec = pacer.rateMicrosPerSec + weight * (samplePerSec - pacer.rateMicrosPerSec);
  const excess = targetPerSec > 0 ? (ratePerSec - targetPerSec) / targetPerSec : EXCESS_MAX;
  // Down as fast as the overspend is large, up slowly: money spent too early cannot be taken back.
  const step = GAIN_PER_WINDOW * weight * Math.min(Math.abs(excess), EXCESS_MAX);
  const stepped = Math.round(excess > 0 ? pacer.multiplierPpm / (1 + step) : pacer.multiplierPpm * (1 + step));
  return {
    multiplierPpm: Math.max(MULTIPLIER_PPM_MIN, Math.min(MULTIPLIER_PPM_MAX, stepped)),
    steppedMs: nowMs,
    spentMicros: reading.spentMicros,
    rateMicrosPerSec: ratePerSec,
  };
}

/** Long enough to see some impressions at the target rate: a slow campaign's single wins are not a trend. */
function averagingWindowMs(reading: PaceReading, targetPerSec: number): number {
  if (reading.impressionsBilled === 0 || targetPerSec <= 0) return PACE_WINDOW_MS_MIN;
  const priceMicros = reading.billedMicros / reading.impressionsBilled;
  const wantedMs = (PACE_WINDOW_IMPRESSIONS * priceMicros * 1000) / targetPerSec;
  return Math.max(PACE_WINDOW_MS_MIN, Math.min(PACE_WINDOW_MS_MAX, wantedMs));
}
