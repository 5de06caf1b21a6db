/**
 * Fifth stage: scored candidates become bids, and bids that may not compete leave. Floors are required here, before
 * the pod is chosen, so that no winner can be priced below one.
 */
import { present } from "../kernel/assert.ts";
import type { Micros } from "../kernel/money.ts";
import type { Bid, Scored } from "./candidate.ts";
import type { Rejection, RejectionReason } from "./rejection.ts";
import { scoresAreUsable, toBid } from "./value.ts";
import type { CampaignBudget } from "./world.ts";

/** What the publisher asks of every bid. Units: micros for one impression. */
export interface AuctionTerms {
  readonly floorMicros: Micros;
  readonly abandonCostMicros: Micros;
}

/** The bids that compete for the break, and who did not get that far. */
export interface Auctioned {
  readonly bids: readonly Bid[];
  readonly rejections: readonly Rejection[];
}

/**
 * Why a bid may not compete, or null. In this order: value to the break, floor, money at hand. The price of a
 * guaranteed deal was agreed with the publisher and stands above its floors.
 */
function refusal(bid: Bid, budget: CampaignBudget, terms: AuctionTerms): RejectionReason | null {
  if (bid.valueMicros <= 0) return "no_value";
  if (bid.offer.guarantee === null && bid.bidMicros < terms.floorMicros) return "below_floor";
  return bid.bidMicros > budget.availableMicros ? "purse_short" : null;
}

/** Prices every candidate and drops those with unusable scores, then those that `refusal` names. */
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
    const bid = toBid(candidate, budget.multiplierPpm, terms.abandonCostMicros);
    const reason = refusal(bid, budget, terms);
    if (reason === null) bids.push(bid);
    else rejections.push({ offer, reason, bidMicros: bid.bidMicros });
  }
  return { bids, rejections };
}
