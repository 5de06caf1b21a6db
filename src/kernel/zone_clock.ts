/**
 * A zone's clock that is asked for every request. Asking the platform's calendar takes tens of microseconds; clocks are
 * changed on quarters of an hour, so the answer of the last quarter is remembered.
 */
import { utcOffsetMinutes } from "./local_day.ts";
import { MINUTE_MS } from "./time.ts";

const QUARTER_MS = 15 * MINUTE_MS;

/** The zone's clock against UTC at a moment; UTC's own for a zone nobody knows. Units: minutes, east positive. */
export function zoneClock(timeZone: string): (atMs: number) => number {
  let quarter = Number.NaN;
  let offsetMinutes = 0;
  return (atMs) => {
    const asked = Math.floor(atMs / QUARTER_MS);
    if (asked !== quarter) {
      offsetMinutes = timeZone === "UTC" ? 0 : (utcOffsetMinutes(atMs, timeZone) ?? 0);
      quarter = asked;
    }
    return offsetMinutes;
  };
}
