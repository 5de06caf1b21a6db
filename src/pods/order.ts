/**
 * The order of play of a set of plays. What claims to be first or last stands there, structured slots where they are,
 * the rest as the total order of plays has it; where gaps are asked for, the first order that keeps them.
 */
import type { Board } from "./board.ts";
import { AS_FIRST, AS_LAST } from "./plays.ts";

/** Where a play wants to stand among those of its place. */
function rank(board: Board, play: number): number {
  return board.claim[play] === AS_FIRST ? -1 : board.claim[play] === AS_LAST ? board.count : play;
}

/** The plays by place, claim and total order. */
export function plainOrder(board: Board, taken: readonly number[]): readonly number[] {
  return taken.toSorted((a, b) => (board.place[a] ?? 0) - (board.place[b] ?? 0) || rank(board, a) - rank(board, b));
}

/** What a search for an order may still spend, and has spent. */
export interface OrderBudget {
  nodes: number;
  readonly nodesMax: number;
}

/**
 * The smallest order (by the total order of plays, from the front) that keeps every gap; null when there is none;
 * "unknown" when the nodes ran out first. Without gaps: the plain order, at no cost.
 */
export function orderOf(
  board: Board,
  taken: readonly number[],
  budget: OrderBudget,
): readonly number[] | null | "unknown" {
  const plain = plainOrder(board, taken);
  if (!board.hasGaps) return plain;
  const { minGapAds } = board.rules;
  const lastAt = new Int32Array(board.capacity.length).fill(-minGapAds - 1);
  const order: number[] = [];
  const used = new Uint8Array(plain.length);
  const gappedOf = (play: number): Int32Array =>
    board.classOf
      .subarray(board.classStart[play], board.classStart[play + 1])
      .filter((each) => board.gapped[each] === 1);
  const classes = plain.map(gappedOf);

  const place = (): boolean | "unknown" => {
    const at = order.length;
    if (at === plain.length) return true;
    for (let i = 0; i < plain.length; i++) {
      const play = plain[i] ?? 0;
      const own = classes[i] ?? new Int32Array(0);
      if (used[i] === 1) continue;
      if (isBarred(i) || own.some((each) => at - (lastAt[each] ?? 0) <= minGapAds)) continue;
      if (budget.nodes >= budget.nodesMax) return "unknown";
      budget.nodes++;
      const before = own.map((each) => lastAt[each] ?? 0);
      own.forEach((each) => (lastAt[each] = at));
      used[i] = 1;
      order.push(play);
      const placed = place();
      if (placed !== false) return placed;
      order.pop();
      used[i] = 0;
      own.forEach((each, index) => (lastAt[each] = before[index] ?? 0));
    }
    return false;
  };
  /** A play stands behind all of earlier places; the first claim ahead of the others of its place, the last behind. */
  const isBarred = (i: number): boolean => {
    const play = plain[i] ?? 0;
    for (let other = 0; other < plain.length; other++) {
      if (used[other] === 1 || other === i) continue;
      const theirs = plain[other] ?? 0;
      if ((board.place[theirs] ?? 0) < (board.place[play] ?? 0)) return true;
      if ((board.place[theirs] ?? 0) > (board.place[play] ?? 0)) continue;
      if (board.claim[theirs] === AS_FIRST || board.claim[play] === AS_LAST) return true;
    }
    return false;
  };
  const found = place();
  return found === true ? order : found === false ? null : found;
}
