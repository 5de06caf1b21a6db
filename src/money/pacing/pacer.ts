/**
 * Keeps a campaign near its plan by one number, the multiplier on its bids: the smallest of what the budget, the day
 * and the target cost each allow. Never their product: chained pacers take each other's work for the market's and break
 * the constraint that binds. A step depends on how far the totals moved, not on how often they are reported, so a
 * thousand reporters steer no harder than one.
 *
 * Source: Balseiro, Gur, "Learning in repeated auctions with budgets", Management Science 2019 (scaling all bids by one
 * number is asymptotically optimal); Balseiro, Kim, Mahdian, Mirrokni, "Budget-management strategies in repeated
 * auctions", Operations Research 2021 (and better than throttling). The step itself: course.ts.
 */
import { MULTIPLIER_PPM_MAX, MULTIPLIER_PPM_MIN, PACE_STEP_MS } from "../limits.ts";
import { clamp, clampLog, FULL_LOG, type Move, steer } from "./course.ts";
import { plannedShare } from "./plan_curve.ts";
import { stepCost } from "./target_cost.ts";
import type { PaceReading, PaceTerms } from "./terms.ts";

/** The controller's memory: finite numbers only. Logs are control signals, not money. */
export interface Pacer {
  readonly multiplierPpm: number;
  /** When the last step was made; 0 before the first reading. */
  readonly steppedMs: number;
  /** The totals of the last step, and the moment they spoke of. */
  readonly asOfMs: number;
  readonly spentMicros: number;
  readonly outcomesPpm: number;
  readonly impressions: number;
  readonly opportunities: number;
  /** Log multiplier of the budget, where its course starts, and the terms it was set for. */
  readonly budgetLog: number;
  readonly budgetFromMs: number;
  readonly budgetFromMicros: number;
  readonly budgetMicros: number;
  readonly flightEndMs: number;
  /** The same for the local day that ends at `dayEndMs`. */
  readonly dayLog: number;
  readonly dayFromMs: number;
  readonly dayFromMicros: number;
  readonly dayEndMs: number;
  /** Log multiplier of the target cost. */
  readonly costLog: number;
  /** Log of the multiplier that the spending heard of was an answer to. */
  readonly heardLog: number;
}

/** Impressions that one averaging spans at least: a slow campaign's single wins are not a trend. */
const PATIENCE_IMPRESSIONS = 50;
/** However few they are, an averaging is no longer than this share of the flight. */
const PATIENCE_MAX = 0.5;
/** Without a single impression yet the averaging is at least this share. */
const PATIENCE_BLIND = 0.1;
/** An averaging in multiples of the time between steps and of the age of what is heard; shorter, the loop swings. */
const PATIENCE_STEPS = 1.5;
const PATIENCE_AGES = 1.2;
/** Traffic counts for this many times as much of the plan as it did so far, plus some; the rest was without any. */
const CREDIT_FACTOR = 2;
const CREDIT_OPPORTUNITIES = 20;
/** A multiplier that does not bind stays within this of the one that does: it is near when it has to. Units: log. */
const SLACK_LOG = 1;

/** A controller that has seen nothing: full bids. */
export const NEW_PACER: Pacer = warmPacer(MULTIPLIER_PPM_MAX);

/** A controller that starts from a multiplier known to fit: from a forecast, or from the campaign's last flight. */
export function warmPacer(multiplierPpm: number): Pacer {
  const boundedPpm = clamp(Math.round(multiplierPpm), MULTIPLIER_PPM_MIN, MULTIPLIER_PPM_MAX);
  return {
    multiplierPpm: boundedPpm,
    steppedMs: 0,
    asOfMs: 0,
    spentMicros: 0,
    outcomesPpm: 0,
    impressions: 0,
    opportunities: 0,
    budgetLog: Math.log(boundedPpm / MULTIPLIER_PPM_MAX),
    budgetFromMs: 0,
    budgetFromMicros: 0,
    budgetMicros: 0,
    flightEndMs: 0,
    dayLog: FULL_LOG,
    dayFromMs: 0,
    dayFromMicros: 0,
    dayEndMs: 0,
    costLog: FULL_LOG,
    heardLog: Math.log(boundedPpm / MULTIPLIER_PPM_MAX),
  };
}

/**
 * One step of the controller. A reading that brings no traffic, or comes sooner than a second after the last step,
 * changes nothing. "asap" bids in full, within its target cost. Requires: now inside the flight.
 */
export function stepPacer(pacer: Pacer, terms: PaceTerms, reading: PaceReading, nowMs: number): Pacer {
  const asOfMs = Math.min(nowMs, reading.asOfMs ?? nowMs);
  if (pacer.steppedMs === 0) return bind(restart({ ...pacer, ...totalsOf(reading, asOfMs, nowMs) }, terms, reading));
  if (nowMs - pacer.steppedMs < PACE_STEP_MS || asOfMs <= pacer.asOfMs) return pacer;
  const counted = reading.opportunities > 0 && pacer.opportunities > 0;
  if (counted && reading.opportunities <= pacer.opportunities) return pacer;

  const move = moveOf(pacer, terms, reading, { asOfMs, nowMs });
  const stepped: Pacer = {
    ...pacer,
    ...totalsOf(reading, asOfMs, nowMs),
    ...stepBudget(pacer, terms, reading, move, asOfMs),
    ...stepDay(pacer, terms, reading, move, asOfMs),
    costLog: terms.targetCostMicros === null ? FULL_LOG : stepCost(pacer, terms.targetCostMicros, reading),
    heardLog: logOf(pacer.multiplierPpm) - move.unheardLog,
  };
  const changed = terms.budgetMicros !== pacer.budgetMicros || terms.flightEndMs !== pacer.flightEndMs;
  return bind(changed ? restart(stepped, terms, reading) : stepped);
}

