/**
 * Finds the best set of plays: prices say which plays can matter, a table bounds what is still to come, depth first
 * with the most promising play next. Nodes are bounded; when they run out, the largest bound left open is kept, so that
 * what may have been missed is known.
 */
import type { Board } from "./board.ts";
import { constantOf, pricesFor, reducedAt, reducedGain, type Prices, type Reduced } from "./dual.ts";
import { groupsOf, type Groups } from "./groups.ts";
import { orderOf, type OrderBudget } from "./order.ts";
import { gridOf, tableOf, type Table } from "./table.ts";
import { Tray } from "./tray.ts";

/** A board with all that does not depend on which pod of it is asked for. */
export interface Prepared {
  readonly board: Board;
  readonly groups: Groups;
  readonly prices: Prices;
  readonly reduced: Reduced;
  readonly groupOf: Int32Array;
  /** Plays by reduced gain, most first: the order in which pods are filled greedily. */
  readonly greedyOrder: Int32Array;
}

/** A set of plays and what it gains, scaled. */
export interface Found {
  readonly plays: readonly number[];
  readonly gain: number;
}

/** What a search answers. Scaled. */
export interface Answer extends Found {
  /** No pod asked for gains more. Equal to `gain` when proved. */
  readonly bound: number;
  readonly nodes: number;
}

/** Which pods are asked for. */
export interface Question {
  /** A play that must be in it, or null. */
  readonly root: number | null;
  /** An ad that must not be in it (index as handed in), or null. */
  readonly without: number | null;
  /** Plays tried first when a pod is filled greedily. */
  readonly hint: readonly number[];
  readonly nodesMax: number;
}

/** Prices a board. */
export function prepare(board: Board): Prepared {
  const all = Int32Array.from({ length: board.count }, (_, p) => p);
  const groups = groupsOf(board, all);
  const tray = new Tray(board);
  const floor = fill(board, tray, all, null);
  const prices = pricesFor(board, groups, floor.gain);
  const reduced = reducedAt(board, groups, prices);
  const groupOf = new Int32Array(board.count);
  for (let g = 0; g < groups.count; g++) {
    for (let i = groups.start[g] ?? 0; i < (groups.start[g + 1] ?? 0); i++) groupOf[groups.play[i] ?? 0] = g;
  }
  const greedyOrder = all.slice().sort((a, b) => (reduced.gain[b] ?? 0) - (reduced.gain[a] ?? 0) || a - b);
  return { board, groups, prices, reduced, groupOf, greedyOrder };
}

/** Fills the tray with what the rules allow, in this order. */
function fill(board: Board, tray: Tray, order: ArrayLike<number>, without: number | null): Found {
  for (let i = 0; i < order.length; i++) {
    const p = order[i] ?? 0;
    if ((board.gain[p] ?? 0) > 0 && board.ad[p] !== without && tray.allows(p)) tray.take(p);
  }
  return { plays: [...tray.taken], gain: tray.gain };
}

/** The best pod asked for. */
export function explore(prepared: Prepared, question: Question): Answer {
  const { board } = prepared;
  const tray = new Tray(board);
  const search = new Search(board, tray, question.nodesMax);
  const { root, without } = question;
  if (board.hasClaims && root !== null) search.offerAlone(root);
  for (let p = 0; board.hasClaims && root === null && p < board.count; p++) {
    if (board.ad[p] !== without) search.offerAlone(p);
  }
  for (const hint of [question.hint, []]) {
    tray.clear();
    if (root !== null) tray.take(root);
    fill(board, tray, hint, without);
    fill(board, tray, prepared.greedyOrder, without);
    search.offer();
  }
  tray.clear();
  if (root !== null) tray.take(root);
  search.offer();
  const core = coreOf(prepared, tray, question, search.needed());
  return search.run(core, prepared.prices);
}

/** Plays that a pod better than `needed` may contain, beside what is on the tray. */
function coreOf(
  { board, groupOf, reduced, groups }: Prepared,
  tray: Tray,
  question: Question,
  needed: number,
): number[] {
  const { root, without } = question;
  let bound = reduced.bound;
  if (root !== null) bound += (reduced.gain[root] ?? 0) - (reduced.best[groupOf[root] ?? 0] ?? 0);
  const core: number[] = [];
  for (let g = 0; g < groups.count; g++) {
    for (let i = groups.start[g] ?? 0; i < (groups.start[g + 1] ?? 0); i++) {
      const p = groups.play[i] ?? 0;
      const most = bound - (reduced.best[g] ?? 0) + (reduced.gain[p] ?? 0);
      if (most >= needed && board.ad[p] !== without && tray.allows(p)) core.push(p);
    }
  }
  return core;
}

