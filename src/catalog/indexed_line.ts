/**
 * What the index over a catalog's line items is built from: one line item with what its offers are, in the shape in
 * which the operator wrote it, so that nothing need be compiled for it. Kept by nobody once it is indexed.
 */
import type { Goal, Targeting } from "./entities.ts";

/** One line item, as the index reads it. */
export interface IndexedLine {
  readonly targeting: Targeting;
  /** Whether line item and campaign are both "active". */
  readonly active: boolean;
  /** Units: epoch milliseconds, half-open. */
  readonly flightStartMs: number;
  readonly flightEndMs: number;
  readonly goal: Goal;
  readonly positionPremiumPpm: { readonly first: number; readonly last: number };
  /** Whether a guaranteed deal is shown through it: such lines are looked at before all others. */
  readonly guaranteed: boolean;
  /** Deals that are not guaranteed and that it may use. */
  readonly deals: readonly { readonly id: string; readonly publisherIds: readonly string[] }[];
  /** Lower case. */
  readonly advertiserDomain: string;
  /** What may be shown for it, in any order. */
  readonly creatives: readonly IndexedCreative[];
}

/** One creative of a line item, as the index reads it. */
export interface IndexedCreative {
  readonly durationSec: number;
  /** IAB codes, as the creative has them; the index adds the top-level codes. */
  readonly categories: readonly string[];
  readonly media: readonly { readonly mimeType: string }[];
}
