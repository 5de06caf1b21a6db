/**
 * The tier that is always there: linear models in plain TypeScript, bundled with the Worker. It answers on a cold
 * isolate, while a model set loads, and whenever the ONNX tier fails.
 */
import weights from "../../models/fallback.json";
import type { Scorer } from "../../src/decision/rank.ts";
import { fallbackWeightsSchema, scoreEarlyFallback, scoreFallback } from "../../src/models/fallback.ts";

const parsed = fallbackWeightsSchema.parse(weights);

/** Scores with the bundled linear models. Never rejects. */
export const fallbackScorer: Scorer = {
  tier: "fallback",
  rank: async ({ rows, rowCount, columns }) => scoreEarlyFallback(parsed, rows, rowCount, columns),
  score: async ({ rows, rowCount, columns }) => scoreFallback(parsed, rows, rowCount, columns),
};
