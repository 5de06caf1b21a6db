/**
 * Fifth stage: scored candidates become bids, and bids that may not compete leave. Deals, floors and the money at hand
 * are settled here, before the pod is chosen, so that no winner can be priced below a floor or above its purse.
 */
import type { CompiledPublisher } from "../catalog/compiled.ts";
import { inContext } from "../catalog/learned.ts";
import type { CompiledDeal } from "../catalog/line_deals.ts";
import { present } from "../kernel/assert.ts";
import { addMicros, minMicros, scaleMicrosDown, subtractMicros, ZERO_MICROS, type Micros } from "../kernel/money.ts";
import type { BreakRequest } from "../protocols/break_request.ts";
import type { Bid, Scored } from "./candidate.ts";
import { dealMicros, dealsFor, isAgreed, reachedDeal } from "./deals.ts";
import { flatFloors, floorTerms, openFloors, type Floors, type FloorTerms } from "./floors.ts";
import { dynamicTakes, layOut, slotTakes, toMs, type Layout } from "./layout.ts";
import type { Rejection, RejectionReason } from "./rejection.ts";
import { shadedBid } from "./shading.ts";
import { fullBid, leavingCost, scoresAreUsable } from "./value.ts";
import type { CampaignBudget, World } from "./world.ts";

/** What a break asks of every bid. */
export interface AuctionTerms {
  readonly request: BreakRequest;
  readonly publisher: CompiledPublisher;
  readonly layout: Layout;
  readonly floors: FloorTerms;
  /** What a second without an ad costs: that of the slate when the break is filled exactly, else nothing. */
  readonly slateMicrosPerSec: number;
  /** Rival bids that shading reads; null: nothing is shaded. Units: micros CPM, ascending quantiles. */
  readonly landscape: readonly number[] | null;
}

/** The bids that compete for the break, and who did not get that far. */
export interface Auctioned {
  readonly bids: readonly Bid[];
  /** Bids that may not compete; each is among the rejections. */
  readonly refused: readonly Bid[];
  readonly rejections: readonly Rejection[];
}

/** Terms of one break. Only bids of first-price auctions are shaded: elsewhere it pays to bid in full. */
export function auctionTerms(
  request: BreakRequest,
  publisher: CompiledPublisher,
  { limits }: Pick<World, "limits">,
): AuctionTerms {
  const layout = layOut(request, limits);
  const { priceRule, slateMicrosPerSec } = publisher.publisher;
  const context = { surface: request.surface, device: request.viewer.device, genre: request.content.genre };
  return {
    request,
    publisher,
    layout,
    floors: floorTerms(request, publisher, layout),
    slateMicrosPerSec: request.fill === "exact" ? slateMicrosPerSec : 0,
    landscape: priceRule === "first" ? inContext(publisher.landscapes, context) : null,
  };
}

/** Prices every candidate and drops those with unusable scores, then those that `refusal` names. */
export function auction(
  scored: readonly Scored[],
  budgets: ReadonlyMap<string, CampaignBudget>,
  terms: AuctionTerms,
): Auctioned {
  const bids: Bid[] = [];
  const refused: Bid[] = [];
  const rejections: Rejection[] = [];
  for (const candidate of scored) {
    const { offer, scores } = candidate;
    if (!scoresAreUsable(scores)) {
      rejections.push({ offer, reason: "score_invalid" });
      continue;
    }
    const budget = present(budgets.get(offer.campaignId), "retrieval lets through funded campaigns only");
    const bid = toBid(candidate, budget, terms);
    const reason = refusal(bid, budget, terms);
    if (reason === null) bids.push(bid);
    else {
      refused.push(bid);
      rejections.push(rejected(bid, reason, terms));
    }
  }
  return { bids, refused, rejections };
}

/** A bid that lost, with all that was found out about it. */
export function rejected(bid: Bid, reason: RejectionReason, terms: AuctionTerms): Rejection {
  const { offer, scores, bidMicros, valueMicros, deal } = bid;
  const dealId = deal?.dealId ?? offer.guarantee?.dealId;
  const floorMicros = lowestFloor(bid.offer.durationSec, bid.floors, terms.layout);
  return { offer, reason, scores, bidMicros, valueMicros, floorMicros, ...(dealId === undefined ? {} : { dealId }) };
}

/**
 * The bid of one scored candidate: through the deal that counts most of those it reaches; open demand shaded, if its
 * campaign asks for that. Requires: `scoresAreUsable`.
 */
