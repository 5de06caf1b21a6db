/**
 * A loaded model set as the decision core sees it: rows in, probabilities out. Scores that are not probabilities never
 * leave this file. A retired set frees its memory only after the last decision that uses it has ended.
 */
import type { HeadScores, Scorer } from "../../src/decision/rank.ts";
import type { FeatureMatrix } from "../../src/decision/hydrate.ts";
import type { Head, ModelSet } from "../../src/models/manifest.ts";
import type { LoadedPart } from "./model_parts.ts";

/** Scores with one consistent set of models. */
export class ModelSetScorer implements Scorer {
  readonly tier = "full";
  readonly digest: string;
  readonly #ranker: LoadedPart | undefined;
  readonly #heads: readonly LoadedPart[];
  /** What each model of a head says, by its name. */
  readonly #headOf: ReadonlyMap<string, Head>;
  #running = 0;
  #retired = false;

  /** Requires: the parts run every model of the set once, the early ranker apart from the heads. */
  constructor(digest: string, { models }: ModelSet, parts: readonly LoadedPart[]) {
    this.digest = digest;
    this.#headOf = new Map(models.flatMap((model) => (model.role === "head" ? [[model.name, model.head]] : [])));
    this.#ranker = parts.find(({ names }) => names.some((name) => !this.#headOf.has(name)));
    this.#heads = parts.filter((part) => part !== this.#ranker);
  }

  /** Early rank. Refuses: rejects when any score is not finite. */
  async rank(matrix: FeatureMatrix): Promise<Float32Array> {
    const scores = (await this.#ranker?.run(matrix))?.[0];
    if (!scores?.every(Number.isFinite)) throw new Error("the early ranker gave a score that is not a number");
    return scores;
  }

  /** Every head on every row. Refuses: rejects when any output is not a probability. */
  async score(matrix: FeatureMatrix): Promise<HeadScores> {
    const out: Partial<Record<Head, Float32Array>> = {};
    const keep = (head: Head, scores: Float32Array): void => {
      if (!scores.every((p) => p >= 0 && p <= 1)) throw new Error(`head ${head} gave a value that is no probability`);
      out[head] = scores;
    };
    for (const { names, run } of this.#heads) {
      const scores = await run(matrix);
      names.forEach((name, index) => {
        const head = this.#headOf.get(name);
        if (head !== undefined) keep(head, scores[index] ?? new Float32Array(0));
      });
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
    for (const part of [this.#ranker, ...this.#heads]) await part?.release();
  }
}
