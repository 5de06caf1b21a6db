/**
 * What an isolate is asked repeats itself: the same publishers, on the same devices, in the few countries near it, at
 * this hour. The entries that agree with such a context are remembered, so that most requests need only be held against
 * what is their own: the audience, the content's categories, the region. A memory only: losing it costs a few µs.
 */

/** Entries by context. */
export interface ContextMemo {
  /** Most that it holds. Units: bytes. */
  readonly bytesMax: number;
  /** The entries of a context as `make` found them, as long as the entries in flight are still the same. */
  recall(context: string, inFlight: Int32Array, make: () => Int32Array): Int32Array;
}

/** Contexts remembered; the oldest makes room. */
const CONTEXTS_MAX = 32;

/** An empty memory for an index of so many words. */
export function contextMemo(words: number): ContextMemo {
  const known = new Map<string, { readonly inFlight: Int32Array; readonly entries: Int32Array }>();
  return {
    bytesMax: CONTEXTS_MAX * words * Int32Array.BYTES_PER_ELEMENT,
    recall: (context, inFlight, make) => {
      const remembered = known.get(context);
      if (remembered?.inFlight === inFlight) return remembered.entries;
      const entries = make();
      known.delete(context);
      for (const oldest of known.keys()) {
        if (known.size < CONTEXTS_MAX) break;
        known.delete(oldest);
      }
      known.set(context, { inFlight, entries });
      return entries;
    },
  };
}
