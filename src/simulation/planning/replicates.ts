/**
 * Flights that could have been, for intervals: the sample drawn again with as much chance as sample and flight have
 * together, and another volume on every day. One replicate is used for every budget, so that what holds for each of
 * them (more money, more delivery) holds for their quantiles.
 * Source: Poisson bootstrap (Hanley and MacGibbon 2006); a weight's variance is the sample's plus the flight's own.
 */
import { stream } from "../../kernel/random.ts";
import { drawNormal } from "../draw.ts";
import type { Opportunity } from "./opportunity.ts";
import { addUp, type Curve, type Landscape } from "./landscape.ts";

/** How far a day's traffic strays from what is expected of it, independent of other days. Relative deviation. */
export const DAY_DEVIATION = 0.1;
/** How far the whole flight's traffic strays: the forecast of volume itself may be wrong. Relative deviation. */
export const LEVEL_DEVIATION = 0.05;
/**
 * How alike the breaks of one viewer are to a campaign: the correlation of winning two of them. Viewers come with many
 * breaks or not at all, so a flight is less even than its number of breaks says (design effect: Kish 1965, 5.4).
 */
const VIEWER_CORRELATION = 0.3;
/** How many flights are tried. */
const REPLICATES = 200;

/** One flight that could have been. */
export interface Replicate {
  readonly curve: Curve;
  /** Volume of each day relative to the expected one. */
  readonly days: Float64Array;
  /** Standard normal: whether viewers complete and click more or less often than their probabilities say. */
  readonly viewLuck: number;
  readonly clickLuck: number;
}

/** A volume factor with mean 1 and this relative deviation. */
function drawVolume(random: ReturnType<typeof stream>, deviation: number): number {
  const spread = Math.sqrt(Math.log(1 + deviation * deviation));
  return Math.exp(drawNormal(random, spread) - (spread * spread) / 2);
}

/** How often something of this mean happens. Requires: mean ≤ 1. */
export function drawPoisson(random: ReturnType<typeof stream>, mean: number): number {
  let left = random.next();
  let chance = Math.exp(-mean);
  let count = 0;
  while (left >= chance && count < 30) {
    left -= chance;
    count++;
    chance *= mean / count;
  }
  return count;
}

/**
 * The replicates of a landscape. `breaks`: expected in the flight; `dayShares`: how they are spread over its days,
 * adding up to 1. Same seed, same replicates. Cost: replicates × cells of the landscape.
 */
export function drawReplicates(
  landscape: Landscape,
  breaks: number,
  dayShares: readonly number[],
  seed: string,
): readonly Replicate[] {
  const { opportunities, rows } = landscape;
  const each = breaks / Math.max(1, opportunities.length);
  const variances = rows.map((at) => weightVariance(opportunities[at], each, dayShares.length));
  return Array.from({ length: REPLICATES }, (_, number): Replicate => {
    const random = stream(seed, `replicate ${number}`);
    const level = drawVolume(random, LEVEL_DEVIATION);
    const days = Float64Array.from(dayShares, () => level * drawVolume(random, DAY_DEVIATION));
    const volume = dayShares.reduce((sum, share, day) => sum + share * (days[day] ?? 0), 0);
    const weights = Float64Array.from(
      variances,
      (variance) => each * volume * variance * drawPoisson(random, 1 / variance),
    );
    return {
      curve: addUp(landscape, weights),
      days,
      viewLuck: drawNormal(random, 1),
      clickLuck: drawNormal(random, 1),
    };
  });
}

/** Variance of a row's weight, relative to its mean: one for the sample, the rest for the flight itself. */
function weightVariance(opportunity: Opportunity | undefined, each: number, days: number): number {
  const ofViewer = Math.max(1, (opportunity?.asked.viewerBreaksPerDay ?? 0) * days);
  return 1 + (1 + (ofViewer - 1) * VIEWER_CORRELATION) / Math.max(each, 1e-9);
}

/**
 * A count that was expected to be `mean`, with luck in standard deviations of √(mean × `spread`). Never falls as the
 * mean grows. (The square root of a Poisson count has the same deviation everywhere, one half: Bartlett 1936.)
 */
export function countWithLuck(mean: number, luck: number, spread: number): number {
  return Math.max(0, Math.sqrt(mean) + (luck * Math.sqrt(spread)) / 2) ** 2;
}

/** What is expected, and the bounds between which eight flights of ten fall. */
export interface Interval {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}

/** The quantile of some values, between neighbours on a straight line. Requires: at least one value. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  // Equal neighbours may be infinite: their difference would not be a number.
  return low === high ? low : low + (at - Math.floor(at)) * (high - low);
}

/** Mean and 80 % interval. */
export function intervalOf(values: readonly number[]): Interval {
  return {
    expected: values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length),
    low: quantile(values, 0.1),
    high: quantile(values, 0.9),
  };
}
