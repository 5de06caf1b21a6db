/**
 * A set of small whole numbers as a bitmap: what became of the commits of one purse. A purse numbers its commits from
 * zero and each has two marks, so a minute of a busy isolate is some kilobytes, and "was this billed?" is one bit.
 */
import { assert } from "../kernel/assert.ts";
import { fromBase64Url, toBase64Url } from "../kernel/bytes.ts";
import { MARKS_MAX } from "./limits.ts";

/** See the head of this file. Members are whole numbers from 0 to `MARKS_MAX` − 1. */
export class MarkSet {
  #bytes: Uint8Array = new Uint8Array(0);
  #size = 0;

  /** How many members. */
  get size(): number {
    return this.#size;
  }

  has(mark: number): boolean {
    return ((this.#bytes[mark >> 3] ?? 0) & (1 << (mark & 7))) !== 0;
  }

  /** Adds a member; twice is once. Requires: within the bound. */
  add(mark: number): void {
    assert(Number.isInteger(mark) && mark >= 0 && mark < MARKS_MAX, "mark set: a mark is within its bound");
    if (this.has(mark)) return;
    const at = mark >> 3;
    if (at >= this.#bytes.length) {
      const grown = new Uint8Array(Math.max(16, 2 * this.#bytes.length, at + 1));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[at] = (this.#bytes[at] ?? 0) | (1 << (mark & 7));
    this.#size += 1;
  }

  /** One spelling for one set: base64url of the bitmap without the zero bytes at its end. */
  toText(): string {
    let end = this.#bytes.length;
    while (end > 0 && this.#bytes[end - 1] === 0) end -= 1;
    return toBase64Url(this.#bytes.subarray(0, end));
  }

  /** The set of a spelling. Throws on text that `toText` did not write. */
  static fromText(text: string): MarkSet {
    const bytes = fromBase64Url(text);
    assert(bytes !== null && bytes.length * 8 <= MARKS_MAX, "mark set: the text is base64url of a bounded bitmap");
    const set = new MarkSet();
    set.#bytes = bytes;
    for (const byte of bytes) for (let rest = byte; rest !== 0; rest &= rest - 1) set.#size += 1;
    return set;
  }
}
