/**
 * What a bid buys: a smooth landscape of first-price auctions. The highest rival bid is log-logistic, so a multiplier
 * moves the chance to win and the price paid at once, as it does in a market.
 */
import { type Micros, micros } from "../../kernel/money.ts";
import type { RandomStream } from "../../kernel/random.ts";
import { drawNormal, sigmoid } from "../draw.ts";

/** One campaign's market. Units: micros per impression. */
export interface Landscape {
  /** Median full bid, and the deviation of its logarithm from one opportunity to the next. */
  readonly bidMicros: number;
  readonly bidSpread: number;
  /** Median of the highest rival bid, and how far rivals are apart. */
  readonly rivalMicros: number;
  readonly rivalSpread: number;
}

/** Bids of some 20.00 per thousand against rivals of about as much. */
export const USUAL_LANDSCAPE: Landscape = { bidMicros: 20_000, bidSpread: 0.3, rivalMicros: 18_000, rivalSpread: 0.35 };

const PPM = 1_000_000;
/** Nodes of the midpoint rule over ±4 deviations. */
const NODES = 81;

/** The chance that this bid is the highest. */
export function winChance({ rivalMicros, rivalSpread }: Landscape, bidMicros: number): number {
  return bidMicros <= 0 ? 0 : sigmoid(Math.log(bidMicros / rivalMicros) / rivalSpread);
}

/** One opportunity at this multiplier: the price to pay if it is won, else null. */
export function drawPrice(random: RandomStream, landscape: Landscape, multiplierPpm: number): Micros | null {
  const fullMicros = landscape.bidMicros * Math.exp(drawNormal(random, landscape.bidSpread));
  const bidMicros = Math.round((fullMicros * multiplierPpm) / PPM);
  return random.next() < winChance(landscape, bidMicros) ? micros(bidMicros) : null;
}

/** Expected spending on one opportunity at this multiplier, by quadrature over the bids. Units: micros. */
export function expectedSpend(landscape: Landscape, multiplierPpm: number): number {
  let weights = 0;
  let spend = 0;
  for (let node = 0; node < NODES; node++) {
    const deviations = -4 + (8 * (node + 0.5)) / NODES;
    const weight = Math.exp((-deviations * deviations) / 2);
    const bid = (landscape.bidMicros * Math.exp(landscape.bidSpread * deviations) * multiplierPpm) / PPM;
    weights += weight;
    spend += weight * bid * winChance(landscape, bid);
  }
  return spend / weights;
}
