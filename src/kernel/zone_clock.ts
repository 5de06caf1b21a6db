/**
 * A zone's clock that is asked for every request. Asking the platform's calendar takes tens of microseconds; clocks are
 * changed on quarters of an hour, so the answer of the last quarter is remembered.
 */
import { utcOffsetMinutes } from "./local_day.ts";
import { MINUTE_MS } from "./time.ts";

const QUARTER_MS = 15 * MINUTE_MS;

/** A zone's clock against UTC at a moment; null: no such zone. Units: minutes, east positive. */
export type ZoneClock = (atMs: number) => number | null;

/** The clock of a zone. */
export function zoneClock(timeZone: string): ZoneClock {
  let quarter = Number.NaN;
  let offsetMinutes: number | null = 0;
  return (atMs) => {
    const asked = Math.floor(atMs / QUARTER_MS);
    if (asked !== quarter) {
      offsetMinutes = timeZone === "UTC" ? 0 : utcOffsetMinutes(atMs, timeZone);
      quarter = asked;
    }
    return offsetMinutes;
  };
}
