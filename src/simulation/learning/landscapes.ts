/**
 * Landscapes of rival bids from a log: for each kind of break, how likely a bid is to beat the others. What a bid
 * needed is the bid to beat, whether it won or not, so losers teach as much as winners. Bids that no price could have
 * made win (a guaranteed ad had the break) teach nothing and are left out: they would lower every bid's chance alike.
 */
import type { Landscape } from "../../catalog/entities.ts";
import { dayOf, type AuctionRecord } from "./auction_record.ts";
import { learnLines, type Evidence, type LearnedLine, type Learner } from "./backoff.ts";
import { kindsOf, lineId } from "./kinds.ts";

/** What learning keeps to. */
export interface LandscapeTerms extends Evidence {
  /** How many bids of the wider kind stand in for what a narrow kind lacks. */
  readonly widerBids: number;
}

/** What is kept to unless told otherwise. */
export const LANDSCAPE_TERMS: LandscapeTerms = { samplesMin: 400, folds: 5, widerBids: 200 };

/** Equal steps of probability in a landscape. */
const STEPS = 32;

/** Bids to beat at equal steps of probability, ascending. Units: micros for one impression. Shape: [STEPS + 1]. */
type Quantiles = readonly number[];

/** The table, wide kinds of break before narrow ones. */
export function learnLandscapes(
  records: readonly AuctionRecord[],
  terms: LandscapeTerms,
): readonly LearnedLine<Landscape>[] {
  const observations = records.flatMap((record) => {
    const [day, kinds] = [dayOf(record), kindsOf(record)];
    return record.bids.flatMap(({ neededMicros: sample }) => (sample === null ? [] : [{ day, kinds, sample }]));
  });
  return learnLines(observations, landscapeLearner(terms), terms).map((line) => ({
    ...line,
    model: {
      id: lineId("landscape", line.kind),
      ...line.kind,
      rivalCpmMicros: line.model.map((rival) => rival * 1000),
    },
  }));
}

function landscapeLearner({ widerBids }: LandscapeTerms): Learner<number, Quantiles> {
  return {
    nothing: null,
    fit: (needed, wider) => quantilesOf(needed, wider ?? [], widerBids),
    score: (quantiles, needed) => -needed.reduce((sum, bid) => sum + missOf(quantiles, bid), 0),
  };
}

/** Quantiles of these bids together with a wider kind's quantiles, which count as so many bids. */
function quantilesOf(needed: readonly number[], wider: Quantiles, widerBids: number): Quantiles {
  const points = needed.map((bid) => ({ bid, weight: 1 }));
  for (const bid of wider) points.push({ bid, weight: widerBids / wider.length });
  points.sort((a, b) => a.bid - b.bid);
  const total = needed.length + (wider.length > 0 ? widerBids : 0);
  const quantiles: number[] = [];
  let below = 0;
  for (const { bid, weight } of points) {
    below += weight;
    // The sum of fractions may end a hair below the total.
    while (quantiles.length <= STEPS && below >= (quantiles.length / STEPS) * total - 1e-6) quantiles.push(bid);
  }
  return quantiles;
}

/** How far quantiles are from a bid that came: the sum of their pinball losses, in whole numbers. */
function missOf(quantiles: Quantiles, bid: number): number {
  let miss = 0;
  quantiles.forEach((quantile, step) => {
    miss += bid >= quantile ? (bid - quantile) * step : (quantile - bid) * (STEPS - step);
  });
  return miss;
}
