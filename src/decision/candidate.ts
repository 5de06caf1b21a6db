/**
 * The forms one creative takes on its way through a decision. Each stage takes the form before and gives the next:
 * Offer → Candidate → Scored → Bid. A form only adds what its stage found out.
 */
import type { Offer } from "../catalog/compiled.ts";
import type { Micros } from "../kernel/money.ts";
import type { Head } from "../models/manifest.ts";

/** An offer that may be shown in this break. */
export interface Candidate {
  readonly offer: Offer;
  /** Times this viewer was shown the line item lately. */
  readonly frequencyCount: number;
}

/** What the models say of one candidate: probabilities in [0, 1]. */
export type Scores = Readonly<Record<Head, number>>;

/** A candidate the heads have scored. */
export interface Scored extends Candidate {
  readonly scores: Scores;
}

/** A scored candidate with a price on it. */
export interface Bid extends Scored {
  /** What the buyer pays at most for this impression. Units: micros. */
  readonly bidMicros: Micros;
  /** What the break gains by showing it: the bid less the expected cost of viewers who leave. Units: micros. */
  readonly valueMicros: Micros;
}

/** Catalog order of two offers of one list: the last word wherever two candidates are otherwise equal. */
export function compareOffers(a: Offer, b: Offer): number {
  return a.order - b.order;
}
