/**
 * From what each model of a set answered to what each head says: the weighted mean of its models, added up in the order
 * of the set, in double precision, so that the same answers give the same bits everywhere. A model that answers
 * anything else than probabilities is left out of the mean, for all rows of that question.
 */
import { HEADS, type Head, type ModelEntry } from "./manifest.ts";

/** Probabilities, one a row. Heads without a single sound model are absent. */
export interface HeadMeans {
  readonly heads: Readonly<Partial<Record<Head, Float32Array>>>;
  /** Heads of which at least one model was left out. */
  readonly thinned: readonly Head[];
  /** Heads of which all models were left out. */
  readonly silent: readonly Head[];
}

type HeadModel = Extract<ModelEntry, { readonly role: "head" }>;

/** One model's answer counts when it is one probability for every row. */
function isSound(answer: Float32Array | undefined, rowCount: number): answer is Float32Array {
  return answer?.length === rowCount && answer.every((p) => p >= 0 && p <= 1);
}

/**
 * What the heads say. `answers`: by model name; a model that was not asked, or failed, has none.
 * Requires: `models` are those that were asked, in the order of the set.
 */
export function meanOfHeads(
  models: readonly ModelEntry[],
  answers: ReadonlyMap<string, Float32Array>,
  rowCount: number,
): HeadMeans {
  const heads: Partial<Record<Head, Float32Array>> = {};
  const thinned: Head[] = [];
  const silent: Head[] = [];
  for (const head of HEADS) {
    const asked = models.filter((model): model is HeadModel => model.role === "head" && model.head === head);
    const sound = asked.flatMap(({ name, weight = 1 }) => {
      const answer = answers.get(name);
      return isSound(answer, rowCount) ? [{ weight, answer }] : [];
    });
    if (sound.length < asked.length) thinned.push(head);
    if (sound.length === 0) silent.push(head);
    else heads[head] = weightedMean(sound, rowCount);
  }
  return { heads, thinned, silent };
}

interface Voice {
  readonly weight: number;
  readonly answer: Float32Array;
}

function weightedMean(voices: readonly Voice[], rowCount: number): Float32Array {
  const [only] = voices;
  if (voices.length === 1 && only !== undefined) return only.answer;
  const sums = new Float64Array(rowCount);
  let total = 0;
  for (const { weight, answer } of voices) {
    total += weight;
    for (let row = 0; row < rowCount; row++) sums[row] = (sums[row] ?? 0) + weight * (answer[row] ?? 0);
  }
  return Float32Array.from(sums, (sum) => sum / total);
}
