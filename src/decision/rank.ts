/**
 * Third and fourth stage: a cheap early ranker over all candidates, a cut that keeps the promising ones, and the full
 * heads over what is kept. The models come in through the `Scorer` port, so this file runs the same on ONNX, on the
 * fallback and in replay.
 */
import type { Offer } from "../catalog/compiled.ts";
import type { Goal } from "../catalog/entities.ts";
import type { Limits } from "../kernel/limits.ts";
import type { Head } from "../models/manifest.ts";
import type { BreakRequest } from "../protocols/break_request.ts";
import type { Tier } from "../telemetry/activity.ts";
import { compareOffers, type Candidate, type Scored, type Scores } from "./candidate.ts";
import { dealsFor } from "./deals.ts";
import { pickRows, type FeatureMatrix } from "./hydrate.ts";
import type { Rejection } from "./rejection.ts";
import { perConversion } from "./value.ts";
import type { World } from "./world.ts";

/** One probability a row for every head. Shape: `[rows]` float32 each. */
export type HeadScores = Readonly<Record<Head, Float32Array>>;

/** Heads whose models did not all answer with probabilities. */
export interface Lapses {
  /** At least one model was left out of the head's mean. */
  readonly thinned: readonly Head[];
  /** No model was left: the fallback tier's answer stands in for the head. */
  readonly replaced: readonly Head[];
}

/** Every model answered as it should. */
export const NO_LAPSES: Lapses = { thinned: [], replaced: [] };

/** What the heads answer. */
export interface HeadAnswers {
  readonly heads: HeadScores;
  readonly lapses: Lapses;
}

/** The models as the core needs them. Both functions refuse by rejecting; the caller then scores with another tier. */
export interface Scorer {
  readonly tier: Tier;
  /** SHA-256 of the model set; null: the linear models, which come with the build. */
  readonly modelSetDigest: string | null;
  /** Any finite number a row; larger is more promising. */
  rank(matrix: FeatureMatrix): Promise<Float32Array>;
  /** Probabilities in [0, 1]. */
  score(matrix: FeatureMatrix): Promise<HeadAnswers>;
}

/** What the heads say of one row; NaN where they say nothing. */
export function scoresAt(heads: HeadScores, row: number): Scores {
  const at = (head: Head): number => heads[head][row] ?? Number.NaN;
  return {
    completedView: at("completedView"),
    click: at("click"),
    abandon: at("abandon"),
    conversion: at("conversion"),
  };
}

/** What scoring found out about the candidates of one plan. */
export interface Scoring {
  readonly tier: Tier;
  /** Null: the linear models, or nobody. */
  readonly modelSetDigest: string | null;
  readonly lapses: Lapses;
  readonly scored: readonly Scored[];
  readonly rejections: readonly Rejection[];
  /** Candidates that the early ranker gave no number: they were cut first. */
  readonly unranked: number;
}

/** Clicks and conversions per good view of an average ad: put all goals on the early ranker's scale. */
const CLICKS_PER_PROMISE = 0.006;
const CONVERSIONS_PER_PROMISE = 0.007;

/**
 * What a candidate would roughly bid, going by the early ranker's one number (about the probability of a good view).
 * It only orders candidates and never becomes money. Units: micros, fractional.
 */
function roughBid(goal: Goal, promise: number): number {
  switch (goal.kind) {
    case "cpm":
      return goal.cpmMicros / 1000;
    case "completedView":
      return goal.perViewMicros * promise;
    case "click":
      return goal.perClickMicros * promise * CLICKS_PER_PROMISE;
    case "conversion":
    case "roas":
      return perConversion(goal) * promise * CONVERSIONS_PER_PROMISE;
    case "house":
      return 0;
  }
}

/** A candidate as the cut sees it. */
interface Ranked {
  readonly index: number;
  readonly offer: Offer;
  readonly dealId: string | null;
  /** Preferred over any score below: that of its deal; guaranteed deals stand above all. */
  readonly tier: number;
  /** Rough bid; −Infinity where the early ranker gave no number. */
  readonly score: number;
}

/**
 * The candidates worth full scoring, at most `rowsMax`, in catalog order. The best of each advertiser and the best of
 * each deal go first, so that the cut does not decide the auction; then the rest, by tier and score.
 */
