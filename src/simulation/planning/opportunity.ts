/**
 * One break from the planned campaign's side: which of its ads could be shown, what each bids, and what each must be
 * worth to get in. Because the rest of the break is decided without the campaign, the answer holds for every bid level:
 * an ad wins exactly when its value exceeds what the best break without the campaign loses by making room for it.
 */
import type { Offer } from "../../catalog/compiled.ts";
import { auction } from "../../decision/auction.ts";
import type { Bid, Scored, Scores } from "../../decision/candidate.ts";
import { choosePod, conflict, whyNotChosen, type Pod } from "../../decision/pod.ts";
import { REJECTIONS, type RejectionReason } from "../../decision/rejection.ts";
import { scoresAreUsable, toBid } from "../../decision/value.ts";
import { scaleMicrosDown, subtractMicros, sumMicros, type Micros } from "../../kernel/money.ts";
import { MULTIPLIER_PPM_MAX } from "../../money/limits.ts";
import { scoreBreak, type Market, type ScoredBreak } from "./market.ts";
import type { TrafficBreak } from "./traffic.ts";

/** One of the campaign's ads in one break. Units: micros for one impression. */
export interface Chance {
  readonly offer: Offer;
  readonly scores: Scores;
  /** What it bids at full multiplier. */
  readonly fullBidMicros: Micros;
  /** Taken off its value for viewers who leave. */
  readonly abandonMicros: Micros;
  /** Lowest bid that may compete. */
  readonly floorMicros: Micros;
  /** It wins when its value is above this. */
  readonly neededMicros: Micros;
  /** Why it does not win when it competes and loses. */
  readonly lossReason: RejectionReason;
}

/** A break and the campaign's chances in it. */
export interface Opportunity {
  readonly asked: TrafficBreak;
  /** In catalog order; empty when nothing of the campaign may be shown. */
  readonly chances: readonly Chance[];
  /** Why the ad that came furthest came no further; what holds when there are no chances. */
  readonly barredBy: RejectionReason;
}

/** Reasons by how far an ad came: the table of rejections lists them in the order of the stages. */
const PROGRESS: ReadonlyMap<string, number> = new Map(Object.keys(REJECTIONS).map((reason, at) => [reason, at]));

/** The reason of whoever came further. */
export function further(a: RejectionReason, b: RejectionReason): RejectionReason {
  return (PROGRESS.get(b) ?? 0) > (PROGRESS.get(a) ?? 0) ? b : a;
}

/** What a break offers the campaign. Cost: a decision, and a pod for every length of its ads. */
export async function opportunityOf(market: Market, campaignId: string, asked: TrafficBreak): Promise<Opportunity> {
  const scoredBreak = await scoreBreak(market, asked);
  const mine = scoredBreak.scored.filter(({ offer }) => offer.campaignId === campaignId);
  const usable = mine.filter(({ scores }) => scoresAreUsable(scores));
  let barredBy: RejectionReason = usable.length < mine.length ? "score_invalid" : "campaign_inactive";
  for (const { offer, reason } of scoredBreak.rejections) {
    if (offer.campaignId === campaignId) barredBy = further(barredBy, reason);
  }
  return { asked, chances: usable.length === 0 ? [] : chancesIn(scoredBreak, campaignId, usable), barredBy };
}

function chancesIn(scoredBreak: ScoredBreak, campaignId: string, mine: readonly Scored[]): readonly Chance[] {
  const { rules, terms, budgets } = scoredBreak;
  const others = auction(
    scoredBreak.scored.filter(({ offer }) => offer.campaignId !== campaignId),
    budgets,
    terms,
  ).bids;
  const without = choosePod(others, rules);
  const room = new Map<string, Micros>();
  return mine.map((scored): Chance => {
    const bid = toBid(scored, MULTIPLIER_PPM_MAX, terms.abandonCostMicros);
    // Ads of one advertiser that take the same time and keep the same rivals out make room at the same price.
    const separated = bid.offer.categoriesWithParents.filter((category) => rules.separatedCategories.has(category));
    const kind = `${bid.offer.durationSec} ${separated.join(" ")}`;
    let neededMicros = room.get(kind);
    if (neededMicros === undefined) {
      neededMicros = priceOfRoom(bid, others, without, scoredBreak);
      room.set(kind, neededMicros);
    }
    return {
      offer: bid.offer,
      scores: bid.scores,
      fullBidMicros: bid.bidMicros,
      abandonMicros: subtractMicros(bid.bidMicros, bid.valueMicros),
      floorMicros: terms.floorMicros,
      neededMicros,
      lossReason: whyNotChosen(bid, without, rules),
    };
  });
}

/** What the best break without the campaign is worth more than the best that leaves room for this ad. Never negative. */
function priceOfRoom(bid: Bid, others: readonly Bid[], without: Pod, { rules }: ScoredBreak): Micros {
  const companions = others.filter((other) => conflict(other, bid, rules) === null);
  const rest = {
    ...rules,
    durationSec: (Math.round(rules.durationSec * 1000) - Math.round(bid.offer.durationSec * 1000)) / 1000,
    maxAds: rules.maxAds - 1,
  };
  const alongside = rest.maxAds > 0 && rest.durationSec > 0 ? choosePod(companions, rest) : { bids: [] };
  return subtractMicros(worthOf(without.bids), worthOf(alongside.bids));
}

function worthOf(bids: readonly Bid[]): Micros {
  return sumMicros(bids.map(({ valueMicros }) => valueMicros));
}

/** How an ad fares at a bid level: what it pays and by how much it beats what is needed, or why it does not win. */
export type Fate =
  | { readonly wins: true; readonly priceMicros: Micros; readonly surplusMicros: number }
  | { readonly wins: false; readonly reason: RejectionReason };

/** The fate of one ad when all bids of the campaign are scaled by `ppm`, which may be above a million. */
export function fateAt(chance: Chance, ppm: number): Fate {
  const bidMicros = scaleMicrosDown(chance.fullBidMicros, ppm);
  const valueMicros = bidMicros - chance.abandonMicros;
  if (valueMicros <= 0) return { wins: false, reason: "no_value" };
  if (bidMicros < chance.floorMicros) return { wins: false, reason: "below_floor" };
  if (valueMicros <= chance.neededMicros) return { wins: false, reason: chance.lossReason };
  return { wins: true, priceMicros: bidMicros, surplusMicros: valueMicros - chance.neededMicros };
}
