/**
 * The fallback models behind the `Scorer` port: the tier that is always there, at the edge and wherever decisions are
 * worked out without an ONNX runtime.
 */
import { scoreEarlyFallback, scoreFallback, type FallbackWeights } from "../models/fallback.ts";
import { NO_LAPSES, type Scorer } from "./rank.ts";

/** Scores with these linear models. Never rejects. */
export function linearScorer(weights: FallbackWeights): Scorer {
  return {
    tier: "fallback",
    modelSetDigest: null,
    rank: async ({ rows, rowCount, columns }) => scoreEarlyFallback(weights, rows, rowCount, columns),
    score: async ({ rows, rowCount, columns }) => {
      return { heads: scoreFallback(weights, rows, rowCount, columns), lapses: NO_LAPSES };
    },
  };
}
