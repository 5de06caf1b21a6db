/**
 * How sure a difference is that was measured on the same breaks with and without something: the breaks are drawn again
 * and again with replacement, each with both of its results, and the differences of those draws give the interval.
 * Source: Efron 1979; drawn as Poisson weights (Hanley and MacGibbon 2006).
 */
import { stream } from "../../kernel/random.ts";
import { drawPoisson, quantile } from "../planning/replicates.ts";

/** One break: what was without, and what is with. */
export interface Pair {
  readonly without: number;
  readonly with: number;
}

/** A relative change and the bounds between which 95 of 100 draws fall. All 0 where there was nothing. */
export interface Change {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

const DRAWS = 400;

/** The relative change of the sum. Same pairs in the same order, same seed: same answer. Cost: draws × pairs. */
export function changeOf(pairs: readonly Pair[], seed: string): Change {
  const without = pairs.reduce((sum, pair) => sum + pair.without, 0);
  const gained = pairs.reduce((sum, pair) => sum + pair.with - pair.without, 0);
  if (without === 0) return { share: 0, low: 0, high: 0 };
  const random = stream(seed, "breaks drawn again");
  const shares = Array.from({ length: DRAWS }, () => {
    let [base, gain] = [0, 0];
    for (const pair of pairs) {
      const times = drawPoisson(random, 1);
      base += times * pair.without;
      gain += times * (pair.with - pair.without);
    }
    return base === 0 ? 0 : gain / base;
  });
  return { share: gained / without, low: quantile(shares, 0.025), high: quantile(shares, 0.975) };
}
