/**
 * The index over a catalog's line items: for every value that targeting may name, the line items that name it, as sets
 * of numbers (bitmap.ts). A request then costs a few set operations instead of a walk over the catalog
 * (postings_match.ts). Entries are the alternatives of conjunctions.ts, numbered so that what is looked at first comes
 * first: guaranteed deals, then by what a line item may bid at most, then catalog order.
 */
import { present } from "../kernel/assert.ts";
import { allBits, clearBit, postingBytes, postingOf, unite, type Posting } from "./bitmap.ts";
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

/** One axis. An entry agrees when it asks for nothing or includes the value, and does not exclude it. */
export interface Axis {
  /** Entries without an include list. */
  readonly any: Int32Array;
  /** Entries that include a value. Those in words hold `any` too. */
  readonly include: ReadonlyMap<string, Posting>;
  readonly exclude: ReadonlyMap<string, Posting>;
}

/** The index. Immutable, but for what `flights` remembers. */
export interface Postings {
  /** Entries; each belongs to a line item, and those of one line item are neighbours. */
  readonly size: number;
  /** Entries of guaranteed deals: all below this number. */
  readonly guaranteedSize: number;
  /** Shape: the line item of each entry, by its number in the table of offers. */
  readonly lineOf: Uint32Array;
  /** Only those that some entry asks about. */
  readonly axes: ReadonlyMap<AxisName, Axis>;
  /** Lengths of creatives. Units: seconds. */
  readonly durationsSec: readonly number[];
  readonly flights: FlightIndex;
  /** Memory of all of it. Units: bytes. */
  readonly bytes: number;
}

/** How the axis of deals spells a deal at a publisher; the publisher's id alone is any of them. */
export function dealAt(publisherId: string, dealId: string): string {
  return `${publisherId} ${dealId}`;
}

/** Numbers turned into postings between two yields. */
const STEP_NUMBERS = 20_000;
/** Line items sorted between two yields; merging two runs is a step as well. */
const STEP_SORT = 4_096;

/** Turns a draft into the index. Yields after every step of bounded work. */
export function* buildPostings(draft: PostingsDraft): Generator<void, Postings> {
  const ranking = yield* byCeiling(draft.ceilings);
  const size = draft.lineOf.length;
  const positions = new Uint32Array(size);
  const lineOf = new Uint32Array(size);
  let position = 0;
  let guaranteedSize = 0;
  for (const line of ranking) {
    for (let entry = draft.firstEntry[line] ?? 0; entry < (draft.firstEntry[line + 1] ?? 0); entry++) {
      positions[entry] = position;
      lineOf[position++] = line;
    }
    if (draft.ceilings[line] === Number.POSITIVE_INFINITY) guaranteedSize = position;
  }
  yield;
  const axes: (readonly [AxisName, Axis])[] = [];
  for (const [name, axis] of draft.axes) axes.push([name, yield* buildAxis(axis, positions)]);
  const flightOf = new Uint32Array(size);
  positions.forEach((at, entry) => {
    flightOf[at] = present(draft.flightOf[entry], "every entry has a flight");
  });
  const flights = indexFlights(flightOf, draft.flightStartsMs, draft.flightEndsMs);
  return {
    size,
    guaranteedSize,
    lineOf,
    axes: new Map(axes),
    durationsSec: [...(draft.axes.get("durations")?.include.keys() ?? [])].map(Number),
    flights,
    bytes: lineOf.byteLength + flights.bytes + axes.reduce((sum, [, axis]) => sum + bytesOf(axis), 0),
  };
}

function* buildAxis(draft: AxisDraft, positions: Uint32Array): Generator<void, Axis> {
  const any = allBits(positions.length);
  for (const entry of draft.stated) clearBit(any, positions[entry] ?? 0);
  yield;
  const include = yield* buildLists(draft.include, positions);
  for (const posting of include.values()) if ("words" in posting) unite(posting.words, { words: any });
  return { any, include, exclude: yield* buildLists(draft.exclude, positions) };
}

function* buildLists(
  lists: ReadonlyMap<string, readonly number[]>,
  positions: Uint32Array,
): Generator<void, ReadonlyMap<string, Posting>> {
  const built = new Map<string, Posting>();
  let done = 0;
  for (const [value, entries] of lists) {
    const numbers = Uint32Array.from(entries, (entry) => positions[entry] ?? 0);
    built.set(value, postingOf(numbers, positions.length));
    done += entries.length;
    if (done < STEP_NUMBERS) continue;
    done = 0;
    yield;
  }
  return built;
}

/** Line items by falling ceiling, equal ones in their order: runs are sorted, then merged two by two. */
function* byCeiling(ceilings: readonly number[]): Generator<void, Uint32Array> {
  let lines = Uint32Array.from(ceilings, (_, line) => line);
  const first = (a: number, b: number): number => (ceilings[b] ?? 0) - (ceilings[a] ?? 0) || a - b;
  // Infinity less itself is no number; both are then equal, and `||` goes on to their order.
  for (let from = 0; from < lines.length; from += STEP_SORT) {
    lines.subarray(from, from + STEP_SORT).sort(first);
    yield;
  }
  for (let run = STEP_SORT; run < lines.length; run *= 2) {
    const merged = new Uint32Array(lines.length);
    for (let from = 0; from < lines.length; from += 2 * run) {
      mergeRuns(lines.subarray(from, from + run), lines.subarray(from + run, from + 2 * run), merged, from, first);
      yield;
    }
    lines = merged;
  }
  return lines;
}

function mergeRuns(
  left: Uint32Array,
  right: Uint32Array,
  into: Uint32Array,
  at: number,
  first: (a: number, b: number) => number,
): void {
  let [l, r, to] = [0, 0, at];
  while (l < left.length || r < right.length) {
    const [a, b] = [left[l], right[r]];
    if (a !== undefined && (b === undefined || first(a, b) < 0)) {
      into[to++] = a;
      l++;
    } else if (b !== undefined) {
      into[to++] = b;
      r++;
    }
  }
}

function bytesOf({ any, include, exclude }: Axis): number {
  let bytes = any.byteLength;
  for (const lists of [include, exclude]) for (const posting of lists.values()) bytes += postingBytes(posting);
  return bytes;
}
