/**
 * The week as 168 hours in UTC, Monday 00:00 first: the axis along which supply is described, because what repeats in
 * viewing repeats by the week.
 */
import { assert } from "./assert.ts";
import { HOUR_MS, utcHour, utcWeekday } from "./time.ts";

/** Hours of a week. */
export const HOURS_A_WEEK = 168;

/** Hour of the week of a moment, 0 to 167; 0 is Monday 00:00 to 01:00 UTC. */
export function hourOfWeek(atMs: number): number {
  return ((utcWeekday(atMs) + 6) % 7) * 24 + utcHour(atMs);
}

/** Part of one clock hour that belongs to a span of time. Units: epoch milliseconds; `share` of the hour, (0, 1]. */
export interface SpanHour {
  readonly fromMs: number;
  readonly lengthMs: number;
  readonly share: number;
  /** 0 to 167. */
  readonly hourOfWeek: number;
}

/** The clock hours of `start ≤ t < end`, the first and last cut where the span is. Requires: start ≤ end. */
export function hoursBetween(startMs: number, endMs: number): readonly SpanHour[] {
  assert(startMs <= endMs, "a span starts before it ends");
  const hours: SpanHour[] = [];
  for (let fromMs = startMs; fromMs < endMs;) {
    const nextMs = Math.min(endMs, (Math.floor(fromMs / HOUR_MS) + 1) * HOUR_MS);
    const lengthMs = nextMs - fromMs;
    hours.push({ fromMs, lengthMs, share: lengthMs / HOUR_MS, hourOfWeek: hourOfWeek(fromMs) });
    fromMs = nextMs;
  }
  return hours;
}
