/**
 * A decision from end to end. Read this file first: the stages stand here in their order, and each is one file beside
 * this one.
 *
 *   plan    retrieve → guarantee → hydrate              pure, synchronous
 *   score   early rank → cut → heads                    the one await, handed in
 *   finish  value → auction → pod → price → house       pure, synchronous
 *
 * Nothing here knows a clock, a store or a network; all that it may know is in the World. What a stage drops goes to
 * `rejections` with a reason. Committing money and rendering the answer belong to the door that called.
 */
import type { CompiledPublisher } from "../catalog/compiled.ts";
import { micros, ZERO_MICROS } from "../kernel/money.ts";
import type { BreakRequest } from "../protocols/break_request.ts";
import { auction, auctionTerms, rejected, type Auctioned, type AuctionTerms } from "./auction.ts";
import type { Candidate } from "./candidate.ts";
import type { Decision, Slot } from "./decision.ts";
import { seatGuarantee } from "./guarantee.ts";
import { fillWithHouse, type BreakAd } from "./house.ts";
import { hydrate, type FeatureMatrix } from "./hydrate.ts";
import { lossesIn } from "./loss.ts";
import { choosePod, premiumAt, type Pod } from "./pod.ts";
import { podTerms, type PodTerms } from "./pod_question.ts";
import { chargesOf, floorAt, type Charge } from "./price.ts";
import { scoreCandidates, type Scorer, type Scoring } from "./rank.ts";
import type { Rejection } from "./rejection.ts";
import { retrieve, retrieveHouse } from "./retrieve.ts";
import type { World } from "./world.ts";

/** All that is known before the models are asked. */
export interface ScoringPlan {
  readonly request: BreakRequest;
  readonly world: World;
  readonly publisher: CompiledPublisher;
  readonly candidates: readonly Candidate[];
  /** House offers that may fill what paid ads leave. */
  readonly house: readonly Candidate[];
  /** One row a candidate, in their order. */
  readonly matrix: FeatureMatrix;
  readonly rejections: readonly Rejection[];
}

/** Which candidates there are and what the models will be shown of them. */
export function plan(request: BreakRequest, world: World, publisher: CompiledPublisher): ScoringPlan {
  const retrieved = retrieve(request, world, publisher);
  const paid = seatGuarantee(retrieved.candidates, request, world);
  const house = retrieveHouse(request, world, publisher);
  return {
    request,
    world,
    publisher,
    candidates: paid.candidates,
    house: house.candidates,
    matrix: hydrate(request, world.nowMs, paid.candidates),
    rejections: [...retrieved.rejections, ...paid.rejections, ...house.rejections],
  };
}

/** Asks the models. The only step that may take time, and the only one that may fail. */
export function score(scoringPlan: ScoringPlan, scorer: Scorer): Promise<Scoring> {
  return scoreCandidates(scoringPlan, scorer);
}

/** The break after the pod is chosen, and all that led there: what a decision tells and an explanation looks into. */
export interface Settled {
  readonly terms: { readonly auction: AuctionTerms; readonly pod: PodTerms };
  readonly auctioned: Auctioned;
  readonly pod: Pod;
}

/** Bids, and the pod that they fill. Bounded, deterministic: asked again it says the same. */
export function settle({ request, world, publisher }: ScoringPlan, scoring: Scoring): Settled {
  const terms = auctionTerms(request, publisher, world);
  const auctioned = auction(scoring.scored, world.budgets, terms);
  const pod = podTerms(terms, world);
  return { terms: { auction: terms, pod }, auctioned, pod: choosePod(auctioned.bids, pod) };
}

/** Who wins which slot at what price, and why everyone else did not. */
export function finish(scoringPlan: ScoringPlan, scoring: Scoring): Decision {
  const { request, world, publisher } = scoringPlan;
  const { terms, auctioned, pod } = settle(scoringPlan, scoring);
  const charges = chargesOf(pod, auctioned.bids, publisher.publisher.priceRule);
  const house = fillWithHouse(pod, scoringPlan.house, terms.pod, world.limits);
  return {
    decisionId: world.decisionId,
    requestId: request.requestId,
    publisherId: request.publisherId,
    tier: scoring.tier,
    modelSetDigest: scoring.modelSetDigest,
    lapses: scoring.lapses,
    catalogDigest: world.catalogDigest,
    slots: house.shown.map((ad, at) => slotOf(ad, at, house.shown.length, pod, charges)),
    rejections: [
      ...scoringPlan.rejections,
      ...scoring.rejections,
      ...auctioned.rejections,
      ...losersOf(auctioned, pod, terms.auction),
      ...house.rejections,
    ],
    counts: {
      offers: world.catalog.paidOffers.length,
      candidates: scoringPlan.candidates.length,
      scored: scoring.scored.length,
      unranked: scoring.unranked,
      bids: auctioned.bids.length,
    },
    pod: pod.certificate,
  };
}

function losersOf({ bids }: Auctioned, pod: Pod, terms: AuctionTerms): readonly Rejection[] {
  const shown = new Set(pod.solution.ads);
  const whyNot = lossesIn(pod.question, pod.solution);
  return bids.flatMap((bid, index): readonly Rejection[] => {
    return shown.has(index) ? [] : [rejected(bid, whyNot(index), terms)];
  });
}

/** One position of the break. A premium whose place went to a house ad is neither bid nor paid. */
function slotOf(ad: BreakAd, at: number, count: number, pod: Pod, charges: readonly Charge[]): Slot {
  const position = at + 1;
  if ("own" in ad) {
    const nothing = { bidMicros: ZERO_MICROS, priceMicros: ZERO_MICROS, floorMicros: ZERO_MICROS };
    return { position, offer: ad.own.offer, ...nothing, valueMicros: ZERO_MICROS, dealId: null, scores: null };
  }
  const { bid, slot } = ad.paid;
  const { offer, scores, valueMicros } = bid;
  const among = pod.placed.indexOf(ad.paid);
  const charge = charges[among] ?? { bidMicros: bid.bidMicros, priceMicros: bid.bidMicros };
  const lostPremium = premiumAt(bid, among, pod.placed.length) - premiumAt(bid, at, count);
  const bidMicros = micros(charge.bidMicros - lostPremium);
  const priceMicros = micros(Math.min(charge.priceMicros, bidMicros));
  const floorMicros = floorAt(bid, slot);
  const dealId = bid.deal?.dealId ?? offer.guarantee?.dealId ?? null;
  return { position, offer, bidMicros, priceMicros, floorMicros, valueMicros, dealId, scores };
}
