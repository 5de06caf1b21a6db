/**
 * A loaded model set as the decision core sees it: rows in, probabilities out. Scores that are not probabilities never
 * leave this file. A retired set frees its memory only after the last decision that uses it has ended.
 */
import type { HeadScores, Scorer } from "../../src/decision/rank.ts";
import type { FeatureMatrix } from "../../src/decision/hydrate.ts";
import { featureSchemaDigest } from "../../src/features/schema.ts";
import { checkModelSet, type Head, type ModelEntry } from "../../src/models/manifest.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { sha256 } from "../platform/digest.ts";
import type { ArtifactKind } from "./env.ts";
import { createSession, runSession, type Session } from "./onnx_runtime.ts";

interface LoadedModel {
  readonly entry: ModelEntry;
  readonly session: Session;
}

async function run(model: LoadedModel, matrix: FeatureMatrix): Promise<Float32Array> {
  const names = { input: model.entry.inputName, output: model.entry.outputName };
  return runSession(model.session, names, matrix.rows, matrix.rowCount);
}

/** Scores with one consistent set of models. */
export class OnnxScorer implements Scorer {
  readonly tier = "full";
  readonly digest: string;
  readonly #ranker: LoadedModel;
  readonly #heads: ReadonlyMap<Head, LoadedModel>;
  #running = 0;
  #retired = false;

  constructor(digest: string, ranker: LoadedModel, heads: ReadonlyMap<Head, LoadedModel>) {
    this.digest = digest;
    this.#ranker = ranker;
    this.#heads = heads;
  }

  /** Early rank. Refuses: rejects when any score is not finite. */
  async rank(matrix: FeatureMatrix): Promise<Float32Array> {
    const scores = await run(this.#ranker, matrix);
    if (!scores.every(Number.isFinite)) throw new Error("the early ranker gave a score that is not a number");
    return scores;
  }

  /** Every head on every row. Refuses: rejects when any output is not a probability. */
  async score(matrix: FeatureMatrix): Promise<HeadScores> {
    const out: Partial<Record<Head, Float32Array>> = {};
    for (const [head, model] of this.#heads) {
      const scores = await run(model, matrix);
      if (!scores.every((p) => p >= 0 && p <= 1)) throw new Error(`head ${head} gave a value that is no probability`);
      out[head] = scores;
    }
    // The constructor's caller has checked that every head is there.
    return out as HeadScores;
  }

  /** Frees the set once nothing runs on it. */
  async retire(): Promise<void> {
    this.#retired = true;
    await this.#releaseWhenIdle();
  }

  /** Keeps the set loaded for as long as one decision works with it. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      await this.#releaseWhenIdle();
    }
  }

  async #releaseWhenIdle(): Promise<void> {
    if (!this.#retired || this.#running > 0) return;
    this.#retired = false;
    await this.#ranker.session.release();
    for (const model of this.#heads.values()) await model.session.release();
  }
}

/** Fetches, verifies and loads a model set. `artifact` gives verified bytes. Refuses: rejects, saying what is wrong. */
export async function loadModelSet(
  digest: string,
  artifact: (kind: ArtifactKind, digest: string) => Promise<Uint8Array>,
): Promise<OnnxScorer> {
  const json: unknown = JSON.parse(new TextDecoder().decode(await artifact("modelSet", digest)));
  const checked = checkModelSet(json, await featureSchemaDigest(sha256));
  if (!checked.ok) throw new Error(`model set ${digest}: ${checked.reason.detail}`);
  const loaded: LoadedModel[] = [];
  try {
    for (const entry of checked.value.models) {
      if (entry.sizeBytes > FULL_LIMITS.modelBytesMax) throw new Error(`model ${entry.name} is over the size limit`);
      loaded.push({ entry, session: await createSession(await artifact("model", entry.digest)) });
    }
    const ranker = loaded.find(({ entry }) => entry.role === "earlyRanker");
    if (ranker === undefined) throw new Error("checkModelSet lets through sets with an early ranker only");
    const heads = loaded.flatMap((model): [Head, LoadedModel][] =>
      model.entry.role === "head" ? [[model.entry.head, model]] : [],
    );
    return new OnnxScorer(digest, ranker, new Map(heads));
  } catch (error) {
    for (const { session } of loaded) await session.release();
    throw error;
  }
}
