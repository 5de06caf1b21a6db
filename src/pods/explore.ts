/**
 * From a board to its best pod: prices for the whole board, which leave few plays that can matter; better prices for
 * those, against a table that keeps to the time; and a search of what is left.
 */
import { narrow, type Board } from "./board.ts";
import { Ascent, bestOfGroups, constantOf, freeOf, reduce, type Prices, type Relaxed } from "./dual.ts";
import { groupsOf, type Groups } from "./groups.ts";
import { type Chart, Incumbent, search } from "./search.ts";
import { Table } from "./table.ts";
import { Tray } from "./tray.ts";

/** Rounds of prices for the whole board, and at most for the plays that can matter. */
export const T = { WHOLE_ROUNDS: 24, CORE_ROUNDS: 12, AGAIN_ROUNDS: 6, LAST_ROUNDS: 6, FEW: 48, SHRINKS: 1, PROBE: 200, PROBE_ROUNDS: 4 };

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
  const perClass = prepared.prices.perClass.slice();
  const prices = { ...prepared.prices, perClass };
  // First the few plays that promise most, for a good pod to measure the others against; then all that can matter.
  const few = coreOf(prepared, tray, question, best.needed, T.FEW);
  if (few.length === 0) return best;
  const narrowFew = narrow(board, few);
  let chart = refine(narrowFew, prices, rootOn(narrowFew, root), best, T.CORE_ROUNDS);
  if (T.PROBE > 0) {
    const left = survivors(chart, best.needed);
    if (left.length > (root === null ? 0 : 1)) {
    const small = narrow(chart.board, left);
    const probe = refine(small, prices, rootOn(small, root), best, T.PROBE_ROUNDS);
    const probeTray = new Tray(small);
    if (probe.root >= 0) probeTray.take(probe.root);
    const b2 = new Incumbent(board.scale, Math.min(question.nodesMax, T.PROBE));
    b2.plays = best.plays; b2.gain = best.gain;
    search(probe, probeTray, b2);
    best.plays = b2.plays; best.gain = b2.gain; best.spent.nodes += b2.spent.nodes;
    }
  }
  let core = coreOf(prepared, tray, question, best.needed, board.count);
  if (core.some((p) => !few.includes(p))) {
    const narrowed = narrow(board, core);
    chart = refine(narrowed, prices, rootOn(narrowed, root), best, T.AGAIN_ROUNDS);
  }
  for (let k = 0; k < T.SHRINKS; k++) {
  core = survivors(chart, best.needed);
  if (core.length <= (root === null ? 0 : 1)) return best;
  const last = narrow(chart.board, core);
  chart = refine(last, prices, rootOn(last, root), best, T.LAST_ROUNDS);
  }
  const finalTray = new Tray(chart.board);
  if (chart.root >= 0) finalTray.take(chart.root);
  const ub=constantOf(chart.board, chart.prices)+chart.table.best(0, finalTray.leftMs), lb=best.gain, n0=best.spent.nodes;
  search(chart, finalTray, best);
  (globalThis as any).DIAG?.push({ core: chart.board.count, few: few.length, groups: chart.groups.count, classes: chart.board.capacity.length, lb: lb / best.gain - 1, ub: ub / best.gain - 1, nodes: best.spent.nodes-n0 });
  return best;
}

/** The root's number on a narrow board, or −1. */
function rootOn(board: Board, root: number | null): number {
  return root === null ? -1 : board.origin.indexOf(root);
}

/** Plays that a pod with gain ≥ `needed` may contain beside what is on the tray, and with it; ascending. */
export function coreOf(
  prepared: Prepared,
  tray: Tray,
  { root, without }: Question,
  needed: number,
  atMost: number,
): readonly number[] {
  const { board, groups, reduced, best } = prepared;
  const { start, play } = groups;
  let { bound } = prepared;
  for (let g = 0; root !== null && g < groups.count; g++) {
    for (let at = start[g] ?? 0; at < (start[g + 1] ?? 0); at++) {
      if (play[at] === root) bound += (reduced[root] ?? 0) - (best[g] ?? 0);
    }
  }
  if (bound < needed) return [];
  const core: number[] = [];
  const most = new Float64Array(board.count);
  for (let g = 0; g < groups.count; g++) {
    for (let at = start[g] ?? 0; at < (start[g + 1] ?? 0); at++) {
      const p = play[at] ?? 0;
      most[p] = bound - (best[g] ?? 0) + (reduced[p] ?? 0);
      if ((most[p] ?? 0) >= needed && p !== root && board.ad[p] !== without && tray.allows(p)) core.push(p);
    }
  }
  if (core.length > atMost) {
    core.sort((a, b) => (most[b] ?? 0) - (most[a] ?? 0) || a - b);
    core.length = atMost;
  }
  if (root !== null) core.push(root);
  return core.sort((a, b) => a - b);
}

/** Betters prices against a table for this board, and the incumbent with every pod met on the way. */
export function refine(board: Board, prices: Prices, root: number, best: Incumbent, rounds: number): Chart & { root: number } {
  const others = Int32Array.from({ length: board.count }, (_, p) => p).filter((p) => p !== root);
  const groups = groupsOf(board, others);
  const table = new Table(board, groups);
  const tray = new Tray(board);
  const from = { ...prices, perClass: Float64Array.from(board.classOrigin, (each) => prices.perClass[each] ?? 0) };
  const ascent = new Ascent(board, from, !table.exact);
  const relaxed: Relaxed = { picks: new Int32Array(board.count), count: 0, bound: 0 };
  const reduced = new Float64Array(board.count);
  if (root >= 0) tray.take(root);
  const leftMs = tray.leftMs;
  for (let round = 0; round < rounds; round++) {
    reduce(board, ascent.prices, reduced);
    table.fill(reduced);
    const sure = constantOf(board, ascent.prices) + (root < 0 ? 0 : (reduced[root] ?? 0));
    table.trace(reduced, leftMs, sure, relaxed);
    tray.fill(byGain(relaxed.picks.subarray(0, relaxed.count), reduced));
    tray.fill(byGain(others, reduced));
    best.offer(board, tray);
    tray.clear();
    if (root >= 0) {
      tray.take(root);
      relaxed.picks[relaxed.count++] = root;
    }
    if (!ascent.move(relaxed, best.gain)) break;
  }
  const found = ascent.best();
  board.classOrigin.forEach((each, number) => (prices.perClass[each] = found.perClass[number] ?? 0));
  prices.perAd = found.perAd;
  reduce(board, found, reduced);
  table.fill(reduced);
  return { board, groups, prices: found, reduced, table, root };
}

/** Plays of a chart that a pod with gain ≥ `needed` may contain, and its root; ascending. */
export function survivors({ board, prices, reduced, table, root }: Chart & { root: number }, needed: number): number[] {
  const leftMs = board.rules.durationMs - (root < 0 ? 0 : (board.lengthMs[root] ?? 0));
  const sure = constantOf(board, prices) + (root < 0 ? 0 : (reduced[root] ?? 0));
  const most = table.through(reduced, leftMs);
  const left: number[] = [];
  for (let p = 0; p < board.count; p++) if (p === root || sure + (most[p] ?? 0) >= needed) left.push(p);
  return left;
}
