/**
 * One budget spent on a run of second-price auctions, and what came of it. The rules are those of the published
 * experiments: a bid is capped at what is left, wins when it is not below the market price, and pays that price.
 */
import type { Auctions } from "./auctions.ts";

/** A bidder in one flight. Asked and told in the order of the auctions. */
export interface Flight {
  /** The bid for the auction in this position of the flight; `left` is what remains of the budget. */
  bid(position: number, ctr: number, left: number): number;
  /** Hears that the last bid won and what it paid. */
  won(ctr: number, price: number): void;
}

/** What a bidder won. Cost in the file's price unit; value in expected clicks. */
export interface Tally {
  readonly impressions: number;
  readonly clicks: number;
  readonly cost: number;
  readonly value: number;
  /** Largest distance of the spending from an even line after the first twentieth, as a share of the budget. */
  readonly deviation: number;
}

/** Distances from the plan count after this share of the flight. */
const SETTLED_SHARE = 0.05;

/** Runs a bidder through the auctions. `plan` gives the share that should be spent after so many; even unless given. */
export function runFlight(
  auctions: Auctions,
  budget: number,
  flight: Flight,
  plan: (seen: number) => number = (seen) => seen / auctions.count,
): Tally {
  let [impressions, clicks, value, deviation] = [0, 0, 0, 0];
  let left = budget;
  for (let i = 0; i < auctions.count; i++) {
    const [price, ctr] = [auctions.prices[i] ?? 0, auctions.ctrs[i] ?? 0];
    const bid = Math.min(flight.bid(i, ctr, left), left);
    if (bid >= price) {
      impressions++;
      clicks += auctions.clicks[i] ?? 0;
      value += ctr;
      left -= price;
      flight.won(ctr, price);
    }
    const share = plan(i + 1);
    if (share > SETTLED_SHARE && budget > 0) {
      deviation = Math.max(deviation, Math.abs((budget - left) / budget - share));
    }
  }
  return { impressions, clicks, cost: budget - left, value, deviation };
}
