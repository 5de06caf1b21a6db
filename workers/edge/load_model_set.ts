/** From a digest to models that can score: fetched, verified, planned, loaded part by part. */
import { COLUMN_COUNT, featureSchemaDigest } from "../../src/features/schema.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { checkModelSet } from "../../src/models/manifest.ts";
import { planSet, type PlannedModel } from "../../src/onnx/plan.ts";
import { sha256 } from "../platform/digest.ts";
import type { ArtifactKind } from "./env.ts";
import { loadPart, type LoadedPart } from "./model_parts.ts";
import { ModelSetScorer } from "./scorer.ts";

/** Fetches, verifies and loads a model set. `artifact` gives verified bytes. Refuses: rejects, saying what is wrong. */
export async function loadModelSet(
  digest: string,
  artifact: (kind: ArtifactKind, digest: string) => Promise<Uint8Array>,
): Promise<ModelSetScorer> {
  const json: unknown = JSON.parse(new TextDecoder().decode(await artifact("modelSet", digest)));
  const checked = checkModelSet(json, await featureSchemaDigest(sha256));
  if (!checked.ok) throw new Error(`model set ${digest}: ${checked.reason.detail}`);
  const set = checked.value;
  const models: PlannedModel[] = [];
  for (const entry of set.models) {
    if (entry.sizeBytes > FULL_LIMITS.modelBytesMax) throw new Error(`model ${entry.name} is over the size limit`);
    const bytes = await artifact("model", entry.digest);
    const calibrator = entry.role === "head" ? (entry.calibrator ?? null) : null;
    models.push({ ...entry, bytes, calibrator, group: entry.role });
  }
  const ranker = set.models.find(({ role }) => role === "earlyRanker")?.name ?? "";
  const loaded: LoadedPart[] = [];
  try {
    for (const part of planSet(models, COLUMN_COUNT).parts) {
      // The early ranker is asked of every candidate, the heads only of those that it leaves.
      const isRanker = part.names.includes(ranker);
      loaded.push(await loadPart(part, isRanker ? FULL_LIMITS.candidatesMax : FULL_LIMITS.scoredRowsMax));
    }
    return new ModelSetScorer(digest, set, loaded);
  } catch (error) {
    for (const part of loaded) await part.release();
    throw error;
  }
}
