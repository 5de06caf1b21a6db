/**
 * A loaded model set as the decision core sees it: rows in, probabilities out. What a head says is the mean of its
 * models; a model that answers anything else than probabilities, or fails, is left out of it for that request, and a
 * head that has no model left says what the fallback tier says. Scores that are no probabilities never leave this file.
 */
import type { FeatureMatrix } from "../../../src/decision/hydrate.ts";
import type { HeadAnswers, Scorer } from "../../../src/decision/rank.ts";
import { meanOfHeads } from "../../../src/models/head_mean.ts";
import { HEADS, reducedModels, type ModelSet } from "../../../src/models/manifest.ts";
import { fallbackScorer } from "./fallback_scorer.ts";
import type { LoadedPart } from "./model_parts.ts";
import type { LoadedModelSet } from "./model_set.ts";

/** Scores with one consistent set of models. */
export class ModelSetScorer implements LoadedModelSet {
  readonly digest: string;
  readonly models: ModelSet["models"];
  readonly full: Scorer;
  readonly reduced: Scorer;
  readonly #ranker: LoadedPart;
  readonly #heads: readonly LoadedPart[];

  /** Requires: `ranker` runs the early ranker, `heads` every other model of the set once. */
  constructor(digest: string, set: ModelSet, ranker: LoadedPart, heads: readonly LoadedPart[]) {
    this.digest = digest;
    this.models = set.models;
    this.#ranker = ranker;
    this.#heads = heads;
    const names = reducedModels(set);
    const few = set.models.filter(({ name }) => names.has(name));
    const parts = heads.filter((part) => part.names.some((name) => names.has(name)));
    const common = { modelSetDigest: digest, rank: (matrix: FeatureMatrix) => this.#rank(matrix) };
    this.full = { ...common, tier: "full", score: (matrix) => answersOf(set.models, heads, matrix) };
    this.reduced = { ...common, tier: "reduced", score: (matrix) => answersOf(few, parts, matrix) };
  }

  get bytes(): number {
    return [this.#ranker, ...this.#heads].reduce((sum, part) => sum + part.bytes, 0);
  }

  askEach(matrix: FeatureMatrix): Promise<ReadonlyMap<string, Float32Array>> {
    return answersByName([this.#ranker, ...this.#heads], matrix);
  }

  async release(): Promise<void> {
    for (const part of [this.#ranker, ...this.#heads]) await part.release();
  }

  /** Early rank. Rejects when any score is not finite. */
  async #rank(matrix: FeatureMatrix): Promise<Float32Array> {
    const scores = (await this.#ranker.run(matrix))[0];
    if (!scores?.every(Number.isFinite)) throw new Error("the early ranker gave a score that is not a number");
    return scores;
  }
}

/** What some models of a set say of every row. Rejects when all their heads are silent. */
async function answersOf(
  models: ModelSet["models"],
  parts: readonly LoadedPart[],
  matrix: FeatureMatrix,
): Promise<HeadAnswers> {
  const { heads, thinned, silent } = meanOfHeads(models, await answersByName(parts, matrix), matrix.rowCount);
  if (silent.length === HEADS.length) throw new Error("no model of the set gave probabilities");
  const standIn = silent.length === 0 ? null : (await fallbackScorer.score(matrix)).heads;
  // `meanOfHeads` answers every head that is not silent, and the fallback answers all.
  return { heads: { ...standIn, ...heads } as HeadAnswers["heads"], lapses: { thinned, replaced: silent } };
}

async function answersByName(
  parts: readonly LoadedPart[],
  matrix: FeatureMatrix,
): Promise<ReadonlyMap<string, Float32Array>> {
  const answers = new Map<string, Float32Array>();
  for (const part of parts) {
    try {
      const said = await part.run(matrix);
      part.names.forEach((name, at) => {
        const answer = said[at];
        if (answer !== undefined) answers.set(name, answer);
      });
    } catch (error) {
      console.warn(`${part.names.join(", ")} did not answer: ${String(error)}`);
    }
  }
  return answers;
}
