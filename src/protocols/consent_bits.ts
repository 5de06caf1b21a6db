/**
 * Consent strings are bits spelled in base64url, six to a letter, read from the left. They come from strangers: a
 * reader takes only the bits it is asked for, and never builds what a string merely describes.
 */

/** Letters of a consent string that are looked at; a longer one is not read. */
export const CONSENT_CHARS_MAX = 4096;

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUE_OF: ReadonlyMap<string, number> = new Map([...LETTERS].map((letter, value) => [letter, value]));
const BITS_PER_LETTER = 6;
/** Longest Fibonacci word that is read: numbers below 1,000. */
const FIBONACCI_BITS_MAX = 16;

/** A place in a consent string. Units: bits from the left. */
export interface BitReader {
  readonly letters: string;
  at: number;
}

/** The next bits as a number, or null when the string ends before or has a letter that is none. At most 36 bits. */
export function takeBits(reader: BitReader, width: number): number | null {
  let value = 0;
  for (let taken = 0; taken < width; taken++) {
    const letter = VALUE_OF.get(reader.letters.charAt(Math.floor(reader.at / BITS_PER_LETTER)));
    if (letter === undefined) return null;
    value = value * 2 + ((letter >> (BITS_PER_LETTER - 1 - (reader.at % BITS_PER_LETTER))) & 1);
    reader.at += 1;
  }
  return value;
}

/** The bits at one place, as `takeBits`. */
export function bitsAt(letters: string, at: number, width: number): number | null {
  return takeBits({ letters, at }, width);
}

/** The next number in Fibonacci coding (it ends with two ones), or null when it is cut or too long. */
export function takeFibonacci(reader: BitReader): number | null {
  let value = 0;
  let [current, next] = [1, 2];
  let before = 0;
  for (let place = 0; place < FIBONACCI_BITS_MAX; place++) {
    const bit = takeBits(reader, 1);
    if (bit === null) return null;
    if (bit === 1 && before === 1) return value;
    if (bit === 1) value += current;
    before = bit;
    [current, next] = [next, current + next];
  }
  return null;
}
