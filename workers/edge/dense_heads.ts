/**
 * The one file that knows the kernel of kernels/dense_stack.wasm at the edge: heads that are dense layers and nothing
 * else are stacked by shape and run there, several times faster than as sessions of the ONNX runtime and without
 * waiting for it to start.
 */
import kernelModule from "../../kernels/dense_stack.wasm";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { BREAK_SPAN, COLUMN_COUNT } from "../../src/features/schema.ts";
import type { DenseChain } from "../../src/onnx/dense_chain.ts";
import { shapeKey, stackOf, type StackedHead } from "../../src/onnx/dense_stack.ts";
import { DenseStackRunner, LAYERS_MIN, type DenseKernel } from "../../src/onnx/stack_runner.ts";
import type { LoadedPart } from "./scorer.ts";

/** What the schema says of a row: the break's columns stand first, the same for all candidates. */
const HALVES = { shared: BREAK_SPAN, own: { from: BREAK_SPAN.to, to: COLUMN_COUNT } };

/** Whether the kernel can run a chain on the rows of this edge; the ONNX runtime runs the others. */
export function fitsKernel({ columns, layers }: DenseChain): boolean {
  return columns === COLUMN_COUNT && layers.length >= LAYERS_MIN;
}

/** Stacks of these models, by their names, one for each shape. Requires: `fitsKernel` of each. */
export function loadStacks(heads: readonly StackedHead[]): readonly LoadedPart[] {
  const shapes = Map.groupBy(heads, ({ chain }) => shapeKey(chain));
  return [...shapes.values()].map((alike) => {
    const runner = new DenseStackRunner(newKernel(), stackOf(alike, HALVES), FULL_LIMITS.scoredRowsMax);
    return loadStack(alike, runner);
  });
}

function loadStack(heads: readonly StackedHead[], runner: DenseStackRunner): LoadedPart {
  return {
    names: heads.map(({ name }) => name),
    // The runner keeps the weights beside its copy in the kernel's memory.
    bytes: 2 * runner.bytes,
    run: async ({ rows, rowCount }) => {
      const scores = runner.run(rows, rowCount);
      return heads.map((_, index) => scores.subarray(index * rowCount, (index + 1) * rowCount));
    },
    // The memory goes with whatever held it.
    release: async () => undefined,
  };
}

/** A kernel with a memory of its own, so that a retired stack's memory goes with it. */
function newKernel(): DenseKernel {
  // The module's exports are those that kernels/dense_stack.ts declares; test/core/onnx holds them to it.
  return new WebAssembly.Instance(kernelModule, {}).exports as unknown as DenseKernel;
}
