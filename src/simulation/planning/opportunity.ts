/**
 * One break from the planned campaign's side: which of its ads could be shown, what each bids, and what each must be
 * worth to get in. Because the rest of the break is decided without the campaign, the answer holds for every bid level:
 * an ad wins exactly when its value exceeds what the best break without the campaign loses by making room for it.
 */
import type { Offer } from "../../catalog/compiled.ts";
import { auction, type AuctionTerms } from "../../decision/auction.ts";
import type { Bid, Candidate, Scored, Scores } from "../../decision/candidate.ts";
import { hydrate } from "../../decision/hydrate.ts";
import { choosePod, conflict, whyNotChosen, type Pod, type PodRules } from "../../decision/pod.ts";
import { REJECTIONS, type RejectionReason } from "../../decision/rejection.ts";
import { scoresAreUsable, toBid } from "../../decision/value.ts";
import { assert, present } from "../../kernel/assert.ts";
import { scaleMicrosDown, subtractMicros, sumMicros, type Micros } from "../../kernel/money.ts";
import type { Head } from "../../models/manifest.ts";
import { MULTIPLIER_PPM_MAX } from "../../money/limits.ts";
import { scoreBreak, type Market, type ScoredBreak } from "./market.ts";
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

/** What a break offers the campaign. Cost: a decision, and a pod for every length of its ads. */
export async function opportunityOf(market: Market, campaignId: string, asked: TrafficBreak): Promise<Opportunity> {
  const scoredBreak = await scoreBreak(market, asked);
  const mine = scoredBreak.scored.filter(({ offer }) => offer.campaignId === campaignId);
  let barredBy: RejectionReason = "campaign_inactive";
  for (const { offer, reason } of scoredBreak.rejections) {
    if (offer.campaignId === campaignId) barredBy = further(barredBy, reason);
  }
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
  const heads = await scorer.score(hydrate(request, atMs, rows));
  const scored = rows.map((row, at): Scored => {
    const of = (head: Head): number => heads[head][at] ?? Number.NaN;
    const scores = { completedView: of("completedView"), click: of("click"), abandon: of("abandon") };
    assert(scoresAreUsable(scores), "the planning scorer gives probabilities");
    return { ...row, scores };
  });
  return candidates.map((_, at) => scored.slice(at * counts, (at + 1) * counts));
}

function quoteOf(scored: Scored, terms: AuctionTerms): Quote {
  const { scores, bidMicros, valueMicros } = toBid(scored, MULTIPLIER_PPM_MAX, terms.abandonCostMicros);
  return { scores, fullBidMicros: bidMicros, abandonMicros: subtractMicros(bidMicros, valueMicros) };
}

function chancesIn(
  scoredBreak: ScoredBreak,
  campaignId: string,
  mine: readonly (readonly Scored[])[],
): readonly Chance[] {
  const { rules, terms, budgets } = scoredBreak;
  const others = auction(
    scoredBreak.scored.filter(({ offer }) => offer.campaignId !== campaignId),
    budgets,
    terms,
  ).bids;
  const without = choosePod(others, rules);
  const room = new Map<string, Micros>();
  return mine.map((byCount): Chance => {
    const ad = present(byCount[0], "every candidate is scored for a viewer who has not seen it");
    // Ads of one advertiser that take the same time and keep the same rivals out make room at the same price.
    const separated = ad.offer.categoriesWithParents.filter((category) => rules.separatedCategories.has(category));
    const kind = `${ad.offer.durationSec} ${separated.join(" ")}`;
    let neededMicros = room.get(kind);
    if (neededMicros === undefined) {
      neededMicros = priceOfRoom(ad, others, without, rules);
      room.set(kind, neededMicros);
    }
    return {
      offer: ad.offer,
      quotes: byCount.map((scored) => quoteOf(scored, terms)),
      floorMicros: terms.floorMicros,
      neededMicros,
      lossReason: whyNotChosen(toBid(ad, MULTIPLIER_PPM_MAX, terms.abandonCostMicros), without, rules),
    };
  });
}

/** How much more the best break without the campaign is worth than the best that leaves room for this ad; ≥ 0. */
export function priceOfRoom(ad: Candidate, others: readonly Bid[], without: Pod, rules: PodRules): Micros {
  const companions = others.filter((other) => conflict(other, ad, rules) === null);
  const rest = {
    ...rules,
    durationSec: (Math.round(rules.durationSec * 1000) - Math.round(ad.offer.durationSec * 1000)) / 1000,
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
  | { readonly wins: true; readonly priceMicros: Micros; readonly surplusMicros: number; readonly scores: Scores }
  | { readonly wins: false; readonly reason: RejectionReason };

/**
 * The fate of one ad when all bids of the campaign are scaled by `ppm`, which may be above a million, and the viewer
 * was shown its line item `timesShown` times lately.
 */
export function fateAt(chance: Chance, ppm: number, timesShown: number): Fate {
  const last = chance.quotes.length - 1;
  const quote = present(chance.quotes[Math.min(timesShown, last)], "a chance has a quote for every count");
  const bidMicros = scaleMicrosDown(quote.fullBidMicros, ppm);
  const valueMicros = bidMicros - quote.abandonMicros;
  if (valueMicros <= 0) return { wins: false, reason: "no_value" };
  if (bidMicros < chance.floorMicros) return { wins: false, reason: "below_floor" };
  if (valueMicros <= chance.neededMicros) return { wins: false, reason: chance.lossReason };
  return { wins: true, priceMicros: bidMicros, surplusMicros: valueMicros - chance.neededMicros, scores: quote.scores };
}
