/**
 * Models as the usual exporters write them (models/exports): what each writes by default is refused by the reason that
 * the documentation names, and what serves passes the gate, says in both runtimes what the trained model said, and runs
 * on the kernel where it is dense layers.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { probeModel } from "../../../cli/models/model_probe.ts";
import { COLUMN_COUNT } from "../../../src/features/schema.ts";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { present } from "../../../src/kernel/assert.ts";
import { MODEL_LIMITS } from "../../../src/models/limits.ts";
import { stackOf } from "../../../src/onnx/dense_stack.ts";
import { inspectModel } from "../../../src/onnx/gate/inspect.ts";
import type { Mending } from "../../../src/onnx/gate/mend.ts";
import { node, readGraph, writeGraph, type Graph } from "../../../src/onnx/graph.ts";
import { readChain } from "../../../src/onnx/read_chain.ts";
import { DenseStackRunner } from "../../../src/onnx/stack_runner.ts";
import { drawRows } from "../../../bench/drawn_models.ts";
import { apart } from "../../../src/onnx/apart.ts";
import { nativeAnswer, newKernel } from "./fixture.ts";

/** What models/exports/train.py wrote of each. */
interface Export {
  readonly name: string;
  readonly refusedFor: readonly string[];
  readonly options: string | null;
  readonly mending: readonly (keyof typeof MENDINGS)[];
}
const MENDINGS = {
  "--positive-class": { positiveClass: true },
  "--sigmoid": { sigmoid: true },
  "--free-rows": { freeRows: true },
} as const satisfies Record<string, Mending>;

const EXPORTS = new URL("../../../models/exports/", import.meta.url);
const LIMITS = { bytesMax: FULL_LIMITS.modelBytesMax, ...MODEL_LIMITS };
const ANY_NAMES = { inputName: null, outputName: null };
const GOLDEN_APART_MAX = 1e-4;
const KERNEL_APART_MAX = 1e-6;

const fileOf = (name: string, file: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(new URL(`${name}/${file}`, EXPORTS)));
const jsonOf = (path: string): unknown => JSON.parse(readFileSync(new URL(path, EXPORTS), "utf8"));
// Written by models/exports/train.py in these very shapes.
const exports = jsonOf("exports.json") as readonly Export[];
const goldenOf = (name: string) => jsonOf(`${name}/golden.json`) as { rows: number[][]; expected: number[] };
const graphOf = (bytes: Uint8Array): Graph => {
  const read = readGraph(bytes);
  if (!read.ok) throw new Error(read.reason);
  return read.value;
};

/** What the whole gate says of these bytes: reading first, running only what reading lets through. */
async function gate(name: string, bytes: Uint8Array, mending: Mending = {}) {
  const { refusals, bytes: mended } = inspectModel(bytes, { columns: COLUMN_COUNT, ...ANY_NAMES }, LIMITS, mending);
  if (refusals.length > 0) return { codes: refusals.map(({ code }) => code), mended, goldenApart: null };
  const terms = { columns: COLUMN_COUNT, ...ANY_NAMES, range: "probability", golden: goldenOf(name) } as const;
  const probe = await probeModel(mended, terms);
  return { codes: probe.refusals.map(({ code }) => code), mended, goldenApart: probe.goldenApart };
}

const mendingOf = ({ mending }: Export): Mending => Object.assign({}, ...mending.map((flag) => MENDINGS[flag]));

describe.each(exports)("$name", (one) => {
  const served = fileOf(one.name, "model.onnx");

  test("as its exporter writes it by default is refused by name", async () => {
    const { codes } = await gate(one.name, fileOf(one.name, "by_default.onnx"));
    expect([...new Set(codes)]).toEqual(one.refusedFor);
  });

  test("as it serves passes the gate in both runtimes and says what the trained model said", async () => {
    const { codes, goldenApart } = await gate(one.name, served);
    expect(codes).toEqual([]);
    expect(goldenApart).toBeLessThanOrEqual(GOLDEN_APART_MAX);
  });
});

test.each(exports.filter(({ options }) => options === null))(
  "$name is what mending makes of the default",
  async (one) => {
    const { mended } = await gate(one.name, fileOf(one.name, "by_default.onnx"), mendingOf(one));
    expect(Buffer.from(mended).equals(fileOf(one.name, "model.onnx"))).toBe(true);
  },
);

/** Exports that are dense layers once what is around them is folded. */
const ON_KERNEL = ["sklearn_mlp", "torch_dense"];
const ROWS = 64;

