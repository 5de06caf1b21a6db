/**
 * The index over a catalog's line items: for every value that targeting may name, the line items that name it, as sets
 * of numbers (bitmap.ts). A request then costs a few set operations instead of a walk over the catalog
 * (postings_match.ts). Entries are the alternatives of conjunctions.ts, numbered so that what is looked at first comes
 * first: guaranteed deals, then by what a line item may bid at most, then catalog order.
 */
import { present } from "../kernel/assert.ts";
import { allBits, clearBit, setBit, wordCount } from "./bitmap.ts";
import { contextMemo, type ContextMemo } from "./contexts.ts";
import { indexFlights, type FlightIndex } from "./flight_index.ts";
import type { AxisDraft, PostingsDraft } from "./postings_draft.ts";
import type { ListDimension } from "./targeting.ts";

/** What the index can be asked about: whom a line item wants, and from "categories" on what it is. */
export type AxisName =
  | ListDimension
  | "hours"
  | "consent"
  | "categories"
  | "domains"
  | "durations"
  | "mimeTypes"
  | "deals";

/** Entries that name a value: listed where they are few, and where they are many as a mask over all entries. */
export type Posting = { readonly numbers: Uint32Array } | { readonly mask: Int32Array };

/** One axis. An entry agrees when it asks for nothing or includes the value, and does not exclude it. */
export interface Axis {
  /** Entries without an include list. */
  readonly any: Int32Array;
  /** By value. A mask has the entries that agree: those that include the value, and `any`; and, on an axis whose facts
   *  have one value, not those that exclude it. */
  readonly include: ReadonlyMap<string, Posting>;
  /** By value. A mask has the entries that agree: those that do not exclude the value. */
  readonly exclude: ReadonlyMap<string, Posting>;
}

/** The index. Immutable, but for what `flights` and `contexts` remember. */
export interface Postings {
  /** Entries; each belongs to a line item, and those of one line item are neighbours. */
  readonly size: number;
  /** Entries of guaranteed deals: all below this number. */
  readonly guaranteedSize: number;
  /** Shape: the line item of each entry, by its number in the table of offers. */
  readonly lineOf: Uint32Array;
  /** Entries that say all there is to know of their line item: it has one creative and no expression. */
  readonly exact: Int32Array;
  /** Only those that some entry asks about. */
  readonly axes: ReadonlyMap<AxisName, Axis>;
  /** Lengths of creatives. Units: seconds. */
  readonly durationsSec: readonly number[];
  readonly flights: FlightIndex;
  readonly contexts: ContextMemo;
  /** Memory of all of it but `contexts`. Units: bytes. */
  readonly bytes: number;
}

/** Axes on which a break, or an ad, may have several values at once. */
const SEVERAL_VALUES: ReadonlySet<AxisName> = new Set([
  "contentCategories",
  "segments",
  "categories",
  "domains",
  "durations",
  "mimeTypes",
  "deals",
]);

/** How the axis of deals spells a deal at a publisher; the publisher's id alone is any of them. */
export function dealAt(publisherId: string, dealId: string): string {
  return `${publisherId} ${dealId}`;
}

/** One entry in so many is "many": a mask is then no larger than a list. */
const MANY_OF = 32;
/** Numbers turned into postings between two yields. */
const STEP_NUMBERS = 20_000;
/** Line items sorted between two yields. */
const STEP_SORT = 2_048;

/** Turns a draft into the index. Yields after every step of bounded work. */
export function* buildPostings(draft: PostingsDraft): Generator<void, Postings> {
  const ranking = yield* byCeiling(draft.ceilings);
  const size = draft.lineOf.length;
  const positions = new Uint32Array(size);
  const lineOf = new Uint32Array(size);
  const exact = new Int32Array(wordCount(size));
  let position = 0;
  let guaranteedSize = 0;
  for (const line of ranking) {
    for (let entry = draft.firstEntry[line] ?? 0; entry < (draft.firstEntry[line + 1] ?? 0); entry++) {
      positions[entry] = position;
      if (draft.exact[entry] === true) setBit(exact, position);
      lineOf[position++] = line;
    }
    if (draft.ceilings[line] === Number.POSITIVE_INFINITY) guaranteedSize = position;
  }
  yield;
  const axes: (readonly [AxisName, Axis])[] = [];
  for (const [name, axis] of draft.axes) axes.push([name, yield* buildAxis(name, axis, positions)]);
  const flightOf = new Uint32Array(size);
  positions.forEach((at, entry) => {
    flightOf[at] = present(draft.flightOf[entry], "every entry has a flight");
  });
  const flights = indexFlights(flightOf, draft.flightStartsMs, draft.flightEndsMs);
  const contexts = contextMemo(guaranteedSize);
  return {
    size,
    guaranteedSize,
    lineOf,
    exact,
    axes: new Map(axes),
    durationsSec: [...(draft.axes.get("durations")?.include.keys() ?? [])].map(Number),
    flights,
    contexts,
    bytes: lineOf.byteLength + flights.bytes + axes.reduce((sum, [, axis]) => sum + bytesOf(axis), 0),
  };
}

