/**
 * What a run remembers of itself: a digest over everything that was said on the wire, so that two runs can be compared
 * by one word, and, when somebody is looking, the last things that happened in words.
 */
import { hash32 } from "../../kernel/random.ts";
import type { EventQueue } from "./event_queue.ts";

const LINES_MAX = 40;

/** Notes of one run. */
export class Chronicle {
  readonly #queue: EventQueue;
  readonly #tracing: boolean;
  readonly #lines: string[] = [];
  readonly #words = new Map<string, number>();
  #low = 0x2545f491;
  #high = 0x9e3779b9;

  constructor(queue: EventQueue, tracing: boolean) {
    this.#queue = queue;
    this.#tracing = tracing;
  }

  /** Something happened: what, to whom, and a number that says how much. */
  note(what: string, who: string, amount: number): void {
    this.#mix(this.#queue.nowMs);
    this.#mix(this.#word(what));
    this.#mix(this.#word(who));
    this.#mix(amount);
    if (!this.#tracing) return;
    this.#lines.push(`${(this.#queue.nowMs / 1000).toFixed(3)} s  ${what}  ${who}  ${amount}`);
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
  }

  /** The last notes, oldest first; none when nobody is looking. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Sixteen hexadecimal letters. */
  digest(): string {
    return (this.#high >>> 0).toString(16).padStart(8, "0") + (this.#low >>> 0).toString(16).padStart(8, "0");
  }

  #word(text: string): number {
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    const fresh = hash32(text);
    this.#words.set(text, fresh);
    return fresh;
  }

  #mix(value: number): void {
    const bits = (value | 0) ^ Math.floor(value / 0x1_0000_0000);
    this.#low = Math.imul(this.#low ^ bits, 0x85ebca6b);
    this.#low ^= this.#low >>> 13;
    this.#high = (Math.imul(this.#high, 0x01000193) ^ this.#low) + bits;
  }
}
