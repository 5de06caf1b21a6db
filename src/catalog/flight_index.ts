/**
 * Which entries of an index are in flight at a moment. Between two starts or ends of a flight the answer stays the
 * same, so the last one is remembered with the time for which it holds.
 */
import { setBit, wordCount } from "./bitmap.ts";

/** Flights of all entries. Units: epoch milliseconds, half-open. */
export interface FlightIndex {
  readonly bytes: number;
  /** Entries in flight, as bits; not to be changed. Cost: nothing, or linear in the entries after a start or end. */
  openAt(nowMs: number): Int32Array;
}

/** Indexes flights. `flightOf`: the flight of each entry, by its number in `startsMs` and `endsMs`. */
export function indexFlights(
  flightOf: Uint32Array,
  startsMs: readonly number[],
  endsMs: readonly number[],
): FlightIndex {
  let known = { fromMs: 0, untilMs: 0, words: new Int32Array(0) };
  const bytes = flightOf.byteLength + 16 * startsMs.length + 4 * wordCount(flightOf.length);
  return {
    bytes,
    openAt: (nowMs) => {
      if (known.fromMs <= nowMs && nowMs < known.untilMs) return known.words;
      const words = new Int32Array(wordCount(flightOf.length));
      const open = startsMs.map((startMs, flight) => startMs <= nowMs && nowMs < (endsMs[flight] ?? 0));
      flightOf.forEach((flight, entry) => {
        if (open[flight] === true) setBit(words, entry);
      });
      let [fromMs, untilMs] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      for (const edges of [startsMs, endsMs]) {
        for (const edgeMs of edges) {
          if (edgeMs <= nowMs) fromMs = Math.max(fromMs, edgeMs);
          else untilMs = Math.min(untilMs, edgeMs);
        }
      }
      known = { fromMs, untilMs, words };
      return words;
    },
  };
}
