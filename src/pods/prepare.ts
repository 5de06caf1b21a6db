/**
 * Prices for a whole board: what any of its pods is bounded by, and how much each play would have to be forgiven to be
 * part of the best one. Worked out once, however many pods of the board are asked for.
 */
import { type Board, upTo } from "./board.ts";
import { Ascent, bestOfGroups, constantOf, freeOf, reduce, type Prices, type Relaxed } from "./dual.ts";
import { groupsOf, type Groups } from "./groups.ts";
import { byGain } from "./sorting.ts";
import { Tray } from "./tray.ts";

/** Rounds of prices, and after how many a pod is filled to measure them against. */
const WHOLE_ROUNDS = 24;
const FILL_EVERY = 8;

/** A board with what does not depend on which of its pods is asked for. */
export interface Prepared {
  readonly board: Board;
  readonly groups: Groups;
  readonly prices: Prices;
  /** By play: its gain at these prices. */
  readonly reduced: Float64Array;
  /** By play: the most that its group gains without it being asked for, at least 0. */
  readonly groupBest: Float64Array;
  /** No pod gains more. */
  readonly bound: number;
  /** Plays by reduced gain, most first: pods are filled in this order. */
  readonly order: Int32Array;
}

/** Prices a board. */
export function prepare(board: Board): Prepared {
  const all = everyPlay(board);
  const groups = groupsOf(board, all);
  const tray = new Tray(board);
  tray.fill(all);
  const relaxed: Relaxed = { picks: new Int32Array(board.count), count: 0, bound: 0 };
  const ascent = new Ascent(board, freeOf(board), true);
  const reduced = new Float64Array(board.count);
  let floor = tray.gain;
  for (let round = 1; round <= WHOLE_ROUNDS; round++) {
    reduce(board, ascent.prices, reduced);
    bestOfGroups(groups, reduced, constantOf(board, ascent.prices), relaxed);
    if (round % FILL_EVERY === 0) {
      tray.clear();
      tray.fill(byGain(relaxed.picks.subarray(0, relaxed.count), reduced));
      tray.fill(all);
      floor = Math.max(floor, tray.gain);
    }
    if (!ascent.move(relaxed, floor)) break;
  }
  const prices = ascent.best();
  reduce(board, prices, reduced);
  const order = byGain(all, reduced);
  return { board, groups, prices, reduced, order, ...boundOf(board, groups, prices, reduced, null) };
}

/** The bound of a board at some prices, without the plays of one ad. */
function boundOf(
  board: Board,
  groups: Groups,
  prices: Prices,
  reduced: Float64Array,
  without: number | null,
): Pick<Prepared, "groupBest" | "bound"> {
  const groupBest = new Float64Array(board.count);
  let bound = constantOf(board, prices);
  for (let g = 0; g < groups.count; g++) {
    const end = groups.start[g + 1] ?? 0;
    let best = 0;
    for (let at = groups.start[g] ?? 0; at < end; at++) {
      const p = groups.play[at] ?? 0;
      if (board.ad[p] !== without) best = Math.max(best, reduced[p] ?? 0);
    }
    for (let at = groups.start[g] ?? 0; at < end; at++) groupBest[groups.play[at] ?? 0] = best;
    bound += best;
  }
  return { groupBest, bound };
}

/** What is prepared, when one ad is left out. */
export function leavingOut(prepared: Prepared, without: number): Prepared {
  const { board, groups, prices, reduced } = prepared;
  const order = prepared.order.filter((p) => board.ad[p] !== without);
  return { ...prepared, order, ...boundOf(board, groups, prices, reduced, without) };
}

/** The numbers of all plays. */
export function everyPlay(board: Board): Int32Array {
  return upTo(board.count);
}
