/**
 * A toy market for pacers: spending answers smoothly to the multiplier, minute by minute. No chance in it, so that a
 * test sees the controller and nothing else. The campaign's money is kept as the ledger would: never over a budget.
 */
import { micros, ZERO_MICROS } from "../../src/kernel/money.ts";
import { DAY_MS, MINUTE_MS } from "../../src/kernel/time.ts";
import { NEW_PACER, type Pacer, stepPacer } from "../../src/money/pacing/pacer.ts";
import type { PaceTerms } from "../../src/money/pacing/terms.ts";

/** Monday 23 November 2026, 00:00 UTC. */
export const START_MS = Date.UTC(2026, 10, 23);

/** Seven days, 70 units of money. */
export const WEEK: PaceTerms = {
  budgetMicros: micros(70_000_000),
  flightStartMs: START_MS,
  flightEndMs: START_MS + 7 * DAY_MS,
  pacing: "even",
  dailyBudgetMicros: null,
  targetCostMicros: null,
  supplyShape: [],
};

/** The market's terms. */
export interface ToyMarket {
  /** What full bids spend in a minute of full supply. */
  readonly fullMicrosPerMinute: number;
  /** Relative change of spending per relative change of the multiplier. */
  readonly elasticity: number;
  /** Supply in a minute of the flight, 0 to 1. */
  readonly supply: (minute: number) => number;
  /** How much of what is bid for is won, 0 to 1. */
  readonly won: (minute: number) => number;
  /** Terms in a minute of the flight. */
  readonly terms: (minute: number) => PaceTerms;
  /** Readings per minute; more are repeated and partial. */
  readonly readings: number;
}

/** A market in which full bids spend five times the plan. */
export const TOY: ToyMarket = {
  fullMicrosPerMinute: (5 * 70_000_000) / (7 * 24 * 60),
  elasticity: 1.5,
  supply: () => 1,
  won: () => 1,
  terms: () => WEEK,
  readings: 1,
};

/** The flight by the minute. Shape of each list: [minutes]. */
export interface ToyFlight {
  readonly spent: readonly number[];
  readonly multipliers: readonly number[];
  readonly pacer: Pacer;
  readonly outcomesPpm: number;
}

/** Flies a campaign through the market for these minutes. An outcome costs a unit at full bids, less at lower ones. */
export function flyToy(market: ToyMarket, minutes: number, from: Pacer = NEW_PACER): ToyFlight {
  const spent: number[] = [];
  const multipliers: number[] = [];
  let [pacer, total, today, outcomesPpm, impressions, opportunities] = [from, 0, 0, 0, 0, 0];
  for (let minute = 0; minute < minutes; minute++) {
    const terms = market.terms(minute);
    if (minute % (24 * 60) === 0) today = 0;
    for (let part = 0; part < market.readings; part++) {
      const bid = pacer.multiplierPpm / 1_000_000;
      const supply = market.supply(minute) / market.readings;
      const full = market.fullMicrosPerMinute * supply * market.won(minute);
      const left = Math.min(terms.budgetMicros - total, (terms.dailyBudgetMicros ?? terms.budgetMicros) - today);
      const cost = Math.max(0, Math.min(left, Math.floor(full * bid ** market.elasticity)));
      total += cost;
      today += cost;
      outcomesPpm += cost / bid ** 0.7;
      impressions += 10 * supply;
      opportunities += 60 * supply;
      const nowMs = START_MS + minute * MINUTE_MS + Math.floor(((part + 1) * MINUTE_MS) / market.readings);
      const reading = {
        spentMicros: micros(total),
        outcomesPpm: Math.round(outcomesPpm),
        impressions: Math.round(impressions),
        opportunities: Math.round(opportunities),
        spentTodayMicros: terms.dailyBudgetMicros === null ? ZERO_MICROS : micros(today),
        dayEndMs: START_MS + (Math.floor(minute / (24 * 60)) + 1) * DAY_MS,
      };
      if (nowMs < terms.flightEndMs) pacer = stepPacer(pacer, terms, reading, nowMs);
    }
    spent.push(total);
    multipliers.push(pacer.multiplierPpm);
  }
  return { spent, multipliers, pacer, outcomesPpm };
}
