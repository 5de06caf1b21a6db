/**
 * What it would have taken to win, bid by bid: the question that losers ask first, and winners when they wonder how
 * close it was. Every answer is a pod of its own, so this is worked out for explanations only.
 */
import type { Offer } from "../catalog/compiled.ts";
import { addMicros, maxMicros, micros, minMicros, subtractMicros, type Micros } from "../kernel/money.ts";
import { lowestFloor } from "./auction.ts";
import type { Bid } from "./candidate.ts";
import type { Settled } from "./funnel.ts";
import { valueNeeded } from "./needs.ts";
import { adOf, rulesFor, type PodQuestion } from "./pod_question.ts";
import { floorAt, leastBid } from "./price.ts";

/** The least bid that surely wins, all others as they are; null when none would. By offer. Units: micros. */
export type NeededBids = ReadonlyMap<Offer, Micros | null>;

const ONE_MICRO = micros(1);

/** For every scored bid of a break. Cost: a pod a bid, and there are at most as many as rows that are scored. */
export function neededBids({ terms, auctioned, pod }: Settled): NeededBids {
  const needed = new Map<Offer, Micros | null>();
  for (const winner of pod.placed) {
    const { bid, slot } = winner;
    const least = addMicros(leastBid(pod, auctioned.bids, winner), ONE_MICRO);
    needed.set(bid.offer, bid.agreedMicros ?? minMicros(bid.bidMicros, maxMicros(floorAt(bid, slot), least)));
  }
  auctioned.bids.forEach((bid, index) => {
    if (pod.solution.ads.includes(index)) return;
    needed.set(bid.offer, bidNeeded(bid, valueNeeded(pod.question, index, pod.solution), terms));
  });
  for (const bid of auctioned.refused) {
    // Wherever it lacks the floor it would have to reach it: asked with every place open to it.
    const ads = [...pod.question.ads, { ...adOf(bid, terms.pod), places: null }];
    const question: PodQuestion = { ads, rules: rulesFor([...auctioned.bids, bid], terms.pod) };
    needed.set(bid.offer, bidNeeded(bid, valueNeeded(question, ads.length - 1, pod.solution), terms));
  }
  return needed;
}

/** An agreed price stays what it is, so only whether the bid reaches it can matter. */
function bidNeeded(bid: Bid, neededValue: Micros | null, { auction }: Settled["terms"]): Micros | null {
  if (neededValue === null) return null;
  const { agreedMicros, bidMicros, valueMicros, floors, offer } = bid;
  if (agreedMicros !== null) return neededValue < valueMicros ? agreedMicros : null;
  const leavingMicros = subtractMicros(bidMicros, valueMicros);
  const least = addMicros(addMicros(neededValue, leavingMicros), ONE_MICRO);
  return maxMicros(lowestFloor(offer.durationSec, floors, auction.layout), least);
}
