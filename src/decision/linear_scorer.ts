/**
 * The fallback models behind the `Scorer` port: the tier that is always there, at the edge and wherever decisions are
 * worked out without an ONNX runtime.
 */
import { scoreEarlyFallback, scoreFallback, type FallbackWeights } from "../models/fallback.ts";
import type { Scorer } from "./rank.ts";

/** Scores with these linear models. Never rejects. */
export function linearScorer(weights: FallbackWeights): Scorer {
  return {
    tier: "fallback",
    rank: async ({ rows, rowCount, columns }) => scoreEarlyFallback(weights, rows, rowCount, columns),
    score: async ({ rows, rowCount, columns }) => scoreFallback(weights, rows, rowCount, columns),
  };
}
