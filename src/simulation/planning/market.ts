/**
 * The market that a campaign is planned into: the catalog's other demand, each campaign at the multiplier at which its
 * own budget lasts, and one break of it worked through up to the point where only the planned campaign's bids are open.
 */
import type { CompiledCatalog } from "../../catalog/compiled.ts";
import { auction, auctionTerms, type AuctionTerms } from "../../decision/auction.ts";
import type { Bid, Scored } from "../../decision/candidate.ts";
import { plan, score, type ScoringPlan } from "../../decision/funnel.ts";
import { choosePod } from "../../decision/pod.ts";
import { podTerms, type PodTerms } from "../../decision/pod_question.ts";
import { chargesOf } from "../../decision/price.ts";
import type { Scorer } from "../../decision/rank.ts";
import type { Rejection } from "../../decision/rejection.ts";
import type { CampaignBudget, World } from "../../decision/world.ts";
import { present } from "../../kernel/assert.ts";
import { FULL_LIMITS } from "../../kernel/limits.ts";
import { micros, ZERO_MICROS, type Micros } from "../../kernel/money.ts";
import { DAY_MS } from "../../kernel/time.ts";
import { MULTIPLIER_PPM_MAX, MULTIPLIER_PPM_MIN } from "../../money/limits.ts";
import { winRates, type WinRate } from "./rival_history.ts";
import type { TrafficBreak } from "./traffic.ts";

/** Who competes, and how hard. */
export interface Market {
  readonly catalog: CompiledCatalog;
  readonly scorer: Scorer;
  /** Every campaign, the planned one at full bids. */
  readonly budgets: ReadonlyMap<string, CampaignBudget>;
}

/** One break with everybody scored. */
export interface ScoredBreak {
  readonly terms: AuctionTerms;
  readonly pod: PodTerms;
  readonly budgets: Market["budgets"];
  readonly scored: readonly Scored[];
  readonly rejections: readonly Rejection[];
}

const AMPLE = micros(1_000_000_000_000);
const FULL: CampaignBudget = { availableMicros: AMPLE, multiplierPpm: MULTIPLIER_PPM_MAX };
const ABSENT: CampaignBudget = { availableMicros: ZERO_MICROS, multiplierPpm: 0 };

/** Steps towards the multipliers at which everybody's budget lasts; the later half of them is averaged. */
const ROUNDS = 8;
const STEP_EXPONENT = 0.7;
const STEP_MAX = 1.6;

/** Everybody at full bids with money to spare. */
export function fullMarket(catalog: CompiledCatalog, scorer: Scorer): Market {
  return { catalog, scorer, budgets: new Map([...catalog.campaigns.keys()].map((id) => [id, FULL])) };
}

/** What the decision may know of this moment. */
export function worldOf(market: Market, atMs: number): World {
  return {
    decisionId: "planned",
    nowMs: atMs,
    catalogDigest: "planned",
    catalog: market.catalog,
    budgets: market.budgets,
    guarantees: [],
    limits: FULL_LIMITS,
  };
}

/** Retrieves and scores everybody. Requires: the break's publisher is in the catalog. */
export async function scoreBreak(market: Market, asked: TrafficBreak): Promise<ScoredBreak> {
  const known = market.catalog.publishers.get(asked.request.publisherId);
  const publisher = present(known, "planned traffic is of publishers in the catalog");
  const world = worldOf(market, asked.atMs);
  const scoringPlan: ScoringPlan = plan(asked.request, world, publisher);
  const { scored, rejections } = await score(scoringPlan, market.scorer);
  const terms = auctionTerms(asked.request, publisher, world);
  return {
    budgets: market.budgets,
    terms,
    pod: podTerms(terms, world),
    scored,
    rejections: [...scoringPlan.rejections, ...rejections],
  };
}

/**
 * The market as the planned campaign will find it: the others' multipliers, and what viewers have seen of them.
 * Requires: a sample of traffic; `breaksPerDay` of all publishers. Cost: a decision and `ROUNDS` auctions a break.
 */
