/**
 * Third and fourth stage: a cheap early ranker over all candidates, a cut that keeps the promising ones, and the full
 * heads over what is kept. The models come in through the `Scorer` port, so this file runs the same on ONNX, on the
 * fallback and in replay.
 */
import type { Goal } from "../catalog/entities.ts";
import type { Limits } from "../kernel/limits.ts";
import type { Head } from "../models/manifest.ts";
import type { Tier } from "../telemetry/activity.ts";
import { compareOffers, type Candidate, type Scored, type Scores } from "./candidate.ts";
import { pickRows, type FeatureMatrix } from "./hydrate.ts";
import type { Rejection } from "./rejection.ts";
import type { World } from "./world.ts";

/** One probability a row for every head. Shape: `[rows]` float32 each. */
export type HeadScores = Readonly<Record<Head, Float32Array>>;

/** The models as the core needs them. Both functions refuse by rejecting; the caller then scores with another tier. */
export interface Scorer {
  readonly tier: Tier;
  /** Any finite number a row; larger is more promising. */
  rank(matrix: FeatureMatrix): Promise<Float32Array>;
  /** Probabilities in [0, 1]. */
  score(matrix: FeatureMatrix): Promise<HeadScores>;
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
  readonly scored: readonly Scored[];
  readonly rejections: readonly Rejection[];
}

/** Clicks per completed-view-like outcome of an average ad: puts click goals on the early ranker's scale. */
const CLICKS_PER_PROMISE = 0.006;

/**
 * What a candidate would roughly bid, going by the early ranker's one number (about the probability of a good view).
 * It only orders candidates and never becomes money. Units: micros, fractional.
 */
export function roughBid(goal: Goal, promise: number): number {
  switch (goal.kind) {
    case "cpm":
      return goal.cpmMicros / 1000;
    case "completedView":
      return goal.perViewMicros * promise;
    case "click":
      return goal.perClickMicros * promise * CLICKS_PER_PROMISE;
    case "house":
      return 0;
  }
}

/**
 * Indices of the candidates worth full scoring, at most `scoredRowsMax`, in catalog order. Each advertiser's best
 * `cutFloorPerAdvertiser` go first, so that the cut does not decide the auction; the rest by score.
 * Requires: one finite score a candidate.
 */
export function cut(candidates: readonly Candidate[], scores: readonly number[], limits: Limits): readonly number[] {
  const ranked = candidates
    .map((candidate, index) => ({ index, offer: candidate.offer, score: scores[index] ?? Number.NEGATIVE_INFINITY }))
    .sort((a, b) => b.score - a.score || compareOffers(a.offer, b.offer));
  const seen = new Map<string, number>();
  const protectedRows: number[] = [];
  const others: number[] = [];
  for (const { index, offer } of ranked) {
    const count = seen.get(offer.advertiserId) ?? 0;
    seen.set(offer.advertiserId, count + 1);
    (count < limits.cutFloorPerAdvertiser ? protectedRows : others).push(index);
  }
  return [...protectedRows, ...others].slice(0, limits.scoredRowsMax).sort((a, b) => a - b);
}

/** The candidates to score, their rows, and what of the world bears on the cut. */
export interface ScoringTask {
  readonly candidates: readonly Candidate[];
  readonly matrix: FeatureMatrix;
  readonly world: Pick<World, "budgets" | "limits">;
}

/** Which rows get the heads: all of them when they fit, else those the early ranker and their prices make promising. */
async function keep({ candidates, matrix, world }: ScoringTask, scorer: Scorer): Promise<readonly number[]> {
  if (candidates.length <= world.limits.scoredRowsMax) return candidates.map((_, index) => index);
  const promises = await scorer.rank(matrix);
  const roughBids = candidates.map(({ offer }, index) => {
    // The deal that has the break's guaranteed seat is not cut.
    if (offer.guarantee !== null) return Number.POSITIVE_INFINITY;
    const multiplierPpm = world.budgets.get(offer.campaignId)?.multiplierPpm ?? 0;
    return roughBid(offer.goal, promises[index] ?? 0) * multiplierPpm;
  });
  return cut(candidates, roughBids, world.limits);
}

/** Ranks, cuts and scores the candidates of one plan. The early ranker is only asked when there is something to cut. */
export async function scoreCandidates(task: ScoringTask, scorer: Scorer): Promise<Scoring> {
  const { candidates, matrix } = task;
  if (candidates.length === 0) return { tier: "house", scored: [], rejections: [] };
  const kept = await keep(task, scorer);
  const heads = await scorer.score(kept.length < candidates.length ? pickRows(matrix, kept) : matrix);
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
  return { tier: scorer.tier, scored, rejections };
}
