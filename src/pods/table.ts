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

/** A table for some groups and the time they have. Row g: by cells of time left, what groups from g on gain at most. */
export class Table {
  /** Whether every length is a whole number of cells: then the table keeps to the time, and time needs no price. */
  readonly exact: boolean;
  readonly #cellMs: number;
  /** The cell of all the time there is. */
  readonly #last: number;
  readonly #board: Board;
  readonly #groups: Groups;
  /** By play: its length in cells. */
  readonly #length: Int32Array;
  /** Rows one after the other, each of `#width` values. */
  readonly #values: Float64Array;
  readonly #width: number;
  /** By group: cells that it and all later groups can take; a row is level from there on. */
  readonly #after: Int32Array;
  /** By group: cells that all earlier groups can take; a row is never asked for less than what these leave. */
  readonly #before: Int32Array;

  /** Requires: groups of plays of the board. `leftMs`: the time that all groups have. */
  constructor(board: Board, groups: Groups, leftMs: number) {
    const { count, start, play } = groups;
    let shared = 0;
    for (let p = 0; p < board.count; p++) {
      const lengthMs = board.lengthMs[p] ?? 0;
      if (shared === 0 || lengthMs % shared !== 0) shared = greatestCommonDivisor(lengthMs, shared);
    }
    const wanted = Math.max(1, shared);
    const most = Math.max(CELLS_MIN, Math.min(CELLS_MAX, Math.floor(VALUES_MAX / (count + 1))));
    this.#cellMs = Math.max(wanted, Math.ceil(leftMs / most));
    this.exact = this.#cellMs === wanted;
    this.#last = Math.floor(leftMs / this.#cellMs);
    this.#board = board;
    this.#groups = groups;
    this.#length = new Int32Array(board.count);
    for (let p = 0; p < board.count; p++) this.#length[p] = Math.floor((board.lengthMs[p] ?? 0) / this.#cellMs);
    this.#width = this.#last + 1;
    this.#values = new Float64Array((count + 1) * this.#width);
    this.#after = new Int32Array(count + 1);
    this.#before = new Int32Array(count + 1);
    // Of two lengths that are not whole cells, each may have one cell less than what they leave together.
    const lost = this.exact ? 0 : 1;
    const longest = new Int32Array(count);
    for (let g = 0; g < count; g++) {
      for (let at = start[g] ?? 0; at < (start[g + 1] ?? 0); at++) {
        longest[g] = Math.max(longest[g] ?? 0, this.#length[play[at] ?? 0] ?? 0);
      }
      this.#before[g + 1] = Math.min(this.#last, (this.#before[g] ?? 0) + (longest[g] ?? 0) + lost);
    }
    for (let g = count - 1; g >= 0; g--) {
      this.#after[g] = Math.min(this.#last, (this.#after[g + 1] ?? 0) + (longest[g] ?? 0));
    }
  }

  /** Fills the table for these reduced gains. Cost: plays × cells. */
  fill(reduced: Float64Array): void {
    const { count, start, play } = this.#groups;
    const values = this.#values;
    const width = this.#width;
    for (let g = count - 1; g >= 0; g--) {
      const here = g * width;
      const next = here + width;
      const least = this.#last - (this.#before[g] ?? 0);
      const level = this.#after[g] ?? 0;
      const levelNext = this.#after[g + 1] ?? 0;
      if (level > levelNext) values.fill(values[next + levelNext] ?? 0, next + levelNext + 1, next + level + 1);
      values.copyWithin(here, next, next + level + 1);
      const end = start[g + 1] ?? 0;
      for (let at = start[g] ?? 0; at < end; at++) {
        const p = play[at] ?? 0;
        const own = reduced[p] ?? 0;
        if (own <= 0) continue;
        const length = this.#length[p] ?? 0;
        const back = width - length;
        const stop = here + level;
        for (let cell = here + Math.min(level, Math.max(least, length)); cell <= stop; cell++) {
          const value = own + (values[cell + back] ?? 0);
          if (value > (values[cell] ?? 0)) values[cell] = value;
        }
      }
    }
  }

  /** Most that the groups from `group` on can gain in `leftMs`. */
  best(group: number, leftMs: number): number {
    return this.#at(group, Math.floor(leftMs / this.#cellMs));
  }

  /** By play: 1 where all groups, with this play among what they show, can gain `least`. Cost: as `fill`. */
  reaching(reduced: Float64Array, least: number): Uint8Array {
    const { count, start, play } = this.#groups;
    const can = new Uint8Array(this.#board.count);
    // What the groups so far gain at most, by cells they may take, and the cells from which on that is more.
    let front = new Float64Array(this.#width);
    let longer = new Float64Array(this.#width);
    const steps = new Int32Array(this.#width);
    let stepCount = 1;
    for (let g = 0; g < count; g++) {
      const reach = this.#before[g] ?? 0;
      const reachNext = this.#before[g + 1] ?? 0;
      front.fill(front[reach] ?? 0, reach + 1, reachNext + 1);
      longer.set(front);
      const end = start[g + 1] ?? 0;
      for (let at = start[g] ?? 0; at < end; at++) {
        const p = play[at] ?? 0;
        const own = reduced[p] ?? 0;
        const length = this.#length[p] ?? 0;
        can[p] = this.#completes(g + 1, this.#last - length, least - own, front, steps, stepCount) ? 1 : 0;
        if (own <= 0) continue;
        for (let cell = length; cell <= reachNext; cell++) {
          const value = own + (front[cell - length] ?? 0);
          if (value > (longer[cell] ?? 0)) longer[cell] = value;
        }
      }
      [front, longer] = [longer, front];
      stepCount = 1;
      for (let cell = 1; cell <= reachNext; cell++) {
        if ((front[cell] ?? 0) > (front[cell - 1] ?? 0)) steps[stepCount++] = cell;
      }
    }
    return can;
  }

  /** Whether the groups before, as in `front`, and those from `group` on can gain `least` in so many cells together. */
  #completes(
    group: number,
    cells: number,
    least: number,
    front: Float64Array,
    steps: Int32Array,
    stepCount: number,
  ): boolean {
    for (let i = 0; i < stepCount; i++) {
      const cell = steps[i] ?? 0;
      const rest = cells - cell;
      if (rest < 0) return false;
      const around = (front[cell] ?? 0) + this.#at(group, rest);
      if (around >= least) return true;
    }
    return false;
  }

  /** The plays that gain what the table says for all groups. Requires: filled for `reduced`. */
  trace(reduced: Float64Array, sure: number, into: Relaxed): void {
    const { count, start, play } = this.#groups;
    let cells = this.#last;
    let value = this.#at(0, cells);
    into.count = 0;
    into.bound = sure + value;
    for (let g = 0; g < count; g++) {
      const without = this.#at(g + 1, cells);
      if (value === without) continue;
      const end = start[g + 1] ?? 0;
      for (let at = start[g] ?? 0; at < end; at++) {
        const p = play[at] ?? 0;
        const rest = cells - (this.#length[p] ?? 0);
        if (rest < 0) continue;
        const after = this.#at(g + 1, rest);
        if ((reduced[p] ?? 0) + after !== value) continue;
        into.picks[into.count++] = p;
        cells = rest;
        value = after;
        break;
      }
    }
  }

  /** Row `group` with so many cells left. */
  #at(group: number, cells: number): number {
    const level = this.#after[group] ?? 0;
    return this.#values[group * this.#width + (cells < level ? cells : level)] ?? 0;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
