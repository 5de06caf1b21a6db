/**
 * The plan: how much of the budget should be spent by when. Money follows supply: an hour of the week in which twice as
 * many viewers are expected is planned twice the money, so that one multiplier fits all hours. Only the shape of the
 * forecast is used, never its scale. Hours are UTC: where clocks change, no hour comes twice and none is missing.
 */
import { type Micros, micros, ZERO_MICROS } from "../../kernel/money.ts";
import { DAY_MS, HOUR_MS } from "../../kernel/time.ts";
import { HOURS_A_WEEK } from "../../kernel/week.ts";
import type { PaceTerms } from "./terms.ts";

const WEEK_MS = 7 * DAY_MS;
/** Monday 5 January 1970, 00:00 UTC. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

type PlanTerms = Pick<PaceTerms, "budgetMicros" | "flightStartMs" | "flightEndMs" | "supplyShape">;

/**
 * What the plan says should be spent by now: nothing at the start, the whole budget at the end, never falling between.
 * Exact, rounded towards zero. An empty shape, one of another length, or one of zeros only is flat.
 */
export function plannedMicros(terms: PlanTerms, nowMs: number): Micros {
  if (nowMs <= terms.flightStartMs) return ZERO_MICROS;
  if (nowMs >= terms.flightEndMs) return terms.budgetMicros;
  const [passed, whole] = supplyPassed(terms, nowMs);
  return micros(Number((BigInt(terms.budgetMicros) * passed) / whole));
}

/** The same as a share of the flight's supply, 0 to 1. A control signal, not money. */
export function plannedShare(terms: PlanTerms, nowMs: number): number {
  if (nowMs <= terms.flightStartMs) return 0;
  if (nowMs >= terms.flightEndMs) return 1;
  if (!isShaped(terms.supplyShape)) {
    return (nowMs - terms.flightStartMs) / (terms.flightEndMs - terms.flightStartMs);
  }
  const [passed, whole] = supplyPassed(terms, nowMs);
  return Number(passed) / Number(whole);
}

/** Supply expected from the start until now, and over the whole flight. Requires: start < now < end. */
function supplyPassed(terms: PlanTerms, nowMs: number): readonly [passed: bigint, whole: bigint] {
  const shape = terms.supplyShape;
  const [startMs, endMs] = [terms.flightStartMs, terms.flightEndMs];
  if (isShaped(shape)) {
    const startSupply = supplySince(shape, startMs);
    const whole = supplySince(shape, endMs) - startSupply;
    // A flight inside hours for which no supply is expected has no shape either.
    if (whole > 0n) return [supplySince(shape, Math.floor(nowMs)) - startSupply, whole];
  }
  return [BigInt(Math.floor(nowMs) - startMs), BigInt(endMs - startMs)];
}

function isShaped(shape: readonly number[]): boolean {
  return shape.length === HOURS_A_WEEK && shape.some((weight) => weight > 0);
}

/** Supply from the first Monday of 1970 until this moment. Units: weight × milliseconds. */
function supplySince(shape: readonly number[], atMs: number): bigint {
  const sinceMs = atMs - FIRST_MONDAY_MS;
  const weeks = Math.floor(sinceMs / WEEK_MS);
  const intoWeekMs = sinceMs - weeks * WEEK_MS;
  const hours = Math.floor(intoWeekMs / HOUR_MS);
  // Whole hours of a week times the largest weight stay far inside the safe integers; weeks may not.
  let [weekWeight, passedWeight] = [0, 0];
  for (let hour = 0; hour < HOURS_A_WEEK; hour++) {
    const weight = shape[hour] ?? 0;
    weekWeight += weight;
    if (hour < hours) passedWeight += weight;
  }
  const intoWeek = passedWeight * HOUR_MS + (shape[hours] ?? 0) * (intoWeekMs - hours * HOUR_MS);
  return BigInt(weeks) * BigInt(weekWeight) * BigInt(HOUR_MS) + BigInt(intoWeek);
}