export async function settleMarket(
  market: Market,
  plannedId: string,
  sample: readonly TrafficBreak[],
  others: { readonly paced: boolean; readonly breaksPerDay: number },
): Promise<{ readonly market: Market; readonly rates: readonly WinRate[] }> {
  const without = new Map(market.budgets).set(plannedId, ABSENT);
  const breaks: ScoredBreak[] = [];
  for (const asked of sample) breaks.push(await scoreBreak({ ...market, budgets: without }, asked));
  const budgets = others.paced
    ? pacedBudgets(market.catalog, without, breaks, plannedId, others.breaksPerDay)
    : without;
  const winners = breaks.map((one) => winnersOf(one, budgets).map(({ bid }) => bid));
  return { market: { ...market, budgets: new Map(budgets).set(plannedId, FULL) }, rates: winRates(sample, winners) };
}

/**
 * Every other campaign at the multiplier at which its budget lasts its own flight, as pacing would find it: lowered
 * while it spends too fast, raised while too slow. Both "even" and "asap" are held to the average of their flight, for
 * when the money of an "asap" campaign ends cannot be known here.
 */
function pacedBudgets(
  catalog: CompiledCatalog,
  budgets: Market["budgets"],
  breaks: readonly ScoredBreak[],
  plannedId: string,
  breaksPerDay: number,
): Market["budgets"] {
  const multipliers = new Map([...catalog.campaigns.keys()].map((id) => [id, 1]));
  const sums = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const spent = spendOf(breaks, withMultipliers(budgets, multipliers, plannedId));
    for (const [id, { budgetMicros, flightStartMs, flightEndMs }] of catalog.campaigns) {
      const target = (budgetMicros * DAY_MS) / ((flightEndMs - flightStartMs) * breaksPerDay);
      const ratio = (target * breaks.length) / Math.max(1, spent.get(id) ?? 0);
      const step = Math.max(1 / STEP_MAX, Math.min(STEP_MAX, ratio ** STEP_EXPONENT));
      const stepped = (multipliers.get(id) ?? 1) * step;
      const multiplier = Math.max(MULTIPLIER_PPM_MIN / MULTIPLIER_PPM_MAX, Math.min(1, stepped));
      multipliers.set(id, multiplier);
      if (round >= ROUNDS / 2) sums.set(id, (sums.get(id) ?? 0) + multiplier / (ROUNDS / 2));
    }
  }
  return withMultipliers(budgets, sums, plannedId);
}

function withMultipliers(
  budgets: ReadonlyMap<string, CampaignBudget>,
  multipliers: ReadonlyMap<string, number>,
  plannedId: string,
): Map<string, CampaignBudget> {
  const paced = new Map(budgets);
  for (const [id, multiplier] of multipliers) {
    const multiplierPpm = Math.round(multiplier * MULTIPLIER_PPM_MAX);
    if (id !== plannedId) paced.set(id, { availableMicros: AMPLE, multiplierPpm });
  }
  return paced;
}

/** A winner and what it pays. */
interface Winner {
  readonly bid: Bid;
  readonly priceMicros: Micros;
}

function winnersOf({ scored, terms, pod: asked }: ScoredBreak, budgets: Market["budgets"]): readonly Winner[] {
  const { bids } = auction(scored, budgets, terms);
  const pod = choosePod(bids, asked);
  const charges = chargesOf(pod, bids, terms.publisher.publisher.priceRule);
  return pod.placed.map(({ bid }, at) => ({ bid, priceMicros: charges[at]?.priceMicros ?? bid.bidMicros }));
}

/** What each campaign pays in these breaks. Units: micros. */
function spendOf(breaks: readonly ScoredBreak[], budgets: Market["budgets"]): ReadonlyMap<string, number> {
  const spent = new Map<string, number>();
  for (const { bid, priceMicros } of breaks.flatMap((one) => winnersOf(one, budgets))) {
    spent.set(bid.offer.campaignId, (spent.get(bid.offer.campaignId) ?? 0) + priceMicros);
  }
  return spent;
}
