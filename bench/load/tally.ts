/** Judges every reply of a load: right or wrong and why, what it contains, what is collected from it. */
import type { Expectation, Harvest } from "./job.ts";
import type { Reply } from "./reply_reader.ts";

/** How much of a wrong answer is kept. */
const WRONG_CHARS_MAX = 600;

/** Counts of one load. */
export class Tally {
  readonly errors: Record<string, number> = {};
  readonly marks: Record<string, number>;
  readonly harvested: (readonly [number, string])[] = [];
  firstWrong: string | null = null;
  replyBytes = 0;
  right = 0;
  readonly #expect: Expectation;
  readonly #harvest: Harvest | null;

  constructor(expect: Expectation, harvest: Harvest | null) {
    this.#expect = expect;
    this.#harvest = harvest;
    this.marks = Object.fromEntries(Object.keys(expect.marks).map((name) => [name, 0]));
  }

  /** Counts one reply, null when it was lost. True when it is a right answer. */
  judge(message: number, reply: Reply | null): boolean {
    const fault = this.#fault(reply);
    if (fault !== null || reply === null) {
      this.wrong(fault ?? "connection lost");
      if (reply !== null) this.firstWrong ??= firstWords(reply);
      return false;
    }
    this.right++;
    this.replyBytes += reply.body.length;
    for (const [name, text] of Object.entries(this.#expect.marks)) {
      if (contains(reply, text)) this.marks[name] = (this.marks[name] ?? 0) + 1;
    }
    this.#collect(message, reply.body);
    return true;
  }

  /** Counts something that went wrong. */
  wrong(kind: string, count = 1): void {
    if (count > 0) this.errors[kind] = (this.errors[kind] ?? 0) + count;
  }

  #fault(reply: Reply | null): string | null {
    if (reply === null) return "connection lost";
    const { status, required, forbidden } = this.#expect;
    if (reply.status !== status) return `status ${reply.status}`;
    if (required !== undefined && !contains(reply, required)) return "required text missing";
    return forbidden !== undefined && contains(reply, forbidden) ? "forbidden text" : null;
  }

  #collect(message: number, body: Buffer): void {
    const harvest = this.#harvest;
    if (harvest === null) return;
    let at = 0;
    while (this.harvested.length < harvest.max) {
      const found = body.indexOf(harvest.before, at, "latin1");
      if (found < 0) return;
      const start = found + harvest.before.length;
      const end = body.indexOf('"', start, "latin1");
      if (end < 0) return;
      this.harvested.push([message, body.toString("latin1", start, end)]);
      at = end;
    }
  }
}

function firstWords(reply: Reply): string {
  return `${reply.head}\n${reply.body.toString("latin1", 0, WRONG_CHARS_MAX)}`.slice(0, WRONG_CHARS_MAX);
}

/** Names of headers are told in whatever case the server likes; texts are written for that. */
function contains(reply: Reply, text: string): boolean {
  return reply.body.includes(text, 0, "latin1") || reply.head.includes(text);
}
