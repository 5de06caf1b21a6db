/**
 * Prices of what is scarce in a break (its time, its number of ads, each class of which so many may show) such that
 * the best pod at those prices, which is easy to find, gains hardly more than the best pod there is. Any prices give a
 * true upper bound; good ones say of most plays that no best pod contains them.
 * Source: Lagrangian relaxation with Polyak's subgradient steps (Fisher, Management Science 27, 1981).
 */
import type { Board } from "./board.ts";
import type { Groups } from "./groups.ts";

/** Prices in scaled gain. Whole numbers wherever a bound is taken from them, so that it is exact. */
export interface Prices {
  perMs: number;
  perAd: number;
  /** By class. */
  readonly perClass: Float64Array;
}

/** No price for anything. */
export function freeOf(board: Board): Prices {
  return { perMs: 0, perAd: 0, perClass: new Float64Array(board.capacity.length) };
}

/** What all capacity costs at these prices. */
export function constantOf(board: Board, { perMs, perAd, perClass }: Prices): number {
  let sum = perMs * board.rules.durationMs + perAd * board.dynamicMax;
  for (let number = 0; number < perClass.length; number++) {
    sum += (perClass[number] ?? 0) * (board.capacity[number] ?? 0);
  }
  return sum;
}

/** By play: its gain less all it takes at these prices. */
export function reduce(board: Board, prices: Prices, into: Float64Array = new Float64Array(board.count)): Float64Array {
  const { count, gain, lengthMs, dynamic, classStart, classOf } = board;
  const { perMs, perAd, perClass } = prices;
  for (let p = 0; p < count; p++) {
    let left = (gain[p] ?? 0) - perMs * (lengthMs[p] ?? 0) - perAd * (dynamic[p] ?? 0);
    const end = classStart[p + 1] ?? 0;
    for (let at = classStart[p] ?? 0; at < end; at++) left -= perClass[classOf[at] ?? 0] ?? 0;
    into[p] = left;
  }
  return into;
}

/** The best pod at some prices, which may break rules that only prices hold. */
export interface Relaxed {
  /** Its plays: the first `count` of `picks`. */
  readonly picks: Int32Array;
  count: number;
  /** No pod of the board gains more. */
  bound: number;
}

/** The best play of every group, where time, ads and classes are had at their prices. */
export function bestOfGroups(groups: Groups, reduced: Float64Array, constant: number, into: Relaxed): void {
  const { start, play } = groups;
  into.count = 0;
  into.bound = constant;
  for (let g = 0; g < groups.count; g++) {
    let most = 0;
    let pick = -1;
    const end = start[g + 1] ?? 0;
    for (let at = start[g] ?? 0; at < end; at++) {
      const p = play[at] ?? 0;
      const left = reduced[p] ?? 0;
      if (left > most) [most, pick] = [left, p];
    }
    if (pick < 0) continue;
    into.bound += most;
    into.picks[into.count++] = pick;
  }
}

/** Rounds without gain after which steps are halved, and the share of the bound that is a gain. */
const PATIENCE = 3;
const GAIN = 1e-3;
/** Share of Polyak's step to begin with where prices are known already. */
const AGAIN_STEP = 0.5;

/** A search for good prices: after every relaxed pod it moves them against what that pod took too much of. */
export class Ascent {
  /** Prices to try next. */
  readonly prices: Prices;
  readonly #board: Board;
  readonly #best: Prices;
  readonly #slack: Float64Array;
  /** Time counts in units of an average ad, so that all prices move at one pace. */
  readonly #unitMs: number;
  readonly #timed: boolean;
  #bestBound = Number.POSITIVE_INFINITY;
  #step: number;
  #stalled = 0;

  /** `timed`: time is had at a price; otherwise the relaxed pods keep to it. `again`: prices are good already. */
  constructor(board: Board, from: Prices, timed: boolean, again = false) {
    this.#step = again ? AGAIN_STEP : 1;
    this.#board = board;
    this.prices = { ...from, perMs: timed ? from.perMs : 0, perClass: from.perClass.slice() };
    this.#best = { ...this.prices, perClass: from.perClass.slice() };
    this.#slack = new Float64Array(board.capacity.length);
    this.#unitMs = Math.max(1, board.rules.durationMs / Math.max(1, board.dynamicMax));
    this.#timed = timed;
  }

  /** The best prices met, as whole numbers. */
  best(): Prices {
    const { perMs, perAd, perClass } = this.#best;
    return { perMs: Math.round(perMs), perAd: Math.round(perAd), perClass: perClass.map(Math.round) };
  }

  /** Takes in the relaxed pod at `prices` and moves them. `floor`: what some pod gains. False: no step helps. */
  move(relaxed: Relaxed, floor: number): boolean {
    this.#judge(relaxed.bound);
    const { prices } = this;
    const { lengthMs, dynamic, classStart, classOf, capacity, rules, dynamicMax } = this.#board;
    const slack = this.#slack;
    for (let number = 0; number < slack.length; number++) slack[number] = capacity[number] ?? 0;
    let timeSlack = rules.durationMs;
    let adSlack = dynamicMax;
    for (let i = 0; i < relaxed.count; i++) {
      const p = relaxed.picks[i] ?? 0;
      timeSlack -= lengthMs[p] ?? 0;
      adSlack -= dynamic[p] ?? 0;
      const end = classStart[p + 1] ?? 0;
      for (let at = classStart[p] ?? 0; at < end; at++) {
        const number = classOf[at] ?? 0;
        slack[number] = (slack[number] ?? 0) - 1;
      }
    }
    timeSlack = this.#timed ? timeSlack / this.#unitMs : 0;
    // A direction that would push a price of zero below zero does not count.
    let norm = 0;
    if (prices.perMs > 0 || timeSlack < 0) norm += timeSlack * timeSlack;
    if (prices.perAd > 0 || adSlack < 0) norm += adSlack * adSlack;
    for (let number = 0; number < slack.length; number++) {
      const own = slack[number] ?? 0;
      if (own < 0 || (prices.perClass[number] ?? 0) > 0) norm += own * own;
    }
    const excess = relaxed.bound - floor;
    if (norm === 0 || excess <= 0) return false;
    const length = (this.#step * excess) / norm;
    prices.perMs = Math.max(0, prices.perMs - (length * timeSlack) / this.#unitMs);
    prices.perAd = Math.max(0, prices.perAd - length * adSlack);
    for (let number = 0; number < slack.length; number++) {
      prices.perClass[number] = Math.max(0, (prices.perClass[number] ?? 0) - length * (slack[number] ?? 0));
    }
    return true;
  }

  /** Keeps the prices when their bound is the lowest so far; halves the steps when it has not fallen for a while. */
  #judge(bound: number): void {
    if (bound < this.#bestBound) {
      this.#stalled = bound > this.#bestBound - Math.abs(this.#bestBound) * GAIN ? this.#stalled + 1 : 0;
      this.#bestBound = bound;
      this.#best.perMs = this.prices.perMs;
      this.#best.perAd = this.prices.perAd;
      this.#best.perClass.set(this.prices.perClass);
    } else this.#stalled++;
    if (this.#stalled < PATIENCE) return;
    this.#step /= 2;
    this.#stalled = 0;
  }
}
