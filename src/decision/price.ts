/**
 * What winners pay. Agreed prices are paid as agreed; everyone else by the publisher's rule:
 *
 *   first   the bid
 *   second  the least the ad could have bid and still been shown
 *   vcg     what the ads of its campaign cost all others by being there (Vickrey, Clarke, Groves)
 *
 * Both are worked out from a pod without the winner: what it takes from the others is what it must make up for. Nobody
 * bids against itself: ads of the winner's own campaign that are not shown count as absent. Premiums for a place are
 * part of the bid. A price is never below the floor of the place nor above the bid.
 *
 * Laws, where both pods are proved: the price does not move with the winner's bid; a bid below it loses. For a campaign
 * with one ad in the break the two rules agree. An ad that is shown for its tier, whatever it pays, pays the floor.
 * Where a pod was not proved the price is still between floor and bid, but may be off by as much as the pods' gaps.
 */
import type { PriceRule } from "../catalog/words.ts";
import { addMicros, maxMicros, micros, minMicros, subtractMicros, sumMicros } from "../kernel/money.ts";
import { ZERO_MICROS, type Micros } from "../kernel/money.ts";
import { solvePod } from "../pods/solve.ts";
import type { Bid } from "./candidate.ts";
import { compareTiers } from "./needs.ts";
import { premiumAt, type PlacedBid, type Pod } from "./pod.ts";

/** What one winner pays and paid at most. Units: micros for one impression. */
export interface Charge {
  readonly bidMicros: Micros;
  readonly priceMicros: Micros;
}

/** Lowest price of a bid where it stands. Units: micros. */
export function floorAt({ floors }: Bid, slot: number | null): Micros {
  return slot === null ? floors.dynamicMicros : (floors.slotMicros[slot] ?? floors.dynamicMicros);
}

/** What each winner is charged, in the order of the pod. Cost: first price: none; else a pod for every winner. */
export function chargesOf(pod: Pod, bids: readonly Bid[], rule: PriceRule): readonly Charge[] {
  return pod.placed.map((placed, at): Charge => {
    const { bid, slot } = placed;
    const bidMicros = addMicros(bid.bidMicros, premiumAt(bid, at, pod.placed.length));
    if (bid.agreedMicros !== null) return { bidMicros, priceMicros: bid.agreedMicros };
    if (rule === "first") return { bidMicros, priceMicros: bidMicros };
    const least = rule === "second" ? leastBid(pod, bids, placed) : clarkeShare(pod, bids, placed);
    return { bidMicros, priceMicros: minMicros(bidMicros, maxMicros(floorAt(bid, slot), least)) };
  });
}

/** The least a winner could have bid and still been shown, whatever the floor. Units: micros; premiums included. */
export function leastBid(pod: Pod, bids: readonly Bid[], winner: PlacedBid): Micros {
  return leastTogether(pod, bids, [winner]);
}

/** A winner's share of the least that its campaign could have bid for all of its ads: by what each bid, rounded up. */
function clarkeShare(pod: Pod, bids: readonly Bid[], { bid }: PlacedBid): Micros {
  const own = pod.placed.filter((placed) => {
    return placed.bid.offer.campaignId === bid.offer.campaignId && placed.bid.agreedMicros === null;
  });
  const total = leastTogether(pod, bids, own);
  if (own.length === 1) return total;
  const offered = sumMicros(own.map((placed) => placed.bid.bidMicros));
  return micros(Number((BigInt(total) * BigInt(bid.bidMicros) + BigInt(offered) - 1n) / BigInt(offered)));
}

/**
 * What these winners of one campaign must bid together so that the break is worth no less with them than without: all
 * that they gain it, less what it is worth more for having them. Zero when their tier alone shows them.
 */
function leastTogether(pod: Pod, bids: readonly Bid[], winners: readonly PlacedBid[]): Micros {
  const { ads } = pod.question;
  const absent = new Set(winners.map(({ index }) => index));
  const campaignId = winners[0]?.bid.offer.campaignId;
  bids.forEach(({ offer }, index) => {
    if (offer.campaignId === campaignId && !pod.solution.ads.includes(index)) absent.add(index);
  });
  // An ad of no length is never shown: those that are left keep their numbers.
  const others = ads.map((ad, index) => (absent.has(index) ? { ...ad, durationMs: 0 } : ad));
  const without = solvePod(others, pod.question.rules);
  if (compareTiers(ads, pod.solution, without) !== 0) return ZERO_MICROS;
  const [first, last] = [pod.placed[0], pod.placed.at(-1)];
  let bidTogether = without.valueMicros - pod.solution.valueMicros;
  for (const winner of winners) {
    const ad = ads[winner.index];
    if (ad === undefined) continue;
    // In the pod an ad counts with its value; what viewers who leave cost stands between that and its bid.
    bidTogether += ad.valueMicros + subtractMicros(winner.bid.bidMicros, winner.bid.valueMicros);
    if (winner === first) bidTogether += ad.firstPremiumMicros;
    if (winner === last) bidTogether += ad.lastPremiumMicros;
  }
  return maxMicros(ZERO_MICROS, micros(bidTogether));
}
