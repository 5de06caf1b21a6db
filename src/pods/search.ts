/**
 * Looks through the sets of plays of a board: depth first, the most promising play next, whatever a table says cannot
 * beat the best set known left out. Nodes are bounded; when they run out, the largest bound left open is kept, so that
 * it is known what may have been missed.
 */
import type { Board } from "./board.ts";
import { constantOf, type Prices } from "./dual.ts";
import type { Groups } from "./groups.ts";
import { orderOf, type OrderBudget } from "./order.ts";
import type { Table } from "./table.ts";
import { Tray } from "./tray.ts";

/** The best set known and how it is bettered. */
export class Incumbent {
  /** Plays by their numbers on the whole board. */
  plays: readonly number[] = [];
  /** Scaled. */
  gain = Number.NEGATIVE_INFINITY;
  /** Largest bound of what nodes did not suffice to look at. */
  open = Number.NEGATIVE_INFINITY;
  readonly spent: OrderBudget;
  readonly #scale: number;

  constructor(scale: number, nodesMax: number) {
    this.#scale = scale;
    this.spent = { nodes: 0, nodesMax };
  }

  /** Least gain of a set that is better. */
  get needed(): number {
    return this.gain + this.#scale;
  }

  /** Nothing above this can be missed. */
  get bound(): number {
    return Math.max(this.gain, this.open);
  }

  /** Offers what is on a tray: kept when it is better and can be put in order. */
  offer(board: Board, { taken, gain }: Tray): void {
    if (gain < this.needed) return;
    const order = orderOf(board, taken, this.spent);
    if (order === "unknown") this.leaveOpen(gain);
    else if (order !== null) this.#keep(board, taken, gain);
  }

  /** Offers a pod of one ad: it is first and last. */
  offerAlone(board: Board, play: number): void {
    const gain = board.aloneGain[play] ?? 0;
    if (gain >= this.needed) this.#keep(board, [play], gain);
  }

  leaveOpen(bound: number): void {
    if (bound > this.open) this.open = bound;
  }

  #keep(board: Board, plays: readonly number[], gain: number): void {
    this.plays = plays.map((play) => board.origin[play] ?? 0);
    this.gain = gain;
  }
}

/** What a search goes by. */
export interface Chart {
  readonly board: Board;
  readonly groups: Groups;
  readonly prices: Prices;
  /** By play: gain at these prices. */
  readonly reduced: Float64Array;
  /** Plays that every set contains; they are in no group. */
  readonly roots: readonly number[];
  /** Filled for `reduced`. */
  readonly table: Table;
}

/**
 * Looks through all sets that contain the roots, and betters the incumbent. True when it came to the end, or when no
 * more nodes may be opened at all; false when `nodesMax` nodes of its own did not suffice.
 */
export function search(chart: Chart, best: Incumbent, nodesMax: number): boolean {
  const { board, roots, reduced, prices } = chart;
  const sure = roots.reduce((sum, root) => sum + (reduced[root] ?? 0), constantOf(board, prices));
  return new Search(chart, best, nodesMax).visit(0, sure);
}

class Search {
  readonly #chart: Chart;
  readonly #tray: Tray;
  readonly #best: Incumbent;
  readonly #nodesMax: number;
  /** By group: the classes that no later group has a play of. */
  readonly #closing: readonly (readonly number[])[];
  /** By play: prices of its classes that close with its group. */
  readonly #kept: Float64Array;
  // Children of all nodes on the way down, those of the deepest node last.
  readonly #plays: number[] = [];
  readonly #groups: number[] = [];
  readonly #bounds: number[] = [];
  readonly #sures: number[] = [];

  constructor(chart: Chart, best: Incumbent, nodesMax: number) {
    this.#chart = chart;
    this.#tray = new Tray(chart.board, chart.roots);
    this.#best = best;
    this.#nodesMax = best.spent.nodes + nodesMax;
    const { board, groups, prices } = chart;
    const lastGroup = new Int32Array(board.capacity.length).fill(-1);
    const closing: number[][] = Array.from({ length: groups.count }, () => []);
    this.#closing = closing;
    this.#kept = new Float64Array(board.count);
    for (let g = groups.count - 1; g >= 0; g--) {
      for (let i = groups.start[g] ?? 0; i < (groups.start[g + 1] ?? 0); i++) {
        const play = groups.play[i] ?? 0;
        for (let at = board.classStart[play] ?? 0; at < (board.classStart[play + 1] ?? 0); at++) {
          const number = board.classOf[at] ?? 0;
          if ((lastGroup[number] ?? 0) < 0) {
            lastGroup[number] = g;
            if ((prices.perClass[number] ?? 0) > 0) closing[g]?.push(number);
          }
          if (lastGroup[number] === g) this.#kept[play] = (this.#kept[play] ?? 0) + (prices.perClass[number] ?? 0);
        }
      }
    }
  }

  /** What is lost of the bound by leaving group g behind: prices of capacity that nothing can use any more. */
  #lost(g: number): number {
    let sum = 0;
    for (const number of this.#closing[g] ?? []) {
      sum += (this.#chart.prices.perClass[number] ?? 0) * this.#tray.leftIn(number);
    }
    return sum;
  }

  /** Tries the plays of the groups from `from` on. `sure`: the bound, less what these groups may gain. */
  visit(from: number, sure: number): boolean {
    const { spent } = this.#best;
    const bottom = this.#plays.length;
    let ended = true;
    this.#gather(from, sure);
    for (;;) {
      let pick = -1;
      let most = this.#best.needed;
      for (let i = bottom; i < this.#plays.length; i++) {
        const bound = this.#bounds[i] ?? 0;
        if (bound > most || (bound === most && pick < 0)) [pick, most] = [i, bound];
      }
      if (pick < 0 || !ended) break;
      if (spent.nodes >= this.#nodesMax && spent.nodes < spent.nodesMax) {
        ended = false;
        break;
      }
      if (spent.nodes >= spent.nodesMax) {
        this.#best.leaveOpen(most);
        break;
      }
      spent.nodes++;
      this.#bounds[pick] = Number.NEGATIVE_INFINITY;
      const play = this.#plays[pick] ?? 0;
      this.#tray.take(play);
      this.#best.offer(this.#chart.board, this.#tray);
      ended = this.visit((this.#groups[pick] ?? 0) + 1, this.#sures[pick] ?? 0);
      this.#tray.putBack();
    }
    this.#plays.length = bottom;
    this.#groups.length = bottom;
    this.#bounds.length = bottom;
    this.#sures.length = bottom;
    return ended;
  }

  /** Pushes the plays that may lead to a better set, each with its bound. */
  #gather(from: number, sure: number): void {
    const { board, groups, reduced, table } = this.#chart;
    const { leftMs } = this.#tray;
    const { needed } = this.#best;
    for (let g = from; g < groups.count; g++) {
      if (sure + table.best(g, leftMs) < needed) return;
      sure -= this.#lost(g);
      const end = groups.start[g + 1] ?? 0;
      for (let at = groups.start[g] ?? 0; at < end; at++) {
        const play = groups.play[at] ?? 0;
        const rest = leftMs - (board.lengthMs[play] ?? 0);
        if (rest < 0) continue;
        const own = sure + (reduced[play] ?? 0) + (this.#kept[play] ?? 0);
        const bound = own + table.best(g + 1, rest);
        if (bound < needed || !this.#tray.allows(play)) continue;
        this.#plays.push(play);
        this.#groups.push(g);
        this.#bounds.push(bound);
        this.#sures.push(own);
      }
    }
  }
}
