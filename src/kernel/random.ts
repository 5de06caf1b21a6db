/**
 * Randomness is a value: `stream(seed, purpose)` gives the same numbers for the same two words, everywhere.
 * Purposes keep streams apart, so that drawing one more number in one place changes nothing in another.
 */

/** A seeded source of numbers. Each call advances it. */
export interface RandomStream {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number;
  /** Uniform whole number in [0, bound). Requires: bound ≥ 1. */
  below(bound: number): number;
}

/** 32-bit FNV-1a of a string's UTF-16 units, finished with an avalanche. Not for anything an adversary gains from. */
export function hash32(text: string, seed = 0): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** An independent stream for one seed and one purpose (sfc32; Source: Chris Doty-Humphrey, PractRand). */
export function stream(seed: string, purpose: string): RandomStream {
  const key = `${purpose}\u0000${seed}`;
  let a = hash32(key, 1) | 0;
  let b = hash32(key, 2) | 0;
  let c = hash32(key, 3) | 0;
  let d = 1;
  const draw = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) draw();
  return {
    next: () => draw() / 0x1_0000_0000,
    below: (bound) => Math.floor((draw() / 0x1_0000_0000) * bound),
  };
}
