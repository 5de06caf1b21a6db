/**
 * What a landscape says of a bid: its chance, and the bid that leaves the buyer most.
 */
import type { Landscape } from "../../catalog/entities.ts";

/** Chance that a bid beats the others: between two quantiles on a straight line. Units: micros for one impression. */
export function chanceToWin({ rivalCpmMicros }: Landscape, bidMicros: number): number {
  const bid = bidMicros * 1000;
  const steps = rivalCpmMicros.length - 1;
  const above = rivalCpmMicros.findIndex((rival) => rival > bid);
  if (above < 0) return 1;
  if (above === 0) return 0;
  const [low, high] = [rivalCpmMicros[above - 1] ?? 0, rivalCpmMicros[above] ?? 0];
  return (above - 1 + (bid - low) / (high - low)) / steps;
}

/** The bid up to a limit with the largest expected surplus; the smallest of them. Units: micros for one impression. */
export function shadedBid(landscape: Landscape, limitMicros: number): number {
  let [best, most] = [limitMicros, 0];
  for (const rival of landscape.rivalCpmMicros) {
    const bid = Math.ceil(rival / 1000);
    if (bid > limitMicros) break;
    const surplus = (limitMicros - bid) * chanceToWin(landscape, bid);
    if (surplus > most) [best, most] = [bid, surplus];
  }
  return best;
}
