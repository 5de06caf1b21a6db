/**
 * Fourth stage: scored candidates become bids, and bids that may not compete leave. Floors are required here, before
 * the pod is chosen, so that no winner can be priced below one.
 */
import { present } from "../kernel/assert.ts";
import type { Micros } from "../kernel/money.ts";
import type { Bid, Scored } from "./candidate.ts";
import type { Rejection } from "./rejection.ts";
import { scoresAreUsable, toBid } from "./value.ts";
import type { CampaignBudget } from "./world.ts";

/** What the publisher asks of every bid. Units: micros for one impression. */
export interface AuctionTerms {
  readonly floor: Micros;
  readonly abandonCost: Micros;
}

/** The bids that compete for the break, and who did not get that far. */
export interface Auctioned {
  readonly bids: readonly Bid[];
  readonly rejections: readonly Rejection[];
}

/** Prices every candidate. Drops, in order: unusable scores, bids below the floor, bids not worth their viewers. */
export function auction(
  scored: readonly Scored[],
  budgets: ReadonlyMap<string, CampaignBudget>,
  terms: AuctionTerms,
): Auctioned {
  const bids: Bid[] = [];
  const rejections: Rejection[] = [];
  for (const candidate of scored) {
    const { offer } = candidate;
    if (!scoresAreUsable(candidate.scores)) {
      rejections.push({ offer, reason: "score_invalid" });
      continue;
    }
    const budget = present(budgets.get(offer.campaignId), "retrieval lets through funded campaigns only");
    const bid = toBid(candidate, budget, terms.abandonCost);
    if (bid.bidMicros < terms.floor) rejections.push({ offer, reason: "below_floor" });
    else if (bid.valueMicros <= 0) rejections.push({ offer, reason: "no_value" });
    else bids.push(bid);
  }
  return { bids, rejections };
}
