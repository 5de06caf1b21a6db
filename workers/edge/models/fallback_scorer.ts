/**
 * The tier that is always there: linear models in plain TypeScript, bundled with the Worker. It answers on a cold
 * isolate, while a model set loads, and whenever the ONNX tier fails.
 */
import weights from "../../../models/fallback.json";
import { linearScorer } from "../../../src/decision/linear_scorer.ts";
import { fallbackWeightsSchema } from "../../../src/models/fallback.ts";

/** Scores with the bundled linear models. Never rejects. */
export const fallbackScorer = linearScorer(fallbackWeightsSchema.parse(weights));
