/**
 * Traffic as planning sees it: somebody who can say what a break at a given moment looks like, and how many there are.
 * It may be the simulated audience or a recording; the sample of a flight is drawn from either by the same rule.
 */
import { present } from "../../kernel/assert.ts";
import { stream } from "../../kernel/random.ts";
import { DAY_MS } from "../../kernel/time.ts";
import { HOURS_A_WEEK, hourOfWeek, hoursBetween, type SpanHour } from "../../kernel/week.ts";
import type { BreakRequest } from "../../protocols/break_request.ts";

/** One break of the sample. */
export interface TrafficBreak {
  readonly request: BreakRequest;
  readonly atMs: number;
  /** How many breaks this viewer watches on an average day; 0 when nobody can tell viewers apart here. */
  readonly viewerBreaksPerDay: number;
  /** Stands for what else is not known of the viewer, such as how often they met a campaign before. In [0, 1). */
  readonly luck: number;
  /** How the viewing of people like this one is spread over the week. Shape: 168 shares, adding up to 1. */
  readonly week: Float64Array;
}

/** How many breaks the viewer of this break watched in a window before it, but not before `startMs`. */
export function breaksWithin(
  { viewerBreaksPerDay, week, atMs }: TrafficBreak,
  windowMs: number,
  startMs: number,
): number {
  const withinMs = Math.max(0, Math.min(windowMs, atMs - startMs));
  // Within hours, habits count: those who watch now were likely watching just before.
  const activity = withinMs < DAY_MS / 2 ? (week[hourOfWeek(atMs)] ?? 0) * HOURS_A_WEEK : 1;
  return viewerBreaksPerDay * (withinMs / DAY_MS) * activity;
}

/** A source of breaks. */
export interface TrafficSource {
  /** Of all publishers, on an average day of a whole week. */
  readonly breaksPerDay: number;
  /** How all breaks are spread over the week. Shape: 168 shares from Monday 00:00 UTC, adding up to 1. */
  readonly week: Float64Array;
  /** Break number n of a sample, at this moment: the same for the same source, number and moment. */
  breakAt(n: number, atMs: number): TrafficBreak;
}

/** When a campaign runs. Units: epoch milliseconds, half-open. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** The breaks of a flight: how many there will be, and a sample of them in which each stands for as many as another. */
export interface FlightTraffic {
  readonly span: Span;
  readonly hours: readonly SpanHour[];
  /** Expected number of breaks in the flight. */
  readonly breaks: number;
  readonly sample: readonly TrafficBreak[];
}

/** How many breaks of a source are expected in these hours. */
function breaksIn(source: TrafficSource, hours: readonly SpanHour[]): number {
  return hours.reduce((sum, hour) => sum + breaksOf(source, hour), 0);
}

function breaksOf(source: TrafficSource, hour: SpanHour): number {
  return 7 * source.breaksPerDay * hour.share * (source.week[hour.hourOfWeek] ?? 0);
}

/**
 * A sample of a flight's traffic, spread over it as the supply is: one break from each of `size` parts of equal supply.
 * Empty when nothing is on in those hours. Cost: linear in the hours of the flight and the size.
 */
export function sampleFlight(source: TrafficSource, span: Span, size: number, seed: string): FlightTraffic {
  const hours = hoursBetween(span.startMs, span.endMs);
  const breaks = breaksIn(source, hours);
  const sample: TrafficBreak[] = [];
  if (breaks === 0) return { span, hours, breaks, sample };
  const random = stream(seed, "moments of the sample");
  let at = 0;
  let before = 0;
  for (let n = 0; n < size; n++) {
    const wanted = ((n + random.next()) / size) * breaks;
    let inHour = breaksOf(source, present(hours[at], "a flight with breaks has hours"));
    while (at < hours.length - 1 && before + inHour <= wanted) {
      before += inHour;
      at++;
      inHour = breaksOf(source, present(hours[at], "the walk stays inside the flight"));
    }
    const hour = present(hours[at], "the walk stays inside the flight");
    const part = inHour > 0 ? Math.max(0, Math.min(0.999_999, (wanted - before) / inHour)) : 0;
    sample.push(source.breakAt(n, hour.fromMs + Math.floor(part * hour.lengthMs)));
  }
  return { span, hours, breaks, sample };
}
