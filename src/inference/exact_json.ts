/**
 * JSON whose whole numbers stay exact. JSON.parse makes doubles of all numbers, and beyond 2^53 a double is another
 * number than the one written; INT64 and UINT64 tensors need the one written.
 */

/** Only a text with so many digits before any point can hold a whole number that a double cannot. */
const LONG_NUMBER = /(?<![.\d])\d{16}/;
const WHOLE = /^-?\d+$/;

/** The value of a JSON text; whole numbers beyond ±(2^53 − 1) are BigInts. Undefined: the text is not JSON. */
export function parseExactJson(text: string): unknown {
  try {
    // Looking at every number costs several times the parsing itself: most texts need not be.
    return LONG_NUMBER.test(text) ? JSON.parse(text, exactly) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Source: ECMA-262, JSON.parse: the third argument carries a number as it was written. */
function exactly(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || Number.isSafeInteger(value) || source === undefined) return value;
  return WHOLE.test(source) ? BigInt(source) : value;
}
