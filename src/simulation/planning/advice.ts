/**
 * What to do about the bids: how far they could come down, or must go up, for the budget to be spent in nine flights of
 * ten. Reads the same curves as the forecast, beyond the bids as written.
 */
import type { CompiledLineItem } from "../../catalog/compiled.ts";
import type { Goal } from "../../catalog/entities.ts";
import { MULTIPLIER_PPM_MAX, MULTIPLIER_PPM_MIN } from "../../money/limits.ts";
import type { SpendingTerms } from "./delivery.ts";
import { BID_FACTORS, FULL_LEVEL, levelFor, valueAt, type Curve } from "./landscape.ts";
import { quantile, type Replicate } from "./replicates.ts";

/** One line item's bid, as written and as advised. Units: micros per thousand, view or click. */
export interface AdvisedBid {
  readonly lineItemId: string;
  readonly goal: Goal["kind"];
  readonly writtenMicros: number;
  readonly advisedMicros: number;
}

/** What to do about the bids. Units: micros; factors on every bid. */
export interface BidAdvice {
  /** lower: they are higher than needed. keep. raise: the budget needs higher ones. unreachable: no bids would do. */
  readonly kind: "lower" | "keep" | "raise" | "unreachable";
  /** Where pacing is expected to hold the bids. Units: ppm. */
  readonly multiplierPpm: number;
  /** Lowest factor on the bids with which nine flights of ten spend the budget; null when even the highest does not. */
  readonly factor: number | null;
  /** What can be spent with the bids as written, and with bids of `factorMax` times as much. */
  readonly reachableMicros: number;
  readonly reachableAtMostMicros: number;
  readonly factorMax: number;
  readonly bids: readonly AdvisedBid[];
}

/** Flights of which this share spends the budget are what advice aims at. */
const CONFIDENCE = 0.9;
/** Closer to the bids as written than this is "keep". */
const KEEP_WITHIN = 0.03;
const LEVEL_MAX = BID_FACTORS.length - 1;

/** The advice. `base`: what is expected; `replicates`: what could be instead. */
export function bidAdvice(
  terms: SpendingTerms,
  base: Curve,
  replicates: readonly Replicate[],
  lines: readonly CompiledLineItem[],
): BidAdvice {
  const needed = replicates.map(({ curve }) => factorFor(curve, terms.budgetMicros));
  const factor = quantile(needed, CONFIDENCE);
  const paced = terms.pacing === "asap" ? 1 : factorAt(levelFor(base.spendMicros, terms.budgetMicros, FULL_LEVEL));
  const advised = Number.isFinite(factor) ? factor : null;
  return {
    kind: kindOf(advised),
    multiplierPpm: Math.max(MULTIPLIER_PPM_MIN, Math.round(paced * MULTIPLIER_PPM_MAX)),
    factor: advised,
    reachableMicros: valueAt(base.spendMicros, FULL_LEVEL),
    reachableAtMostMicros: valueAt(base.spendMicros, LEVEL_MAX),
    factorMax: BID_FACTORS[LEVEL_MAX] ?? 1,
    bids: lines.flatMap(({ lineItem }) => advisedBid(lineItem.id, lineItem.goal, advised ?? 1)),
  };
}

function kindOf(factor: number | null): BidAdvice["kind"] {
  if (factor === null) return "unreachable";
  if (factor < 1 - KEEP_WITHIN) return "lower";
  return factor > 1 + KEEP_WITHIN ? "raise" : "keep";
}

/** The lowest factor at which this flight spends the budget; infinite when none does. */
function factorFor(curve: Curve, budgetMicros: number): number {
  if ((curve.spendMicros[LEVEL_MAX] ?? 0) < budgetMicros) return Number.POSITIVE_INFINITY;
  return factorAt(levelFor(curve.spendMicros, budgetMicros, LEVEL_MAX));
}

/** The factor of a level that may lie between two. */
function factorAt(level: number): number {
  return valueAt(Float64Array.from(BID_FACTORS), level);
}

function advisedBid(lineItemId: string, goal: Goal, factor: number): readonly AdvisedBid[] {
  const writtenMicros = priceOf(goal);
  if (writtenMicros === null) return [];
  return [
    { lineItemId, goal: goal.kind, writtenMicros, advisedMicros: Math.max(1, Math.ceil(writtenMicros * factor)) },
  ];
}

function priceOf(goal: Goal): number | null {
  switch (goal.kind) {
    case "cpm":
      return goal.cpmMicros;
    case "completedView":
      return goal.perViewMicros;
    case "click":
      return goal.perClickMicros;
    case "conversion":
      return goal.perConversionMicros;
    case "roas":
      // Its bid is a return, not a price: a higher bid would be a lower number.
      return null;
    case "house":
      return null;
  }
}