function cut(candidates: readonly Ranked[], rowsMax: number, limits: Limits): readonly number[] {
  const ranked = candidates.toSorted((a, b) => b.tier - a.tier || b.score - a.score || compareOffers(a.offer, b.offer));
  const seen = new Map<string, number>();
  const isAmongFirst = (name: string, floor: number): boolean => {
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return count < floor;
  };
  const kept: number[] = [];
  const others: number[] = [];
  for (const { index, offer, dealId } of ranked) {
    const ofAdvertiser = isAmongFirst(`advertiser ${offer.advertiserId}`, limits.cutFloorPerAdvertiser);
    const ofDeal = dealId !== null && isAmongFirst(`deal ${dealId}`, limits.cutFloorPerDeal);
    (ofAdvertiser || ofDeal ? kept : others).push(index);
  }
  return [...kept, ...others].slice(0, rowsMax).sort((a, b) => a - b);
}

/** The candidates to score, their rows, and what of request and world bears on the cut. */
export interface ScoringTask {
  readonly request: BreakRequest;
  readonly candidates: readonly Candidate[];
  readonly matrix: FeatureMatrix;
  readonly world: Pick<World, "budgets" | "limits">;
}

/** Rows that a tier scores. */
function rowsMaxOf(tier: Tier, limits: Limits): number {
  if (tier === "reduced") return Math.min(limits.scoredRowsMax, limits.reducedRowsMax);
  return tier === "fallback" ? Math.min(limits.scoredRowsMax, limits.fallbackRowsMax) : limits.scoredRowsMax;
}

const GUARANTEED_TIER = Number.MAX_SAFE_INTEGER;

/** Which rows get the heads: all of them when they fit, else those the early ranker and their prices make promising. */
async function keep(task: ScoringTask, scorer: Scorer): Promise<Kept> {
  const { request, candidates, matrix, world } = task;
  const rowsMax = rowsMaxOf(scorer.tier, world.limits);
  if (candidates.length <= rowsMax) return { rows: candidates.map((_, index) => index), unranked: 0 };
  const promises = await scorer.rank(matrix);
  let unranked = 0;
  const ranked = candidates.map(({ offer }, index): Ranked => {
    const deal = dealsFor(offer, request)[0];
    const dealId = deal?.dealId ?? offer.guarantee?.dealId ?? null;
    const tier = offer.guarantee === null ? (deal?.tier ?? 0) : GUARANTEED_TIER;
    const promise = promises[index];
    if (promise === undefined || !Number.isFinite(promise)) {
      unranked++;
      return { index, offer, dealId, tier, score: Number.NEGATIVE_INFINITY };
    }
    const multiplierPpm = world.budgets.get(offer.campaignId)?.multiplierPpm ?? 0;
    return { index, offer, dealId, tier, score: roughBid(offer.goal, promise) * multiplierPpm };
  });
  return { rows: cut(ranked, rowsMax, world.limits), unranked };
}

/** The rows that are scored, by index, and how many candidates the early ranker gave no number. */
interface Kept {
  readonly rows: readonly number[];
  readonly unranked: number;
}

const NOTHING_TO_SCORE: Scoring = {
  tier: "house",
  modelSetDigest: null,
  lapses: NO_LAPSES,
  scored: [],
  rejections: [],
  unranked: 0,
};

/** Ranks, cuts and scores the candidates of one plan. The early ranker is only asked when there is something to cut. */
export async function scoreCandidates(task: ScoringTask, scorer: Scorer): Promise<Scoring> {
  const { candidates, matrix } = task;
  if (candidates.length === 0) return NOTHING_TO_SCORE;
  const { rows: kept, unranked } = await keep(task, scorer);
  const { heads, lapses } = await scorer.score(kept.length < candidates.length ? pickRows(matrix, kept) : matrix);
  const keptSet = new Set(kept);
  const scored: Scored[] = [];
  kept.forEach((index, row) => {
    const candidate = candidates[index];
    if (candidate === undefined) return;
    scored.push({ ...candidate, scores: scoresAt(heads, row) });
  });
  const rejections = candidates
    .filter((_, index) => !keptSet.has(index))
    .map((candidate): Rejection => ({ offer: candidate.offer, reason: "early_cut" }));
  const { tier, modelSetDigest } = scorer;
  return { tier, modelSetDigest, lapses, scored, rejections, unranked };
}
