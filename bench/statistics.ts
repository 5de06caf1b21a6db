/**
 * The few numbers that every benchmark here reports, defined once: percentiles by nearest rank over all samples (no
 * buckets, no interpolation), and the median of several rounds with the smallest and largest beside it.
 */
import { assert, present } from "../src/kernel/assert.ts";

/** What several rounds agree on, and how far they are apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The smallest sample that at least `share` of all samples do not exceed.
 * Requires: at least one sample, 0 < share ≤ 1. Cost: sorts a copy.
 */
export function percentile(samples: ArrayLike<number>, share: number): number {
  assert(samples.length > 0 && share > 0 && share <= 1, "a percentile needs samples and a share above 0, at most 1");
  const sorted = Float64Array.from(samples).sort();
  return present(sorted[Math.ceil(share * sorted.length) - 1], "a nearest rank lies inside the samples");
}

/** Median (of an even number: the mean of the two in the middle), smallest and largest. Requires: one value. */
export function spread(values: readonly number[]): Spread {
  assert(values.length > 0, "a spread needs a value");
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => present(sorted[index], "an index inside the values");
  const middle = (sorted.length - 1) / 2;
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), max: at(sorted.length - 1) };
}

/** Three significant digits at most: more would claim what a shared machine cannot measure. */
export function threeDigits(value: number): number {
  return value === 0 ? 0 : Number(value.toPrecision(3));
}

/** One figure in a table: three digits, thousands set apart. */
export function figureText(value: number): string {
  return threeDigits(value).toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** A spread in a table: `412 (398..440)`. */
export function spreadText({ median, min, max }: Spread): string {
  return `${figureText(median)} (${figureText(min)}..${figureText(max)})`;
}
