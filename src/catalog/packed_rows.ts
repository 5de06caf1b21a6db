/**
 * A catalog cut into chunks of rows, the form in which it is stored, sent and kept in memory. What many line items have
 * in common (targetings, goals, rules) is written once, in a chunk of its own that comes before, and named by number.
 */
import { ColumnReader, listAt, textAt, type ListColumn, type TextColumn } from "./columns.ts";

/** Kinds of chunk, in the order in which they come. A kind refers only to kinds before it. */
export const CHUNK_KINDS = [
  "publishers",
  "advertisers",
  "campaigns",
  "currencies",
  "reserves",
  "landscapes",
  "goals",
  "rules",
  "targetings",
  "traits",
  "media",
  "creatives",
  "lineItems",
  "deals",
] as const;
export type ChunkKind = (typeof CHUNK_KINDS)[number];

/** Columns of a kind: texts first, then numbers, then lists; a number or list entry names a row of another kind. */
export interface RowShape {
  readonly texts: number;
  readonly numbers: readonly ChunkKind[];
  readonly lists: readonly ChunkKind[];
}

/** Rows that are one JSON text each. */
const JSON_ROWS: RowShape = { texts: 1, numbers: [], lists: [] };
/** Texts: id, name, clickThroughUrl. */
const CREATIVE_ROWS: RowShape = { texts: 3, numbers: ["advertisers", "traits", "media"], lists: [] };
/** Texts: id, name. Lists: the creatives, in the order written. */
const LINE_ITEM_ROWS: RowShape = {
  texts: 2,
  numbers: ["campaigns", "goals", "rules", "targetings"],
  lists: ["creatives"],
};

/** The columns of a kind. */
export function shapeOf(kind: ChunkKind): RowShape {
  return kind === "creatives" ? CREATIVE_ROWS : kind === "lineItems" ? LINE_ITEM_ROWS : JSON_ROWS;
}

/** Rows of one kind as bytes. */
export interface Chunk {
  readonly kind: ChunkKind;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** A chunk opened. */
export interface RowChunk {
  readonly rows: number;
  readonly texts: readonly TextColumn[];
  readonly numbers: readonly Uint32Array[];
  readonly lists: readonly ListColumn[];
}

/** The columns of a chunk, or null when its bytes are not such rows. `rowsOf`: rows that a kind before has. */
export function openChunk(chunk: Chunk, rowsOf: (kind: ChunkKind) => number): RowChunk | null {
  const shape = shapeOf(chunk.kind);
  const reader = new ColumnReader(chunk.bytes);
  const texts: TextColumn[] = [];
  const numbers: Uint32Array[] = [];
  const lists: ListColumn[] = [];
  for (let column = 0; column < shape.texts; column++) {
    const read = reader.texts(chunk.rows);
    if (read === null) return null;
    texts.push(read);
  }
  for (const kind of shape.numbers) {
    const read = reader.numbers(chunk.rows, rowsOf(kind));
    if (read === null) return null;
    numbers.push(read);
  }
  for (const kind of shape.lists) {
    const read = reader.lists(chunk.rows, rowsOf(kind));
    if (read === null) return null;
    lists.push(read);
  }
  return reader.left === 0 ? { rows: chunk.rows, texts, numbers, lists } : null;
}

/** All rows of one kind. Grows by chunks, and never changes what it has. */
export class PackedRows {
  readonly #chunks: RowChunk[] = [];
  /** Number of the first row of each chunk. */
  readonly #firsts: number[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: RowChunk): void {
    this.#chunks.push(chunk);
    this.#firsts.push(this.#length);
    this.#length += chunk.rows;
  }

  text(column: number, row: number): string {
    const at = this.#chunkOf(row);
    const texts = this.#chunks[at]?.texts[column];
    return texts === undefined ? "" : textAt(texts, row - (this.#firsts[at] ?? 0));
  }

  number(column: number, row: number): number {
    const at = this.#chunkOf(row);
    return this.#chunks[at]?.numbers[column]?.[row - (this.#firsts[at] ?? 0)] ?? 0;
  }

  list(column: number, row: number): Uint32Array {
    const at = this.#chunkOf(row);
    const lists = this.#chunks[at]?.lists[column];
    return lists === undefined ? new Uint32Array() : listAt(lists, row - (this.#firsts[at] ?? 0));
  }

  /** The row whose first text this is, or -1. Requires: rows in the order of that text, in code units. */
  find(id: string): number {
    let from = 0;
    let to = this.#length - 1;
    while (from <= to) {
      const middle = (from + to) >> 1;
      const found = this.text(0, middle);
      if (found === id) return middle;
      if (found < id) from = middle + 1;
      else to = middle - 1;
    }
    return -1;
  }

  #chunkOf(row: number): number {
    let from = 0;
    let to = this.#firsts.length - 1;
    while (from < to) {
      const middle = (from + to + 1) >> 1;
      if ((this.#firsts[middle] ?? 0) <= row) from = middle;
      else to = middle - 1;
    }
    return from;
  }
}
