/**
 * A break that was decided and can be finished again, under other reserve prices or by another price rule. What it
 * logs and what it sells are the decision's own numbers: nothing here is a second auction.
 */
import type { Learned } from "../../catalog/learned.ts";
import type { PriceRule } from "../../catalog/words.ts";
import { lowestFloor } from "../../decision/auction.ts";
import type { Bid } from "../../decision/candidate.ts";
import { finish, settle, type ScoringPlan, type Settled } from "../../decision/funnel.ts";
import { premiumAt } from "../../decision/pod.ts";
import { floorAt, Rivalry } from "../../decision/price.ts";
import type { Scoring } from "../../decision/rank.ts";
import { PodPrices } from "../../pods/prices.ts";
import { PRICE_MICROS_MAX, type AuctionRecord, type LoggedBid } from "./auction_record.ts";
import type { BreakFacts } from "./kinds.ts";
import type { BreakSoldTwice, SoldSlot } from "./reserve_report.ts";

/** A decision up to the point where prices matter. */
export interface DecidedBreak {
  readonly plan: ScoringPlan;
  readonly scoring: Scoring;
}

const NO_RESERVES: Learned["reserves"] = new Map();

/** What a break is logged as: decided without learned reserves. Cost: a pod for every campaign that competes. */
export function recordOf(decided: DecidedBreak, rule: PriceRule): AuctionRecord {
  const { plan, scoring } = underTerms(decided, NO_RESERVES, rule);
  const settled = settle(plan, scoring);
  const winners = new Set(settled.pod.placed.map(({ bid }) => bid.offer.campaignId));
  const losers = new Map<string, LoggedBid>();
  const prices = new PodPrices(settled.pod.question.ads, settled.pod.question.rules, settled.pod.solution);
  settled.auctioned.bids.forEach((bid, index) => {
    const { campaignId } = bid.offer;
    if (!isOpen(bid) || winners.has(campaignId)) return;
    const before = losers.get(campaignId);
    if (before === undefined || before.bidMicros < bid.bidMicros)
      losers.set(campaignId, loserOf(settled, bid, prices.minToWin(index).minToWinMicros));
  });
  const bids = [...winnersOf(settled), ...losers.values()].sort((a, b) => b.bidMicros - a.bidMicros);
  return { atMs: plan.world.nowMs, ...factsOf(plan), durationSec: plan.request.podDurationSec, bids };
}

/**
 * The break sold twice: without learned reserves and with these of its publisher. Cost: two decisions without their
 * scoring.
 */
export function decideTwice(decided: DecidedBreak, reserves: Learned["reserves"], rule: PriceRule): BreakSoldTwice {
  return {
    facts: factsOf(decided.plan),
    askedMs: Math.round(decided.plan.request.podDurationSec * 1000),
    without: soldBy(underTerms(decided, NO_RESERVES, rule)),
    with: soldBy(underTerms(decided, reserves, rule)),
  };
}

function underTerms(
  { plan, scoring }: DecidedBreak,
  reserves: Learned["reserves"],
  priceRule: PriceRule,
): DecidedBreak {
  const publisher = { ...plan.publisher, reserves, publisher: { ...plan.publisher.publisher, priceRule } };
  return { plan: { ...plan, publisher }, scoring };
}

function factsOf({ request }: ScoringPlan): BreakFacts {
  const { publisherId, surface, viewer, content } = request;
  return { publisherId, surface, device: viewer.device, genre: content.genre };
}

function soldBy({ plan, scoring }: DecidedBreak): readonly SoldSlot[] {
  return finish(plan, scoring).slots.flatMap(({ offer, priceMicros, scores }) =>
    scores === null
      ? []
      : [{ campaignId: offer.campaignId, priceMicros, lengthMs: Math.round(offer.durationSec * 1000) }],
  );
}

function isOpen({ deal, agreedMicros }: Bid): boolean {
  return deal === null && agreedMicros === null;
}

function winnersOf({ pod, auctioned }: Settled): readonly LoggedBid[] {
  const rivalry = new Rivalry(pod, auctioned.bids);
  return pod.placed.flatMap(({ bid, slot }, at): readonly LoggedBid[] => {
    if (!isOpen(bid)) return [];
    const premium = premiumAt(bid, at, pod.placed.length);
    const floorMicros = floorAt(bid, slot);
    return [
      {
        campaignId: bid.offer.campaignId,
        durationSec: bid.offer.durationSec,
        limitMicros: bid.fullBidMicros + premium,
        bidMicros: bid.bidMicros + premium,
        floorMicros,
        neededMicros: Math.max(floorMicros, rivalry.leastBid(at)),
        won: true,
      },
    ];
  });
}

/** `worth`: what it must be worth to the pod, null when nothing is enough. */
function loserOf({ terms }: Settled, bid: Bid, worth: number | null): LoggedBid {
  const floorMicros = lowestFloor(bid.offer.durationSec, bid.floors, terms.auction.layout);
  // What viewers who leave cost stands between a bid and its value; at exactly the value needed ties decide.
  const needed =
    worth === null ? Infinity : Math.max(floorMicros, Math.max(0, worth) + bid.bidMicros - bid.valueMicros + 1);
  return {
    campaignId: bid.offer.campaignId,
    durationSec: bid.offer.durationSec,
    limitMicros: bid.fullBidMicros,
    bidMicros: bid.bidMicros,
    floorMicros,
    neededMicros: needed > PRICE_MICROS_MAX ? null : needed,
    won: false,
  };
}
