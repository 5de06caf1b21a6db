/**
 * Days as people have them: from one local midnight to the next, 23 or 25 hours long when clocks change. The calendar
 * is the platform's (`Intl`, IANA time zones); nothing here reads a clock.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "./time.ts";

/** One local day, half-open: start ≤ now < end. Units: epoch milliseconds, on whole minutes. */
export interface LocalDay {
  readonly startMs: number;
  readonly endMs: number;
}

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

/** The zone's clock against UTC at a moment; null: no such zone. Units: minutes, east positive. Cost: about 0.1 ms. */
export function utcOffsetMinutes(nowMs: number, timeZone: string): number | null {
  let clock: Intl.DateTimeFormat;
  try {
    clock = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  } catch {
    return null;
  }
  const name = clock.formatToParts(nowMs).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? [];
  const size = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === "-" ? -size : size;
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
