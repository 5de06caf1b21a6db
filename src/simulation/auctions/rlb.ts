/**
 * The published dynamic programme: the value of every state (auctions left, budget left) from the price landscape and
 * the average click probability, and the highest bid at which winning is still worth the state it leads to.
 *
 * Source: Cai, Ren, Zhang, Malialis, Wang, Yu, Guo, "Real-time bidding by reinforcement learning in display
 * advertising", WSDM 2017, algorithm 1 with its early stop, Laplace smoothing of the landscape.
 */
import { assert } from "../../kernel/assert.ts";
import type { Training } from "./auctions.ts";
import type { Bidder } from "./published.ts";

/** State values this close to the most that can be had count as that. */
const SATURATED = 1e-10;

/** Values of the states. `rows[n]` is by budget left, n auctions left; beyond its end the last value holds. */
export interface ValueTable {
  readonly rows: readonly Float64Array[];
}

/** How often each price is expected: counts with one added everywhere, so that nothing is impossible. */
export function smoothLandscape(counts: readonly number[]): Float64Array {
  const total = counts.reduce((sum, count) => sum + count, 0) + counts.length;
  return Float64Array.from(counts, (count) => (count + 1) / total);
}

/**
 * Solves the programme for up to `auctions` left and up to `budget` left. Rows end where more budget adds nothing.
 * Cost: auctions × budget × prices at most; half of that where budgets bind.
 */
export function solveValues(landscape: Float64Array, ctrMean: number, auctions: number, budget: number): ValueTable {
  const priceMax = landscape.length - 1;
  const perAuction = landscape.reduce((sum, chance) => sum + chance * ctrMean, 0);
  const rows: Float64Array[] = [new Float64Array(1)];
  let most = 0;
  let values = new Float64Array(budget + 1);
  for (let left = 1; left < auctions; left++) {
    most += perAuction;
    const bids = bestBids(values, ctrMean, priceMax);
    const next = new Float64Array(budget + 1);
    const end = fillRow(next, values, bids, landscape, ctrMean, most);
    next.fill(most, end + 1);
    rows.push(next.slice(0, Math.min(end + 2, budget + 1)));
    values = next;
  }
  return { rows };
}

/** For each budget the highest bid that is not worth less than keeping the money, at the average probability. */
function bestBids(values: Float64Array, ctrMean: number, priceMax: number): Uint32Array {
  const budget = values.length - 1;
  const bids = new Uint32Array(values.length);
  let kept = budget - 1;
  for (let left = budget; left > 0; left--) {
    const worth = values[left] ?? 0;
    while (kept >= 0 && (values[kept] ?? 0) - worth + ctrMean >= 0) kept--;
    bids[left] = Math.min(priceMax, left - kept - 1);
  }
  return bids;
}

/** Fills a row from the one before it; gives the last position that was computed. */
function fillRow(
  next: Float64Array,
  values: Float64Array,
  bids: Uint32Array,
  landscape: Float64Array,
  ctrMean: number,
  most: number,
): number {
  const budget = values.length - 1;
  for (let left = 1; left <= budget; left++) {
    const kept = values[left] ?? 0;
    const bid = bids[left] ?? 0;
    let value = kept;
    for (let price = 0; price <= bid; price++) {
      value += (landscape[price] ?? 0) * (ctrMean + ((values[left - price] ?? 0) - kept));
    }
    next[left] = value;
    if (Math.abs(value - most) < SATURATED) return left;
  }
  return budget;
}

/** The highest bid at which winning an auction of this probability, with `left` auctions to come, loses nothing. */
export function bidFromValues(table: ValueTable, left: number, budget: number, ctr: number, priceMax: number): number {
  const row = table.rows[left];
  assert(row !== undefined, "there is a row for every number of auctions left");
  const last = row[row.length - 1] ?? 0;
  const kept = row[budget] ?? last;
  const bound = Math.min(budget, priceMax);
  let bid = 0;
  while (bid < bound && ctr + ((row[budget - bid - 1] ?? last) - kept) >= 0) bid++;
  return bid;
}

/**
 * The bidder, in windows of `window` auctions. A flight longer than a window gives each its part of what is left, as
 * the published coarse-to-fine split does. `forecast` is how many auctions the whole flight is thought to have.
 */
export function rlbBidder(
  training: Training,
  {
    window,
    windowBudget,
    forecast,
  }: { readonly window: number; readonly windowBudget: number; readonly forecast: number },
): Bidder {
  const landscape = smoothLandscape(training.priceCounts);
  const table = solveValues(landscape, training.clicks / training.impressions, window, windowBudget);
  const priceMax = landscape.length - 1;
  return {
    name: "rlb",
    open: (_budget, count) => {
      const total = count > window ? forecast : count;
      let [windowLeft, started] = [0, -1];
      return {
        bid: (position, ctr, left) => {
          const current = Math.floor(position / window);
          if (current !== started) {
            started = current;
            const ahead = Math.max(window, total - position);
            windowLeft = Math.min(windowBudget, left, total <= window ? left : Math.floor((left * window) / ahead));
          }
          const auctionsLeft = window - (position % window) - 1;
          return bidFromValues(table, auctionsLeft, Math.min(windowLeft, left), ctr, priceMax);
        },
        won: (_ctr, price) => {
          windowLeft -= price;
        },
      };
    },
  };
}
