/**
 * A loaded model set as the decision core sees it: rows in, probabilities out. Scores that are not probabilities never
 * leave this file. A retired set frees its memory only after the last decision that uses it has ended.
 */
import type { HeadScores, Scorer } from "../../src/decision/rank.ts";
import type { FeatureMatrix } from "../../src/decision/hydrate.ts";
import type { Head, ModelEntry } from "../../src/models/manifest.ts";
import type { LoadedStack } from "./dense_heads.ts";
import { runSession, type Session } from "../platform/onnx_runtime.ts";

/** One model with a session of the ONNX runtime. */
export interface LoadedModel {
  readonly entry: ModelEntry;
  readonly session: Session;
}

async function run(model: LoadedModel, matrix: FeatureMatrix): Promise<Float32Array> {
  const names = { input: model.entry.inputName, output: model.entry.outputName };
  return runSession(model.session, names, matrix.rows, matrix.rowCount);
}

/** The models of a set, loaded. Every head is in one of the stacks or has a session. */
export interface LoadedModels {
  readonly ranker: LoadedModel;
  readonly stacks: readonly LoadedStack[];
  readonly sessions: ReadonlyMap<Head, LoadedModel>;
}

/** Scores with one consistent set of models. */
export class ModelSetScorer implements Scorer {
  readonly tier = "full";
  readonly digest: string;
  readonly #models: LoadedModels;
  #running = 0;
  #retired = false;

  constructor(digest: string, models: LoadedModels) {
    this.digest = digest;
    this.#models = models;
  }

  /** Early rank. Refuses: rejects when any score is not finite. */
  async rank(matrix: FeatureMatrix): Promise<Float32Array> {
    const scores = await run(this.#models.ranker, matrix);
    if (!scores.every(Number.isFinite)) throw new Error("the early ranker gave a score that is not a number");
    return scores;
  }

  /** Every head on every row. Refuses: rejects when any output is not a probability. */
  async score(matrix: FeatureMatrix): Promise<HeadScores> {
    const out: Partial<Record<Head, Float32Array>> = {};
    const keep = (head: Head, scores: Float32Array): void => {
      if (!scores.every((p) => p >= 0 && p <= 1)) throw new Error(`head ${head} gave a value that is no probability`);
      out[head] = scores;
    };
    for (const stack of this.#models.stacks) {
      const scores = stack.run(matrix);
      stack.heads.forEach((head, index) => keep(head, scores[index] ?? new Float32Array(0)));
    }
    for (const [head, model] of this.#models.sessions) keep(head, await run(model, matrix));
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
    await this.#models.ranker.session.release();
    for (const model of this.#models.sessions.values()) await model.session.release();
  }
}
