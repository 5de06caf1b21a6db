/**
 * Which breaks are learned from and which are kept back to judge by: whole days, the last ones, because a table is
 * always used on days after those it was learned from.
 */
import { dayOf, type AuctionRecord } from "./auction_record.ts";

/** Fewest days of a log: two to learn from, so that each can be checked by the other, and one to judge by. */
export const LOG_DAYS_MIN = 3;

/** A log cut in two. Days are counted in UTC from 1970. */
export interface CutLog {
  readonly learned: readonly AuctionRecord[];
  readonly heldOut: readonly AuctionRecord[];
  readonly learnedDays: number;
  readonly heldOutDays: number;
  /** First day of the held-out part. */
  readonly heldOutFromDay: number;
}

/** The days on which anything was logged, ascending. */
export function daysOf(records: readonly AuctionRecord[]): readonly number[] {
  return [...new Set(records.map(dayOf))].sort((a, b) => a - b);
}

/** Cuts a log. Requires: `LOG_DAYS_MIN` days with breaks; `share` of days to hold out in (0, 1). */
export function cutLog(records: readonly AuctionRecord[], share: number): CutLog {
  const days = daysOf(records);
  const heldOutDays = Math.max(1, Math.min(days.length - 2, Math.round(days.length * share)));
  const heldOutFromDay = days[days.length - heldOutDays] ?? Infinity;
  return {
    learned: records.filter((record) => dayOf(record) < heldOutFromDay),
    heldOut: records.filter((record) => dayOf(record) >= heldOutFromDay),
    learnedDays: days.length - heldOutDays,
    heldOutDays,
    heldOutFromDay,
  };
}
