/**
 * When the campaign can be shown at all: the supply that its line items let in, over the week and over the days of its
 * flight. Each sampled break that could carry it stands for people like that one, and is spread over the week by their
 * viewing, so that a thousand breaks give a smooth week. Pacing can carry the shape.
 */
import type { CompiledLineItem } from "../../catalog/compiled.ts";
import { firstMismatch, hourOfFacts, type TargetingFacts } from "../../catalog/targeting.ts";
import { DAY_MS, utcHour, utcWeekday } from "../../kernel/time.ts";
import { HOURS_A_WEEK, type SpanHour } from "../../kernel/week.ts";
import { factsOfBreak } from "./reach.ts";
import type { TrafficBreak } from "./traffic.ts";

/** The largest number of a supply shape. */
const SHAPE_MAX = 10_000;

/**
 * Relative supply in each hour of the week. Shape: 168 numbers from Monday 00:00 UTC, adding up to 1; null when no
 * break of the sample could carry any of these line items at any hour.
 */
export function supplyWeek(sample: readonly TrafficBreak[], lines: readonly CompiledLineItem[]): Float64Array | null {
  const supply = new Float64Array(HOURS_A_WEEK);
  const running = lines.filter(({ active }) => active);
  for (const asked of sample) {
    const facts = factsOfBreak(asked);
    const aheadHours = hourOfFacts(facts) - utcWeekday(asked.atMs) * 24 - utcHour(asked.atMs);
    const open = running.filter(
      ({ targeting }) => firstMismatch({ ...targeting, hours: null, where: null }, facts) === null,
    );
    if (open.length === 0) continue;
    for (let hour = 0; hour < HOURS_A_WEEK; hour++) {
      const then = atHour(facts, hour + 24 + aheadHours);
      if (open.some(({ targeting }) => firstMismatch(targeting, then) === null)) {
        supply[hour] = (supply[hour] ?? 0) + (asked.week[hour] ?? 0);
      }
    }
  }
  const total = supply.reduce((sum, hour) => sum + hour, 0);
  return total > 0 ? supply.map((hour) => hour / total) : null;
}

/** The same break at another hour of the viewer's week, counted from its Sunday; any whole number. */
function atHour(facts: TargetingFacts, hour: number): TargetingFacts {
  const ofWeek = ((hour % HOURS_A_WEEK) + HOURS_A_WEEK) % HOURS_A_WEEK;
  return { ...facts, hour: ofWeek % 24, weekday: Math.floor(ofWeek / 24) };
}

/** The week as whole numbers, the busiest hour 10,000; an hour with any supply at least 1. */
export function wholeShape(week: Float64Array): readonly number[] {
  const busiest = Math.max(...week);
  return [...week].map((hour) => (hour === 0 ? 0 : Math.max(1, Math.round((hour / busiest) * SHAPE_MAX))));
}

/** A UTC day of the flight and the share of the flight's supply that falls on it. */
export interface FlightDay {
  /** Midnight before, or the flight's start. Units: epoch milliseconds. */
  readonly fromMs: number;
  readonly share: number;
}

/** The days of a flight with their shares of its supply, adding up to 1 (all 0 when nothing is on in its hours). */
export function flightDays(hours: readonly SpanHour[], week: Float64Array): readonly FlightDay[] {
  const days: { fromMs: number; share: number }[] = [];
  let total = 0;
  for (const { fromMs, share, hourOfWeek } of hours) {
    const last = days.at(-1);
    const supply = share * (week[hourOfWeek] ?? 0);
    total += supply;
    if (last !== undefined && Math.floor(last.fromMs / DAY_MS) === Math.floor(fromMs / DAY_MS)) last.share += supply;
    else days.push({ fromMs, share: supply });
  }
  return total > 0 ? days.map(({ fromMs, share }) => ({ fromMs, share: share / total })) : days;
}