/** One search: the best set so far, the largest bound left open, and what is needed to look further. */
class Search {
  #best: Found | null = null;
  #open = Number.NEGATIVE_INFINITY;
  readonly #spent: OrderBudget;
  readonly #board: Board;
  readonly #tray: Tray;
  // Children of all nodes on the way down, those of the deepest node last.
  readonly #children: number[] = [];
  readonly #childGroups: number[] = [];
  readonly #childBounds: number[] = [];

  constructor(board: Board, tray: Tray, nodesMax: number) {
    this.#board = board;
    this.#tray = tray;
    this.#spent = { nodes: 0, nodesMax };
  }

  /** Least gain of a pod that is better than the best known. */
  needed(): number {
    return this.#best === null ? Number.NEGATIVE_INFINITY : this.#best.gain + this.#board.scale;
  }

  /** Offers a pod of this one ad: it is first and last. */
  offerAlone(play: number): void {
    const gain = this.#board.aloneGain[play] ?? 0;
    if (gain >= this.needed()) this.#best = { plays: [play], gain };
  }

  /** Offers what is on the tray. */
  offer(): void {
    const { taken, gain } = this.#tray;
    if (gain < this.needed()) return;
    const order = orderOf(this.#board, taken, this.#spent);
    if (order === "unknown") this.#leaveOpen(gain);
    else if (order !== null) this.#best = { plays: [...taken], gain };
  }

  /** Looks through all sets of the core beside what is on the tray. */
  run(core: readonly number[], prices: Prices): Answer {
    const groups = groupsOf(this.#board, core);
    const grid = gridOf(this.#board, groups);
    const kept: Prices = {
      perMs: grid.exact ? 0 : prices.perMs,
      perAd: grid.ads === 0 ? prices.perAd : 0,
      perClass: prices.perClass,
    };
    const { gain } = reducedAt(this.#board, groups, kept);
    const table = tableOf(this.#board, groups, grid, gain);
    const onTray = this.#tray.taken.reduce((sum, play) => sum + reducedGain(this.#board, kept, play), 0);
    this.#visit(groups, table, gain, 0, constantOf(this.#board, kept) + onTray);
    const best = this.#best ?? { plays: [], gain: 0 };
    return { ...best, bound: Math.max(best.gain, this.#open), nodes: this.#spent.nodes };
  }

  #leaveOpen(bound: number): void {
    if (bound > this.#open) this.#open = bound;
  }

  /** Tries every play of the groups from `from` on; `sure`: the bound less what is still to come. */
  #visit(groups: Groups, table: Table, gain: Float64Array, from: number, sure: number): void {
    const bottom = this.#children.length;
    this.#gather(groups, table, gain, from, sure);
    for (;;) {
      let pick = -1;
      let most = this.needed();
      for (let i = bottom; i < this.#children.length; i++) {
        const bound = this.#childBounds[i] ?? 0;
        if (bound > most || (bound === most && pick < 0)) [pick, most] = [i, bound];
      }
      if (pick < 0) break;
      if (this.#spent.nodes >= this.#spent.nodesMax) {
        this.#leaveOpen(most);
        break;
      }
      this.#spent.nodes++;
      this.#childBounds[pick] = Number.NEGATIVE_INFINITY;
      const play = this.#children[pick] ?? 0;
      this.#tray.take(play);
      this.offer();
      this.#visit(groups, table, gain, (this.#childGroups[pick] ?? 0) + 1, sure + (gain[play] ?? 0));
      this.#tray.putBack();
    }
    this.#children.length = bottom;
    this.#childGroups.length = bottom;
    this.#childBounds.length = bottom;
  }

  /** Pushes the plays that may lead to a better pod, with the bound of each. */
  #gather(groups: Groups, { cellMs, cells, ads, values }: Table, gain: Float64Array, from: number, sure: number): void {
    const { lengthMs, dynamic } = this.#board;
    const { leftMs, leftSlots } = this.#tray;
    const needed = this.needed();
    const layer = (ads + 1) * cells;
    const slots = Math.min(leftSlots, ads);
    const here = slots * cells + Math.floor(leftMs / cellMs);
    for (let g = from; g < groups.count; g++) {
      if (sure + (values[g * layer + here] ?? 0) < needed) return;
      const next = (g + 1) * layer;
      for (let i = groups.start[g] ?? 0; i < (groups.start[g + 1] ?? 0); i++) {
        const play = groups.play[i] ?? 0;
        const length = lengthMs[play] ?? 0;
        const one = dynamic[play] ?? 0;
        if (length > leftMs || one > leftSlots) continue;
        const rest =
          next + (ads === 0 ? 0 : Math.min(leftSlots - one, ads)) * cells + Math.floor((leftMs - length) / cellMs);
        const bound = sure + (gain[play] ?? 0) + (values[rest] ?? 0);
        if (bound < needed || !this.#tray.allows(play)) continue;
        this.#children.push(play);
        this.#childGroups.push(g);
        this.#childBounds.push(bound);
      }
    }
  }
}
