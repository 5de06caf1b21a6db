/**
 * What the campaign would win at every level of its bids: one row for each sampled break in which it has a chance, one
 * level for each factor on all its bids. Adding up the rows gives delivery as a function of the bid level, and adding
 * them up with other weights gives the same function for another flight that could have been.
 */
import type { Offer } from "../../catalog/compiled.ts";
import type { Scores } from "../../decision/candidate.ts";
import { MULTIPLIER_PPM_MAX } from "../../money/limits.ts";
import { openFrequency, type Frequency } from "./frequency.ts";
import { fateAt, type Opportunity } from "./opportunity.ts";

/** What is counted. Money in micros; counts are expectations and may be fractional. */
export const MEASURES = ["impressions", "completedViews", "clicks", "spendMicros"] as const;
/** One thing that is counted. */
export type Measure = (typeof MEASURES)[number];

/** Levels an octave; between levels delivery is read off a straight line. */
const LEVELS_PER_OCTAVE = 8;
const OCTAVES_BELOW = 7;
const OCTAVES_ABOVE = 3;

/** Factors on all bids: nothing at all, then from a 128th of the full bids to eight times as much. Ascending. */
export const BID_FACTORS: readonly number[] = [
  0,
  ...Array.from(
    { length: (OCTAVES_BELOW + OCTAVES_ABOVE) * LEVELS_PER_OCTAVE + 1 },
    (_, step) => 2 ** (step / LEVELS_PER_OCTAVE - OCTAVES_BELOW),
  ),
];
/** The level at which bids are as written. */
export const FULL_LEVEL = 1 + OCTAVES_BELOW * LEVELS_PER_OCTAVE;

/** Expected wins of each row at each level. Shapes: `[level × rows + row]`. */
export interface Landscape {
  readonly opportunities: readonly Opportunity[];
  /** Positions in `opportunities` of those that have a chance. */
  readonly rows: readonly number[];
  readonly measures: Readonly<Record<Measure, Float64Array>>;
}

/** An ad that wins its slot at some level, unless the viewer has seen its line item often enough. */
interface Win {
  readonly offer: Offer;
  readonly scores: Scores;
  readonly priceMicros: number;
  readonly surplusMicros: number;
}

/** The landscape of these opportunities. Cost: levels × chances, and three times that where frequency is capped. */
export function buildLandscape(opportunities: readonly Opportunity[], flightStartMs: number): Landscape {
  const rows = opportunities.flatMap(({ chances }, at) => (chances.length > 0 ? [at] : []));
  const cells = (): Float64Array => new Float64Array(BID_FACTORS.length * rows.length);
  const measures = { impressions: cells(), completedViews: cells(), clicks: cells(), spendMicros: cells() };
  const held = rows.flatMap((at) => opportunities[at] ?? []);
  const frequency = openFrequency(opportunities, flightStartMs);
  BID_FACTORS.forEach((factor, level) => {
    const ppm = Math.round(factor * MULTIPLIER_PPM_MAX);
    const wins = held.map((opportunity) => winsAt(opportunity, ppm, frequency));
    const showing = frequency.shares(
      held.map(({ asked }) => asked),
      wins.map((ranked) => ranked.map(({ offer }) => offer.line)),
    );
    wins.forEach((ranked, row) => {
      const cell = level * rows.length + row;
      ranked.forEach(({ scores, priceMicros }, rank) => {
        const share = showing[row]?.[rank] ?? 0;
        measures.impressions[cell] = (measures.impressions[cell] ?? 0) + share;
        measures.completedViews[cell] = (measures.completedViews[cell] ?? 0) + share * scores.completedView;
        measures.clicks[cell] = (measures.clicks[cell] ?? 0) + share * scores.click;
        measures.spendMicros[cell] = (measures.spendMicros[cell] ?? 0) + share * priceMicros;
      });
    });
  });
  return { opportunities, rows, measures };
}

/** The best winning ad of every line item, best first: the next one shows when those before are capped. */
function winsAt({ asked, chances }: Opportunity, ppm: number, frequency: Frequency): readonly Win[] {
  const best = new Map<string, Win>();
  for (const chance of chances) {
    const { offer } = chance;
    const fate = fateAt(chance, ppm, frequency.timesShown(offer.line, asked));
    const before = best.get(offer.lineItemId);
    if (fate.wins && (before === undefined || fate.surplusMicros > before.surplusMicros)) {
      const { scores, priceMicros, surplusMicros } = fate;
      best.set(offer.lineItemId, { offer, scores, priceMicros, surplusMicros });
    }
  }
  return [...best.values()].sort((a, b) => b.surplusMicros - a.surplusMicros || a.offer.order - b.offer.order);
}

/** Delivery at every level. Never falls from one level to the next. */
export type Curve = Readonly<Record<Measure, Float64Array>>;

/**
 * The landscape added up with one weight a row (how many breaks of the flight it stands for). What a higher level would
 * lose, such as views of a line item that another one of the campaign outbids, is not counted as lost: whoever may bid
 * more may also bid less. So more never brings less, by construction. Requires: weights ≥ 0.
 */
export function addUp({ measures, rows }: Landscape, weights: Float64Array): Curve {
  const sum = (cells: Float64Array): Float64Array => {
    const curve = new Float64Array(BID_FACTORS.length);
    let highest = 0;
    for (let level = 0; level < curve.length; level++) {
      let total = 0;
      const from = level * rows.length;
      for (let row = 0; row < rows.length; row++) total += (cells[from + row] ?? 0) * (weights[row] ?? 0);
      highest = Math.max(highest, total);
      curve[level] = highest;
    }
    return curve;
  };
  return {
    impressions: sum(measures.impressions),
    completedViews: sum(measures.completedViews),
    clicks: sum(measures.clicks),
    spendMicros: sum(measures.spendMicros),
  };
}

/** The value of a curve at a level that may lie between two. Requires: 0 ≤ level ≤ the last. */
export function valueAt(curve: Float64Array, level: number): number {
  const below = Math.floor(level);
  const low = curve[below] ?? 0;
  const high = curve[below + 1] ?? low;
  return low + (level - below) * (high - low);
}

/** The highest level, up to `levelMax`, at which a never-falling curve is at most `limit`. Requires: limit ≥ 0. */
export function levelFor(curve: Float64Array, limit: number, levelMax: number): number {
  if ((curve[levelMax] ?? 0) <= limit) return levelMax;
  let below = 0;
  let above = levelMax;
  while (above - below > 1) {
    const middle = (below + above) >> 1;
    if ((curve[middle] ?? 0) <= limit) below = middle;
    else above = middle;
  }
  const low = curve[below] ?? 0;
  return below + (limit - low) / ((curve[above] ?? 0) - low);
}
