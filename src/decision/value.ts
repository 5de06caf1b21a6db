/**
 * The one place where a probability becomes money. A goal and the heads' probabilities say what one impression is worth
 * to its buyer; pacing scales it down; what viewers who leave cost the publisher is taken off an ad's value, never off
 * its price.
 */
import type { Goal } from "../catalog/entities.ts";
import { CATALOG_LIMITS } from "../kernel/limits.ts";
import { micros, perImpression, scaleMicrosDown, ZERO_MICROS, type Micros } from "../kernel/money.ts";
import type { Scored, Scores } from "./candidate.ts";

/** Guaranteed deals pay their price; the table paces them. Units: ppm. */
const UNPACED_PPM = 1_000_000;

/** An expected amount: `amount × probability`, rounded down. Requires: probability in [0, 1]. */
function expectedMicros(amount: Micros, probability: number): Micros {
  return micros(Math.floor(amount * probability));
}

/**
 * What a conversion may cost: its target, or what it brings over the return that is asked for, rounded down and held to
 * the largest price that a catalog may state.
 */
export function perConversion(goal: Extract<Goal, { kind: "conversion" | "roas" }>): Micros {
  if (goal.kind === "conversion") return micros(goal.perConversionMicros);
  const exact = (BigInt(goal.conversionValueMicros) * 1_000_000n) / BigInt(goal.targetRoasPpm);
  return micros(Math.min(Number(exact), CATALOG_LIMITS.priceMicrosMax));
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
    case "conversion":
    case "roas":
      return expectedMicros(perConversion(goal), scores.conversion);
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
    case "conversion":
    case "roas":
      return Math.floor(1_000_000 * scores.conversion);
    case "house":
      return 0;
  }
}

/** Whether every head gave a probability. Anything else must not reach money. */
export function scoresAreUsable(scores: Scores): boolean {
  return Object.values(scores).every((score) => score >= 0 && score <= 1);
}

/**
 * What the impression is worth to the buyer now: its goal's value, scaled by the campaign's multiplier. A guaranteed ad
 * is worth its whole price. Units: micros, ppm. Requires: `scoresAreUsable`.
 */
export function fullBid({ offer, scores }: Scored, multiplierPpm: number): Micros {
  return scaleMicrosDown(goalValue(offer.goal, scores), offer.guarantee === null ? multiplierPpm : UNPACED_PPM);
}

/** What viewers who leave during the ad cost on average. `abandonCostMicros`: cost of one of them. */
export function leavingCost(scores: Scores, abandonCostMicros: Micros): Micros {
  return expectedMicros(abandonCostMicros, scores.abandon);
}
