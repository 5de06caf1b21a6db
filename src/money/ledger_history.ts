/**
 * How a campaign's money moved: what one point of its history holds, when a minute's point is due, and which old
 * points are let go. A point is the last state of its minute, so what a minute ended with is never missing. Near
 * history is kept by the minute, far history by the day: it spans the whole flight and never outgrows its bound.
 */
import type { Micros } from "../kernel/money.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../kernel/time.ts";
import type { CampaignStatus } from "./protocol.ts";
import { spentOf } from "./totals.ts";

/** A campaign at one moment. Totals are sums over all wallets, as far as the ledger had heard. */
export interface HistoryPoint {
  readonly atMs: number;
  readonly billedMicros: Micros;
  /** Won, and billed or still billable. */
  readonly spentMicros: Micros;
  readonly outstandingMicros: Micros;
  readonly pendingMicros: Micros;
  readonly plannedMicros: Micros;
  readonly multiplierPpm: number;
  /** Billed. */
  readonly impressions: number;
  readonly late: number;
  readonly exhausted: number;
  /** Given away: seen, but late or exhausted. */
  readonly unbilledMicros: Micros;
}

/** Points younger than `untilAgeMs` are kept one a step. */
interface Grain {
  readonly untilAgeMs: number;
  readonly stepMs: number;
}

const GRAINS: readonly Grain[] = [
  { untilAgeMs: 6 * HOUR_MS, stepMs: MINUTE_MS },
  { untilAgeMs: 2 * DAY_MS, stepMs: 10 * MINUTE_MS },
  { untilAgeMs: 30 * DAY_MS, stepMs: HOUR_MS },
  { untilAgeMs: Number.POSITIVE_INFINITY, stepMs: DAY_MS },
];

/** Points that thinning leaves at most: about three years, the last month of them by the hour. */
export const HISTORY_POINTS_MAX = 2_400;

/** The point of a status. */
export function pointOf(status: CampaignStatus, nowMs: number): HistoryPoint {
  return {
    atMs: nowMs,
    billedMicros: status.billedMicros,
    spentMicros: spentOf(status),
    outstandingMicros: status.outstandingMicros,
    pendingMicros: status.pendingMicros,
    plannedMicros: status.plannedMicros,
    multiplierPpm: status.multiplierPpm,
    impressions: status.impressionsBilled,
    late: status.late,
    exhausted: status.exhausted,
    unbilledMicros: status.unbilledMicros,
  };
}

/** Whether the minute of a point is over at this moment: then the point was its last, and is to be kept. */
export function isPointDue(pointMs: number, nowMs: number): boolean {
  return slot(pointMs, MINUTE_MS) < slot(nowMs, MINUTE_MS);
}

/** Whether old points are to be looked through now: when an hour has ended since the newest one. */
export function isThinningDue(newestMs: number, nowMs: number): boolean {
  return slot(newestMs, HOUR_MS) < slot(nowMs, HOUR_MS);
}

/**
 * The points to let go. Of each step the last one stays, and so do the very first and the newest; beyond the bound the
 * oldest after the first go. What went once is never missed again: thinning what was thinned takes nothing.
 * `times`: ascending, epoch milliseconds.
 */
export function outgrownPoints(times: readonly number[], nowMs: number): number[] {
  const outgrown: number[] = [];
  const kept: number[] = [];
  for (const [index, time] of times.entries()) {
    const next = times[index + 1];
    const step = stepAt(nowMs - time);
    const isLastOfStep = next === undefined || slot(time, step) !== slot(next, step);
    (index === 0 || isLastOfStep ? kept : outgrown).push(time);
  }
  const tooMany = Math.max(0, kept.length - HISTORY_POINTS_MAX);
  return [...outgrown, ...kept.slice(1, 1 + tooMany)];
}

function stepAt(ageMs: number): number {
  return GRAINS.find(({ untilAgeMs }) => ageMs < untilAgeMs)?.stepMs ?? DAY_MS;
}

function slot(atMs: number, stepMs: number): number {
  return Math.floor(atMs / stepMs);
}
