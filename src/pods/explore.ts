/**
 * From a board to its best pod: prices for the whole board, which leave few plays that can matter; better prices for
 * those, against a table that keeps to the time; and a search of what is left. Where a search turns out to be long, the
 * board is divided at one play, and each part has prices of its own.
 */
import { narrow, type Board } from "./board.ts";
import { Ascent, constantOf, reduce, type Prices, type Relaxed } from "./dual.ts";
import { groupsOf, weightiestFirst } from "./groups.ts";
import { everyPlay, leavingOut, type Prepared } from "./prepare.ts";
import { type Chart, Incumbent, search } from "./search.ts";
import { byGain } from "./sorting.ts";
import { Table } from "./table.ts";
import { Tray } from "./tray.ts";

/** Rounds of prices: for the few plays first looked at, and for a part. */
const FEW_ROUNDS = 12;
const PART_ROUNDS = 6;
/** Plays first looked at. */
const FEW = 32;
/** Nodes of a search before its board is divided. */
const QUICK_NODES = 1_000;
/** Share of its plays that a board must lose to be priced again. */
const WORTH = 0.9;

/** Which pods are asked for. */
export interface Question {
  /** A play that must be in it, or null. */
  readonly root: number | null;
  /** An ad that must not be in it (index as handed in), or null. */
  readonly without: number | null;
  /** Plays of a pod that is likely near: taken first where the rules allow. */
  readonly hint: readonly number[];
  /** Prices of a pod that is likely near, or null to find them. */
  readonly warm: Prices | null;
  readonly nodesMax: number;
}

/** The best pod asked for. */
export function explore(whole: Prepared, question: Question): Incumbent {
  const { board } = whole;
  const { root, without } = question;
  const prepared = without === null ? whole : leavingOut(whole, without);
  const roots = root === null ? [] : [root];
  const best = new Incumbent(board.scale, question.nodesMax);
  const tray = new Tray(board, roots);
  best.offer(board, tray);
  if (board.hasClaims) {
    for (const p of root === null ? everyPlay(board) : roots) if (board.ad[p] !== without) best.offerAlone(board, p);
  }
  for (const first of question.hint.length > 0 ? [question.hint, []] : [[]]) {
    tray.fill(first.filter((p) => board.ad[p] !== without));
    tray.fill(prepared.order);
    best.offer(board, tray);
    tray.clear();
  }
  const start = question.warm ?? prepared.prices;
  const prices = { ...start, perClass: start.perClass.slice() };
  // First the few plays that promise most, for a good pod to measure the others against; then all that can matter.
  const few = coreOf(prepared, tray, root, best.needed, FEW);
  if (few.length <= roots.length) return best;
  const isWarm = question.warm !== null;
  const rounds = isWarm ? PART_ROUNDS : FEW_ROUNDS;
  const sketch = shrink(refine(board, few, roots, prices, best, rounds, isWarm), prices, best);
  const ended = sketch === null || search(sketch, best, QUICK_NODES);
  const core = coreOf(prepared, tray, root, best.needed, board.count);
  if (core.length === roots.length) return best;
  const isFew = new Set(few);
  if (!core.every((p) => isFew.has(p))) settle(refine(board, core, roots, prices, best, PART_ROUNDS), prices, best);
  else if (!ended) settle(sketch, prices, best);
  return best;
}

/** Prices that hold tight around the best pod, which gains so much. */
export function warmPrices(prepared: Prepared, gain: number): Prices {
  const { board, prices } = prepared;
  const best = new Incumbent(board.scale, 0);
  best.gain = gain;
  const warm = { ...prices, perClass: prices.perClass.slice() };
  const core = coreOf(prepared, new Tray(board), null, best.gain, FEW * 2);
  if (core.length > 0) refine(board, core, [], warm, best, FEW_ROUNDS, false);
  return warm;
}

/** Plays that a pod with gain ≥ `needed` may contain beside what is on the tray, and with it; ascending. */
function coreOf(
  { reduced, groupBest, bound, order }: Prepared,
  tray: Tray,
  root: number | null,
  needed: number,
  most: number,
): readonly number[] {
  const slack = needed - (root === null ? bound : bound + (reduced[root] ?? 0) - (groupBest[root] ?? 0));
  const core: number[] = root === null ? [] : [root];
  if (slack > 0) return core;
  for (const p of order) {
    const loss = (reduced[p] ?? 0) - (groupBest[p] ?? 0);
    if (loss >= slack && p !== root && tray.allows(p)) core.push(p);
  }
  if (core.length > most) {
    const lossOf = (p: number): number => (p === root ? 1 : (reduced[p] ?? 0) - (groupBest[p] ?? 0));
    core.sort((a, b) => lossOf(b) - lossOf(a) || a - b);
    core.length = most;
  }
  return core.sort((a, b) => a - b);
}

