/**
 * How sure a difference is that was measured on the same breaks with and without something: the breaks are drawn again
 * and again with replacement, each with both of its results, and the differences of those draws give the interval.
 * Source: Efron 1979; drawn as Poisson weights (Hanley and MacGibbon 2006).
 */
import { stream } from "../../kernel/random.ts";

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
/** How often a break is drawn, by the chance of at most so many times: the Poisson distribution of mean 1. */
const AT_MOST = [0, 1, 2, 3, 4, 5, 6, 7].map(
  (() => {
    let [term, sum] = [Math.exp(-1), 0];
    return (times: number) => {
      sum += term;
      term /= times + 1;
      return sum;
    };
  })(),
);

/** The relative change of the sum. Same pairs in the same order, same seed: same answer. Cost: draws × pairs. */
export function changeOf(pairs: readonly Pair[], seed: string): Change {
  const without = pairs.reduce((sum, pair) => sum + pair.without, 0);
  const gained = pairs.reduce((sum, pair) => sum + pair.with - pair.without, 0);
  if (without === 0) return { share: 0, low: 0, high: 0 };
  const random = stream(seed, "breaks drawn again");
  const shares = Array.from({ length: DRAWS }, () => {
    let [base, gain] = [0, 0];
    for (const pair of pairs) {
      const luck = random.next();
      let times = 0;
      while (times < AT_MOST.length && luck >= (AT_MOST[times] ?? 1)) times++;
      base += times * pair.without;
      gain += times * (pair.with - pair.without);
    }
    return base === 0 ? 0 : gain / base;
  }).sort((a, b) => a - b);
  const at = (share: number): number => shares[Math.round(share * (DRAWS - 1))] ?? 0;
  return { share: gained / without, low: at(0.025), high: at(0.975) };
}
