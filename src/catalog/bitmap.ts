/**
 * Sets of whole numbers below a fixed size: as bits in 32-bit words where they are crowded, as a list where they are
 * few. A list is shorter than the words as long as it holds less than one number in 32.
 * Shape: number n is bit `n & 31` of word `n >>> 5`; words are signed, because V8 keeps those in registers.
 */

/** A set of numbers, in the shorter of two forms. */
export type Posting = { readonly words: Int32Array } | { readonly numbers: Uint32Array };

/** Words that hold numbers below `size`. */
export function wordCount(size: number): number {
  return (size + 31) >>> 5;
}

/** All numbers below `size`. */
export function allBits(size: number): Int32Array {
  const words = new Int32Array(wordCount(size)).fill(-1);
  const rest = size & 31;
  if (rest !== 0) words[words.length - 1] = (1 << rest) - 1;
  return words;
}

/** The set of these numbers, each below `size`. */
export function postingOf(numbers: Uint32Array, size: number): Posting {
  if (numbers.length < wordCount(size)) return { numbers };
  const words = new Int32Array(wordCount(size));
  for (const number of numbers) setBit(words, number);
  return { words };
}

/** Memory of a set. Units: bytes. */
export function postingBytes(posting: Posting): number {
  return "words" in posting ? posting.words.byteLength : posting.numbers.byteLength;
}

export function setBit(words: Int32Array, number: number): void {
  words[number >>> 5] = (words[number >>> 5] ?? 0) | (1 << (number & 31));
}

export function clearBit(words: Int32Array, number: number): void {
  words[number >>> 5] = (words[number >>> 5] ?? 0) & ~(1 << (number & 31));
}

/** `target ∪ posting`, in place. */
export function unite(target: Int32Array, posting: Posting): void {
  if ("words" in posting) {
    const words = posting.words;
    for (let at = 0; at < target.length; at++) target[at] = (target[at] ?? 0) | (words[at] ?? 0);
  } else for (const number of posting.numbers) setBit(target, number);
}

/** `target ∩ words`, in place. */
export function intersect(target: Int32Array, words: Int32Array): void {
  for (let at = 0; at < target.length; at++) target[at] = (target[at] ?? 0) & (words[at] ?? 0);
}

/** `target ∖ posting`, in place. */
export function subtract(target: Int32Array, posting: Posting): void {
  if ("words" in posting) {
    const words = posting.words;
    for (let at = 0; at < target.length; at++) target[at] = (target[at] ?? 0) & ~(words[at] ?? 0);
  } else for (const number of posting.numbers) clearBit(target, number);
}

/** Calls `visit` with the numbers from `from` up to, not including, `to` in ascending order, until it answers false. */
export function walkBits(words: Int32Array, from: number, to: number, visit: (number: number) => boolean): void {
  for (let at = from >>> 5; at < wordCount(to); at++) {
    let word = words[at] ?? 0;
    if (at === from >>> 5) word &= -1 << (from & 31);
    while (word !== 0) {
      const lowest = word & -word;
      const number = at * 32 + 31 - Math.clz32(lowest);
      if (number >= to || !visit(number)) return;
      word ^= lowest;
    }
  }
}

/** How many numbers from `from` up to, not including, `to` there are. */
export function countBits(words: Int32Array, from: number, to: number): number {
  let count = 0;
  for (let at = from >>> 5; at < wordCount(to); at++) {
    let word = words[at] ?? 0;
    if (at === from >>> 5) word &= -1 << (from & 31);
    if (at === to >>> 5) word &= (1 << (to & 31)) - 1;
    for (; word !== 0; word &= word - 1) count++;
  }
  return count;
}
