/**
 * From a curve and a budget to what is delivered: the one place that knows how pacing turns money and supply into
 * impressions. Every rule here gives more, or the same, for more money.
 */
import type { Campaign } from "../../catalog/entities.ts";
import { FULL_LEVEL, levelFor, MEASURES, valueAt, type Curve, type Measure } from "./landscape.ts";

/** What a flight is held to. Units: micros. */
export interface SpendingTerms {
  readonly budgetMicros: number;
  readonly pacing: Campaign["pacing"];
}

/** What comes of a flight. Counts and micros are expectations and may be fractional. */
export interface Delivery extends Readonly<Record<Measure, number>> {
  /** The level of bids, see BID_FACTORS, that the campaign is paced to; may lie between two. */
  readonly level: number;
  /** Share of the flight's supply after which the money is gone; 1 when it lasts. */
  readonly lasts: number;
}

/**
 * What may be spent at all. A limit on a day's spending belongs here and nowhere else: as a smaller sum, namely that of
 * what each day may spend.
 */
function spendable({ budgetMicros }: SpendingTerms): number {
  return budgetMicros;
}

/**
 * Delivery of a flight. "even" bids at the one level that spends the money over all of it; "asap" bids in full until
 * the money is gone. Never falls with the budget.
 */
export function deliver(curve: Curve, terms: SpendingTerms): Delivery {
  const limit = spendable(terms);
  const atFull = curve.spendMicros[FULL_LEVEL] ?? 0;
  const asap = terms.pacing === "asap";
  const level = asap ? FULL_LEVEL : levelFor(curve.spendMicros, limit, FULL_LEVEL);
  const lasts = asap && atFull > limit ? limit / atFull : 1;
  const [impressions, completedViews, clicks, spendMicros] = MEASURES.map((m) => lasts * valueAt(curve[m], level));
  return {
    impressions: impressions ?? 0,
    completedViews: completedViews ?? 0,
    clicks: clicks ?? 0,
    spendMicros: Math.min(limit, spendMicros ?? 0),
    level,
    lasts,
  };
}

/** Left over when a flight counts as spent in full: the share that pacing may leave at its end. */
const LEFT_OVER_MAX = 0.005;

/** Whether a flight spends all it may, up to what pacing leaves. */
export function spendsInFull(delivery: Delivery, terms: SpendingTerms): boolean {
  return delivery.spendMicros >= (1 - LEFT_OVER_MAX) * terms.budgetMicros;
}
