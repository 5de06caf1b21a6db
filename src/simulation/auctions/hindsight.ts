/**
 * What could have been had with every price known beforehand: the yardstick of the replay. Whoever knows all prices
 * buys the most probability per unit of money first and a fraction of the last auction; that is the optimum of the
 * linear relaxation, which no bidder can beat.
 */
import type { Auctions } from "./auctions.ts";

/** The best buy in hindsight. */
export interface Hindsight {
  /** Sum of the predicted probability bought; an upper bound on what any bidder can have. */
  readonly value: number;
  /** Price per unit of probability of the last auction bought: the dual price of the budget. Infinity: all bought. */
  readonly pricePerOutcome: number;
}

/** The most probability that this budget buys. Units of budget: the prices'. Cost: one sort. */
export function hindsight(auctions: Auctions, budget: number): Hindsight {
  const order = cheapestFirst(auctions);
  let [value, left] = [0, budget];
  for (const i of order) {
    const [price, ctr] = [auctions.prices[i] ?? 0, auctions.ctrs[i] ?? 0];
    if (ctr === 0) break;
    if (price > left) return { value: value + ctr * (left / price), pricePerOutcome: price / ctr };
    value += ctr;
    left -= price;
  }
  return { value, pricePerOutcome: Infinity };
}

/** Positions by price per outcome, cheapest first, ties as they happened. What has no value comes last. */
function cheapestFirst(auctions: Auctions): Uint32Array {
  const ratios = auctions.prices.map((price, i) => {
    const ctr = auctions.ctrs[i] ?? 0;
    return ctr > 0 ? price / ctr : Infinity;
  });
  return Uint32Array.from(ratios, (_, i) => i).sort((a, b) => {
    const [left, right] = [ratios[a] ?? 0, ratios[b] ?? 0];
    return left === right ? a - b : left - right;
  });
}
