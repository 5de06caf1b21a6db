/**
 * Prices of what is scarce in a break (its time, its number of ads, each class of ads that may show so many) such that
 * the best pod at those prices, which is found group by group, is worth hardly more than the best pod there is. Any
 * prices give a true upper bound; good ones say of most plays that no best pod contains them.
 * Source: Lagrangian relaxation with Polyak's subgradient steps (Fisher, Management Science 27, 1981); fixing by reduced
 * costs.
 */
import type { Board } from "./board.ts";
import type { Groups } from "./groups.ts";

const ROUNDS_MAX = 60;

/** Whole-number prices, in scaled gain. */
export interface Prices {
  readonly perMs: number;
  readonly perAd: number;
  /** By class. */
  readonly perClass: Float64Array;
}

/** What the plays are worth at some prices. */
export interface Reduced {
  /** No pod gains more. Scaled. */
  readonly bound: number;
  /** By play: its gain less all it takes. */
  readonly gain: Float64Array;
  /** By group: its best play's reduced gain, at least 0. */
  readonly best: Float64Array;
}

/** The worth of every play at these prices. Exact: all numbers are whole. */
export function reducedAt(board: Board, groups: Groups, prices: Prices): Reduced {
  const gain = new Float64Array(board.count);
  const best = new Float64Array(groups.count);
  let bound = constantOf(board, prices);
  for (let g = 0; g < groups.count; g++) {
    let most = 0;
    for (let at = groups.start[g] ?? 0; at < (groups.start[g + 1] ?? 0); at++) {
      const p = groups.play[at] ?? 0;
      const left = reducedGain(board, prices, p);
      gain[p] = left;
      if (left > most) most = left;
    }
    best[g] = most;
    bound += most;
  }
  return { bound, gain, best };
}

/** What all capacity costs at these prices. */
export function constantOf(board: Board, { perMs, perAd, perClass }: Prices): number {
  let sum = perMs * board.rules.durationMs + perAd * board.dynamicMax;
  for (let number = 0; number < perClass.length; number++) {
    sum += (perClass[number] ?? 0) * (board.capacity[number] ?? 0);
  }
  return sum;
}

/** A play's gain less all it takes at these prices. */
export function reducedGain(
  { gain, lengthMs, dynamic, classStart, classOf }: Board,
  prices: Prices,
  p: number,
): number {
  let left = (gain[p] ?? 0) - prices.perMs * (lengthMs[p] ?? 0) - prices.perAd * (dynamic[p] ?? 0);
  for (let at = classStart[p] ?? 0; at < (classStart[p + 1] ?? 0); at++) {
    left -= prices.perClass[classOf[at] ?? 0] ?? 0;
  }
  return left;
}

/**
 * Good prices. `floorGain`: what some pod is known to gain; the nearer to the best, the better the steps.
 * Cost: ≤ `ROUNDS_MAX` passes over the plays.
 */
export function pricesFor(board: Board, groups: Groups, floorGain: number, rounds = ROUNDS_MAX, from?: Prices): Prices {
  const classes = board.capacity.length;
  // Time counts in units of an average ad, so that all prices move at one pace.
  const unitMs = Math.max(1, board.rules.durationMs / Math.max(1, board.dynamicMax));
  let perUnit = (from?.perMs ?? 0) * unitMs;
  let perAd = from?.perAd ?? 0;
  const perClass = from === undefined ? new Float64Array(classes) : Float64Array.from(from.perClass);
  let best: Prices = { perMs: perUnit / unitMs, perAd, perClass: perClass.slice() };
  let bestBound = Number.POSITIVE_INFINITY;
  const slack = new Float64Array(classes);
  let step = 1;
  let stalled = 0;
  for (let round = 0; round < rounds; round++) {
    const at: Prices = { perMs: perUnit / unitMs, perAd, perClass };
    let bound = constantOf(board, at);
    let timeLeft = board.rules.durationMs;
    let adsLeft = board.dynamicMax;
    for (let number = 0; number < classes; number++) slack[number] = board.capacity[number] ?? 0;
    for (let g = 0; g < groups.count; g++) {
      let most = 0;
      let pick = -1;
      for (let i = groups.start[g] ?? 0; i < (groups.start[g + 1] ?? 0); i++) {
        const p = groups.play[i] ?? 0;
        const left = reducedGain(board, at, p);
        if (left > most) [most, pick] = [left, p];
      }
      if (pick < 0) continue;
      bound += most;
      timeLeft -= board.lengthMs[pick] ?? 0;
      adsLeft -= board.dynamic[pick] ?? 0;
      for (let i = board.classStart[pick] ?? 0; i < (board.classStart[pick + 1] ?? 0); i++) {
        const number = board.classOf[i] ?? 0;
        slack[number] = (slack[number] ?? 0) - 1;
      }
    }
    if (bound < bestBound) {
      if (bound > bestBound - Math.abs(bestBound) * 1e-4) stalled++;
      else stalled = 0;
      bestBound = bound;
      best = { perMs: perUnit / unitMs, perAd, perClass: perClass.slice() };
    } else stalled++;
    if (stalled >= 4) {
      step /= 2;
      stalled = 0;
    }
    const timeSlack = timeLeft / unitMs;
    // A direction that would push a zero price below zero does not count.
    let norm = 0;
    if (perUnit > 0 || timeSlack < 0) norm += timeSlack * timeSlack;
    if (perAd > 0 || adsLeft < 0) norm += adsLeft * adsLeft;
    for (let number = 0; number < classes; number++) {
      const own = slack[number] ?? 0;
      if ((perClass[number] ?? 0) > 0 || own < 0) norm += own * own;
    }
    if (norm === 0 || bound <= floorGain) break;
    const length = (step * (bound - floorGain)) / norm;
    perUnit = Math.max(0, perUnit - length * timeSlack);
    perAd = Math.max(0, perAd - length * adsLeft);
    for (let number = 0; number < classes; number++) {
      perClass[number] = Math.max(0, (perClass[number] ?? 0) - length * (slack[number] ?? 0));
    }
  }
  return {
    perMs: Math.round(best.perMs),
    perAd: Math.round(best.perAd),
    perClass: best.perClass.map((price) => Math.round(price)),
  };
}