/** The budget's course starts from where the money is: at the first reading, and when budget or flight change. */
function restart(pacer: Pacer, terms: PaceTerms, reading: PaceReading): Pacer {
  return {
    ...pacer,
    budgetLog: terms.pacing === "asap" ? FULL_LOG : pacer.budgetLog,
    budgetFromMs: pacer.asOfMs,
    budgetFromMicros: reading.spentMicros,
    budgetMicros: terms.budgetMicros,
    flightEndMs: terms.flightEndMs,
  };
}

function totalsOf(reading: PaceReading, asOfMs: number, nowMs: number) {
  const { spentMicros, outcomesPpm, impressions, opportunities } = reading;
  return { steppedMs: nowMs, asOfMs, spentMicros, outcomesPpm, impressions, opportunities };
}

/** What happened since the last step. */
function moveOf(
  pacer: Pacer,
  terms: PaceTerms,
  reading: PaceReading,
  { asOfMs, nowMs }: { readonly asOfMs: number; readonly nowMs: number },
): Move {
  const share = plannedShare(terms, asOfMs);
  const knownShare = plannedShare(terms, pacer.asOfMs);
  const movedShare = share - knownShare;
  const ageShare = plannedShare(terms, nowMs) - share;
  const supply = knownShare > 0 ? pacer.opportunities / knownShare : 0;
  const seen = CREDIT_FACTOR * (reading.opportunities - pacer.opportunities) + CREDIT_OPPORTUNITIES;
  const noiseShare =
    reading.impressions === 0 ? Math.max(PATIENCE_BLIND, share) : (PATIENCE_IMPRESSIONS * share) / reading.impressions;
  // What is heard trails what is bid by the age of the reports and by that of the multipliers they answer to.
  const trail = ageShare > 0 ? Math.exp(-movedShare / (2 * ageShare)) : 0;
  return {
    share,
    movedShare,
    creditedShare: supply > 0 ? Math.min(movedShare, seen / supply) : movedShare,
    spentMicros: reading.spentMicros,
    movedMicros: reading.spentMicros - pacer.spentMicros,
    unheardLog: (logOf(pacer.multiplierPpm) - pacer.heardLog) * trail,
    leastPatience: Math.max(Math.min(PATIENCE_MAX, noiseShare), PATIENCE_STEPS * movedShare + PATIENCE_AGES * ageShare),
  };
}

function stepBudget(pacer: Pacer, terms: PaceTerms, reading: PaceReading, move: Move, asOfMs: number) {
  if (terms.pacing === "asap") return { budgetLog: FULL_LOG };
  const course = {
    fromShare: plannedShare(terms, pacer.budgetFromMs),
    fromMicros: pacer.budgetFromMicros,
    untilShare: 1,
    limitMicros: terms.budgetMicros,
  };
  const { log, lost } = steer(pacer.budgetLog, course, move);
  return { budgetLog: log, ...(lost ? { budgetFromMs: asOfMs, budgetFromMicros: reading.spentMicros } : {}) };
}

/** A day's budget is one more course; each local day starts a new one from what it has spent so far. */
function stepDay(pacer: Pacer, terms: PaceTerms, reading: PaceReading, move: Move, asOfMs: number) {
  if (terms.dailyBudgetMicros === null || terms.pacing === "asap") return { dayLog: FULL_LOG };
  const here = { dayFromMs: asOfMs, dayFromMicros: reading.spentTodayMicros };
  if (reading.dayEndMs !== pacer.dayEndMs) return { ...here, dayEndMs: reading.dayEndMs };
  const course = {
    fromShare: plannedShare(terms, pacer.dayFromMs),
    fromMicros: pacer.dayFromMicros,
    untilShare: plannedShare(terms, reading.dayEndMs),
    limitMicros: terms.dailyBudgetMicros,
  };
  const { log, lost } = steer(pacer.dayLog, course, { ...move, spentMicros: reading.spentTodayMicros });
  return { dayLog: log, ...(lost ? here : {}) };
}

/** The smallest multiplier binds; the others are held close above it. */
function bind(pacer: Pacer): Pacer {
  const log = clampLog(Math.min(pacer.budgetLog, pacer.dayLog, pacer.costLog));
  const multiplierPpm = Math.round(MULTIPLIER_PPM_MAX * Math.exp(log));
  return {
    ...pacer,
    multiplierPpm: clamp(multiplierPpm, MULTIPLIER_PPM_MIN, MULTIPLIER_PPM_MAX),
    budgetLog: Math.min(pacer.budgetLog, log + SLACK_LOG),
    dayLog: Math.min(pacer.dayLog, log + SLACK_LOG),
    costLog: Math.min(pacer.costLog, log + SLACK_LOG),
  };
}

function logOf(multiplierPpm: number): number {
  return Math.log(multiplierPpm / MULTIPLIER_PPM_MAX);
}
