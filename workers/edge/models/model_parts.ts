/**
 * What a plan names, loaded: stacks and forests on the kernels, several times faster than as sessions of the ONNX
 * runtime and without waiting for it to start; everything else as sessions of it. The one file that knows the kernels'
 * modules at the edge.
 */
import forestModule from "../../../kernels/forest.wasm";
import stackModule from "../../../kernels/dense_stack.wasm";
import type { FeatureMatrix } from "../../../src/decision/hydrate.ts";
import { BREAK_SPAN, COLUMN_COUNT } from "../../../src/features/schema.ts";
import { stackOf } from "../../../src/onnx/dense_stack.ts";
import { ForestRunner, type ForestKernel } from "../../../src/onnx/forest_runner.ts";
import type { PlannedPart } from "../../../src/onnx/plan.ts";
import { DenseStackRunner, type DenseKernel } from "../../../src/onnx/stack_runner.ts";
import { createSession, runSession } from "../../platform/onnx_runtime.ts";

/** What the schema says of a row: the break's columns stand first, the same for all candidates. */
const HALVES = { shared: BREAK_SPAN, own: { from: BREAK_SPAN.to, to: COLUMN_COUNT } };

/** Models of a set that run together. */
export interface LoadedPart {
  readonly names: readonly string[];
  /** Bytes that it holds outside the ONNX runtime's memory, which is gauged as a whole. */
  readonly bytes: number;
  /** One number a row for every model, in the order of `names`. May reject: then none of them has answered. */
  run(matrix: FeatureMatrix): Promise<readonly Float32Array[]>;
  /** Frees it. Must not overlap `run`. */
  release(): Promise<void>;
}

/** Loads one part, for at most so many rows a call. Rejects when the ONNX runtime refuses it. */
export async function loadPart(part: PlannedPart, rowsMax: number): Promise<LoadedPart> {
  switch (part.kind) {
    case "stack":
      return kernelPart(part.names, new DenseStackRunner(newStackKernel(), stackOf(part.heads, HALVES), rowsMax));
    case "forests":
      return kernelPart(part.names, new ForestRunner(newForestKernel(), part.forests, rowsMax));
    case "graph": {
      const session = await createSession(part.bytes);
      return {
        names: part.names,
        bytes: 0,
        run: ({ rows, rowCount }) => runSession(session, part.inputName, part.outputNames, rows, rowCount),
        release: () => session.release(),
      };
    }
  }
}

function kernelPart(names: readonly string[], runner: DenseStackRunner | ForestRunner): LoadedPart {
  return {
    names,
    // The runner keeps the weights beside its copy in the kernel's memory.
    bytes: 2 * runner.bytes,
    run: async ({ rows, rowCount }) => {
      const scores = runner.run(rows, rowCount);
      return names.map((_, index) => scores.subarray(index * rowCount, (index + 1) * rowCount));
    },
    // The memory goes with whatever held it.
    release: async () => undefined,
  };
}

// Each part has a kernel with a memory of its own, so that a retired part's memory goes with it. The modules' exports
// are those that their sources declare; test/core/onnx holds them to it.
function newStackKernel(): DenseKernel {
  return new WebAssembly.Instance(stackModule, {}).exports as unknown as DenseKernel;
}

function newForestKernel(): ForestKernel {
  return new WebAssembly.Instance(forestModule, {}).exports as unknown as ForestKernel;
}
