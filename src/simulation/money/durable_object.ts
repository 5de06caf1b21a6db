/**
 * What a durable object is to the money protocol, without the money: commands change its memory, their rows reach the
 * disk a moment later, and what it says leaves only then. It may die before (then neither happened), in between (then
 * the rows stay and the words are lost), or when nothing is under way. Dying takes the memory and nothing else.
 */
import type { RandomStream } from "../../kernel/random.ts";
import { drawChance } from "../draw.ts";
import type { EventQueue } from "./event_queue.ts";

/** How objects fail. Shares: 0 to 1. */
export interface ObjectFaults {
  /** Longest time between a command and its disk. */
  readonly flushMsMax: number;
  /** Shortest time between two flushes, as group commit keeps it; left out: none. */
  readonly gapMs?: number;
  /** Share of flushes at which the object dies, before or after its rows are on the disk. */
  readonly deathAtFlush: number;
  /** Share of flushes that fail: their rows are dropped and the memory is loaded again, but the object lives on. */
  readonly writeFails: number;
  /** Longest time an object stays away after it died. */
  readonly awayMsMax: number;
}

/** What an object keeps, and how it comes back. */
export interface Memory<Row> {
  /** Rows reach the disk, in order, all of them or none. */
  readonly store: (rows: readonly Row[]) => void;
  /** Memory is made from the disk again; `livesOn`: by an object that did not die. */
  readonly load: (livesOn: boolean) => void;
  /** The object is there again: time to set its alarm. */
  readonly wake: () => void;
}

/** Words on their way out. `leaves` is false when they are lost with the object right after its transaction. */
export type Words = (leaves: boolean) => void;

/** See the head of this file. */
export class DurableHost<Row> {
  faults: ObjectFaults;
  /** Counts lives: what an earlier life was waiting for, a later one never hears. */
  life = 0;
  deaths = 0;
  /** Flushes that put rows on the disk. */
  writes = 0;
  readonly #queue: EventQueue;
  readonly #random: RandomStream;
  readonly #memory: Memory<Row>;
  #rows: Row[] = [];
  #words: Words[] = [];
  #flushing = false;
  #flushedMs = Number.NEGATIVE_INFINITY;
  #awayUntilMs = 0;

  constructor(queue: EventQueue, random: RandomStream, faults: ObjectFaults, memory: Memory<Row>) {
    this.#queue = queue;
    this.#random = random;
    this.faults = faults;
    this.#memory = memory;
  }

  /** Whether a message finds anybody. */
  get isThere(): boolean {
    return this.#queue.nowMs >= this.#awayUntilMs;
  }

  /** A command has changed the memory: its rows, if any, and what it wants to say once they are safe. */
  commit(row: Row | null, words: Words): void {
    if (row !== null) this.#rows.push(row);
    this.#words.push(words);
    if (this.#flushing) return;
    this.#flushing = true;
    const { life } = this;
    const gapMs = Math.max(0, this.#flushedMs + (this.faults.gapMs ?? 0) - this.#queue.nowMs);
    this.#queue.after(gapMs + this.#random.below(this.faults.flushMsMax + 1), () => {
      if (life === this.life) this.#flush();
    });
  }

  /** Dies now: with what is not on the disk yet, or right after it got there. */
  die(afterFlush: boolean): void {
    const words = this.#words;
    if (afterFlush) this.#memory.store(this.#rows);
    this.#drop();
    this.life += 1;
    this.deaths += 1;
    if (afterFlush) for (const say of words) say(false);
    this.#memory.load(false);
    this.#awayUntilMs = this.#queue.nowMs + this.#random.below(this.faults.awayMsMax + 1);
    const { life } = this;
    this.#queue.at(this.#awayUntilMs, () => {
      if (life === this.life) this.#memory.wake();
    });
  }

  #flush(): void {
    this.#flushedMs = this.#queue.nowMs;
    if (drawChance(this.#random, this.faults.writeFails)) {
      this.#drop();
      this.#memory.load(true);
      return;
    }
    if (drawChance(this.#random, this.faults.deathAtFlush)) {
      this.die(drawChance(this.#random, 0.5));
      return;
    }
    const [rows, words] = [this.#rows, this.#words];
    this.#drop();
    this.#memory.store(rows);
    if (rows.length > 0) this.writes += 1;
    for (const say of words) say(true);
  }

  #drop(): void {
    this.#rows = [];
    this.#words = [];
    this.#flushing = false;
  }
}