describe("the kernel", () => {
  test.each(ON_KERNEL)("takes %s and says what the native runtime says", async (name) => {
    const model = fileOf(name, "model.onnx");
    const { inputs, outputs } = graphOf(model);
    const ends = { inputName: inputs[0]?.name ?? "", outputName: outputs[0]?.name ?? "" };
    const chain = readChain(model, ends);
    if (!chain.ok) throw new Error(chain.reason);
    const halves = { shared: { from: 0, to: 32 }, own: { from: 32, to: COLUMN_COUNT } };
    const stack = stackOf([{ name, chain: chain.value }], halves);
    const rows = drawRows(name, ROWS, COLUMN_COUNT, 32);
    const answer = new DenseStackRunner(await newKernel(), stack, ROWS).run(rows, ROWS);
    expect(apart(answer, await nativeAnswer(model, rows, ROWS))).toBeLessThanOrEqual(KERNEL_APART_MAX);
  });

  test("leaves all others to the runtime", () => {
    const taken = exports.filter(({ name }) => {
      const model = fileOf(name, "model.onnx");
      const { inputs, outputs } = graphOf(model);
      return readChain(model, { inputName: inputs[0]?.name ?? "", outputName: outputs[0]?.name ?? "" }).ok;
    });
    expect(taken.map(({ name }) => name)).toEqual(ON_KERNEL);
  });
});

describe("mending that is not enough stays refused", () => {
  test("a tower whose exporter wrote the number of rows into its shapes, with free rows", async () => {
    const { codes } = await gate("torch_two_tower", fileOf("torch_two_tower", "by_default.onnx"), { freeRows: true });
    expect(codes).toEqual(["runtime_refuses"]);
  });

  test("a margin that starts at another place than the trained one's, with a Sigmoid", async () => {
    const { codes } = await gate("xgboost_margin", fileOf("xgboost_margin", "by_default.onnx"), { sigmoid: true });
    expect(codes).toEqual(["golden_mismatch"]);
  });

  test("weights outside the file, with free rows", async () => {
    const { codes } = await gate("torch_dense", fileOf("torch_dense", "by_default.onnx"), { freeRows: true });
    expect(codes).toContain("weights_outside");
  });
});

describe("mending", () => {
  const margin = graphOf(fileOf("xgboost_margin", "model.onnx"));
  const [trees] = margin.nodes;

  test("spells out the link of trees that runtimes leave out", async () => {
    const { input = [], output = [], attribute = [] } = trees ?? {};
    const linked = node("TreeEnsembleRegressor", input, output, { post_transform: "LOGISTIC" });
    linked.domain = "ai.onnx.ml";
    linked.attribute.push(...attribute.filter(({ name }) => name !== "post_transform"));
    const outputs = margin.outputs.map((value) => ({ ...value, name: output[0] ?? "" }));
    const model = writeGraph({ ...margin, nodes: [linked], outputs });
    expect((await gate("xgboost_margin", model)).codes).toEqual(["tree_link_ignored"]);
    const mended = await gate("xgboost_margin", model, { sigmoid: true });
    expect([mended.codes, present(mended.goldenApart, "golden rows were asked") < GOLDEN_APART_MAX]).toEqual([
      [],
      true,
    ]);
  });

  test("takes dictionaries out and leaves the label beside the table, when only that is asked", async () => {
    const { codes } = await gate("lightgbm", fileOf("lightgbm", "by_default.onnx"), { stripZipMap: true });
    expect(codes).toEqual(["not_one_output"]);
  });

  test("keeps one output of several by its name", async () => {
    const graph = graphOf(fileOf("torch_dense", "model.onnx"));
    const logit = graph.nodes.at(-1)?.input[0] ?? "";
    const outputs = [{ ...present(graph.outputs[0], "one output"), name: logit }, ...graph.outputs];
    const model = writeGraph({ ...graph, outputs });
    expect((await gate("torch_dense", model)).codes).toEqual(["not_one_output"]);
    expect((await gate("torch_dense", model, { output: "probability" })).codes).toEqual([]);
    expect((await gate("torch_dense", model, { output: "missing" })).codes).toEqual(["not_one_output"]);
  });

  test("does nothing to a model that needs none", () => {
    const asked: Mending = { stripZipMap: true, freeRows: true, positiveClass: true };
    for (const { name } of exports) {
      const model = fileOf(name, "model.onnx");
      const sigmoid = graphOf(model).nodes.at(-1)?.opType === "Sigmoid";
      const terms = { columns: COLUMN_COUNT, ...ANY_NAMES };
      expect(inspectModel(model, terms, LIMITS, { ...asked, sigmoid }).mended).toEqual([]);
    }
  });

  test("that turns probabilities into other probabilities is caught by the golden rows", async () => {
    expect((await gate("xgboost", fileOf("xgboost", "model.onnx"), { sigmoid: true })).codes).toEqual([
      "golden_mismatch",
    ]);
  });
});
