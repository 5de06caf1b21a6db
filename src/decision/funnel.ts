/**
 * A decision from end to end. Read this file first: the stages stand here in their order, and each is one file beside
 * this one.
 *
 *   plan    retrieve → guarantee → hydrate   pure, synchronous
 *   score   early rank → cut → heads         the one await, handed in
 *   finish  value → auction → pod → price    pure, synchronous
 *
 * Nothing here knows a clock, a store or a network; all that it may know is in the World. What a stage drops goes to
 * `rejections` with a reason. Committing money and rendering the answer belong to the door that called.
 */
import type { CompiledPublisher } from "../catalog/compiled.ts";
import type { BreakRequest } from "../protocols/break_request.ts";
import { auction } from "./auction.ts";
import type { Candidate } from "./candidate.ts";
import type { Decision, Slot } from "./decision.ts";
import { seatGuarantee } from "./guarantee.ts";
import { fillWithHouse } from "./house.ts";
import { hydrate, type FeatureMatrix } from "./hydrate.ts";
import { choosePod, whyNotChosen, type PodRules } from "./pod.ts";
import { clearingPrice, floorMicros } from "./price.ts";
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
  const paid = seatGuarantee(retrieved.candidates, world);
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

/** What a break of this publisher allows. */
function rulesOf({ request, world, publisher }: ScoringPlan): PodRules {
  return {
    durationSec: request.podDurationSec,
    maxAds: request.maxAds,
    separatedCategories: publisher.separatedCategories,
    nodesMax: world.limits.podNodesMax,
  };
}

/** Who wins which slot at what price, and why everyone else did not. */
export function finish(scoringPlan: ScoringPlan, scoring: Scoring): Decision {
  const { request, world, publisher } = scoringPlan;
  const rules = rulesOf(scoringPlan);
  const terms = {
    floorMicros: floorMicros(publisher, request.surface),
    abandonCostMicros: publisher.abandonCostMicros,
  };
  const auctioned = auction(scoring.scored, world.budgets, terms);
  const pod = choosePod(auctioned.bids, rules);
  const winners = new Set(pod.bids);
  const lost = auctioned.bids
    .filter((bid) => !winners.has(bid))
    .map((bid): Rejection => ({
      offer: bid.offer,
      reason: whyNotChosen(bid, pod, rules),
      bidMicros: bid.bidMicros,
    }));
  const house = fillWithHouse(pod.bids, scoringPlan.house, rules);
  const paidSlots = pod.bids.map((bid, index): Slot => ({
    position: index + 1,
    offer: bid.offer,
    bidMicros: bid.bidMicros,
    priceMicros: clearingPrice(bid),
    scores: bid.scores,
  }));
  return {
    decisionId: world.decisionId,
    requestId: request.requestId,
    publisherId: request.publisherId,
    tier: scoring.tier,
    catalogDigest: world.catalogDigest,
    slots: [...paidSlots, ...house.slots],
    rejections: [
      ...scoringPlan.rejections,
      ...scoring.rejections,
      ...auctioned.rejections,
      ...lost,
      ...house.rejections,
    ],
    counts: {
      offers: world.catalog.paidOffers.length,
      candidates: scoringPlan.candidates.length,
      scored: scoring.scored.length,
      bids: auctioned.bids.length,
    },
    pod: pod.certificate,
  };
}
