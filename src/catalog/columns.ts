/**
 * Rows of one kind, written column by column: texts, numbers and lists of numbers. Texts stay the bytes they were read
 * from, which is a fraction of what objects need; a row's field is read when somebody asks for it. All lengths are
 * checked when columns are read, so that reading a field never meets a surprise.
 */
import { fromUtf8, isAscii } from "../kernel/bytes.ts";

/** Numbers below 2^32, seven bits a byte, the lowest first; a set high bit says that more follow. */
export class ColumnWriter {
  #bytes = new Uint8Array(1024);
  #size = 0;

  /** What was written. */
  get written(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  /** Requires: 0 ≤ value < 2^32. */
  number(value: number): void {
    this.#grow(5);
    let left = value;
    for (; left >= 128; left = Math.floor(left / 128)) this.#bytes[this.#size++] = (left % 128) | 128;
    this.#bytes[this.#size++] = left;
  }

  bytes(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.length;
  }

  numbers(column: readonly number[]): void {
    for (const value of column) this.number(value);
  }

  texts(column: readonly Uint8Array[]): void {
    this.numbers(column.map((text) => text.length));
    for (const text of column) this.bytes(text);
  }

  lists(column: readonly (readonly number[])[]): void {
    this.numbers(column.map((list) => list.length));
    for (const list of column) this.numbers(list);
  }

  #grow(more: number): void {
    if (this.#size + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#size + more));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}

/** Texts of the rows of one chunk. */
export interface TextColumn {
  readonly bytes: Uint8Array;
  /** Shape: rows + 1; row i is `bytes[starts[i], starts[i + 1])`. */
  readonly starts: Uint32Array;
}

/** Lists of the rows of one chunk. */
export interface ListColumn {
  readonly values: Uint32Array;
  /** Shape: rows + 1. */
  readonly starts: Uint32Array;
}

/** Reads columns in the order in which they were written. Null: the bytes are not such a column. */
export class ColumnReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes that have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** One number. */
  number(): number | null {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return null;
      value += (byte & 127) * scale;
      if (byte < 128) return value < 2 ** 32 ? value : null;
    }
    return null;
  }

  /** So many bytes, not copied. */
  bytes(length: number): Uint8Array | null {
    if (length > this.left) return null;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Numbers below `below`. */
  numbers(rows: number, below: number): Uint32Array | null {
    // A number takes a byte at least: an absurd count is refused before room is made for it.
    if (rows > this.left) return null;
    const column = new Uint32Array(rows);
    for (let row = 0; row < rows; row++) {
      const value = this.number();
      if (value === null || value >= below) return null;
      column[row] = value;
    }
    return column;
  }

  /** Well-formed UTF-8, each text by itself. */
  texts(rows: number): TextColumn | null {
    const starts = this.#starts(rows);
    if (starts === null) return null;
    const bytes = this.bytes(starts[rows] ?? 0);
    if (bytes === null || (!isAscii(bytes) && fromUtf8(bytes) === null)) return null;
    // The whole is well-formed, so each text is when none begins inside a letter.
    for (let row = 0; row < rows; row++) if (((bytes[starts[row] ?? 0] ?? 0) & 0xc0) === 0x80) return null;
    return { bytes, starts };
  }

  /** Lists of numbers below `below`. */
  lists(rows: number, below: number): ListColumn | null {
    const starts = this.#starts(rows);
    const values = starts === null ? null : this.numbers(starts[rows] ?? 0, below);
    return starts === null || values === null ? null : { starts, values };
  }

  #starts(rows: number): Uint32Array | null {
    const lengths = this.numbers(rows, this.#bytes.length + 1);
    if (lengths === null) return null;
    const starts = new Uint32Array(rows + 1);
    let end = 0;
    for (let row = 0; row < rows; row++) {
      end += lengths[row] ?? 0;
      if (end > this.#bytes.length) return null;
      starts[row + 1] = end;
    }
    return starts;
  }
}

/** The text of one row. */
export function textAt(column: TextColumn, row: number): string {
  return fromUtf8(column.bytes.subarray(column.starts[row] ?? 0, column.starts[row + 1] ?? 0)) ?? "";
}

/** The list of one row, not copied. */
export function listAt(column: ListColumn, row: number): Uint32Array {
  return column.values.subarray(column.starts[row] ?? 0, column.starts[row + 1] ?? 0);
}
