/**
 * What a model is to the edge: ONNX bytes named by digest, a role, and the columns it reads. A model set is the list of
 * models that serve together; one request sees exactly one set. The set itself is a content-addressed JSON document.
 */
import { z } from "zod";

const digest = z.string().regex(/^[0-9a-f]{64}$/, "a lower-case SHA-256 in hexadecimal");

/** What a head predicts, for one ad shown once in this context. All are probabilities in [0, 1]. */
export const HEADS = ["completedView", "click", "abandon"] as const;

/**
 * One ONNX graph. Input `features`: `[rows, columns]` float32. Output `probability`: `[rows, 1]` float32 in [0, 1]
 * (early ranker: `score`, `[rows, 1]`, any finite value, larger is better).
 */
export const modelSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
  role: z.enum(["earlyRanker", "head"]),
  head: z.enum(HEADS).optional(),
  digest,
  sizeBytes: z.int().positive(),
  inputName: z.string().min(1).max(64),
  outputName: z.string().min(1).max(64),
});

/** The models that serve together and the feature schema they were all trained on. */
export const modelSetSchema = z.strictObject({
  featureSchemaDigest: digest,
  columns: z.int().positive().max(1024),
  models: z.array(modelSchema).min(1).max(64),
});

export type Head = (typeof HEADS)[number];
export type ModelEntry = z.output<typeof modelSchema>;
export type ModelSet = z.output<typeof modelSetSchema>;

/**
 * Why a set of the right shape cannot serve, in plain words, or null when it can. Checked in this order: feature
 * schema, one early ranker, every head once. Origin asks before it publishes, the edge before it loads.
 */
export function modelSetFault(set: ModelSet, featureSchemaDigest: string): string | null {
  if (set.featureSchemaDigest !== featureSchemaDigest) return "it was trained on another feature schema";
  const rankers = set.models.filter(({ role }) => role === "earlyRanker").length;
  if (rankers !== 1) return `it needs one early ranker and has ${rankers}`;
  for (const head of HEADS) {
    const count = set.models.filter((model) => model.role === "head" && model.head === head).length;
    if (count !== 1) return `it needs one head "${head}" and has ${count}`;
  }
  return set.models.length === HEADS.length + 1 ? null : "it has models that nothing would ask";
}
