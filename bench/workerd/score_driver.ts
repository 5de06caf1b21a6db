/**
 * The Worker that `npm run bench:score` runs inside workerd: the same heads as sessions of the ONNX runtime, as one
 * fused graph in it, and stacked on the kernel; and a window to run each of them many times.
 */
import * as ort from "onnxruntime-web/wasm";
import kernelModule from "../../kernels/dense_stack.wasm";
import { DenseStackRunner, type DenseKernel } from "../../src/onnx/stack_runner.ts";
import { createSession, type Session } from "../../workers/platform/onnx_runtime.ts";
import {
  COLUMNS,
  drawModels,
  benchRows,
  ENDS,
  fusedModel,
  ROWS,
  stackOfModels,
  type ScoreAnswer,
  type ScoreOrder,
} from "../score_models.ts";
import { loadMixedSet, type AskMixed } from "./mixed_set.ts";

interface Loaded {
  readonly sessions: readonly Session[];
  readonly fused: Session;
  readonly runner: DenseStackRunner;
}

/** Loaded by the first order, which is not measured. */
let loaded: Loaded | null = null;
let mixed: AskMixed | null = null;
/** Rows of the last stretch of it: what one decision is asked. */
let mixedRows: Float32Array | null = null;

async function load(): Promise<Loaded> {
  const models = drawModels();
  const sessions: Session[] = [];
  for (const model of models) sessions.push(await createSession(model));
  // The module's exports are those that kernels/dense_stack.ts declares.
  const kernel = new WebAssembly.Instance(kernelModule, {}).exports as unknown as DenseKernel;
  const runner = new DenseStackRunner(kernel, stackOfModels(models), Math.max(...ROWS));
  return { sessions, fused: await createSession(fusedModel(models)), runner };
}

async function scoreOnce(
  { sessions, fused, runner }: Loaded,
  way: "sessions" | "fusedGraph" | "kernel",
  features: Float32Array,
  rows: number,
) {
  if (way === "kernel") return runner.run(features, rows);
  const input = { [ENDS.inputName]: new ort.Tensor("float32", features, [rows, COLUMNS]) };
  if (way === "fusedGraph") return floatsOf((await fused.run(input))["scores"]);
  const all = new Float32Array(sessions.length * rows);
  for (const [head, session] of sessions.entries()) {
    all.set(floatsOf((await session.run(input))[ENDS.outputName]), head * rows);
  }
  return all;
}

function floatsOf(tensor: ort.Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new Error("a model answered something else than float32");
}

/** A clock of a Worker moves with its I/O: a timer is waited for on both sides of what is measured. */
async function now(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  return performance.now();
}

/** The mixed set, many times. */
async function answerMixed(rows: number, times: number): Promise<ScoreAnswer> {
  mixed ??= await loadMixedSet();
  const features = benchRows(rows);
  let answers: readonly Float32Array[] = [];
  const startedMs = await now();
  for (let n = 0; n < times; n++) answers = await mixed(features);
  const elapsedMs = (await now()) - startedMs;
  mixedRows = features;
  return { elapsedMs, scores: answers.flatMap((scores) => [...scores]) };
}

export default {
  async fetch(request: Request): Promise<Response> {
    // The only caller is this benchmark's own Node program.
    const { way, rows, times } = (await request.json()) as ScoreOrder;
    if (way === "mixed") return Response.json(await answerMixed(rows, times));
    if (way === "nothing") return new Response("done");
    if (way === "mixedOnce") {
      if (mixed !== null && mixedRows !== null) await mixed(mixedRows);
      return new Response("done");
    }
    loaded ??= await load();
    const features = benchRows(rows);
    let scores: Float32Array = new Float32Array(0);
    const startedMs = await now();
    for (let n = 0; n < times; n++) scores = await scoreOnce(loaded, way, features, rows);
    const elapsedMs = (await now()) - startedMs;
    const answer: ScoreAnswer = { elapsedMs, scores: [...scores] };
    return Response.json(answer);
  },
};
