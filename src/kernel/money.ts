/**
 * Money is whole micros: one millionth of the catalog's currency, held in a safe integer. Floats never touch it;
 * each division below names its rounding. The one place where a probability becomes money is decision/value.ts.
 */
import { assert, InvariantBroken } from "./assert.ts";

declare const microsBrand: unique symbol;

/** Millionths of the catalog's currency. Always a safe integer. Units: micros. */
export type Micros = number & { readonly [microsBrand]: true };

/** No money. */
export const ZERO_MICROS = micros(0);

/** Brands a safe integer as money. Throws on anything else: callers bound outside input first. */
export function micros(value: number): Micros {
  // Worded only when it fails: this runs some ten times for every impression that is billed.
  if (!Number.isSafeInteger(value)) throw new InvariantBroken(`micros must be a safe integer, got ${value}`);
  // The brand exists only for the compiler; the check above is what it stands for.
  return value as Micros;
}

/** The sum, refusing to leave the safe range. */
export function addMicros(a: Micros, b: Micros): Micros {
  return micros(a + b);
}

/** The difference; may be negative. */
export function subtractMicros(a: Micros, b: Micros): Micros {
  return micros(a - b);
}

/** The smaller amount. */
export function minMicros(a: Micros, b: Micros): Micros {
  return a < b ? a : b;
}

/** The larger amount. */
export function maxMicros(a: Micros, b: Micros): Micros {
  return a > b ? a : b;
}

/** Sum over any number of amounts. */
export function sumMicros(amounts: Iterable<Micros>): Micros {
  let total: Micros = ZERO_MICROS;
  for (const amount of amounts) total = addMicros(total, amount);
  return total;
}

/** `amount × ppm / 1,000,000`, rounded towards zero. Exact for every safe amount and ppm up to 2^31. */
export function scaleMicrosDown(amount: Micros, ppm: number): Micros {
  assert(Number.isSafeInteger(ppm) && ppm >= 0, `ppm must be a whole number, got ${ppm}`);
  const product = amount * ppm;
  if (Number.isSafeInteger(product)) return micros(Math.trunc(product / 1_000_000));
  return micros(Number((BigInt(amount) * BigInt(ppm)) / 1_000_000n));
}

/** `amount × ppm / 1,000,000`, rounded away from zero. Exact where the result is safe. Requires: amount ≥ 0. */
export function scaleMicrosUp(amount: Micros, ppm: number): Micros {
  assert(amount >= 0 && Number.isSafeInteger(ppm) && ppm >= 0, `ppm must be a whole number, got ${ppm}`);
  return micros(Number((BigInt(amount) * BigInt(ppm) + 999_999n) / 1_000_000n));
}

/** Price of one impression at a CPM: a thousandth of it, rounded towards zero. */
export function perImpression(cpmMicros: Micros): Micros {
  return micros(Math.trunc(cpmMicros / 1000));
}

/** The same, rounded up: the lowest whole price that is no less than the CPM. Requires: amount ≥ 0. */
export function perImpressionUp(cpmMicros: Micros): Micros {
  return micros(Math.ceil(cpmMicros / 1000));
}
