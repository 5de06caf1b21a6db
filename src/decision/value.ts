/**
 * The one place where a probability becomes money. A goal and the heads' probabilities give a bid for this impression;
 * pacing scales it down; what viewers who leave cost the publisher is taken off its value, never off its price.
 */
import type { Goal } from "../catalog/entities.ts";
import {
  addMicros,
  micros,
  perImpression,
  scaleMicrosDown,
  subtractMicros,
  ZERO_MICROS,
  type Micros,
} from "../kernel/money.ts";
import { CATALOG_LIMITS, FULL_LIMITS } from "../kernel/limits.ts";
import type { Bid, Scored, Scores } from "./candidate.ts";

/** What a kept promise is worth to the break beyond its price: more than any break of open demand. Units: micros. */
const PROMISE_MICROS = micros(CATALOG_LIMITS.priceMicrosMax * (FULL_LIMITS.podAdsMax + 1));
/** Guaranteed deals pay their price; the table paces them. Units: ppm. */
const UNPACED_PPM = 1_000_000;

/** An expected amount: `amount × probability`, rounded down. Requires: probability in [0, 1]. */
function expectedMicros(amount: Micros, probability: number): Micros {
  return micros(Math.floor(amount * probability));
}

/** What one impression is worth to the buyer before pacing. Units: micros. */
function goalValue(goal: Goal, scores: Scores): Micros {
  switch (goal.kind) {
    case "cpm":
      return perImpression(micros(goal.cpmMicros));
    case "completedView":
      return expectedMicros(micros(goal.perViewMicros), scores.completedView);
    case "click":
      return expectedMicros(micros(goal.perClickMicros), scores.click);
    case "house":
      return ZERO_MICROS;
  }
}

/** Outcomes of the goal that one impression is expected to bring, for pacing. Units: millionths, rounded down. */
export function expectedOutcomePpm(goal: Goal, scores: Scores): number {
  switch (goal.kind) {
    case "cpm":
      return 1_000_000;
    case "completedView":
      return Math.floor(1_000_000 * scores.completedView);
    case "click":
      return Math.floor(1_000_000 * scores.click);
    case "house":
      return 0;
  }
}

/** Whether every head gave a probability. Anything else must not reach money. */
export function scoresAreUsable(scores: Scores): boolean {
  return Object.values(scores).every((score) => score >= 0 && score <= 1);
}

/**
 * The bid of one scored candidate: its goal's value, scaled by the campaign's multiplier. Units: micros, ppm. A
 * guaranteed ad bids its whole price, and is worth more to the break than all open demand together.
 * Requires: `scoresAreUsable`. `abandonCostMicros`: cost of one viewer leaving.
 */
export function toBid(scored: Scored, multiplierPpm: number, abandonCostMicros: Micros): Bid {
  const { goal, guarantee } = scored.offer;
  const pacedPpm = guarantee === null ? multiplierPpm : UNPACED_PPM;
  const bidMicros = scaleMicrosDown(goalValue(goal, scored.scores), pacedPpm);
  const promiseMicros = guarantee === null ? ZERO_MICROS : PROMISE_MICROS;
  const abandonMicros = expectedMicros(abandonCostMicros, scored.scores.abandon);
  return { ...scored, bidMicros, valueMicros: subtractMicros(addMicros(bidMicros, promiseMicros), abandonMicros) };
}
