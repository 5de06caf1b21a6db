/** What exporters write around dense layers is folded into them; what is anything else is left alone. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { NodeProto, TensorProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { stackOf } from "../../../src/onnx/dense_stack.ts";
import { floatTensor, intTensor, node } from "../../../src/onnx/graph.ts";
import { readChain } from "../../../src/onnx/read_chain.ts";
import { DenseStackRunner } from "../../../src/onnx/stack_runner.ts";
import { stream } from "../../../src/kernel/random.ts";
import { denseModel, drawFloats, drawRows, modelOf } from "../../../bench/drawn_models.ts";
import { apart } from "../../../src/onnx/apart.ts";
import { nativeAnswer, newKernel } from "./fixture.ts";

const SEED = 20261124;
const ENDS = { inputName: "features", outputName: "probability" };
const COLUMNS = 6;
const random = stream("dense chain", "weights");
const floats = (name: string, ...dims: number[]): TensorProto =>
  floatTensor(
    name,
    dims,
    drawFloats(
      random,
      dims.reduce((product, size) => product * size, 1),
    ),
  );
const weights = [floats("w0", COLUMNS, 8), floats("b0", 8), floats("w1", 8, 1), floats("b1", 1)];
const row = floats("row", COLUMNS);
const ends = (first: readonly NodeProto[], value: string): readonly NodeProto[] => [
  ...first,
  node("Gemm", [value, "w0", "b0"], ["s0"]),
  node("Relu", ["s0"], ["a0"]),
  node("Gemm", ["a0", "w1", "b1"], ["s1"]),
  node("Sigmoid", ["s1"], ["probability"]),
];

const whole = (name: string, ...values: number[]): TensorProto => intTensor(name, values);
const CAST_TO_FLOAT = { to: 1n };
/** What batch normalisation read, of eight columns; a variance is not negative. */
const normal = [
  ...["slope", "lift", "mean"].map((name) => floats(name, 8)),
  floatTensor("variance", [8], Float32Array.of(1, 0.5, 2, 0, 1.5, 0.1, 3, 1)),
];
const NORMAL = normal.map(({ name }) => name);

/** Graphs that are dense chains, as exporters spell them. */
const CHAINS: Readonly<Record<string, Uint8Array>> = {
  "products with a sum after them": modelOf(
    COLUMNS,
    [
      node("MatMul", ["features", "w0"], ["p0"]),
      node("Add", ["p0", "b0"], ["s0"]),
      node("Relu", ["s0"], ["a0"]),
      node("MatMul", ["a0", "w1"], ["p1"]),
      node("Add", ["b1", "p1"], ["s1"]),
      node("Sigmoid", ["s1"], ["probability"]),
    ],
    weights,
  ),
  "a matrix that is written the other way round": modelOf(
    COLUMNS,
    [
      node("Gemm", ["features", "w0", "b0"], ["s0"], { transB: 1n }),
      node("Relu", ["s0"], ["a0"]),
      node("Gemm", ["a0", "w1", "b1"], ["s1"]),
      node("Sigmoid", ["s1"], ["probability"]),
    ],
    [floats("w0", 8, COLUMNS), ...weights.slice(1)],
  ),
  "features that are centred and scaled first": modelOf(
    COLUMNS,
    ends([node("Sub", ["features", "row"], ["centred"]), node("Div", ["centred", "scale"], ["scaled"])], "scaled"),
    [...weights, row, floatTensor("scale", [1, COLUMNS], Float32Array.of(1, 2, 0.5, 4, 3, 1.5))],
  ),
  "a Platt scale before the last sigmoid": modelOf(
    COLUMNS,
    [
      ...ends([], "features").slice(0, 3),
      node("Mul", ["s1", "slope"], ["m1"]),
      node("Add", ["m1", "b1"], ["t1"]),
      node("Sigmoid", ["t1"], ["probability"]),
    ],
    [...weights, floatTensor("slope", [], Float32Array.of(1.7))],
  ),
  "casts to what a value is, and the shape it has": modelOf(
    COLUMNS,
    ends(
      [
        node("Cast", ["features"], ["cast"], CAST_TO_FLOAT),
        node("Flatten", ["cast"], ["flat"]),
        node("Reshape", ["flat", "shape"], ["shaped"]),
      ],
      "shaped",
    ),
    [...weights, whole("shape", -1, COLUMNS)],
  ),
  "the one number of a row without its dimension, before the sigmoid": modelOf(
    COLUMNS,
    [
      ...ends([], "features").slice(0, 3),
      node("Squeeze", ["s1", "axes"], ["bare"]),
      node("Sigmoid", ["bare"], ["probability"]),
    ],
    [...weights, whole("axes", -1)],
  ),
  "that dimension taken and given back": modelOf(
    COLUMNS,
    [
      ...ends([], "features").slice(0, 3),
      node("Reshape", ["s1", "line"], ["bare"]),
      node("Unsqueeze", ["bare", "axes"], ["again"]),
      node("Sigmoid", ["again"], ["probability"]),
    ],
    [...weights, whole("line", -1), whole("axes", 1)],
  ),
  "normalisation by batch before an activation": modelOf(
    COLUMNS,
    [
      node("Gemm", ["features", "w0", "b0"], ["s0"]),
      node("BatchNormalization", ["s0", ...NORMAL], ["n0"]),
      node("Relu", ["n0"], ["a0"]),
      ...ends([], "features").slice(2),
    ],
    [...weights, ...normal],
  ),
  "normalisation by batch after an activation": modelOf(
    COLUMNS,
    [
      ...ends([], "features").slice(0, 2),
      node("BatchNormalization", ["a0", ...NORMAL], ["n0"]),
      node("Gemm", ["n0", "w1", "b1"], ["s1"]),
      node("Sigmoid", ["s1"], ["probability"]),
    ],
    [...weights, ...normal],
  ),
  "nodes that only pass their input on": modelOf(
    COLUMNS,
    ends([node("Identity", ["features"], ["same"]), node("Dropout", ["same"], ["kept"])], "kept"),
    weights,
  ),
};

