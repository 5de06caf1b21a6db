/**
 * A flight of one week whose auctions come by the hour: few at night, many in the evening, more at weekends. For
 * measuring what a forecast of that shape is worth, and what a wrong one costs.
 */
import { micros } from "../../kernel/money.ts";
import { DAY_MS, HOUR_MS } from "../../kernel/time.ts";
import { HOURS_A_WEEK } from "../../kernel/week.ts";
import { MULTIPLIER_PPM_MAX } from "../../money/limits.ts";
import { stepPacer, warmPacer } from "../../money/pacing/pacer.ts";
import { plannedShare } from "../../money/pacing/plan_curve.ts";
import type { Auctions } from "./auctions.ts";
import { runFlight } from "./flight.ts";
import { hindsight } from "./hindsight.ts";
import { FLIGHT_START_MS, openPacedFlight } from "./paced.ts";

/** Supply by hour of the week, Monday 00:00 UTC first. Shape: [168]. */
export const WEEK_SHAPE: readonly number[] = Array.from({ length: HOURS_A_WEEK }, (_, hour) => {
  const evening = Math.max(0, 1 - Math.abs((hour % 24) - 20) / 6);
  const weekend = hour >= 5 * 24 ? 1.3 : 1;
  return Math.round(100 * weekend * ((hour % 24 < 6 ? 0.15 : 0.6) + 2 * evening));
});

/** What came of a week. Shares from 0 to 1. */
export interface WeekResult {
  readonly share: number;
  readonly utilisation: number;
  readonly deviation: number;
}

/** Flies the pacer through a week of these auctions, cold, with this forecast of their shape. */
export function flyWeek(
  auctions: Auctions,
  budget: number,
  fullPricePerOutcome: number,
  forecast: readonly number[],
): WeekResult {
  const endMs = FLIGHT_START_MS + 7 * DAY_MS;
  const moments = momentsOf(auctions.count);
  const momentMs = (position: number): number => moments[position] ?? endMs;
  const flight = openPacedFlight({
    budget,
    count: auctions.count,
    step: stepPacer,
    pacer: warmPacer(MULTIPLIER_PPM_MAX),
    bidAt: (multiplierPpm, ctr) => (fullPricePerOutcome * ctr * multiplierPpm) / MULTIPLIER_PPM_MAX,
    isolates: 1,
    lag: 0,
    momentMs,
    endMs,
    supplyShape: forecast,
  });
  const terms = {
    budgetMicros: micros(budget),
    flightStartMs: FLIGHT_START_MS,
    flightEndMs: endMs,
    supplyShape: forecast,
  };
  const tally = runFlight(auctions, budget, flight, (seen) => plannedShare(terms, momentMs(seen)));
  return {
    share: tally.value / hindsight(auctions, budget).value,
    utilisation: tally.cost / budget,
    deviation: tally.deviation,
  };
}

/** When each auction happens, so that every hour has its part of them. */
function momentsOf(count: number): Float64Array {
  const whole = WEEK_SHAPE.reduce((sum, weight) => sum + weight, 0);
  const moments = new Float64Array(count);
  let [hour, before] = [0, 0];
  for (let i = 0; i < count; i++) {
    const supply = (i / count) * whole;
    while (supply >= before + (WEEK_SHAPE[hour] ?? whole)) before += WEEK_SHAPE[hour++] ?? whole;
    moments[i] = FLIGHT_START_MS + Math.floor((hour + (supply - before) / (WEEK_SHAPE[hour] ?? 1)) * HOUR_MS);
  }
  return moments;
}
