/**
 * The mixed set of `npm run bench:score` inside workerd: planned and run as an edge runs it,
 * with columns of its own.
 */
import kernelModule from "../../kernels/dense_stack.wasm";
import forestModule from "../../kernels/forest.wasm";
import { stackOf } from "../../src/onnx/dense_stack.ts";
import { ForestRunner, type ForestKernel } from "../../src/onnx/forest_runner.ts";
import { planSet, type PlannedPart } from "../../src/onnx/plan.ts";
import { DenseStackRunner, type DenseKernel } from "../../src/onnx/stack_runner.ts";
import { createSession, runSession } from "../../workers/platform/onnx_runtime.ts";
import { COLUMNS, drawMixedSet, HALVES, MIXED } from "../score_models.ts";

/** All models on some rows. Shape: `rows` `[MIXED.rows, COLUMNS]`; the answer is one list a model. */
export type AskMixed = (rows: Float32Array) => Promise<readonly Float32Array[]>;

/** Loads the set, in the order of its plan. */
export async function loadMixedSet(): Promise<AskMixed> {
  const parts: AskMixed[] = [];
  for (const part of planSet(drawMixedSet(), COLUMNS).parts) parts.push(await loadPart(part));
  return async (rows) => {
    const answers: Float32Array[] = [];
    for (const ask of parts) answers.push(...(await ask(rows)));
    return answers;
  };
}

async function loadPart(part: PlannedPart): Promise<AskMixed> {
  if (part.kind === "graph") {
    const session = await createSession(part.bytes);
    return (rows) => runSession(session, part.inputName, part.outputNames, rows, MIXED.rows);
  }
  // The modules' exports are those that the kernels' sources declare.
  const runner =
    part.kind === "stack"
      ? new DenseStackRunner(instanceOf(kernelModule) as DenseKernel, stackOf(part.heads, HALVES), MIXED.rows)
      : new ForestRunner(instanceOf(forestModule) as ForestKernel, part.forests, MIXED.rows);
  return async (rows) => {
    const scores = runner.run(rows, MIXED.rows);
    return part.names.map((_, at) => scores.subarray(at * MIXED.rows, (at + 1) * MIXED.rows));
  };
}

function instanceOf(module: WebAssembly.Module): unknown {
  return new WebAssembly.Instance(module, {}).exports;
}
