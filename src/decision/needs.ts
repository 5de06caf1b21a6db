/**
 * What it would have taken to win: how much an ad that is not shown must be worth to the break before the best pod has
 * it. Worked out only for those who ask, because every answer is one more pod.
 */
import { present } from "../kernel/assert.ts";
import { micros, ZERO_MICROS, type Micros } from "../kernel/money.ts";
import type { PodAd, PodSolution } from "../pods/instance.ts";
import { solvePod } from "../pods/solve.ts";
import { AD_MICROS_MAX, type PodQuestion } from "./pod_question.ts";

/**
 * The value above which this ad is shown, all others as they are; at exactly it, ties decide. Null when no value is
 * enough: ads of a higher tier or its own place stand in the way. Premiums for a place are left aside.
 * Requires: `without` solves the question and does not show the ad. Units: micros. Cost: one pod.
 */
export function valueNeeded({ ads, rules }: PodQuestion, index: number, without: PodSolution): Micros | null {
  const asked = present(ads[index], "the ad is one of those asked about");
  const precious: PodAd = { ...asked, valueMicros: AD_MICROS_MAX, firstPremiumMicros: 0, lastPremiumMicros: 0 };
  const withIt = ads.with(index, precious);
  const solution = solvePod(withIt, rules);
  if (!solution.ads.includes(index)) return null;
  const order = compareTiers(withIt, solution, without);
  if (order < 0) return null;
  if (order > 0) return ZERO_MICROS;
  return micros(Math.max(0, without.valueMicros - (solution.valueMicros - AD_MICROS_MAX)));
}

/** Which of two pods of the same ads shows more of the highest tier in which they differ; 0 when in none. */
export function compareTiers(ads: readonly PodAd[], a: PodSolution, b: PodSolution): number {
  for (const tier of [5, 4, 3, 2, 1]) {
    const difference = countTier(ads, a, tier) - countTier(ads, b, tier);
    if (difference !== 0) return difference;
  }
  return 0;
}

function countTier(ads: readonly PodAd[], { ads: shown }: PodSolution, tier: number): number {
  return shown.filter((index) => ads[index]?.tier === tier).length;
}