export function toBid(scored: Scored, budget: CampaignBudget, terms: AuctionTerms): Bid {
  const { offer, scores } = scored;
  const fullBidMicros = fullBid(scored, budget.multiplierPpm);
  const deals = dealsFor(offer, terms.request);
  // A bid that reaches none of its deals is held against the last of them, and refused.
  const deal = reachedDeal(deals, fullBidMicros) ?? deals.at(-1) ?? null;
  const agreedMicros =
    offer.guarantee !== null ? fullBidMicros : deal !== null && isAgreed(deal) ? dealMicros(deal) : null;
  const floors = floorsFor(scored, deal, agreedMicros, terms);
  const isShaded = terms.landscape !== null && deal === null && agreedMicros === null;
  const bidMicros =
    isShaded && offer.line.campaign.campaign.bidding === "shaded"
      ? shadedBid(fullBidMicros, lowestFloor(offer.durationSec, floors, terms.layout), terms.landscape)
      : fullBidMicros;
  return {
    ...scored,
    deal,
    fullBidMicros,
    bidMicros,
    premiums: agreedMicros === null ? premiumsOf(scored, bidMicros, budget.availableMicros) : NO_PREMIUMS,
    agreedMicros,
    floors,
    valueMicros: subtractMicros(agreedMicros ?? bidMicros, leavingCost(scores, terms.publisher.abandonCostMicros)),
  };
}

const NO_PREMIUMS = { firstMicros: ZERO_MICROS, lastMicros: ZERO_MICROS };

/** What it pays on top for its place; nothing when this data centre holds too little for bid and premiums together. */
function premiumsOf({ offer }: Scored, bidMicros: Micros, availableMicros: Micros): Bid["premiums"] {
  const { first, last } = offer.line.lineItem.positionPremiumPpm;
  const firstMicros = scaleMicrosDown(bidMicros, first);
  const lastMicros = scaleMicrosDown(bidMicros, last);
  const most = addMicros(bidMicros, addMicros(firstMicros, lastMicros));
  return most > availableMicros ? NO_PREMIUMS : { firstMicros, lastMicros };
}

/** An agreed price and a deal's floor stand in for all others. */
function floorsFor(
  { offer }: Scored,
  deal: CompiledDeal | null,
  agreedMicros: Micros | null,
  terms: AuctionTerms,
): Floors {
  if (agreedMicros !== null) return flatFloors(agreedMicros, terms.floors);
  return deal === null ? openFloors(offer.durationSec, terms.floors) : flatFloors(dealMicros(deal), terms.floors);
}

/** The lowest floor among the parts of the break that take an ad of this length; the dynamic part's when none does. */
export function lowestFloor(durationSec: number, floors: Floors, layout: Layout): Micros {
  const durationMs = toMs(durationSec);
  let lowest: Micros | null = dynamicTakes(layout, durationMs) ? floors.dynamicMicros : null;
  layout.slots.forEach((slot, index) => {
    const floor = floors.slotMicros[index] ?? ZERO_MICROS;
    if (slotTakes(slot, durationMs)) lowest = lowest === null ? floor : minMicros(lowest, floor);
  });
  return lowest ?? floors.dynamicMicros;
}

/** Whether some part of the break takes an ad of this length. */
function hasPlace(durationSec: number, layout: Layout): boolean {
  const durationMs = toMs(durationSec);
  return dynamicTakes(layout, durationMs) || layout.slots.some((slot) => slotTakes(slot, durationMs));
}

/** Whether showing the ad gains the break something, wherever it plays. */
function gains({ valueMicros, premiums, offer }: Bid, { slateMicrosPerSec }: AuctionTerms): boolean {
  const saved = Math.floor((toMs(offer.durationSec) * slateMicrosPerSec) / 1000);
  return valueMicros + premiums.firstMicros + premiums.lastMicros + saved > 0;
}

/**
 * Why a bid may not compete, or null. In this order: its deal's price, a part of the break that takes its length, value
 * to the break, floor, money at hand. A promise is kept whatever it gains.
 */
function refusal(bid: Bid, budget: CampaignBudget, terms: AuctionTerms): RejectionReason | null {
  const { offer, deal, bidMicros, fullBidMicros, agreedMicros } = bid;
  if (deal !== null && fullBidMicros < dealMicros(deal)) return "below_deal_price";
  if (!hasPlace(offer.durationSec, terms.layout)) return "no_place";
  if (offer.guarantee === null && !gains(bid, terms)) return "no_value";
  if (bidMicros < lowestFloor(offer.durationSec, bid.floors, terms.layout)) return "below_floor";
  return (agreedMicros ?? bidMicros) > budget.availableMicros ? "purse_short" : null;
}
