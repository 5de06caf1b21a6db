/**
 * Invents auctions that look like recorded ones: skewed prices, skewed click probabilities, dearer where they are
 * higher, some price points that many share, and a market that drifts over the flight. Seeded.
 */
import { type RandomStream, stream } from "../../kernel/random.ts";
import { drawChance, drawNormal } from "../draw.ts";
import type { Auctions } from "./auctions.ts";

/** A market to invent. */
export interface Market {
  readonly count: number;
  /** Median price, and spread of its logarithm. Units: the file's own. */
  readonly priceMedian: number;
  readonly priceSpread: number;
  /** Exponent of a power-law tail; 0: log-normal only. */
  readonly priceTail: number;
  readonly priceMax: number;
  /** Prices that many sellers ask for, and how often one of them is met. */
  readonly pricePoints: readonly number[];
  readonly pricePointChance: number;
  readonly ctrMedian: number;
  readonly ctrSpread: number;
  /** Correlation of log price and log probability. */
  readonly correlation: number;
  /** How many times higher the probability is at the end than at the start. */
  readonly ctrDrift: number;
}

/** Auctions of a market; the same seed gives the same ones. */
export function generateAuctions(market: Market, seed: string): Auctions {
  const random = stream(seed, "auctions");
  const auctions: Auctions = {
    count: market.count,
    clicks: new Uint8Array(market.count),
    prices: new Float64Array(market.count),
    ctrs: new Float64Array(market.count),
  };
  for (let i = 0; i < market.count; i++) {
    const interest = drawNormal(random, 1);
    const rest = drawNormal(random, Math.sqrt(1 - market.correlation ** 2));
    const drift = market.ctrDrift ** (i / market.count);
    const ctr = Math.min(0.1, Math.max(1e-5, market.ctrMedian * drift * Math.exp(market.ctrSpread * interest)));
    // Four significant digits: the file stays small.
    auctions.ctrs[i] = Number(ctr.toPrecision(4));
    auctions.prices[i] = drawPrice(market, market.correlation * interest + rest, random);
    auctions.clicks[i] = drawChance(random, ctr) ? 1 : 0;
  }
  return auctions;
}

function drawPrice(market: Market, standing: number, random: RandomStream): number {
  const point = market.pricePoints[random.below(Math.max(1, market.pricePoints.length))];
  if (drawChance(random, market.pricePointChance) && point !== undefined) return point;
  const tail = market.priceTail > 0 ? (1 - random.next()) ** (-1 / market.priceTail) : 1;
  const price = Math.round(market.priceMedian * Math.exp(market.priceSpread * standing) * tail);
  return Math.min(market.priceMax, Math.max(1, price));
}
