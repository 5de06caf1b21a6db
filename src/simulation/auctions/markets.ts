/**
 * The markets that controllers are measured on. None was used alone to choose a constant: what suits one of them must
 * not hurt another.
 */
import type { Market } from "./generate.ts";

/** The market of the sample file: log-normal prices and probabilities, almost stationary. */
export const SAMPLE_MARKET: Market = {
  count: 100_000,
  priceMedian: 48,
  priceSpread: 0.9,
  priceTail: 0,
  priceMax: 300,
  pricePoints: [10, 30, 70],
  pricePointChance: 0.12,
  ctrMedian: 0.0007,
  ctrSpread: 0.95,
  correlation: 0.35,
  ctrDrift: 1.15,
};

/** Prices with a power-law tail: most money is in few auctions. */
export const HEAVY_TAILED_MARKET: Market = {
  ...SAMPLE_MARKET,
  priceMedian: 20,
  priceSpread: 0.5,
  priceTail: 1.3,
  priceMax: 5_000,
  pricePointChance: 0,
  ctrSpread: 1.3,
  ctrDrift: 1,
};

/** A quarter of all auctions at one of two low prices, probabilities close together: spending answers in jumps. */
export const PRICE_POINTS_MARKET: Market = {
  ...SAMPLE_MARKET,
  priceMedian: 35,
  priceSpread: 1.1,
  pricePoints: [6, 6, 30],
  pricePointChance: 0.22,
  ctrMedian: 0.003,
  ctrSpread: 0.45,
  correlation: 0.45,
};

/** The same, not stationary: probabilities almost double over the file. */
export const DRIFTING_MARKET: Market = { ...PRICE_POINTS_MARKET, count: 150_000, ctrDrift: 1.9 };
