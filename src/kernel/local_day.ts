/**
 * Days and clocks as people have them: from one local midnight to the next, 23 or 25 hours long when clocks change, and
 * what their clocks show meanwhile. The calendar is the platform's (`Intl`, IANA time zones); nothing here reads a clock.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "./time.ts";

/** One local day, half-open: start ≤ now < end. Units: epoch milliseconds, on whole minutes. */
export interface LocalDay {
  readonly startMs: number;
  readonly endMs: number;
}

const QUARTER_MS = 15 * MINUTE_MS;
/** No local day is longer than this. */
const DAY_MS_MAX = DAY_MS + 3 * HOUR_MS;

/** Whether the platform knows a time zone of that name. */
export function isTimeZone(name: string): boolean {
  try {
    calendarOf(name);
    return true;
  } catch {
    return false;
  }
}

/** The local day that a moment belongs to. Throws `RangeError` on an unknown zone. Cost: some forty look-ups. */
export function localDayOf(nowMs: number, timeZone: string): LocalDay {
  const calendar = calendarOf(timeZone);
  const today = calendar.format(nowMs);
  const startMs = firstMinute(nowMs - DAY_MS_MAX, nowMs, (ms) => calendar.format(ms) === today);
  const endMs = firstMinute(nowMs, nowMs + DAY_MS_MAX, (ms) => calendar.format(ms) !== today);
  return { startMs, endMs };
}

/**
 * How far the clocks of a zone are from UTC at a moment. Units: minutes, east positive, rounded down to whole ones.
 * Throws `RangeError` on an unknown zone. Cost: some 50 µs; see `zoneClock` for asking often.
 */
export function utcOffsetMinutes(atMs: number, timeZone: string): number {
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  const shown = new Map(clock.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => shown.get(type) ?? 0;
  const localMs = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
  return Math.round((localMs - Math.floor(atMs / MINUTE_MS) * MINUTE_MS) / MINUTE_MS);
}

/** The same for a zone that is asked often: clocks change on quarters of an hour, so the last quarter is remembered. */
export function zoneClock(timeZone: string): (atMs: number) => number {
  let quarter = Number.NaN;
  let offsetMinutes = 0;
  return (atMs) => {
    const asked = Math.floor(atMs / QUARTER_MS);
    if (asked !== quarter) {
      offsetMinutes = timeZone === "UTC" ? 0 : utcOffsetMinutes(atMs, timeZone);
      quarter = asked;
    }
    return offsetMinutes;
  };
}

function calendarOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
}

/** First whole minute in (from, to] at which the condition holds. Requires: false up to some minute, then true. */
function firstMinute(fromMs: number, toMs: number, holds: (ms: number) => boolean): number {
  let before = Math.floor(fromMs / MINUTE_MS);
  let at = Math.floor(toMs / MINUTE_MS);
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (holds(middle * MINUTE_MS)) at = middle;
    else before = middle;
  }
  return at * MINUTE_MS;
}
