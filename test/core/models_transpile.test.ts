/**
 * The fallback's early ranker is the trained one's first trees: the table says to the last bit what the native runtime
 * says of those trees, whatever was drawn, and what is neither trees nor linear is refused.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { denseModel, drawRows, embeddingModel, treeModel } from "../../bench/drawn_models.ts";
import { fallbackWeightsSchema } from "../../src/models/fallback.ts";
import { FALLBACK_TREES, scoreTrees, treesSchema, type FallbackTrees } from "../../src/models/fallback_trees.ts";
import { readGraph, writeGraph } from "../../src/onnx/graph.ts";
import { transpile } from "../../src/onnx/transpile.ts";
import { openStage } from "./cli_stage.ts";
import { nativeAnswer } from "./onnx/fixture.ts";

const COLUMNS = 10;
const ROWS = 40;
const MODELS = new URL("../../models/", import.meta.url).pathname;

const treesOf = (bytes: Uint8Array, treesMax: number = FALLBACK_TREES.treesMax): FallbackTrees => {
  const table = transpile(bytes, { ...FALLBACK_TREES, treesMax });
  if (!table.ok) throw new Error(table.reason);
  return treesSchema.parse(table.value);
};

/** The model as far as its trees: what they add up to. */
function marginOf(bytes: Uint8Array): Uint8Array {
  const read = readGraph(bytes);
  if (!read.ok) throw new Error(read.reason);
  const [trees] = read.value.nodes;
  const outputs = read.value.outputs.map((value) => ({ ...value, name: trees?.output[0] ?? "" }));
  return writeGraph({ ...read.value, nodes: read.value.nodes.slice(0, 1), outputs });
}

describe("a table of trees", () => {
  // `npx vitest run test/core/models_transpile.test.ts -t "trees 7"` repeats one.
  test.each(Array.from({ length: 12 }, (_, n) => `trees ${n}`))(
    "says what the runtime says, bit by bit: %s",
    async (seed) => {
      const model = treeModel(seed, COLUMNS, 20, 5, 0.7);
      const rows = drawRows(seed, ROWS, COLUMNS, 0);
      const said = scoreTrees(treesOf(model), rows, ROWS, COLUMNS);
      expect(said).toEqual(await nativeAnswer(marginOf(model), rows, ROWS));
    },
  );

  test("keeps as many of the first trees as asked", () => {
    const model = treeModel("first", COLUMNS, 20, 4);
    expect(treesOf(model, 7).trees).toEqual(treesOf(model).trees.slice(0, 7));
  });

  test("is read only when every node leads further down", () => {
    const ring = { base: 0, trees: [{ columns: [0, 0], thresholds: [0, 1], yes: [1, 0], no: [1, 0] }] };
    expect(treesSchema.safeParse(ring).success).toBe(false);
  });
});

describe("transpiling", () => {
  const limits = FALLBACK_TREES;

  test("takes one linear layer as it is", () => {
    const table = transpile(denseModel("linear", [COLUMNS, 1]), limits);
    expect(table).toMatchObject({ ok: true, value: { weights: expect.any(Array) } });
  });

  test.each([
    ["not_onnx", new Uint8Array(3)],
    ["neither_trees_nor_linear", denseModel("deep", [COLUMNS, 4, 1])],
    ["neither_trees_nor_linear", embeddingModel("words", COLUMNS, 5, 3, 4)],
    ["trees_too_large", treeModel("large", COLUMNS, 1, 8)],
  ])("refuses with %s", (reason, bytes) => {
    expect(transpile(bytes, limits)).toEqual({ ok: false, reason });
  });

  test("takes the trees of LightGBM, XGBoost and scikit-learn, as their exporters write them", () => {
    for (const name of ["lightgbm", "xgboost", "xgboost_margin", "sklearn_boosting"]) {
      const table = treesOf(Uint8Array.from(readFileSync(join(MODELS, "exports", name, "model.onnx"))));
      expect(table.trees.length, name).toBeGreaterThanOrEqual(30);
    }
  });

  test("made the committed fallback's early ranker", () => {
    const weights = fallbackWeightsSchema.parse(JSON.parse(readFileSync(join(MODELS, "fallback.json"), "utf8")));
    const ranker = Uint8Array.from(readFileSync(join(MODELS, "early_ranker/model.onnx")));
    expect(weights.earlyRanker).toEqual(treesOf(ranker, 40));
  });
});

test("the command says how alike they rank, and writes only when told", async () => {
  const stage = openStage();
  try {
    const words = [
      "models",
      "transpile",
      join(MODELS, "early_ranker/model.onnx"),
      "--into",
      join(MODELS, "fallback.json"),
    ];
    const said = await stage.midroll([...words, "--trees", "60", "--json"]);
    expect(JSON.parse(said.out)).toMatchObject({ ok: true, trees: 60, transpiled: 1, write: false });
    const wrong = await stage.midroll([...words, "--trees", "many"]);
    expect([wrong.exitCode, wrong.err]).toEqual([2, expect.stringContaining("--trees takes a whole number")]);
  } finally {
    stage.strike();
  }
});