/** A chart with its bound and the relaxed pod that reaches it. */
interface Refined extends Chart {
  readonly bound: number;
  readonly picks: readonly number[];
}

/**
 * A chart of these plays of the board, with better prices, and the incumbent bettered by every pod met on the way.
 * `prices`, by class of the whole board, are where it begins and what it learns.
 */
function refine(
  from: Board,
  plays: readonly number[],
  fromRoots: readonly number[],
  prices: Prices,
  best: Incumbent,
  rounds: number,
  again = true,
): Refined {
  const board = narrow(from, plays);
  const roots = fromRoots.map((root) => plays.indexOf(root));
  const others = roots.length === 0 ? everyPlay(board) : everyPlay(board).filter((p) => !roots.includes(p));
  const groups = weightiestFirst(board, groupsOf(board, others));
  const tray = new Tray(board, roots);
  best.offer(board, tray);
  const table = new Table(board, groups, tray.leftMs);
  const perClass = new Float64Array(board.capacity.length);
  for (let each = 0; each < perClass.length; each++)
    perClass[each] = prices.perClass[board.classOrigin[each] ?? 0] ?? 0;
  const begin = { ...prices, perClass };
  const ascent = new Ascent(board, begin, !table.exact, again);
  const relaxed: Relaxed = { picks: new Int32Array(board.count), count: 0, bound: 0 };
  const reduced = reduce(board, begin);
  const ranked = byGain(others, reduced);
  const relax = (at: Prices): void => {
    reduce(board, at, reduced);
    table.fill(reduced);
    let sure = constantOf(board, at);
    for (const root of roots) sure += reduced[root] ?? 0;
    table.trace(reduced, sure, relaxed);
  };
  for (let round = 0; round < rounds; round++) {
    relax(ascent.prices);
    tray.fill(relaxed.picks, relaxed.count);
    tray.fill(ranked);
    best.offer(board, tray);
    tray.clear();
    for (const root of roots) relaxed.picks[relaxed.count++] = root;
    if (!ascent.move(relaxed, best.gain)) break;
  }
  const found = ascent.best();
  relax(found);
  board.classOrigin.forEach((each, number) => (prices.perClass[each] = found.perClass[number] ?? 0));
  prices.perAd = found.perAd;
  const picks = [...relaxed.picks.subarray(0, relaxed.count)];
  return { board, groups, prices: found, reduced, table, roots, bound: relaxed.bound, picks };
}

/** The chart without the plays that no better pod contains; null when there is no better pod. */
function shrink(chart: Refined, prices: Prices, best: Incumbent): Refined | null {
  const { board, roots, bound, reduced, table } = chart;
  if (bound < best.needed) return null;
  const sure = bound - table.best(0, board.rules.durationMs);
  const can = table.reaching(reduced, best.needed - sure);
  const left: number[] = [];
  for (let p = 0; p < board.count; p++) {
    if (can[p] === 1 || roots.includes(p)) left.push(p);
  }
  if (left.length === roots.length) return null;
  if (left.length > board.count * WORTH) return chart;
  const smaller = refine(board, left, roots, prices, best, PART_ROUNDS);
  return smaller.bound < best.needed ? null : smaller;
}

/** Searches a chart to the end: at once when that is quick, otherwise in two parts, with one play and without it. */
function settle(whole: Refined, prices: Prices, best: Incumbent): void {
  const chart = shrink(whole, prices, best);
  if (chart === null || search(chart, best, QUICK_NODES)) return;
  const { board, roots } = chart;
  const pivot = pivotOf(chart);
  const tray = new Tray(board, [...roots, pivot]);
  const beside = (p: number): boolean => p === pivot || roots.includes(p) || tray.allows(p);
  const all = [...everyPlay(board)];
  const own = { ...prices, perClass: prices.perClass.slice() };
  settle(refine(board, all.filter(beside), [...roots, pivot], own, best, PART_ROUNDS), own, best);
  settle(
    refine(
      board,
      all.filter((p) => p !== pivot),
      roots,
      prices,
      best,
      PART_ROUNDS,
    ),
    prices,
    best,
  );
}

/**
 * The play to divide a chart at: of the relaxed pod's (of all, when that is empty) one that most of the others conflict
 * with, and of those the first.
 */
function pivotOf({ board, groups, picks, roots }: Refined): number {
  const tray = new Tray(board, roots);
  const pool = picks.length > 0 ? picks : [...groups.play].toSorted((a, b) => a - b);
  let pivot = -1;
  let most = -1;
  for (const p of pool) {
    tray.take(p);
    const rivals = picks.filter((other) => other !== p && !tray.allows(other)).length;
    tray.clear();
    if (rivals > most || (rivals === most && p < pivot)) [most, pivot] = [rivals, p];
  }
  return pivot;
}
