/**
 * A baseline: the three-term controller of the trade. In rounds it compares the spending rate with what remains of
 * budget and plan, and bids the start multiplier times e to the power of the control signal. Only measured against.
 *
 * Source: Zhang, Rong, Wang, Zhu, Wang, "Feedback control of real-time display advertising", WSDM 2016.
 */
import { MULTIPLIER_PPM_MAX } from "../../money/limits.ts";
import { clamp, clampLog } from "../../money/pacing/course.ts";
import { plannedShare } from "../../money/pacing/plan_curve.ts";
import type { PaceReading, PaceTerms } from "../../money/pacing/terms.ts";

/** The controller's memory. */
export interface PidPacer {
  readonly multiplierPpm: number;
  readonly startLog: number;
  readonly asOfMs: number;
  readonly spentMicros: number;
  readonly errorSum: number;
  readonly error: number;
}

/** Rounds in a flight, and the weights of the error, its sum and its change. Tuned on the sample market. */
const ROUNDS = 400;
const PROPORTIONAL = 0.1;
const INTEGRAL = 0.08;
const DERIVATIVE = 0.02;
/** Larger relative errors count as this. */
const ERROR_MAX = 3;

/** A controller that starts from this multiplier. */
export function newPid(multiplierPpm: number): PidPacer {
  const startLog = clampLog(Math.log(multiplierPpm / MULTIPLIER_PPM_MAX));
  return { multiplierPpm, startLog, asOfMs: 0, spentMicros: 0, errorSum: 0, error: 0 };
}

/** One round, when it is time for it. */
export function stepPid(pacer: PidPacer, terms: PaceTerms, reading: PaceReading, nowMs: number): PidPacer {
  const asOfMs = Math.min(nowMs, reading.asOfMs ?? nowMs);
  if (pacer.asOfMs === 0) return { ...pacer, asOfMs, spentMicros: reading.spentMicros };
  const [share, before] = [plannedShare(terms, asOfMs), plannedShare(terms, pacer.asOfMs)];
  const leftMicros = terms.budgetMicros - reading.spentMicros;
  if (share - before < 1 / ROUNDS || share >= 1 || leftMicros <= 0) return pacer;

  const rate = (reading.spentMicros - pacer.spentMicros) / (share - before);
  const error = clamp(1 - (rate * (1 - share)) / leftMicros, -ERROR_MAX, ERROR_MAX);
  const errorSum = pacer.errorSum + error;
  const signal = PROPORTIONAL * error + INTEGRAL * errorSum + DERIVATIVE * (error - pacer.error);
  const log = clampLog(pacer.startLog + signal);
  const multiplierPpm = Math.round(MULTIPLIER_PPM_MAX * Math.exp(log));
  return { ...pacer, multiplierPpm, asOfMs, spentMicros: reading.spentMicros, errorSum, error };
}
