/**
 * Second and third stage: a cheap early ranker over all candidates, a cut that keeps the promising ones, and the full
 * heads over what is kept. The models come in through the `Scorer` port, so this file runs the same on ONNX, on the
 * fallback and in replay.
 */
import type { Limits } from "../kernel/limits.ts";
import type { Head } from "../models/manifest.ts";
import type { Tier } from "../telemetry/activity.ts";
import { compareOffers, type Candidate, type Scored } from "./candidate.ts";
import { pickRows, type FeatureMatrix } from "./hydrate.ts";
import type { Rejection } from "./rejection.ts";

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

/** What scoring found out about the candidates of one plan. */
export interface Scoring {
  readonly tier: Tier;
  readonly scored: readonly Scored[];
  readonly rejections: readonly Rejection[];
}

/**
 * Indices of the candidates worth full scoring, at most `scoredRowsMax`, in catalog order. Each advertiser's best
 * `cutFloorPerAdvertiser` go first, so that the cut does not decide the auction; the rest by score.
 * Requires: one finite score a candidate.
 */
export function cut(candidates: readonly Candidate[], scores: Float32Array, limits: Limits): readonly number[] {
  if (candidates.length <= limits.scoredRowsMax) return candidates.map((_, index) => index);
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

/** Ranks, cuts and scores the candidates of one plan. The early ranker is only asked when there is something to cut. */
export async function scoreCandidates(
  candidates: readonly Candidate[],
  matrix: FeatureMatrix,
  limits: Limits,
  scorer: Scorer,
): Promise<Scoring> {
  if (candidates.length === 0) return { tier: "house", scored: [], rejections: [] };
  const crowded = candidates.length > limits.scoredRowsMax;
  const kept = cut(candidates, crowded ? await scorer.rank(matrix) : new Float32Array(candidates.length), limits);
  const heads = await scorer.score(crowded ? pickRows(matrix, kept) : matrix);
  const keptSet = new Set(kept);
  const scored: Scored[] = [];
  kept.forEach((index, row) => {
    const candidate = candidates[index];
    if (candidate === undefined) return;
    const at = (head: Head): number => heads[head][row] ?? Number.NaN;
    const scores = { completedView: at("completedView"), click: at("click"), abandon: at("abandon") };
    scored.push({ ...candidate, scores });
  });
  const rejections = candidates
    .filter((_, index) => !keptSet.has(index))
    .map((candidate): Rejection => ({ offer: candidate.offer, reason: "early_cut" }));
  return { tier: scorer.tier, scored, rejections };
}
