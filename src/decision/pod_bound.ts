/**
 * How much a break could still gain at most: a table over what is left of advertisers, slots and time, exact but for
 * the separation of categories and for durations that do not fall on the table's grid. It never says less than the
 * truth, so the search of pod.ts may give up wherever it says too little.
 * Source: dynamic programming for the multiple-choice knapsack (Kellerer, Pferschy, Pisinger: Knapsack Problems, 11).
 */
import type { Bid } from "./candidate.ts";

/** Cells of the time axis at most; a finer grid costs more than it prunes. */
const TIME_CELLS_MAX = 240;

/** A bid with its length as a whole number, so that sums are exact. Units: milliseconds. */
export interface TimedBid {
  readonly bid: Bid;
  readonly lengthMs: number;
}

/** The bids of one advertiser: at most one of them is shown. */
export type AdvertiserGroup = readonly TimedBid[];

/** Looks the bound up. Units: micros, milliseconds. */
export interface PodBound {
  /** Best value that the groups from `group` on can add in `leftMs` and `slots`. */
  best(group: number, slots: number, leftMs: number): number;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Grid of the time axis: what all lengths share, or coarser when that would need too many cells. */
function gridMs(groups: readonly AdvertiserGroup[], durationMs: number): number {
  let shared = durationMs;
  for (const group of groups) for (const { lengthMs } of group) shared = greatestCommonDivisor(shared, lengthMs);
  return Math.max(shared, Math.ceil(durationMs / TIME_CELLS_MAX));
}

/**
 * The table for these groups. Lengths are rounded down to the grid, which can only raise the bound.
 * Cost: groups × slots × cells × bids a group; at most 64 × 16 × 240 cells.
 */
export function podBound(groups: readonly AdvertiserGroup[], durationMs: number, maxAds: number): PodBound {
  const grid = gridMs(groups, durationMs);
  const cells = Math.floor(durationMs / grid) + 1;
  const layer = (maxAds + 1) * cells;
  const table = new Float64Array((groups.length + 1) * layer);
  for (let group = groups.length - 1; group >= 0; group--) {
    const here = group * layer;
    const next = here + layer;
    table.copyWithin(here, next, next + layer);
    for (const { bid, lengthMs } of groups[group] ?? []) {
      const length = Math.floor(lengthMs / grid);
      for (let slots = 1; slots <= maxAds; slots++) {
        const row = here + slots * cells;
        const rest = next + (slots - 1) * cells - length;
        for (let cell = length; cell < cells; cell++) {
          const value = bid.valueMicros + (table[rest + cell] ?? 0);
          if (value > (table[row + cell] ?? 0)) table[row + cell] = value;
        }
      }
    }
  }
  return {
    best: (group, slots, leftMs) => table[group * layer + slots * cells + Math.floor(leftMs / grid)] ?? 0,
  };
}
