/** The currencies that requests may name, as a decision looks them up. */
import type { Currency } from "./entities.ts";

/** A catalog that says nothing of currencies counts in this one. */
const DEFAULT_CURRENCY = "USD";
const PAR_PPM = 1_000_000;

/** What one unit of each known currency is worth in the catalog's own, by ISO 4217 code. Units: millionths. */
export function ratesOf(currencies: readonly Currency[]): ReadonlyMap<string, number> {
  if (currencies.length === 0) return new Map([[DEFAULT_CURRENCY, PAR_PPM]]);
  return new Map(currencies.map(({ id, ratePpm }) => [id, ratePpm]));
}
