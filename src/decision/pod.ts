/**
 * Sixth stage: which bids fill the break, and in which order they play. src/pods finds the pod of largest value; this
 * file asks it and puts its answer back into the words of a decision.
 */
import { micros, ZERO_MICROS, type Micros } from "../kernel/money.ts";
import type { PodSolution } from "../pods/instance.ts";
import { solvePod } from "../pods/solve.ts";
import type { Bid } from "./candidate.ts";
import type { PodCertificate } from "./decision.ts";
import { questionOf, type PodQuestion, type PodTerms } from "./pod_question.ts";

/** A bid that is shown. */
export interface PlacedBid {
  readonly bid: Bid;
  /** Its number among the bids. */
  readonly index: number;
  /** The slot that the publisher cut, or null in the dynamic part. */
  readonly slot: number | null;
}

/** The chosen bids in order of play. */
export interface Pod {
  readonly placed: readonly PlacedBid[];
  readonly certificate: PodCertificate;
  readonly question: PodQuestion;
  readonly solution: PodSolution;
}

/** The pod of largest value. Cost: that of `solvePod`. */
export function choosePod(bids: readonly Bid[], terms: PodTerms): Pod {
  const question = questionOf(bids, terms);
  const solution = solvePod(question.ads, question.rules);
  const { proved, nodes, gapMicros } = solution;
  const placed = solution.ads.flatMap((index, at): readonly PlacedBid[] => {
    const bid = bids[index];
    return bid === undefined ? [] : [{ bid, index, slot: solution.slots[at] ?? null }];
  });
  return { placed, certificate: { proved, nodes, gapMicros: micros(gapMicros) }, question, solution };
}

/** What a bid pays on top where it stands. Units: micros. */
export function premiumAt({ premiums }: Bid, at: number, count: number): Micros {
  const first = at === 0 ? premiums.firstMicros : ZERO_MICROS;
  return micros(first + (at === count - 1 ? premiums.lastMicros : 0));
}
