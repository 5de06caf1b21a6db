/**
 * What it would have taken to win, bid by bid: the question that losers ask first, and winners when they wonder how
 * close it was. Every answer is a pod of its own, so this is worked out for explanations only.
 */
import type { Offer } from "../catalog/compiled.ts";
import { addMicros, maxMicros, micros, minMicros, subtractMicros, type Micros } from "../kernel/money.ts";
import type { PodAd, PodRules } from "../pods/instance.ts";
import { minToWin, PodPrices, type CriticalValue } from "../pods/prices.ts";
import { lowestFloor } from "./auction.ts";
import type { Bid } from "./candidate.ts";
import type { Settled } from "./funnel.ts";
import { adOf, rulesFor } from "./pod_question.ts";
import { floorAt, leastValue, Rivalry } from "./price.ts";

/**
 * The least bid that wins, all others as they are; null when none would. Sure where the pods are proved, else off by
 * their gaps. By offer, the very object that was bid with: paid and house offers number themselves alike.
 * Units: micros.
 */
export type NeededBids = ReadonlyMap<Offer, Micros | null>;

const ONE_MICRO = micros(1);

/**
 * For every scored bid of a break. Cost: a pod a bid, and there are at most as many as rows that are scored; losers
 * share the nodes of one decision, because a stranger may ask for this.
 */
export function neededBids({ terms, auctioned, pod }: Settled): NeededBids {
  const needed = new Map<Offer, Micros | null>();
  const { question, solution } = pod;
  const rivalry = new Rivalry(pod, auctioned.bids);
  pod.placed.forEach(({ bid, slot }, at) => {
    const least = addMicros(rivalry.leastBid(at), ONE_MICRO);
    needed.set(bid.offer, bid.agreedMicros ?? minMicros(bid.bidMicros, maxMicros(floorAt(bid, slot), least)));
  });
  const losers = auctioned.bids.length - pod.placed.length + auctioned.refused.length;
  const shared = { ...terms.pod, nodesMax: Math.max(1, Math.floor(terms.pod.nodesMax / Math.max(1, losers))) };
  const { nodesMax } = shared;
  const prices = new PodPrices(question.ads, { ...question.rules, nodesMax }, solution);
  auctioned.bids.forEach((bid, index) => {
    if (solution.ads.includes(index)) return;
    const asked = { ad: question.ads[index], rules: question.rules };
    needed.set(bid.offer, bidNeeded(bid, prices.minToWin(index), asked, terms));
  });
  for (const bid of auctioned.refused) {
    // Wherever it lacks the floor it would have to reach it: asked with every place open to it.
    const ad = { ...adOf(bid, terms.pod), places: null };
    const rules = rulesFor([...auctioned.bids, bid], shared);
    const critical = minToWin([...question.ads, ad], rules, solution, question.ads.length);
    needed.set(bid.offer, bidNeeded(bid, critical, { ad, rules }, terms));
  }
  return needed;
}

/** An agreed price stays what it is, so only whether the bid reaches it can matter. */
function bidNeeded(
  bid: Bid,
  { minToWinMicros }: CriticalValue,
  { ad, rules }: { readonly ad: PodAd | undefined; readonly rules: PodRules },
  { auction }: Settled["terms"],
): Micros | null {
  if (minToWinMicros === null) return null;
  const { agreedMicros, bidMicros, valueMicros, floors, offer } = bid;
  if (agreedMicros !== null) return minToWinMicros < valueMicros ? agreedMicros : null;
  const leavingMicros = subtractMicros(bidMicros, valueMicros);
  const least = micros(Math.max(0, leastValue(minToWinMicros, ad, rules) + leavingMicros + 1));
  return maxMicros(lowestFloor(offer.durationSec, floors, auction.layout), least);
}
