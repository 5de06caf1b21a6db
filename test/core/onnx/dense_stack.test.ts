/** Stacked heads answer what each head answers alone, on the kernel and as an ONNX graph, for any shape and row count. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BREAK_SPAN, COLUMN_COUNT } from "../../../src/features/schema.ts";
import { stackNodes, stackOf, type ColumnHalves, type StackedHead } from "../../../src/onnx/dense_stack.ts";
import { floatValue, writeGraph } from "../../../src/onnx/graph.ts";
import { readChain } from "../../../src/onnx/read_chain.ts";
import { DenseStackRunner } from "../../../src/onnx/stack_runner.ts";
import { modelSetSchema } from "../../../src/models/manifest.ts";
import { compileKernel } from "../../../scripts/build_kernels.ts";
import { denseModel, drawRows } from "../../../bench/drawn_models.ts";
import { apart } from "../../../src/onnx/apart.ts";
import { kernelBytes, nativeAnswer, newKernel } from "./fixture.ts";

const ENDS = { inputName: "features", outputName: "probability" };
/** Distance that two orders of summing may have. */
const CLOSE = 1e-6;

const headOf = (name: string, model: Uint8Array): StackedHead => {
  const chain = readChain(model, ENDS);
  if (!chain.ok) throw new Error(`${name} is ${chain.reason}`);
  return { name, chain: chain.value };
};
const halvesAt = (shared: number, columns: number): ColumnHalves => {
  return { shared: { from: 0, to: shared }, own: { from: shared, to: columns } };
};

const committed = (path: string): Uint8Array => readFileSync(new URL(`../../../models/${path}`, import.meta.url));

interface Shape {
  readonly widths: readonly number[];
  readonly shared: number;
  readonly hidden: string;
  readonly last: string;
}
const SHAPES: readonly Shape[] = [
  { widths: [64, 64, 32, 1], shared: 32, hidden: "Relu", last: "Sigmoid" },
  { widths: [7, 5, 3, 1], shared: 3, hidden: "Relu", last: "Sigmoid" },
  { widths: [9, 13, 1], shared: 4, hidden: "Tanh", last: "Sigmoid" },
  { widths: [6, 4, 4, 4, 1], shared: 1, hidden: "Sigmoid", last: "Tanh" },
  { widths: [12, 16, 1], shared: 12, hidden: "Relu", last: "Identity" },
];

describe.each(SHAPES)("heads of widths $widths with $shared shared columns", ({ widths, shared, hidden, last }) => {
  const columns = widths[0] ?? 0;
  const models = [0, 1, 2].map((n) => denseModel(`${widths.join()} ${n}`, widths, hidden, last));
  const stack = stackOf(
    models.map((model, n) => headOf(`head ${n}`, model)),
    halvesAt(shared, columns),
  );

  test.each([1, 7, 8, 20, 65])("answer on the kernel what each answers alone, on %i rows", async (count) => {
    const runner = new DenseStackRunner(await newKernel(), stack, 65);
    const rows = drawRows(`${count}`, count, columns, shared);
    const answer = runner.run(rows, count);
    for (const [n, model] of models.entries()) {
      const alone = await nativeAnswer(model, rows, count);
      expect(apart(answer.subarray(n * count, (n + 1) * count), alone)).toBeLessThan(CLOSE);
    }
  });

  test("answer as one ONNX graph what each answers alone", async () => {
    const count = 20;
    const { nodes, constants } = stackNodes(stack, "features", "scores", "stack");
    const fused = writeGraph({
      name: "fused",
      irVersion: 8n,
      opsets: new Map([["", 17n]]),
      inputs: [floatValue("features", ["rows", columns])],
      outputs: [floatValue("scores", [models.length, "rows"])],
      nodes,
      constants: new Map(constants.map((tensor) => [tensor.name, tensor])),
    });
    const rows = drawRows("fused", count, columns, shared);
    const answer = await nativeAnswer(fused, rows, count);
    for (const [n, model] of models.entries()) {
      const alone = await nativeAnswer(model, rows, count);
      expect(apart(answer.subarray(n * count, (n + 1) * count), alone)).toBeLessThan(CLOSE);
    }
  });
});

describe("the kernel", () => {
  test("is the one that its source compiles to", async () => {
    expect(await compileKernel("dense_stack")).toEqual(kernelBytes());
  });

  test("gives the same bits when it is asked again, whatever was asked between", async () => {
    const stack = stackOf([headOf("head", denseModel("again", [8, 8, 1]))], halvesAt(4, 8));
    const runner = new DenseStackRunner(await newKernel(), stack, 16);
    const rows = drawRows("again", 16, 8, 4);
    const before = runner.run(rows, 16);
    runner.run(drawRows("other", 3, 8, 4), 3);
    expect(runner.run(rows, 16)).toEqual(before);
  });

  test("passes on a feature that is not a number, so that whoever asked can tell", async () => {
    const stack = stackOf([headOf("head", denseModel("nan", [8, 8, 1]))], halvesAt(4, 8));
    const rows = drawRows("nan", 2, 8, 4);
    rows[6] = Number.NaN;
    const [odd, even] = new DenseStackRunner(await newKernel(), stack, 2).run(rows, 2);
    expect([odd, Number.isFinite(even)]).toEqual([Number.NaN, true]);
  });

  test("scores the committed heads as the native runtime does", async () => {
    const set = modelSetSchema.parse(JSON.parse(new TextDecoder().decode(committed("sample-set.json"))));
    const halves = halvesAt(BREAK_SPAN.to, COLUMN_COUNT);
    const rows = drawRows("committed", 64, COLUMN_COUNT, BREAK_SPAN.to);
    for (const model of set.models) {
      if (model.role !== "head") continue;
      const bytes = committed(`${model.name}/model.onnx`);
      const runner = new DenseStackRunner(await newKernel(), stackOf([headOf(model.name, bytes)], halves), 64);
      expect(apart(runner.run(rows, 64), await nativeAnswer(bytes, rows, 64))).toBeLessThan(CLOSE);
    }
  });
});
