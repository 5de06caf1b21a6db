/**
 * What a pacer is told: the terms of a campaign that bear on pace, and the totals a step looks at. Apart from the
 * controllers, because the plan curve, the pacer and the baselines in src/simulation/auctions/ all stand on these two.
 */
import type { Micros } from "../../kernel/money.ts";

/** The terms of a campaign that bear on pace. */
export interface PaceTerms {
  readonly budgetMicros: Micros;
  readonly flightStartMs: number;
  readonly flightEndMs: number;
  /** "even" follows the plan curve; "asap" bids in full. */
  readonly pacing: "even" | "asap";
  /** Most that may be billed in one local day; null: no such cap. */
  readonly dailyBudgetMicros: Micros | null;
  /** Most that one expected outcome may cost on average; null: no such target. Return on spend is the same with
   * outcomes counted in value. */
  readonly targetCostMicros: Micros | null;
  /** Relative supply per UTC hour of the week, Monday 00:00 first. Shape: 168 whole numbers, or empty for flat. */
  readonly supplyShape: readonly number[];
}

/** What a step looks at. All totals are cumulative over the flight and never fall, `spentMicros` excepted. */
export interface PaceReading {
  /** Billed, plus committed and still billable. Falls when a committed impression lapses. */
  readonly spentMicros: Micros;
  /** Expected outcomes of committed impressions. Units: millionths of an outcome. */
  readonly outcomesPpm: number;
  /** Committed impressions. */
  readonly impressions: number;
  /** Decisions in which the campaign could have bid; 0 when unknown. */
  readonly opportunities: number;
  /** Spent in the current local day, and when that day ends. Meaningful only with a daily budget. */
  readonly spentTodayMicros: Micros;
  readonly dayEndMs: number;
  /** The moment the totals speak of, where reporters are heard late: the mean of when each was last heard.
   * Left out: now. */
  readonly asOfMs?: number;
}

/** A controller of the multiplier: the pacer of the product, and the baselines it is measured against. */
export type PaceStep<P extends { readonly multiplierPpm: number }> = (
  pacer: P,
  terms: PaceTerms,
  reading: PaceReading,
  nowMs: number,
) => P;
