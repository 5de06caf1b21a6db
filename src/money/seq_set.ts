/**
 * A set of small whole numbers as a bitmap: which commits of one purse were billed. A purse numbers its commits from
 * zero, so a minute of a busy isolate is some kilobytes, and "was this billed before?" is one bit.
 */
import { assert } from "../kernel/assert.ts";
import { fromBase64Url, toBase64Url } from "../kernel/bytes.ts";
import { COMMITS_MAX } from "./limits.ts";

/** See the head of this file. Members are whole numbers from 0 to `COMMITS_MAX` − 1. */
export class SeqSet {
  #bytes: Uint8Array = new Uint8Array(0);
  #size = 0;

  /** How many members. */
  get size(): number {
    return this.#size;
  }

  has(seq: number): boolean {
    return ((this.#bytes[seq >> 3] ?? 0) & (1 << (seq & 7))) !== 0;
  }

  /** Adds a member; twice is once. Requires: seq within the bound. */
  add(seq: number): void {
    assert(Number.isInteger(seq) && seq >= 0 && seq < COMMITS_MAX, "seq set: a commit's number is within its bound");
    if (this.has(seq)) return;
    const at = seq >> 3;
    if (at >= this.#bytes.length) {
      const grown = new Uint8Array(Math.max(16, 2 * this.#bytes.length, at + 1));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[at] = (this.#bytes[at] ?? 0) | (1 << (seq & 7));
    this.#size += 1;
  }

  /** One spelling for one set: base64url of the bitmap without the zero bytes at its end. */
  toText(): string {
    let end = this.#bytes.length;
    while (end > 0 && this.#bytes[end - 1] === 0) end -= 1;
    return toBase64Url(this.#bytes.subarray(0, end));
  }

  /** The set of a spelling. Throws on text that `toText` did not write. */
  static fromText(text: string): SeqSet {
    const bytes = fromBase64Url(text);
    assert(bytes !== null && bytes.length * 8 <= COMMITS_MAX, "seq set: the text is base64url of a bounded bitmap");
    const set = new SeqSet();
    set.#bytes = bytes;
    for (const byte of bytes) for (let rest = byte; rest !== 0; rest &= rest - 1) set.#size += 1;
    return set;
  }
}
