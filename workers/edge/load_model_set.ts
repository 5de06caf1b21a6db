/** From a digest to models that can score: fetched, verified, sorted by what runs them, loaded piece by piece. */
import { featureSchemaDigest } from "../../src/features/schema.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { checkModelSet, reducedModels, type ModelEntry, type ModelSet } from "../../src/models/manifest.ts";
import type { StackedHead } from "../../src/onnx/dense_stack.ts";
import { readChain } from "../../src/onnx/read_chain.ts";
import { sha256 } from "../platform/digest.ts";
import { fitsKernel, loadStacks } from "./dense_heads.ts";
import type { LoadSteps } from "./model_set.ts";
import { createSession, runSession, type Session } from "../platform/onnx_runtime.ts";
import { ModelSetScorer, type LoadedPart } from "./scorer.ts";

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
  const loaded: LoadedPart[] = [];
  try {
    const { dense, others } = await fetchedModels(set, steps);
    // Those of the reduced tier stand in stacks of their own, so that it runs them alone.
    const reduced = reducedModels(set);
    for (const alike of Map.groupBy(dense, ({ name }) => reduced.has(name)).values()) {
      loaded.push(...(await steps.piece(() => loadStacks(alike))));
    }
    for (const { entry, bytes } of others) {
      loaded.push(await steps.piece(async () => sessionPart(entry, await createSession(bytes))));
    }
    const ranker = set.models.find(({ role }) => role === "earlyRanker")?.name ?? "";
    const isRanker = ({ names }: LoadedPart): boolean => names.includes(ranker);
    const rankerPart = loaded.find(isRanker);
    if (rankerPart === undefined) throw new Error("checkModelSet lets through sets with an early ranker only");
    return new ModelSetScorer(
      digest,
      set,
      rankerPart,
      loaded.filter((part) => !isRanker(part)),
    );
  } catch (error) {
    for (const part of loaded) await part.release();
    throw error;
  }
}

function bytesToHold({ models }: ModelSet): number {
  return models.reduce((sum, { sizeBytes }) => sum + HELD_PER_BYTE * sizeBytes + HELD_PER_MODEL, 0);
}

/** All models' bytes, sorted by what runs them: the kernel, or the ONNX runtime. */
async function fetchedModels({ models }: ModelSet, steps: LoadSteps) {
  const dense: StackedHead[] = [];
  const others: { readonly entry: ModelEntry; readonly bytes: Uint8Array }[] = [];
  for (const entry of models) {
    if (entry.sizeBytes > FULL_LIMITS.modelBytesMax) throw new Error(`model ${entry.name} is over the size limit`);
    const bytes = await steps.artifact("model", entry.digest);
    if (bytes.length !== entry.sizeBytes) throw new Error(`model ${entry.name} has another size than the set says`);
    const chain = entry.role === "head" ? readChain(bytes, entry) : null;
    if (chain?.ok && fitsKernel(chain.value)) dense.push({ name: entry.name, chain: chain.value });
    else others.push({ entry, bytes });
  }
  return { dense, others };
}

function sessionPart({ name, inputName, outputName }: ModelEntry, session: Session): LoadedPart {
  return {
    names: [name],
    // In the ONNX runtime's memory, which is gauged as a whole.
    bytes: 0,
    run: async ({ rows, rowCount }) => [
      await runSession(session, { input: inputName, output: outputName }, rows, rowCount),
    ],
    release: () => session.release(),
  };
}
