/**
 * A recording as a source of traffic: a moment of the flight gets a break that was recorded at that hour of the week,
 * or at that hour of the day when the recording is shorter than a week. Hours count by how long they were recorded, so
 * a recording of eight days does not make one weekday twice as busy.
 */
import { assert, present } from "../../kernel/assert.ts";
import { stream } from "../../kernel/random.ts";
import { DAY_MS } from "../../kernel/time.ts";
import { HOURS_A_WEEK, hourOfWeek, hoursBetween } from "../../kernel/week.ts";
import type { BreakRequest } from "../../protocols/break_request.ts";
import type { TrafficSource } from "./traffic.ts";

/** A recorded break: what was asked, when, and by whom (null: nobody can tell). */
export interface RecordedBreak {
  readonly request: BreakRequest;
  readonly atMs: number;
  readonly viewerId: string | null;
}

/** Fewest breaks of a country for which its own week is taken, and not that of all. */
const COUNTRY_BREAKS_MIN = 2_000;
/** An hour that was recorded for less than this counts as this long: a few seconds tell no rate. Units: hours. */
const HOURS_MIN = 0.5;

/** From the first break up to when the next one would have come. Units: epoch milliseconds. */
export interface RecordedSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** When a recording was made. Requires: at least one break. */
export function recordedSpan(breaks: readonly RecordedBreak[]): RecordedSpan {
  let startMs = Infinity;
  let lastMs = -Infinity;
  for (const { atMs } of breaks) {
    startMs = Math.min(startMs, atMs);
    lastMs = Math.max(lastMs, atMs);
  }
  assert(startMs <= lastMs, "a recording has breaks");
  return { startMs, endMs: lastMs + Math.ceil((lastMs - startMs) / Math.max(1, breaks.length - 1)) };
}

/** The source. `breaksPerDay`: null takes the recording's own volume. Requires: breaks that span about a day. */
export function recordedTraffic(
  breaks: readonly RecordedBreak[],
  breaksPerDay: number | null,
  seed: string,
): TrafficSource {
  const span = recordedSpan(breaks);
  const days = (span.endMs - span.startMs) / DAY_MS;
  const cells = days >= 7 ? HOURS_A_WEEK : 24;
  const byCell: RecordedBreak[][] = Array.from({ length: cells }, () => []);
  for (const recorded of breaks) byCell[hourOfWeek(recorded.atMs) % cells]?.push(recorded);
  const recordedHours = new Float64Array(cells);
  for (const { hourOfWeek: hour, share } of hoursBetween(span.startMs, span.endMs)) {
    recordedHours[hour % cells] = (recordedHours[hour % cells] ?? 0) + share;
  }
  const rates = ratesOf(breaks, recordedHours);
  const week = asWeek(rates);
  const countryWeeks = new Map(
    [...byCountry(breaks)]
      .filter(([, recorded]) => recorded.length >= COUNTRY_BREAKS_MIN)
      .map(([country, recorded]) => [country, asWeek(ratesOf(recorded, recordedHours))]),
  );
  const perViewer = countByViewer(breaks);
  return {
    breaksPerDay: breaksPerDay ?? (24 / cells) * rates.reduce((sum, rate) => sum + rate, 0),
    week,
    breakAt: (n, atMs) => {
      const there = byCell[hourOfWeek(atMs) % cells] ?? [];
      const random = stream(seed, `recorded break ${n}`);
      const recorded = there[random.below(Math.max(1, there.length))];
      const { request, viewerId } = present(recorded, "moments are drawn where there was traffic");
      return {
        request,
        atMs,
        viewerBreaksPerDay: (perViewer.get(viewerId ?? "") ?? 0) / days,
        luck: random.next(),
        week: countryWeeks.get(request.viewer.country ?? "") ?? week,
      };
    },
  };
}

/** Breaks an hour in each cell of the day or week. */
function ratesOf(breaks: readonly RecordedBreak[], recordedHours: Float64Array): Float64Array {
  const rates = new Float64Array(recordedHours.length);
  for (const { atMs } of breaks) {
    const cell = hourOfWeek(atMs) % rates.length;
    rates[cell] = (rates[cell] ?? 0) + 1 / Math.max(HOURS_MIN, recordedHours[cell] ?? 0);
  }
  return rates;
}

/** Rates of a day or week as a week of shares that add up to 1. */
function asWeek(rates: Float64Array): Float64Array {
  const total = rates.reduce((sum, rate) => sum + rate, 0) * (HOURS_A_WEEK / rates.length);
  return Float64Array.from({ length: HOURS_A_WEEK }, (_, hour) => (rates[hour % rates.length] ?? 0) / total);
}

function byCountry(breaks: readonly RecordedBreak[]): ReadonlyMap<string, readonly RecordedBreak[]> {
  const countries = new Map<string, RecordedBreak[]>();
  for (const recorded of breaks) {
    const country = recorded.request.viewer.country ?? "";
    const neighbours = countries.get(country);
    if (neighbours === undefined) countries.set(country, [recorded]);
    else neighbours.push(recorded);
  }
  return countries;
}

function countByViewer(breaks: readonly RecordedBreak[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { viewerId } of breaks) {
    if (viewerId !== null) counts.set(viewerId, (counts.get(viewerId) ?? 0) + 1);
  }
  return counts;
}
