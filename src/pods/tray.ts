/**
 * A pod while it is put together: what has been taken so far and, for any further play, whether the rules still allow
 * it. Order is not looked at here, except that nothing may play before the ad that is first or after the one that is
 * last; gaps are checked when a pod is complete (order.ts).
 */
import type { Board } from "./board.ts";
import { AS_FIRST, AS_LAST } from "./plays.ts";

/** Taken plays and what they leave. */
export class Tray {
  readonly taken: number[] = [];
  /** Gain of what is taken, scaled. */
  gain = 0;
  leftMs: number;
  leftSlots: number;
  readonly #board: Board;
  readonly #used: Int32Array;
  readonly #blocked: Int32Array;

  readonly #roots: number;

  /** A tray with these plays on it for good. */
  constructor(board: Board, roots: readonly number[] = []) {
    this.#board = board;
    this.leftMs = board.rules.durationMs;
    this.leftSlots = board.dynamicMax;
    this.#used = new Int32Array(board.capacity.length);
    this.#blocked = new Int32Array(board.rivals.length);
    for (const root of roots) this.take(root);
    this.#roots = roots.length;
  }

  /** Whether the rules allow this play beside what is taken. */
  allows(play: number): boolean {
    const { lengthMs, dynamic, side, classStart, classOf, capacity } = this.#board;
    if ((lengthMs[play] ?? 0) > this.leftMs || (dynamic[play] ?? 0) > this.leftSlots) return false;
    const end = classStart[play + 1] ?? 0;
    for (let at = classStart[play] ?? 0; at < end; at++) {
      const number = classOf[at] ?? 0;
      if ((this.#used[number] ?? 0) >= (capacity[number] ?? 0)) return false;
    }
    const own = side[play] ?? -1;
    if (own >= 0 && (this.#blocked[own] ?? 0) > 0) return false;
    return !this.#board.hasClaims || this.#inOrder(play);
  }

  /** How many more of a class the rules allow. */
  leftIn(number: number): number {
    return (this.#board.capacity[number] ?? 0) - (this.#used[number] ?? 0);
  }

  take(play: number): void {
    this.#count(play, 1);
    this.taken.push(play);
  }

  /** Puts back the play taken last. */
  putBack(): void {
    const play = this.taken.pop();
    if (play !== undefined) this.#count(play, -1);
  }

  /** Takes of these plays, in this order, what the rules allow, what gains something and what it does not hold yet. */
  fill(order: ArrayLike<number>, count = order.length): void {
    for (let i = 0; i < count; i++) {
      const play = order[i] ?? 0;
      if ((this.#board.gain[play] ?? 0) > 0 && this.allows(play) && !this.taken.includes(play)) this.take(play);
    }
  }

  /** Puts back all but the roots. */
  clear(): void {
    while (this.taken.length > this.#roots) this.putBack();
  }

  #count(play: number, one: 1 | -1): void {
    const { gain, lengthMs, dynamic, side, rivals, classStart, classOf } = this.#board;
    this.gain += one * (gain[play] ?? 0);
    this.leftMs -= one * (lengthMs[play] ?? 0);
    this.leftSlots -= one * (dynamic[play] ?? 0);
    const end = classStart[play + 1] ?? 0;
    for (let at = classStart[play] ?? 0; at < end; at++) {
      const number = classOf[at] ?? 0;
      this.#used[number] = (this.#used[number] ?? 0) + one;
    }
    const own = side[play] ?? -1;
    if (own < 0) return;
    for (const rival of rivals[own] ?? []) this.#blocked[rival] = (this.#blocked[rival] ?? 0) + one;
  }

  /** Nothing plays before what claims to be first, nothing after what claims to be last. */
  #inOrder(play: number): boolean {
    const { place, claim } = this.#board;
    const own = place[play] ?? 0;
    for (const other of this.taken) {
      const theirs = place[other] ?? 0;
      if (own < theirs && (claim[play] === AS_LAST || claim[other] === AS_FIRST)) return false;
      if (own > theirs && (claim[play] === AS_FIRST || claim[other] === AS_LAST)) return false;
    }
    return true;
  }
}
