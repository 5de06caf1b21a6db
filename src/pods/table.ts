/**
 * How much the groups from one on can still add at most, by ads and time left: a table, exact for the groups at given
 * prices but for lengths that do not fall on its grid, which are rounded down. It never says less than the truth.
 * Source: dynamic programming for the multiple-choice knapsack (Kellerer, Pferschy, Pisinger: Knapsack Problems, 11).
 */
import type { Board } from "./board.ts";
import type { Groups } from "./groups.ts";

/** Values in a table at most. */
const CELLS_MAX = 400_000;
/** Cells of the time axis at most. */
const TIME_CELLS_MAX = 240;
const TIME_CELLS_MIN = 32;

/** Shape of the table of these groups: row-major [groups + 1, ads + 1, cells]. */
export interface Grid {
  readonly cellMs: number;
  readonly cells: number;
  /** Ads counted at most; 0 when there would be too many to count and their price stands in. */
  readonly ads: number;
  /** Whether every length is a whole number of cells. */
  readonly exact: boolean;
}

/** A table. */
export interface Table extends Grid {
  readonly values: Float64Array;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The grid for these groups: what all lengths share, or coarser when the table would be too large. */
export function gridOf(board: Board, groups: Groups): Grid {
  let shared = 0;
  const plays = groups.start[groups.count] ?? 0;
  for (let i = 0; i < plays; i++) shared = greatestCommonDivisor(shared, board.lengthMs[groups.play[i] ?? 0] ?? 0);
  const { durationMs } = board.rules;
  const adsMax = Math.min(board.dynamicMax, groups.count);
  const ads = (groups.count + 1) * (adsMax + 1) * TIME_CELLS_MIN <= CELLS_MAX ? adsMax : 0;
  const room = Math.max(
    TIME_CELLS_MIN,
    Math.min(TIME_CELLS_MAX, Math.floor(CELLS_MAX / ((groups.count + 1) * (ads + 1)))),
  );
  const wanted = Math.max(1, shared);
  const cellMs = Math.max(wanted, Math.ceil(durationMs / room));
  return { cellMs, cells: Math.floor(durationMs / cellMs) + 1, ads, exact: cellMs === wanted };
}

/** The table of these groups with these gains. Cost: plays × ads × cells. */
export function tableOf(board: Board, groups: Groups, grid: Grid, gain: Float64Array): Table {
  const { cellMs, cells, ads } = grid;
  const layer = (ads + 1) * cells;
  const values = new Float64Array((groups.count + 1) * layer);
  for (let g = groups.count - 1; g >= 0; g--) {
    const here = g * layer;
    const next = here + layer;
    values.copyWithin(here, next, next + layer);
    for (let i = groups.start[g] ?? 0; i < (groups.start[g + 1] ?? 0); i++) {
      const p = groups.play[i] ?? 0;
      const own = gain[p] ?? 0;
      if (own <= 0) continue;
      const length = Math.floor((board.lengthMs[p] ?? 0) / cellMs);
      const one = ads === 0 ? 0 : (board.dynamic[p] ?? 0);
      for (let left = one; left <= ads; left++) {
        const row = here + left * cells;
        const rest = next + (left - one) * cells - length;
        for (let cell = length; cell < cells; cell++) {
          const value = own + (values[rest + cell] ?? 0);
          if (value > (values[row + cell] ?? 0)) values[row + cell] = value;
        }
      }
    }
  }
  return { ...grid, values };
}
