/**
 * When people watch: little before breakfast, most in the evening, later and more at the weekend, each by the clock of
 * where they live. Rough shapes of ad-supported streaming, like the tables of population.ts; standard time all year.
 */
import { HOURS_A_WEEK } from "../kernel/week.ts";
import { PLACES } from "./population.ts";

/** Relative viewing in each local hour, Monday to Friday and at the weekend. */
const WEEKDAY = [9, 5, 3, 2, 2, 3, 6, 9, 9, 8, 8, 9, 11, 11, 11, 12, 14, 18, 23, 28, 31, 29, 23, 15];
const WEEKEND = [13, 8, 5, 3, 2, 3, 5, 8, 12, 15, 17, 18, 19, 20, 20, 20, 21, 23, 27, 31, 33, 31, 26, 18];

/** Hours that local clocks are ahead of UTC, by country; the middle of countries that have several. */
const HOURS_AHEAD: Readonly<Record<string, number>> = { US: -6, GB: 0, DE: 1, FR: 1, CA: -5, AU: 10, BR: -3, JP: 9 };

function weekOfCountry(country: string): Float64Array {
  const ahead = HOURS_AHEAD[country] ?? 0;
  const week = Float64Array.from({ length: HOURS_A_WEEK }, (_, hour) => {
    const local = (hour + ahead + HOURS_A_WEEK) % HOURS_A_WEEK;
    const day = local >= 5 * 24 ? WEEKEND : WEEKDAY;
    return day[local % 24] ?? 0;
  });
  const total = week.reduce((sum, hour) => sum + hour, 0);
  return week.map((hour) => hour / total);
}

const WEEKS: ReadonlyMap<string, Float64Array> = new Map(
  PLACES.map(([{ country }]) => [country, weekOfCountry(country)]),
);
const UTC_WEEK = weekOfCountry("");

/** How the viewing of one country is spread over the UTC week. Shape: 168 shares from Monday 00:00, adding up to 1. */
export function viewingWeek(country: string): Float64Array {
  return WEEKS.get(country) ?? UTC_WEEK;
}

/** The same for the whole audience. */
export function audienceWeek(): Float64Array {
  const week = new Float64Array(HOURS_A_WEEK);
  const people = PLACES.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [{ country }, weight] of PLACES) {
    viewingWeek(country).forEach((share, hour) => (week[hour] = (week[hour] ?? 0) + (share * weight) / people));
  }
  return week;
}
