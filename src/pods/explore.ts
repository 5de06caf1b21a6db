/**
 * From a board to its best pod: prices for the whole board, which leave few plays that can matter; better prices for
 * those, against a table that keeps to the time; and a search of what is left.
 */
import { narrow, type Board } from "./board.ts";
import { Ascent, bestOfGroups, constantOf, freeOf, reduce, type Prices, type Relaxed } from "./dual.ts";
import { groupsOf, type Groups } from "./groups.ts";
import { Incumbent, search } from "./search.ts";
import { Table } from "./table.ts";
import { Tray } from "./tray.ts";

/** Rounds of prices for the whole board, and at most for the plays that can matter. */
export const T = { WHOLE_ROUNDS: 24, CORE_ROUNDS: 15 };

/** A board with what does not depend on which of its pods is asked for. */
export interface Prepared {
  readonly board: Board;
  readonly groups: Groups;
  readonly prices: Prices;
  /** By play: its gain at these prices. */
  readonly reduced: Float64Array;
  /** By group: the most of its plays' reduced gains, at least 0. */
  readonly best: Float64Array;
  /** No pod gains more. */
  readonly bound: number;
  /** Plays by reduced gain, most first: pods are filled in this order. */
  readonly order: Int32Array;
}

/** Which pods are asked for. */
export interface Question {
  /** A play that must be in it, or null. */
  readonly root: number | null;
  /** An ad that must not be in it (index as handed in), or null. */
  readonly without: number | null;
  /** Plays of a pod that is likely near: taken first where the rules allow. */
  readonly hint: readonly number[];
  readonly nodesMax: number;
}

/** Prices a board. */
export function prepare(board: Board): Prepared {
  const all = Int32Array.from({ length: board.count }, (_, p) => p);
  const groups = groupsOf(board, all);
  const tray = new Tray(board);
  tray.fill(all);
  const relaxed: Relaxed = { picks: new Int32Array(board.count), count: 0, bound: 0 };
  const ascent = new Ascent(board, freeOf(board), true);
  const reduced = new Float64Array(board.count);
  let floor = tray.gain;
  for (let round = 0; round < T.WHOLE_ROUNDS; round++) {
    reduce(board, ascent.prices, reduced);
    bestOfGroups(groups, reduced, constantOf(board, ascent.prices), relaxed);
    if (round % 8 === 7) {
      tray.clear();
      tray.fill(byGain(relaxed.picks.subarray(0, relaxed.count), reduced));
      tray.fill(all);
      floor = Math.max(floor, tray.gain);
    }
    if (!ascent.move(relaxed, floor)) break;
  }
  const prices = ascent.best();
  reduce(board, prices, reduced);
  const best = new Float64Array(groups.count);
  let bound = constantOf(board, prices);
  for (let g = 0; g < groups.count; g++) {
    for (let at = groups.start[g] ?? 0; at < (groups.start[g + 1] ?? 0); at++) {
      best[g] = Math.max(best[g] ?? 0, reduced[groups.play[at] ?? 0] ?? 0);
    }
    bound += best[g] ?? 0;
  }
  return { board, groups, prices, reduced, best, bound, order: byGain(all, reduced) };
}

/** Plays by reduced gain, most first. */
function byGain(plays: Int32Array, reduced: Float64Array): Int32Array {
  return plays.slice().sort((a, b) => (reduced[b] ?? 0) - (reduced[a] ?? 0) || a - b);
}

/** The best pod asked for. */
export function explore(prepared: Prepared, question: Question): Incumbent {
  const { board } = prepared;
  const { root, without, hint } = question;
  const best = new Incumbent(board.scale, question.nodesMax);
  const tray = new Tray(board);
  const reset = (): void => {
    tray.clear();
    if (root !== null) tray.take(root);
  };
  reset();
  best.offer(board, tray);
  if (board.hasClaims) {
    for (let p = root ?? 0; p <= (root ?? board.count - 1); p++) if (board.ad[p] !== without) best.offerAlone(board, p);
  }
  const admitted = without === null ? prepared.order : prepared.order.filter((p) => board.ad[p] !== without);
  tray.fill(hint.filter((p) => board.ad[p] !== without));
  tray.fill(admitted);
  best.offer(board, tray);
  reset();
  if (hint.length > 0) {
    tray.fill(admitted);
    best.offer(board, tray);
    reset();
  }
  const core = coreOf(prepared, tray, question, best.needed);
  if (core.length > 0) searchCore(narrow(board, core), prepared, root === null ? null : core.indexOf(root), best);
  return best;
}

/** Plays that a pod with gain ≥ `needed` may contain, beside what is on the tray and with it; ascending. */
function coreOf(prepared: Prepared, tray: Tray, { root, without }: Question, needed: number): readonly number[] {
  const { board, groups, reduced, best } = prepared;
  const { start, play } = groups;
  const core: number[] = root === null ? [] : [root];
  let { bound } = prepared;
  for (let g = 0; root !== null && g < groups.count; g++) {
    for (let at = start[g] ?? 0; at < (start[g + 1] ?? 0); at++) {
      if (play[at] === root) bound += (reduced[root] ?? 0) - (best[g] ?? 0);
    }
  }
  if (bound < needed) return [];
  for (let g = 0; g < groups.count; g++) {
    for (let at = start[g] ?? 0; at < (start[g + 1] ?? 0); at++) {
      const p = play[at] ?? 0;
      const most = bound - (best[g] ?? 0) + (reduced[p] ?? 0);
      if (most >= needed && board.ad[p] !== without && tray.allows(p)) core.push(p);
    }
  }
  return core.sort((a, b) => a - b);
}

/** Prices and searches a board of plays that can matter. `root`: the play that must be in. */
function searchCore(board: Board, prepared: Prepared, root: number | null, best: Incumbent): void {
  const groups = groupsOf(board, Int32Array.from({ length: board.count }, (_, p) => p));
  const table = new Table(board, groups);
  const tray = new Tray(board);
  const reset = (): void => {
    tray.clear();
    if (root !== null) tray.take(root);
  };
  const { perMs, perAd, perClass } = prepared.prices;
  const from = { perMs, perAd, perClass: Float64Array.from(board.classOrigin, (each) => perClass[each] ?? 0) };
  const ascent = new Ascent(board, from, !table.exact);
  const relaxed: Relaxed = { picks: new Int32Array(board.count), count: 0, bound: 0 };
  const reduced = new Float64Array(board.count);
  reset();
  for (let round = 0; round < T.CORE_ROUNDS; round++) {
    reduce(board, ascent.prices, reduced);
    table.fill(reduced);
    table.trace(reduced, board.rules.durationMs, constantOf(board, ascent.prices), relaxed);
    tray.fill(byGain(relaxed.picks.subarray(0, relaxed.count), reduced));
    tray.fill(byGain(Int32Array.from(reduced, (_, p) => p), reduced));
    best.offer(board, tray);
    reset();
    if (!ascent.move(relaxed, best.gain)) break;
  }
  const prices = ascent.best();
  reduce(board, prices, reduced);
  table.fill(reduced);
  search({ board, groups, prices, reduced, table }, tray, best);
}
