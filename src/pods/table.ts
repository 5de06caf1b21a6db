/**
 * How much the groups from one on can still gain at most in the time left: a table, exact at given prices but for
 * lengths that do not fall on its grid, which are rounded down. It never says less than the truth.
 * Source: dynamic programming for the multiple-choice knapsack (Kellerer, Pferschy, Pisinger: Knapsack Problems, 11).
 */
import type { Board } from "./board.ts";
import type { Relaxed } from "./dual.ts";
import type { Groups } from "./groups.ts";

/** Values in a table at most, and cells of its time axis. */
const VALUES_MAX = 200_000;
const CELLS_MAX = 1_200;
const CELLS_MIN = 16;

/** A table for some groups: row-major [groups + 1, cells]. Filled anew for every set of prices. */
export class Table {
  readonly cells: number;
  readonly cellMs: number;
  /** Whether every length is a whole number of cells: then the table keeps to the time, and time needs no price. */
  readonly exact: boolean;
  readonly values: Float64Array;
  readonly #board: Board;
  readonly #groups: Groups;

  constructor(board: Board, groups: Groups) {
    const { durationMs } = board.rules;
    let shared = 0;
    for (let p = 0; p < board.count; p++) shared = greatestCommonDivisor(board.lengthMs[p] ?? 0, shared);
    const wanted = Math.max(1, shared);
    const most = Math.max(CELLS_MIN, Math.min(CELLS_MAX, Math.floor(VALUES_MAX / (groups.count + 1))));
    this.cellMs = Math.max(wanted, Math.ceil(durationMs / most));
    this.exact = this.cellMs === wanted;
    this.cells = Math.floor(durationMs / this.cellMs) + 1;
    this.values = new Float64Array((groups.count + 1) * this.cells);
    this.#board = board;
    this.#groups = groups;
  }

  /** Fills the table for these reduced gains. Cost: plays × cells. */
  fill(reduced: Float64Array): void {
    const { cells, cellMs, values } = this;
    const { count, start, play } = this.#groups;
    const { lengthMs } = this.#board;
    for (let g = count - 1; g >= 0; g--) {
      const here = g * cells;
      const next = here + cells;
      values.copyWithin(here, next, next + cells);
      const end = start[g + 1] ?? 0;
      for (let at = start[g] ?? 0; at < end; at++) {
        const p = play[at] ?? 0;
        const own = reduced[p] ?? 0;
        if (own <= 0) continue;
        const length = Math.floor((lengthMs[p] ?? 0) / cellMs);
        for (let cell = length; cell < cells; cell++) {
          const value = own + (values[next + cell - length] ?? 0);
          if (value > (values[here + cell] ?? 0)) values[here + cell] = value;
        }
      }
    }
  }

  /** Most that the groups from `group` on can gain in `leftMs`. */
  best(group: number, leftMs: number): number {
    return this.values[group * this.cells + Math.floor(leftMs / this.cellMs)] ?? 0;
  }

  /**
   * By play: the most that all groups can gain in `leftMs` with this play among what they show. Requires: filled for
   * `reduced`. Cost: as `fill`, twice.
   */
  through(reduced: Float64Array, leftMs: number): Float64Array {
    const { cells, cellMs, values } = this;
    const { count, start, play } = this.#groups;
    const last = Math.floor(leftMs / cellMs);
    const most = new Float64Array(this.#board.count).fill(Number.NEGATIVE_INFINITY);
    // What the groups so far gain at most, by cells they may take.
    let before = new Float64Array(cells);
    for (let g = 0; g < count; g++) {
      const next = (g + 1) * cells;
      const after = before.slice();
      const end = start[g + 1] ?? 0;
      for (let at = start[g] ?? 0; at < end; at++) {
        const p = play[at] ?? 0;
        const own = reduced[p] ?? 0;
        const rest = last - Math.floor((this.#board.lengthMs[p] ?? 0) / cellMs);
        let best = Number.NEGATIVE_INFINITY;
        for (let cell = 0; cell <= rest; cell++) {
          const around = (before[cell] ?? 0) + (values[next + rest - cell] ?? 0);
          if (around > best) best = around;
        }
        most[p] = best + own;
        for (let cell = last - rest; cell <= last; cell++) {
          const value = own + (before[cell - last + rest] ?? 0);
          if (value > (after[cell] ?? 0)) after[cell] = value;
        }
      }
      before = after;
    }
    return most;
  }

  /** The plays that gain what the table says for all groups in `leftMs`. */
  trace(reduced: Float64Array, leftMs: number, constant: number, into: Relaxed): void {
    const { cells, cellMs, values } = this;
    const { count, start, play } = this.#groups;
    let cell = Math.floor(leftMs / cellMs);
    into.count = 0;
    into.bound = constant + (values[cell] ?? 0);
    for (let g = 0; g < count; g++) {
      const value = values[g * cells + cell] ?? 0;
      const next = (g + 1) * cells;
      if (value === values[next + cell]) continue;
      const end = start[g + 1] ?? 0;
      for (let at = start[g] ?? 0; at < end; at++) {
        const p = play[at] ?? 0;
        const rest = cell - Math.floor((this.#board.lengthMs[p] ?? 0) / cellMs);
        if (rest < 0 || (reduced[p] ?? 0) + (values[next + rest] ?? 0) !== value) continue;
        into.picks[into.count++] = p;
        cell = rest;
        break;
      }
    }
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
