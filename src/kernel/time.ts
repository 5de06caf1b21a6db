/**
 * Time arrives as a value. `nowMs` is read once per request at a door and handed in; nothing here reads a clock.
 */

/** One second. Units: milliseconds. */
export const SECOND_MS = 1_000;
/** One minute. Units: milliseconds. */
export const MINUTE_MS = 60 * SECOND_MS;
/** One hour. Units: milliseconds. */
export const HOUR_MS = 60 * MINUTE_MS;
/** One day. Units: milliseconds. */
export const DAY_MS = 24 * HOUR_MS;

/** Hour of the day in UTC, 0 to 23. */
export function utcHour(nowMs: number): number {
  return Math.floor((((nowMs % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS);
}

/** Day of the week in UTC, 0 = Sunday. 1 January 1970 was a Thursday. */
export function utcWeekday(nowMs: number): number {
  return (((Math.floor(nowMs / DAY_MS) + 4) % 7) + 7) % 7;
}
