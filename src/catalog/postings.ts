/**
 * The index over a catalog's line items, interface first.
 */
import type { IndexedLine } from "./indexed_line.ts";

/** Builds an index in bounded steps: every line item in offer order, then `advance` until it gives the index. */
export interface PostingsBuilder {
  /** The next line item; line items come by id in code units, as offers do. Cost: the length of its targeting. */
  add(line: IndexedLine): void;
  /** A step of about as much work as `add` of some hundred lines; null until the index is whole. */
  advance(): Postings | null;
}

/** The index. Immutable. */
export interface Postings {
  /** Units: bytes. */
  readonly bytes: number;
}

/** Starts an index. Usage: `add` all lines, then call `advance` until it answers. */
export declare function openPostings(): PostingsBuilder;
