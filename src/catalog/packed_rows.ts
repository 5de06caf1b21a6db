/**
 * A catalog cut into chunks of rows, the form in which it is stored, sent and kept in memory. What many line items have
 * in common (targetings, goals, rules) is written once, in a chunk of its own that comes before, and named by number.
 */
import { decompressBlock } from "../kernel/lz4.ts";
import { present } from "../kernel/assert.ts";
import { Recent } from "../kernel/recent.ts";
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
  "creatives",
  "assets",
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
/** Texts: id. The row of the same number in `assets` has the rest. */
const CREATIVE_ROWS: RowShape = { texts: 1, numbers: ["advertisers", "traits"], lists: [] };
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

/** Rows of one kind as bytes. Units: bytes. */
export interface Chunk {
  readonly kind: ChunkKind;
  readonly rows: number;
  /** Length of the columns; that of `stored` as well when compressing them gained nothing. */
  readonly rawLength: number;
  readonly stored: Uint8Array;
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
  const { stored, rawLength } = chunk;
  const raw = stored.length === rawLength ? stored : decompressBlock(stored, rawLength);
  if (raw === null) return null;
  const reader = new ColumnReader(raw);
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

/** Opened chunks of a kind that are remembered when its chunks are kept closed. */
const OPEN_KEPT = 32;

/** All rows of one kind. Grows by chunks, and never changes what it has. */
export class PackedRows {
  readonly #chunks: (RowChunk | Chunk)[] = [];
  /** Number of the first row of each chunk. */
  readonly #firsts: number[] = [];
  readonly #reopened = new Recent<RowChunk>(OPEN_KEPT, (at) => {
    const chunk = present(this.#chunks[at], "a chunk has a number");
    // Only chunks that could be opened are kept; what their numbers refer to was checked then.
    const opened = "stored" in chunk ? openChunk(chunk, () => Number.POSITIVE_INFINITY) : chunk;
    return present(opened, "a chunk that was opened once opens again");
  });
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds the rows of a chunk: opened, or as it is stored, to be opened whenever a row of it is read. */
  push(chunk: RowChunk | Chunk): void {
    this.#chunks.push(chunk);
    this.#firsts.push(this.#length);
    this.#length += chunk.rows;
  }

  text(column: number, row: number): string {
    const at = this.#chunkOf(row);
    const texts = this.#open(at)?.texts[column];
    return texts === undefined ? "" : textAt(texts, row - (this.#firsts[at] ?? 0));
  }

  number(column: number, row: number): number {
    const at = this.#chunkOf(row);
    return this.#open(at)?.numbers[column]?.[row - (this.#firsts[at] ?? 0)] ?? 0;
  }

  list(column: number, row: number): Uint32Array {
    const at = this.#chunkOf(row);
    const lists = this.#open(at)?.lists[column];
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

  #open(at: number): RowChunk | undefined {
    const chunk = this.#chunks[at];
    return chunk !== undefined && "stored" in chunk ? this.#reopened.at(at) : chunk;
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
