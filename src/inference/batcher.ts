/**
 * Micro-batching as a value of time: requests wait a moment for others of the same model and then go together, because
 * one call on many rows costs far less than many calls on few. The queue is bounded; who does not fit is told at once.
 * Time and arrivals are handed in.
 */
import { present } from "../kernel/assert.ts";
import { ok, refused, type Result } from "../kernel/result.ts";

/** How requests are put together. */
export interface BatchTerms {
  /** Rows of a batch at most. */
  readonly rowsMax: number;
  /** How long the first of a batch waits for others at most. */
  readonly waitMsMax: number;
  /** Rows that wait at most, of all lines together. */
  readonly queuedRowsMax: number;
}

/** Requests that go together, in the order in which they came. */
export interface Batch<J> {
  readonly line: string;
  readonly jobs: readonly J[];
  readonly rows: number;
}

interface Waiting<J> {
  readonly job: J;
  readonly rows: number;
  readonly arrivedMs: number;
}

/** Requests of one line in the order of their arrival. Never empty. */
interface Line<J> {
  readonly waiting: Waiting<J>[];
  rows: number;
}

/** See the head of this file. Requests of one line are taken in order, each exactly once. */
export class Batcher<J> {
  readonly #terms: BatchTerms;
  readonly #lines = new Map<string, Line<J>>();
  #queuedRows = 0;

  constructor(terms: BatchTerms) {
    this.#terms = terms;
  }

  /** Rows that wait. */
  get queuedRows(): number {
    return this.#queuedRows;
  }

  /** Takes a request in. Refuses, in this order: more rows than a batch has, more than the queue has room for. */
  offer(line: string, job: J, rows: number, nowMs: number): Result<null, "too_many_rows" | "queue_full"> {
    if (rows > this.#terms.rowsMax) return refused("too_many_rows");
    if (this.#queuedRows + rows > this.#terms.queuedRowsMax) return refused("queue_full");
    const held = this.#lines.get(line) ?? { waiting: [], rows: 0 };
    held.waiting.push({ job, rows, arrivedMs: nowMs });
    held.rows += rows;
    this.#queuedRows += rows;
    this.#lines.set(line, held);
    return ok(null);
  }

  /** The batch that is due, of several that whose first request came first; null when none is. */
  take(nowMs: number): Batch<J> | null {
    let due: { readonly name: string; readonly line: Line<J>; readonly arrivedMs: number } | null = null;
    for (const [name, line] of this.#lines) {
      const { arrivedMs } = headOf(line);
      if (this.#dueMs(line) <= nowMs && (due === null || arrivedMs < due.arrivedMs)) due = { name, line, arrivedMs };
    }
    return due === null ? null : this.#cut(due.name, due.line);
  }

  /** When the next batch is due: in the past where one is full already; null when nothing waits. */
  nextMs(): number | null {
    let next: number | null = null;
    for (const line of this.#lines.values()) {
      const dueMs = this.#dueMs(line);
      if (next === null || dueMs < next) next = dueMs;
    }
    return next;
  }

  #dueMs(line: Line<J>): number {
    const { arrivedMs } = headOf(line);
    return line.rows >= this.#terms.rowsMax ? arrivedMs : arrivedMs + this.#terms.waitMsMax;
  }

  /** As many of a line's first requests as a batch has room for. */
  #cut(name: string, line: Line<J>): Batch<J> {
    let rows = 0;
    let count = 0;
    for (const waiting of line.waiting) {
      if (rows + waiting.rows > this.#terms.rowsMax) break;
      rows += waiting.rows;
      count++;
    }
    const jobs = line.waiting.splice(0, count).map(({ job }) => job);
    line.rows -= rows;
    this.#queuedRows -= rows;
    if (line.waiting.length === 0) this.#lines.delete(name);
    return { line: name, jobs, rows };
  }
}

function headOf<J>(line: Line<J>): Waiting<J> {
  return present(line.waiting[0], "a line that is kept is not empty");
}