describe("a chain of dense layers is read", () => {
  test.each(Object.entries(CHAINS))("from %s", async (_, model) => {
    const chain = readChain(model, ENDS);
    if (!chain.ok) throw new Error(chain.reason);
    const halves = { shared: { from: 0, to: 2 }, own: { from: 2, to: COLUMNS } };
    const rows = drawRows("read", 10, COLUMNS, 2);
    const stack = stackOf([{ name: "head", chain: chain.value }], halves);
    const answer = new DenseStackRunner(await newKernel(), stack, 10).run(rows, 10);
    expect(apart(answer, await nativeAnswer(model, rows, 10))).toBeLessThan(1e-6);
  });
});

/** Models that are something else. */
const OTHERS: Readonly<Record<string, Uint8Array>> = {
  "a sum with a value of the same chain": modelOf(
    COLUMNS,
    [
      ...ends([], "features").slice(0, 2),
      node("Add", ["a0", "s0"], ["r0"]),
      node("Gemm", ["r0", "w1", "b1"], ["probability"]),
    ],
    weights,
  ),
  "two branches": modelOf(
    COLUMNS,
    [
      node("Gemm", ["features", "w0", "b0"], ["s0"]),
      node("Gemm", ["features", "w0", "b0"], ["other"]),
      node("Mul", ["s0", "other"], ["a0"]),
      node("Gemm", ["a0", "w1", "b1"], ["probability"]),
    ],
    weights,
  ),
  "an operator that is no activation": modelOf(
    COLUMNS,
    [
      node("Gemm", ["features", "w0", "b0"], ["s0"]),
      node("Softmax", ["s0"], ["a0"]),
      node("Gemm", ["a0", "w1", "b1"], ["probability"]),
    ],
    weights,
  ),
  "a reshape that moves numbers between rows": modelOf(
    COLUMNS,
    ends([node("Reshape", ["features", "shape"], ["moved"]), node("Reshape", ["moved", "back"], ["again"])], "again"),
    [...weights, whole("shape", -1, COLUMNS / 2), whole("back", -1, COLUMNS)],
  ),
  "a cast that cuts decimals off": modelOf(
    COLUMNS,
    ends([node("Cast", ["features"], ["cut"], { to: 7n }), node("Cast", ["cut"], ["back"], CAST_TO_FLOAT)], "back"),
    weights,
  ),
  "a scale after the last activation": modelOf(
    COLUMNS,
    [
      ...ends([], "features").slice(0, 3),
      node("Sigmoid", ["s1"], ["a1"]),
      node("Mul", ["a1", "half"], ["probability"]),
    ],
    [...weights, floatTensor("half", [], Float32Array.of(0.5))],
  ),
  trees: readFileSync(new URL("../../../models/early_ranker/model.onnx", import.meta.url)),
};

describe("a model that is something else is left to the runtime", () => {
  test.each(Object.entries(OTHERS))("%s", (name, model) => {
    const names = name === "trees" ? { inputName: "features", outputName: "score" } : ENDS;
    expect(readChain(model, names)).toEqual({ ok: false, reason: "not_dense" });
  });

  test("a model whose ends have other names", () => {
    expect(readChain(denseModel("names", [4, 4, 1]), { ...ENDS, outputName: "score" })).toEqual({
      ok: false,
      reason: "other_ends",
    });
  });

  test("bytes that are not a model, cut or altered anywhere, are refused or read, and nothing throws", () => {
    const model = denseModel("fuzz", [4, 4, 1]);
    fc.assert(
      fc.property(fc.nat(model.length), fc.nat(model.length - 1), fc.nat(255), (length, at, byte) => {
        const spoiled = model.slice(0, length);
        if (at < spoiled.length) spoiled[at] = byte;
        expect(typeof readChain(spoiled, ENDS).ok).toBe("boolean");
      }),
      { seed: SEED, numRuns: 3_000 },
    );
  });
});
