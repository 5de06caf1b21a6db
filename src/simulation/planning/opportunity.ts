/**
 * One break from the planned campaign's side: which of its ads could be shown, what each bids, and what each must be
 * worth to get in. Because the rest of the break is decided without the campaign, the answer holds for every bid level:
 * an ad wins exactly when its value exceeds what the best break without the campaign loses by making room for it.
 */
import type { CompiledCatalog, Offer } from "../../catalog/compiled.ts";
import { auction, lowestFloor, toBid, type AuctionTerms } from "../../decision/auction.ts";
import type { Bid, Candidate, Scored, Scores } from "../../decision/candidate.ts";
import { openGate, refusal } from "../../decision/gate.ts";
import { hydrate } from "../../decision/hydrate.ts";
import { lossesIn } from "../../decision/loss.ts";
import { choosePod } from "../../decision/pod.ts";
import { adOf, questionOf } from "../../decision/pod_question.ts";
import { scoresAt } from "../../decision/rank.ts";
import { REJECTIONS, type RejectionReason } from "../../decision/rejection.ts";
import { shadedBid } from "../../decision/shading.ts";
import { leavingCost, scoresAreUsable } from "../../decision/value.ts";
import { assert, present } from "../../kernel/assert.ts";
import { addMicros, maxMicros, micros, scaleMicrosDown, ZERO_MICROS, type Micros } from "../../kernel/money.ts";
import { MULTIPLIER_PPM_MAX } from "../../money/limits.ts";
import { minToWin } from "../../pods/prices.ts";
import { scoreBreak, worldOf, type Market, type ScoredBreak } from "./market.ts";
import type { TrafficBreak } from "./traffic.ts";

/** What an ad bids for a viewer who has seen it so and so often. Units: micros for one impression. */
export interface Quote {
  readonly scores: Scores;
  /** What it bids at full multiplier. */
  readonly fullBidMicros: Micros;
  /** Taken off its value for viewers who leave. */
  readonly abandonMicros: Micros;
}

/** One of the campaign's ads in one break. Units: micros for one impression. */
export interface Chance {
  readonly offer: Offer;
  /** By how often the viewer was shown the line item lately; the last one holds for more. Never empty. */
  readonly quotes: readonly Quote[];
  /** Lowest bid that may compete. */
  readonly floorMicros: Micros;
  /** The agreed price of the deal it bids through, or null. */
  readonly agreedMicros: Micros | null;
  /** Rival bids by which its bids are shaded, or null. Units: micros CPM. */
  readonly landscape: readonly number[] | null;
  /** Whether a winner pays its bid; else it pays what is needed. */
  readonly paysBid: boolean;
  /** It wins when its value is above this. */
  readonly neededMicros: Micros;
  /** Why it does not win when it competes and loses. */
  readonly lossReason: RejectionReason;
}

/** The models tell no further repetition apart (the divisor of `times_shown` in the feature schema). */
export const TIMES_SHOWN_MAX = 8;

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

/** The planned campaign and all that it could show. */
export interface Planned {
  readonly campaignId: string;
  readonly offers: readonly Offer[];
}

/** A campaign of the catalog with its offers. Cost: linear in the catalog's offers. */
export function plannedOf(catalog: CompiledCatalog, campaignId: string): Planned {
  return { campaignId, offers: [...catalog.paidOffers].filter((offer) => offer.campaignId === campaignId) };
}

/** What a break offers the campaign. Cost: a decision, and a pod for every length of its ads. */
export async function opportunityOf(market: Market, planned: Planned, asked: TrafficBreak): Promise<Opportunity> {
  const { campaignId, offers } = planned;
  const scoredBreak = await scoreBreak(market, asked);
  const mine = scoredBreak.scored.filter(({ offer }) => offer.campaignId === campaignId);
  let barredBy: RejectionReason = "campaign_inactive";
  for (const { offer, reason } of scoredBreak.rejections) {
    if (offer.campaignId === campaignId) barredBy = further(barredBy, reason);
  }
  // Retrieval says nothing of offers that do not match: they are asked one by one.
  const gate = openGate(asked.request, worldOf(market, asked.atMs), scoredBreak.terms.publisher);
  for (const offer of offers) barredBy = further(barredBy, refusal(offer, gate) ?? "campaign_inactive");
  if (mine.length === 0) return { asked, chances: [], barredBy };
  const byCount = await scoreByCount(market, asked, mine);
  return { asked, chances: chancesIn(scoredBreak, campaignId, byCount), barredBy };
}

/** The scores of each candidate for every number of times that the viewer saw it. Shape: `[candidate][count]`. */
async function scoreByCount(
  { scorer }: Market,
  { request, atMs }: TrafficBreak,
  candidates: readonly Candidate[],
): Promise<readonly (readonly Scored[])[]> {
  const counts = request.viewer.limitAdTracking ? 1 : TIMES_SHOWN_MAX + 1;
  const rows = candidates.flatMap(({ offer }) =>
    Array.from({ length: counts }, (_, frequencyCount): Candidate => ({ offer, frequencyCount })),
  );
  const { heads } = await scorer.score(hydrate(request, atMs, rows));
  const scored = rows.map((row, at): Scored => {
    const scores = scoresAt(heads, at);
    assert(scoresAreUsable(scores), "the planning scorer gives probabilities");
    return { ...row, scores };
  });
  return candidates.map((_, at) => scored.slice(at * counts, (at + 1) * counts));
}

