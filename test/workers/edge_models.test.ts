/**
 * The trained models where they serve: the repository's set loads in workerd's wasm runtime by the edge's own loader
 * and says there of the golden rows what Python heard of them. So do trees, embeddings and a two-tower model as other
 * people's exporters write them.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import set from "../../models/sample-set.json";
import type { FeatureMatrix } from "../../src/decision/hydrate.ts";
import type { HeadScores } from "../../src/decision/rank.ts";
import { present } from "../../src/kernel/assert.ts";
import { HEADS } from "../../src/models/manifest.ts";
import { createSession, runSession } from "../../workers/platform/onnx_runtime.ts";
import { loadModelSet } from "../../workers/edge/models/load_model_set.ts";
import type { ModelSetScorer } from "../../workers/edge/models/scorer.ts";

interface Golden {
  readonly rows: readonly (readonly number[])[];
  readonly expected: readonly number[];
}

/** Data URLs of the graphs, and the golden rows as training wrote them, by path. */
const graphs: Readonly<Record<string, string>> = import.meta.glob("../../models/**/model.onnx", {
  query: "?inline",
  import: "default",
  eager: true,
});
const goldens: Readonly<Record<string, Golden>> = import.meta.glob("../../models/**/golden.json", {
  import: "default",
  eager: true,
});
const goldenOf = (name: string): Golden =>
  present(goldens[`../../models/${name}/golden.json`], `${name} has golden rows`);
const graphOf = (name: string): Uint8Array => {
  const base64 = graphs[`../../models/${name}/model.onnx`]?.split(",")[1] ?? "";
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
};

/** Origin's store with the repository's set in it. */
async function artifact(kind: string, digest: string): Promise<Uint8Array> {
  if (kind === "modelSet") return new TextEncoder().encode(JSON.stringify(set));
  const name = set.models.find((model) => model.digest === digest)?.name ?? "";
  return graphOf(name);
}

// Every model has the same golden rows.
const early = goldenOf("early_ranker");
const matrix: FeatureMatrix = {
  rows: Float32Array.from(early.rows.flat()),
  rowCount: early.rows.length,
  columns: set.columns,
};
let scorer: ModelSetScorer;
/** What the heads say of each golden row. Every one is of another break, so each is asked alone. */
const answers: HeadScores[] = [];

beforeAll(async () => {
  scorer = await loadModelSet("f".repeat(64), { artifact, admit: () => undefined, piece: async (work) => work() });
  for (const row of early.rows) {
    const asked = { rows: Float32Array.from(row), rowCount: 1, columns: set.columns };
    answers.push((await scorer.full.score(asked)).heads);
  }
});

afterAll(() => scorer.release());

/** How far two columns are apart at most. */
function distance(said: Float32Array, expected: readonly number[]): number {
  expect(said.length).toBe(expected.length);
  return Math.max(...expected.map((value, row) => Math.abs(value - (said[row] ?? Number.NaN))));
}

test("in workerd the early ranker says what Python heard, within a millionth", async () => {
  expect(distance(await scorer.full.rank(matrix), early.expected)).toBeLessThanOrEqual(1e-6);
});

test.each(HEADS)("in workerd the %s head says what Python heard, within a millionth", (head) => {
  const name = set.models.find((model) => model.head === head)?.name ?? "";
  const said = Float32Array.from(answers, (scores) => scores[head][0] ?? Number.NaN);
  expect(distance(said, goldenOf(name).expected)).toBeLessThanOrEqual(1e-6);
});

test.each(["lightgbm", "xgboost", "sklearn_boosting", "torch_embedding", "torch_two_tower"])(
  "in workerd %s says what the trained model said, within a ten-thousandth",
  async (name) => {
    const { rows, expected } = goldenOf(`exports/${name}`);
    const session = await createSession(graphOf(`exports/${name}`));
    const [input = ""] = session.inputNames;
    const [said] = await runSession(session, input, session.outputNames, Float32Array.from(rows.flat()), rows.length);
    await session.release();
    expect(distance(present(said, "one output"), expected)).toBeLessThanOrEqual(1e-4);
  },
);
