/**
 * One budget, one multiplier: dual descent along a course. A course is the line a budget should be spent along, over
 * shares of the expected supply instead of hours. Each step compares what was spent with what should have been; the
 * target rate is solved again from where the money is, so that the course is met a little ahead. Where it could not be
 * followed (no traffic, bids at their limit) the course starts again from there: what was missed is spread over all
 * that is left, never caught up in a burst.
 *
 * Source: Balseiro, Lu, Mirrokni, "The best of many worlds: dual mirror descent for online allocation problems",
 * Operations Research 2023 (the multiplicative step); Agrawal, Devanur, "Fast algorithms for online stochastic convex
 * programming", SODA 2015 (solving again from what remains).
 */
import { MULTIPLIER_PPM_MAX, MULTIPLIER_PPM_MIN } from "../limits.ts";

/** Where a budget should be: from a point on the plan, evenly, to its limit. Shares are of the flight's supply. */
export interface Course {
  readonly fromShare: number;
  readonly fromMicros: number;
  readonly untilShare: number;
  readonly limitMicros: number;
}

/** What happened since the last step, as one budget saw it. */
export interface Move {
  /** Where on the plan the totals are, and how far they moved. */
  readonly share: number;
  readonly movedShare: number;
  /** The part of the move that traffic accounts for; less than `movedShare` after hours without any. */
  readonly creditedShare: number;
  readonly spentMicros: number;
  readonly movedMicros: number;
  /** How much the multiplier moved, in logs, without its effect being heard yet. */
  readonly unheardLog: number;
  /** Shortest averaging that the noise and the delay of this campaign allow. Units: shares of the flight's supply. */
  readonly leastPatience: number;
}

/** Where one budget's multiplier is after a step, and whether its course has to start again from here. */
export interface Steered {
  readonly log: number;
  readonly lost: boolean;
}

/** Averaging of the step, as a share of the course: shorter follows noise, longer follows late. */
const PATIENCE = 0.02;
/** A young course averages over this part of its age, so that a first multiplier far off is left quickly. */
const PATIENCE_OF_AGE = 0.5;
/** The course is met again this many patiences ahead: the loop is damped well for every elasticity from a half up. */
const AHEAD = 2;
/** Most that is asked for, in multiples of the course's own rate. */
const HASTE_MAX = 2;
/** Relative change of spending expected of a relative change of the multiplier, as long as it is not heard. */
const ELASTICITY = 2;
/** Largest change of a log multiplier in one step. */
export const STEP_LOG_MAX = 0.5;

/** Log multiplier of full bids, and of the least a pacer may bid. */
export const FULL_LOG = 0;
const LEAST_LOG = Math.log(MULTIPLIER_PPM_MIN / MULTIPLIER_PPM_MAX);

/** One dual step. A budget that is spent, or a course at its end, says nothing about prices and changes nothing. */
export function steer(log: number, course: Course, move: Move): Steered {
  const length = course.untilShare - course.fromShare;
  const aheadShare = course.untilShare - move.share;
  if (length <= 0 || aheadShare <= 0 || move.spentMicros >= course.limitMicros) return { log, lost: false };
  // A commit that lapsed after the course began can leave less spent than the course started from.
  if (course.fromMicros >= course.limitMicros) return { log, lost: true };

  const rate = (course.limitMicros - course.fromMicros) / length;
  const age = move.share - course.fromShare;
  const patience = Math.max(Math.min(PATIENCE * length, PATIENCE_OF_AGE * age), move.leastPatience);
  const behindMicros = course.fromMicros + rate * age - move.spentMicros;
  const wanted = 1 + behindMicros / (rate * Math.min(AHEAD * patience, aheadShare));
  const haste = clamp(wanted, 0, HASTE_MAX) - ELASTICITY * move.unheardLog;
  const missedMicros = haste * rate * move.creditedShare - move.movedMicros;
  const change = clamp(missedMicros / (rate * patience), -STEP_LOG_MAX, STEP_LOG_MAX);

  const stepped = clampLog(log + change);
  const unreachable = (stepped === FULL_LOG && change > 0) || (stepped === LEAST_LOG && change < 0);
  return { log: stepped, lost: unreachable || move.creditedShare < move.movedShare };
}

/** Inside what a pacer may bid. */
export function clampLog(log: number): number {
  return clamp(log, LEAST_LOG, FULL_LOG);
}

/** The nearest value inside the bounds. */
export function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