/** Money is no object while a campaign is planned. */
const AMPLE = { availableMicros: micros(1_000_000_000_000), multiplierPpm: MULTIPLIER_PPM_MAX };
/** More than any bid. Units: micros. */
const NEVER = micros(1_000_000_000_000);

function quoteOf(scored: Scored, terms: AuctionTerms): Quote {
  const { scores } = scored;
  const abandonMicros = leavingCost(scores, terms.publisher.abandonCostMicros);
  return { scores, fullBidMicros: toBid(scored, AMPLE, terms).fullBidMicros, abandonMicros };
}

function chancesIn(
  { terms, pod: podTerms, budgets, scored }: ScoredBreak,
  campaignId: string,
  mine: readonly (readonly Scored[])[],
): readonly Chance[] {
  const rivals = scored.filter(({ offer }) => offer.campaignId !== campaignId);
  const others = auction(rivals, budgets, terms).bids;
  const without = choosePod(others, podTerms);
  const room = new Map<string, Pick<Chance, "neededMicros" | "lossReason">>();
  return mine.map((byCount): Chance => {
    const ad = present(byCount[0], "every candidate is scored for a viewer who has not seen it");
    const bid = toBid(ad, AMPLE, terms);
    const kind = kindOf(bid, terms);
    let made = room.get(kind);
    if (made === undefined) {
      const question = questionOf([...others, bid], podTerms);
      // What room costs does not depend on what this ad bids: every place is open to it, whatever their floors.
      const ads = [...question.ads.slice(0, -1), { ...adOf(bid, podTerms), places: null }];
      const { minToWinMicros } = minToWin(ads, question.rules, without.solution, others.length);
      const neededMicros = minToWinMicros === null ? NEVER : maxMicros(ZERO_MICROS, micros(minToWinMicros));
      made = { neededMicros, lossReason: lossesIn(question, without.solution)(others.length) };
      room.set(kind, made);
    }
    return {
      offer: ad.offer,
      quotes: byCount.map((each) => quoteOf(each, terms)),
      floorMicros: lowestFloor(ad.offer.durationSec, bid.floors, terms.layout),
      agreedMicros: bid.agreedMicros,
      landscape: isShaded(bid) ? terms.landscape : null,
      paysBid: terms.publisher.publisher.priceRule === "first",
      ...made,
    };
  });
}

function isShaded({ offer, deal, agreedMicros }: Bid): boolean {
  return deal === null && agreedMicros === null && offer.line.campaign.campaign.bidding === "shaded";
}

/** Ads of one advertiser that take the same time and keep the same rivals out make room at the same price. */
function kindOf({ offer, deal }: Bid, { publisher }: AuctionTerms): string {
  const separated = offer.categoriesWithParents.filter((category) => publisher.separatedCategories.has(category));
  const { slotWish } = offer.line.lineItem;
  return `${offer.durationSec} ${separated.join(" ")} ${slotWish} ${deal?.tier ?? 0}`;
}

/** How an ad fares at a bid level: what it pays and by how much it beats what is needed, or why it does not win. */
export type Fate =
  | { readonly wins: true; readonly priceMicros: Micros; readonly surplusMicros: number; readonly scores: Scores }
  | { readonly wins: false; readonly reason: RejectionReason };

/**
 * The fate of one ad when all bids of the campaign are scaled by `ppm`, which may be above a million, and the viewer
 * was shown its line item `timesShown` times lately.
 */
export function fateAt(chance: Chance, ppm: number, timesShown: number): Fate {
  const last = chance.quotes.length - 1;
  const quote = present(chance.quotes[Math.min(timesShown, last)], "a chance has a quote for every count");
  const { agreedMicros, floorMicros, neededMicros, landscape } = chance;
  const scaledMicros = scaleMicrosDown(quote.fullBidMicros, ppm);
  if (agreedMicros !== null && scaledMicros < agreedMicros) return { wins: false, reason: "below_deal_price" };
  const bidMicros = landscape === null ? scaledMicros : shadedBid(scaledMicros, floorMicros, landscape);
  const paidMicros = agreedMicros ?? bidMicros;
  const valueMicros = paidMicros - quote.abandonMicros;
  if (valueMicros <= 0) return { wins: false, reason: "no_value" };
  if (bidMicros < floorMicros) return { wins: false, reason: "below_floor" };
  if (valueMicros <= neededMicros) return { wins: false, reason: chance.lossReason };
  const leastMicros = maxMicros(floorMicros, addMicros(neededMicros, quote.abandonMicros));
  const priceMicros = chance.paysBid || agreedMicros !== null ? paidMicros : leastMicros;
  return { wins: true, priceMicros, surplusMicros: valueMicros - neededMicros, scores: quote.scores };
}
