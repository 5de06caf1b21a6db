/**
 * Two published bidders that do not look at the budget: bid a click's training cost (mcpc), and bid in proportion to
 * the predicted probability, with the proportion tuned on training auctions (lin). Bids are whole price units.
 *
 * Source: Cai et al., "Real-time bidding by reinforcement learning in display advertising", WSDM 2017, section 4.2;
 * Perlich et al., "Bid optimizing and inventory scoring in targeted online advertising", KDD 2012 (lin).
 */
import type { Auctions, Training } from "./auctions.ts";
import { type Flight, runFlight } from "./flight.ts";

/** A bidder, opened once for each flight. `count` is the number of auctions the flight is planned for. */
export interface Bidder {
  readonly name: string;
  open(budget: number, count: number): Flight;
}

/** Bids the predicted probability times what a click cost in training. Requires: training saw a click. */
export function mcpcBidder(training: Training, priceMax: number): Bidder {
  const costPerClick = training.cost / training.clicks;
  return stateless("mcpc", (ctr) => Math.min(Math.floor(ctr * costPerClick), priceMax));
}

/** Bids `baseBid` for an auction of average probability, others in proportion. Requires: training saw a click. */
export function linBidder(training: Training, baseBid: number, priceMax: number): Bidder {
  const ctrMean = training.clicks / training.impressions;
  // The order of these operations is the published one: it decides how bids round.
  return stateless("lin", (ctr) => Math.min(Math.floor((ctr * baseBid) / ctrMean), priceMax));
}

/** Steps of the search for a base bid, and how many without an improvement end it. */
const TUNE_STEP = 6;
const TUNE_PATIENCE = 5;

/** The base bid that won most clicks in training flights; of equals the highest. */
export function tuneBaseBid(
  training: Training,
  flights: readonly { readonly auctions: Auctions; readonly budget: number }[],
  priceMax: number,
): number {
  let [best, bestClicks, worse] = [TUNE_STEP, -1, 0];
  for (let base = TUNE_STEP; worse < TUNE_PATIENCE && base <= 2 * priceMax; base += TUNE_STEP) {
    const bidder = linBidder(training, base, priceMax);
    let clicks = 0;
    for (const { auctions, budget } of flights) {
      clicks += runFlight(auctions, budget, bidder.open(budget, auctions.count)).clicks;
    }
    if (clicks >= bestClicks) [best, bestClicks, worse] = [base, clicks, 0];
    else worse++;
  }
  return best;
}

function stateless(name: string, bidAt: (ctr: number) => number): Bidder {
  const flight: Flight = { bid: (_position, ctr) => bidAt(ctr), won: () => undefined };
  return { name, open: () => flight };
}
