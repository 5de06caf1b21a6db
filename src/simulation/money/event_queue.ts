/**
 * Virtual time: what happens next, in the order of its moment; of equal moments, in the order of planning. A binary
 * heap, because a seed plans tens of thousands of events.
 */

interface Planned {
  readonly atMs: number;
  readonly serial: number;
  readonly happen: () => void;
}

/** The one queue of a simulated world, and its clock. Nobody in the world sees this clock itself: see `WallClock`. */
export class EventQueue {
  nowMs: number;
  /** Events that have happened. */
  happened = 0;
  readonly #heap: Planned[] = [];
  #serial = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  get waiting(): number {
    return this.#heap.length;
  }

  /** Plans an event. A moment that has passed is now. */
  at(atMs: number, happen: () => void): void {
    const planned = { atMs: Math.max(Math.ceil(atMs), this.nowMs), serial: this.#serial++, happen };
    const heap = this.#heap;
    let place = heap.length;
    heap.push(planned);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !comesBefore(planned, parent)) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = planned;
  }

  /** Plans an event after a while. */
  after(delayMs: number, happen: () => void): void {
    this.at(this.nowMs + delayMs, happen);
  }

  /** Lets the next event happen, unless there is none or it lies beyond the horizon. */
  next(horizonMs: number): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > horizonMs) return false;
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    this.nowMs = first.atMs;
    this.happened += 1;
    first.happen();
    return true;
  }

  /** Puts an event into the free place at the top and lets it sink. */
  #sink(planned: Planned): void {
    const heap = this.#heap;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      let child = heap[below];
      if (child === undefined) break;
      const other = heap[below + 1];
      if (other !== undefined && comesBefore(other, child)) {
        below += 1;
        child = other;
      }
      if (!comesBefore(child, planned)) break;
      heap[place] = child;
      place = below;
    }
    heap[place] = planned;
  }
}

function comesBefore(a: Planned, b: Planned): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.serial < b.serial);
}

/** What one machine believes the time to be: off by a skew, which may step. */
export class WallClock {
  skewMs: number;
  readonly #queue: EventQueue;

  constructor(queue: EventQueue, skewMs: number) {
    this.#queue = queue;
    this.skewMs = skewMs;
  }

  nowMs(): number {
    return this.#queue.nowMs + this.skewMs;
  }

  /** The moment of the one true clock at which this one shows `wallMs`. */
  trueMs(wallMs: number): number {
    return wallMs - this.skewMs;
  }
}
