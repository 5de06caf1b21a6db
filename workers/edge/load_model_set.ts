/** From a digest to models that can score: fetched, verified, sorted by what runs them, loaded. */
import { featureSchemaDigest } from "../../src/features/schema.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { checkModelSet, type Head, type ModelEntry } from "../../src/models/manifest.ts";
import { readChain } from "../../src/onnx/read_chain.ts";
import { sha256 } from "../platform/digest.ts";
import { fitsKernel, loadStacks, type DenseHead } from "./dense_heads.ts";
import type { ArtifactKind } from "./env.ts";
import { createSession } from "../platform/onnx_runtime.ts";
import { ModelSetScorer, type LoadedModel } from "./scorer.ts";

/** Fetches, verifies and loads a model set. `artifact` gives verified bytes. Refuses: rejects, saying what is wrong. */
export async function loadModelSet(
  digest: string,
  artifact: (kind: ArtifactKind, digest: string) => Promise<Uint8Array>,
): Promise<ModelSetScorer> {
  const json: unknown = JSON.parse(new TextDecoder().decode(await artifact("modelSet", digest)));
  const checked = checkModelSet(json, await featureSchemaDigest(sha256));
  if (!checked.ok) throw new Error(`model set ${digest}: ${checked.reason.detail}`);
  const loaded: LoadedModel[] = [];
  const dense: DenseHead[] = [];
  const others: { readonly entry: ModelEntry; readonly bytes: Uint8Array }[] = [];
  for (const entry of checked.value.models) {
    if (entry.sizeBytes > FULL_LIMITS.modelBytesMax) throw new Error(`model ${entry.name} is over the size limit`);
    const bytes = await artifact("model", entry.digest);
    const chain = entry.role === "head" ? readChain(bytes, entry) : null;
    if (entry.role === "head" && chain?.ok && fitsKernel(chain.value))
      dense.push({ name: entry.head, chain: chain.value });
    else others.push({ entry, bytes });
  }
  const stacks = loadStacks(dense);
  try {
    for (const { entry, bytes } of others) loaded.push({ entry, session: await createSession(bytes) });
    const ranker = loaded.find(({ entry }) => entry.role === "earlyRanker");
    if (ranker === undefined) throw new Error("checkModelSet lets through sets with an early ranker only");
    const sessions = loaded.flatMap((model): [Head, LoadedModel][] =>
      model.entry.role === "head" ? [[model.entry.head, model]] : [],
    );
    return new ModelSetScorer(digest, { ranker, stacks, sessions: new Map(sessions) });
  } catch (error) {
    for (const { session } of loaded) await session.release();
    throw error;
  }
}
