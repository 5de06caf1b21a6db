/**
 * The open loop's books: when each request is due, which are waiting, and how long each took from the moment it was
 * due, not from the moment a connection was free to carry it. A server that stalls therefore pays for everyone who
 * would have come meanwhile; a generator that waits for answers before it asks again would hide them ("coordinated
 * omission"). Pure: the caller brings the clock.
 */
import { assert, present } from "../../src/kernel/assert.ts";
import { stream } from "../../src/kernel/random.ts";

/**
 * When requests of independent viewers are due: a Poisson process, the same for the same seed.
 * Units: milliseconds after the start, ascending. Requires: a rate and a length above 0.
 */
export function poissonArrivals(perSec: number, seconds: number, seed: string): Float64Array {
  assert(perSec > 0 && seconds > 0, "arrivals need a rate and a length");
  const random = stream(seed, "arrivals");
  const due: number[] = [];
  let atMs = 0;
  for (;;) {
    atMs += (-Math.log(1 - random.next()) * 1000) / perSec;
    if (atMs >= seconds * 1000) return Float64Array.from(due);
    due.push(atMs);
  }
}

/** One schedule being worked off. Numbers of requests are their places in the schedule. */
export class ArrivalBook {
  readonly #dueMs: Float64Array;
  readonly #latenciesMs: number[] = [];
  readonly #sendLagsMs: number[] = [];
  #sent = 0;
  #arrived = 0;
  #settled = 0;
  #waitingMax = 0;

  constructor(dueMs: Float64Array) {
    this.#dueMs = dueMs;
  }

  /** Lets in everyone who is due by now. `nowMs` counts from the schedule's start. */
  admit(nowMs: number): void {
    while (this.#arrived < this.#dueMs.length && this.#due(this.#arrived) <= nowMs) this.#arrived++;
    this.#waitingMax = Math.max(this.#waitingMax, this.#arrived - this.#sent);
  }

  /** The longest-waiting request, now on its way; null when nobody waits. */
  send(nowMs: number): number | null {
    if (this.#sent >= this.#arrived) return null;
    const number = this.#sent++;
    this.#sendLagsMs.push(nowMs - this.#due(number));
    return number;
  }

  /** Notes a request that was lost or answered wrongly: it has no latency. */
  lost(): void {
    this.#settled++;
  }

  /** Notes an answer. */
  answered(number: number, nowMs: number): void {
    this.#settled++;
    this.#latenciesMs.push(nowMs - this.#due(number));
  }

  /** When the next one is due, or null when the schedule is through. */
  nextDueMs(): number | null {
    return this.#dueMs[this.#arrived] ?? null;
  }

  /** Requests of the schedule that are not settled: still to come, waiting, or on their way. */
  get unsettled(): number {
    return this.#dueMs.length - this.#settled;
  }

  /** From due to answered, one a request that was answered. Units: milliseconds. */
  get latenciesMs(): readonly number[] {
    return this.#latenciesMs;
  }

  /** From due to sent, one a request: the generator's own lateness, and waiting for a connection. */
  get sendLagsMs(): readonly number[] {
    return this.#sendLagsMs;
  }

  /** Most that ever waited for a connection at once. */
  get waitingMax(): number {
    return this.#waitingMax;
  }

  #due(number: number): number {
    return present(this.#dueMs[number], "a request of this schedule");
  }
}
