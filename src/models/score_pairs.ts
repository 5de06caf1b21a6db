/**
 * How two models' answers for the same rows compare, as sums that add up: an edge counts pairs of the live and the
 * shadow set's scores, origin adds what all edges counted. Bounded whatever the number of pairs.
 */
import { z } from "zod";

const count = z.int().nonnegative();
const sum = z.number();

/** Sums over pairs (live's score, shadow's score) of one head. */
export const scorePairsSchema = z.object({
  count,
  /** Of the distances between the two. */
  apartSum: sum.nonnegative(),
  apartMax: sum.nonnegative(),
  liveSum: sum,
  shadowSum: sum,
  liveSquares: sum.nonnegative(),
  shadowSquares: sum.nonnegative(),
  products: sum,
});

export type ScorePairs = z.output<typeof scorePairsSchema>;

/** What a person reads of them. Null: too few pairs, or scores that never vary. */
export interface PairFigures {
  readonly count: number;
  readonly meanApart: number | null;
  readonly apartMax: number;
  readonly liveMean: number | null;
  readonly shadowMean: number | null;
  /** Pearson's, from −1 to 1. */
  readonly correlation: number | null;
}

/** No pair yet. */
export const NO_PAIRS: ScorePairs = {
  count: 0,
  apartSum: 0,
  apartMax: 0,
  liveSum: 0,
  shadowSum: 0,
  liveSquares: 0,
  shadowSquares: 0,
  products: 0,
};

/** The sums of two columns of scores. Requires: as many of one as of the other, all finite. */
export function pairScores(live: ArrayLike<number>, shadow: ArrayLike<number>): ScorePairs {
  const sums = { ...NO_PAIRS };
  for (let row = 0; row < live.length; row++) {
    const [x, y] = [live[row] ?? 0, shadow[row] ?? 0];
    const apart = Math.abs(x - y);
    sums.count += 1;
    sums.apartSum += apart;
    sums.apartMax = Math.max(sums.apartMax, apart);
    sums.liveSum += x;
    sums.shadowSum += y;
    sums.liveSquares += x * x;
    sums.shadowSquares += y * y;
    sums.products += x * y;
  }
  return sums;
}

/** The sums over the pairs of both. */
export function addPairs(a: ScorePairs, b: ScorePairs): ScorePairs {
  return {
    count: a.count + b.count,
    apartSum: a.apartSum + b.apartSum,
    apartMax: Math.max(a.apartMax, b.apartMax),
    liveSum: a.liveSum + b.liveSum,
    shadowSum: a.shadowSum + b.shadowSum,
    liveSquares: a.liveSquares + b.liveSquares,
    shadowSquares: a.shadowSquares + b.shadowSquares,
    products: a.products + b.products,
  };
}

/** The figures of some sums. */
export function pairFigures(sums: ScorePairs): PairFigures {
  const { count: n, apartMax } = sums;
  const mean = (of: number): number | null => (n === 0 ? null : of / n);
  const liveSpread = n * sums.liveSquares - sums.liveSum ** 2;
  const shadowSpread = n * sums.shadowSquares - sums.shadowSum ** 2;
  const together = n * sums.products - sums.liveSum * sums.shadowSum;
  const varies = n > 1 && liveSpread > 0 && shadowSpread > 0;
  return {
    count: n,
    meanApart: mean(sums.apartSum),
    apartMax,
    liveMean: mean(sums.liveSum),
    shadowMean: mean(sums.shadowSum),
    correlation: varies ? Math.max(-1, Math.min(1, together / Math.sqrt(liveSpread * shadowSpread))) : null,
  };
}