function* buildAxis(name: AxisName, draft: AxisDraft, positions: Uint32Array): Generator<void, Axis> {
  const any = allBits(positions.length);
  for (const entry of draft.stated) clearBit(any, positions[entry] ?? 0);
  yield;
  // Where a fact has one value, whoever excludes it can be left out of its mask: one set less to read.
  const excluding = new Map(draft.exclude);
  const single = !SEVERAL_VALUES.has(name);
  const include = yield* buildLists(draft.include, positions, (numbers, value) => {
    const mask = any.slice();
    for (const number of numbers) setBit(mask, number);
    if (!single) return mask;
    for (const entry of excluding.get(value) ?? []) clearBit(mask, positions[entry] ?? 0);
    excluding.delete(value);
    return mask;
  });
  const exclude = yield* buildLists(excluding, positions, (numbers) => {
    const mask = allBits(positions.length);
    for (const number of numbers) clearBit(mask, number);
    return mask;
  });
  return { any, include, exclude };
}

function* buildLists(
  lists: ReadonlyMap<string, readonly number[]>,
  positions: Uint32Array,
  maskOf: (numbers: Uint32Array, value: string) => Int32Array,
): Generator<void, ReadonlyMap<string, Posting>> {
  const built = new Map<string, Posting>();
  let done = 0;
  for (const [value, entries] of lists) {
    const numbers = new Uint32Array(entries.length);
    for (let at = 0; at < entries.length; at++) numbers[at] = positions[entries[at] ?? 0] ?? 0;
    const many = numbers.length * MANY_OF >= positions.length;
    built.set(value, many ? { mask: maskOf(numbers, value) } : { numbers });
    done += entries.length;
    if (done < STEP_NUMBERS) continue;
    done = 0;
    yield;
  }
  return built;
}

/** Line items by falling ceiling, equal ones in their order: runs are sorted, then merged two by two. */
function* byCeiling(ceilings: readonly number[]): Generator<void, Uint32Array> {
  let lines = new Uint32Array(ceilings.length).map((_, line) => line);
  // Infinity less itself is no number: equal ones, whatever their ceiling, go on to their order.
  const first = (a: number, b: number): number => (ceilings[b] ?? 0) - (ceilings[a] ?? 0) || a - b;
  for (let from = 0; from < lines.length; from += STEP_SORT) {
    lines.subarray(from, from + STEP_SORT).sort(first);
    yield;
  }
  for (let run = STEP_SORT; run < lines.length; run *= 2) {
    const merged = new Uint32Array(lines.length);
    for (let from = 0; from < lines.length; from += 2 * run) {
      const [left, right] = [lines.subarray(from, from + run), lines.subarray(from + run, from + 2 * run)];
      yield* mergeRuns(left, right, merged.subarray(from), first);
    }
    lines = merged;
  }
  return lines;
}

function* mergeRuns(
  left: Uint32Array,
  right: Uint32Array,
  into: Uint32Array,
  first: (a: number, b: number) => number,
): Generator<void, void> {
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    const [a, b] = [left[l] ?? 0, right[r] ?? 0];
    const takesLeft = r >= right.length || (l < left.length && first(a, b) < 0);
    into[l + r] = takesLeft ? a : b;
    if (takesLeft) l++;
    else r++;
    if ((l + r) % STEP_NUMBERS === 0) yield;
  }
}

function bytesOf({ any, include, exclude }: Axis): number {
  let bytes = any.byteLength;
  for (const posting of [...include.values(), ...exclude.values()]) {
    bytes += "mask" in posting ? posting.mask.byteLength : posting.numbers.byteLength;
  }
  return bytes;
}
