/**
 * What an isolate is asked repeats itself: the same publishers, on the same devices, in the few countries near it, at
 * this hour. The entries that agree with such a context are few; they are remembered, numbered among themselves, with
 * what they say of values that were asked since. A request in a known context costs what the context holds, and no
 * longer what the catalog holds. A memory only: bounded, and losing it costs microseconds.
 */
import { countBits, walkBits, wordCount } from "./bitmap.ts";

/** Entries that agree with one context. */
export interface Context {
  /** Their numbers in the index, ascending; below, an entry is its place in this list. */
  readonly entries: Uint32Array;
  /** Those of guaranteed deals: all below this place. */
  readonly guaranteedSize: number;
  /** Which of them are in a set over the whole index. `name` stands for the set, which is asked for once. */
  among(name: string, set: () => Int32Array): Int32Array;
}

/** Contexts that were asked lately. */
export interface ContextMemo {
  /** The context of this name, as long as the entries in flight are still the same; else what `agreeing` finds. */
  recall(name: string, inFlight: Int32Array, agreeing: () => Int32Array): Context;
}

/** Memory of all contexts of an index, and of the sets that one context holds. Units: bytes. */
const CONTEXTS_BYTES_MAX = 4 * 1024 * 1024;
const SETS_BYTES_MAX = 64 * 1024;

interface Remembered {
  readonly inFlight: Int32Array;
  readonly context: Context;
  readonly bytes: number;
}

/** An empty memory. `guaranteedSize`: see `Postings`. */
export function contextMemo(guaranteedSize: number): ContextMemo {
  const known = new Map<string, Remembered>();
  let bytes = 0;
  const forget = (name: string): void => {
    bytes -= known.get(name)?.bytes ?? 0;
    known.delete(name);
  };
  return {
    recall: (name, inFlight, agreeing) => {
      const before = known.get(name);
      forget(name);
      const remembered = before?.inFlight === inFlight ? before : remember(inFlight, agreeing(), guaranteedSize);
      // Asked last, forgotten last.
      for (const oldest of known.keys()) {
        if (bytes + remembered.bytes <= CONTEXTS_BYTES_MAX) break;
        forget(oldest);
      }
      known.set(name, remembered);
      bytes += remembered.bytes;
      return remembered.context;
    },
  };
}

function remember(inFlight: Int32Array, agreeing: Int32Array, guaranteedSize: number): Remembered {
  const entries = listed(agreeing);
  const context = contextOf(entries, countBits(agreeing, 0, guaranteedSize));
  return { inFlight, context, bytes: entries.byteLength + SETS_BYTES_MAX };
}

function contextOf(entries: Uint32Array, guaranteedSize: number): Context {
  const sets = new Map<string, Int32Array>();
  const setBytes = 4 * wordCount(entries.length);
  return {
    entries,
    guaranteedSize,
    among: (name, set) => {
      let found = sets.get(name);
      if (found === undefined) {
        found = gathered(entries, set());
        if ((sets.size + 1) * setBytes > SETS_BYTES_MAX) sets.clear();
        sets.set(name, found);
      }
      return found;
    },
  };
}

/** The numbers of a set, ascending. */
function listed(set: Int32Array): Uint32Array {
  const numbers = new Uint32Array(countBits(set, 0, set.length * 32));
  let at = 0;
  walkBits(set, 0, set.length * 32, (number) => {
    numbers[at++] = number;
    return true;
  });
  return numbers;
}

/** Which of the entries are in a set. No branches: this is what a new context costs most. */
function gathered(entries: Uint32Array, set: Int32Array): Int32Array {
  const among = new Int32Array(wordCount(entries.length));
  for (let place = 0; place < entries.length; place++) {
    const entry = entries[place] ?? 0;
    const bit = ((set[entry >>> 5] ?? 0) >>> (entry & 31)) & 1;
    among[place >>> 5] = (among[place >>> 5] ?? 0) | (bit << (place & 31));
  }
  return among;
}
