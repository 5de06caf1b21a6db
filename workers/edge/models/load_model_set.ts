/** From a digest to models that can score: fetched, verified, planned, loaded part by part. */
import { COLUMN_COUNT, featureSchemaDigest } from "../../../src/features/schema.ts";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { checkModelSet, reducedModels, type ModelSet } from "../../../src/models/manifest.ts";
import { planSet, type PlannedModel } from "../../../src/onnx/plan.ts";
import { sha256 } from "../../platform/digest.ts";
import { loadPart, type LoadedPart } from "./model_parts.ts";
import type { LoadSteps } from "./model_set.ts";
import { ModelSetScorer } from "./scorer.ts";

/** Bytes that a set takes for each byte of its files: the weights as they are run, and what reading them leaves. */
const HELD_PER_BYTE = 3;
/** And for each model, whatever its size. */
const HELD_PER_MODEL = 64 * 1024;

/** Fetches, verifies and loads a model set. Rejects, saying what is wrong. */
export async function loadModelSet(digest: string, steps: LoadSteps): Promise<ModelSetScorer> {
  const json: unknown = JSON.parse(new TextDecoder().decode(await steps.artifact("modelSet", digest)));
  const checked = checkModelSet(json, await featureSchemaDigest(sha256));
  if (!checked.ok) throw new Error(`model set ${digest}: ${checked.reason.detail}`);
  const set = checked.value;
  steps.admit(bytesToHold(set));
  const models = await fetchedModels(set, steps);
  const ranker = set.models.find(({ role }) => role === "earlyRanker")?.name ?? "";
  const isRanker = ({ names }: { readonly names: readonly string[] }): boolean => names.includes(ranker);
  const loaded: LoadedPart[] = [];
  try {
    for (const part of (await steps.piece(() => planSet(models, COLUMN_COUNT))).parts) {
      // The early ranker is asked of every candidate, of open and of guaranteed demand; the heads of those it leaves.
      const rowsMax = isRanker(part) ? 2 * FULL_LIMITS.candidatesMax : FULL_LIMITS.scoredRowsMax;
      loaded.push(await steps.piece(() => loadPart(part, rowsMax)));
    }
    const rankerPart = loaded.find(isRanker);
    if (rankerPart === undefined) throw new Error("checkModelSet lets through sets with an early ranker only");
    const heads = loaded.filter((part) => part !== rankerPart);
    return new ModelSetScorer(digest, set, rankerPart, heads);
  } catch (error) {
    for (const part of loaded) await part.release();
    throw error;
  }
}

function bytesToHold({ models }: ModelSet): number {
  return models.reduce((sum, { sizeBytes }) => sum + HELD_PER_BYTE * sizeBytes + HELD_PER_MODEL, 0);
}

/** All models' bytes. Those of the reduced tier are a group of their own, so that it runs them alone. */
async function fetchedModels(set: ModelSet, steps: LoadSteps): Promise<readonly PlannedModel[]> {
  const reduced = reducedModels(set);
  const models: PlannedModel[] = [];
  for (const entry of set.models) {
    if (entry.sizeBytes > FULL_LIMITS.modelBytesMax) throw new Error(`model ${entry.name} is over the size limit`);
    const bytes = await steps.artifact("model", entry.digest);
    if (bytes.length !== entry.sizeBytes) throw new Error(`model ${entry.name} has another size than the set says`);
    const calibrator = entry.role === "head" ? (entry.calibrator ?? null) : null;
    const group = entry.role === "head" && reduced.has(entry.name) ? "reduced" : entry.role;
    models.push({ ...entry, bytes, calibrator, group });
  }
  return models;
}
