/**
 * The forms one creative takes on its way through a decision. Each stage takes the form before and gives the next:
 * Offer → Candidate → Scored → Bid. A form only adds what its stage found out.
 */
import type { Offer } from "../catalog/compiled.ts";
import type { CompiledDeal } from "../catalog/line_deals.ts";
import type { Micros } from "../kernel/money.ts";
import type { Head } from "../models/manifest.ts";
import type { Floors } from "./floors.ts";

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

/** A scored candidate with a price on it. Units: micros for one impression. */
export interface Bid extends Scored {
  /** The deal it is bid through; null: open demand, or a guaranteed deal, which is the offer's. */
  readonly deal: CompiledDeal | null;
  /** What the impression is worth to the buyer after pacing: its bid, had it not been shaded. */
  readonly fullBidMicros: Micros;
  /** What the buyer pays at most, wherever the ad plays. */
  readonly bidMicros: Micros;
  /** What it pays on top when it is the first or the last ad of the break. */
  readonly premiums: { readonly firstMicros: Micros; readonly lastMicros: Micros };
  /** A price that was agreed beforehand: what it pays, no more and no less. */
  readonly agreedMicros: Micros | null;
  readonly floors: Floors;
  /** What the break gains by showing it: what it pays at most less the expected cost of viewers who leave. */
  readonly valueMicros: Micros;
}

/** Catalog order of two offers of one list: the last word wherever two candidates are otherwise equal. */
export function compareOffers(a: Offer, b: Offer): number {
  return a.order - b.order;
}
