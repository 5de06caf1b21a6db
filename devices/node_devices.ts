/** The devices that Node has: the wasm kernel, the ONNX runtime in wasm and the native one, each with a set's heads. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web/wasm";
import { readModel, readModelSet } from "../cli/models/read_models.ts";
import { projectDir } from "../local/build.ts";
import { BREAK_SPAN, COLUMN_COUNT } from "../src/features/schema.ts";
import type { ModelEntry } from "../src/models/manifest.ts";
import { shapeKey, stackOf, type StackedHead } from "../src/onnx/dense_stack.ts";
import { readChain } from "../src/onnx/read_chain.ts";
import { DenseStackRunner, LAYERS_MIN, type DenseKernel } from "../src/onnx/stack_runner.ts";
import { ROWS_OF_BREAK } from "./page/rows.ts";
import type { Device } from "./allocate.ts";

const HALVES = { shared: BREAK_SPAN, own: { from: BREAK_SPAN.to, to: COLUMN_COUNT } };

/** One device with the heads of a set. Scores are given by head, in the order of the set. */
export interface NodeDevice {
  readonly name: Device;
  score(rows: Float32Array): Promise<readonly Float32Array[]>;
  release(): Promise<void>;
}

interface Head {
  readonly entry: ModelEntry;
  readonly bytes: Uint8Array;
}

/** The devices of this process, the native runtime first: it is what the others are compared with. */
export async function openNodeDevices(modelsDir: string): Promise<readonly NodeDevice[]> {
  const set = await readModelSet(modelsDir);
  const heads: Head[] = [];
  for (const entry of set.models.filter(({ role }) => role === "head")) {
    heads.push({ entry, bytes: await readModel(entry, path.join(modelsDir, entry.name, "model.onnx")) });
  }
  const kernel = await openKernel(heads);
  return [await openNative(heads), await openWasm(heads), ...(kernel === null ? [] : [kernel])];
}

/** Null: the set has heads that are not dense layers alone. */
async function openKernel(heads: readonly Head[]): Promise<NodeDevice | null> {
  const stacked: StackedHead[] = [];
  for (const { entry, bytes } of heads) {
    const chain = readChain(bytes, entry);
    if (!chain.ok || chain.value.columns !== COLUMN_COUNT || chain.value.layers.length < LAYERS_MIN) return null;
    stacked.push({ name: entry.name, chain: chain.value });
  }
  const stacks: { readonly names: readonly string[]; readonly runner: DenseStackRunner }[] = [];
  for (const alike of Map.groupBy(stacked, ({ chain }) => shapeKey(chain)).values()) {
    const runner = new DenseStackRunner(await newKernel(), stackOf(alike, HALVES), ROWS_OF_BREAK);
    stacks.push({ names: alike.map(({ name }) => name), runner });
  }
  const score = async (rows: Float32Array) => {
    const count = rows.length / COLUMN_COUNT;
    const answers = new Map(heads.map(({ entry }) => [entry.name, new Float32Array(count)]));
    // A call is one break: only its rows share the break's columns.
    for (let from = 0; from < count; from += ROWS_OF_BREAK) {
      const size = Math.min(ROWS_OF_BREAK, count - from);
      const part = rows.subarray(from * COLUMN_COUNT, (from + size) * COLUMN_COUNT);
      for (const { names, runner } of stacks) {
        const scores = runner.run(part, size);
        names.forEach((name, at) => answers.get(name)?.set(scores.subarray(at * size, (at + 1) * size), from));
      }
    }
    return [...answers.values()];
  };
  return { name: "kernel", score, release: async () => undefined };
}

/** Node has WebAssembly, but its types keep it to themselves. The exports are those the kernel's source declares. */
const { instantiate } = Reflect.get(globalThis, "WebAssembly") as {
  instantiate(bytes: Uint8Array<ArrayBuffer>, imports: object): Promise<{ instance: { exports: DenseKernel } }>;
};

async function newKernel(): Promise<DenseKernel> {
  const bytes = Uint8Array.from(await readFile(path.join(projectDir, "kernels/dense_stack.wasm")));
  return (await instantiate(bytes, {})).instance.exports;
}

async function openNative(heads: readonly Head[]): Promise<NodeDevice> {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: "all" } as const;
  const sessions = await Promise.all(heads.map(({ bytes }) => native.InferenceSession.create(bytes, options)));
  const score = async (rows: Float32Array) => {
    const input = new native.Tensor("float32", rows, [rows.length / COLUMN_COUNT, COLUMN_COUNT]);
    const answers: Float32Array[] = [];
    for (const [at, { entry }] of heads.entries()) {
      const output = await sessions[at]?.run({ [entry.inputName]: input }, [entry.outputName]);
      answers.push(floatsOf(output?.[entry.outputName]?.data));
    }
    return answers;
  };
  return { name: "native", score, release: async () => void (await Promise.all(sessions.map((s) => s.release()))) };
}

async function openWasm(heads: readonly Head[]): Promise<NodeDevice> {
  web.env.wasm.numThreads = 1;
  web.env.logLevel = "error";
  const sessions: web.InferenceSession[] = [];
  for (const { bytes } of heads) {
    sessions.push(await web.InferenceSession.create(bytes, { graphOptimizationLevel: "all" }));
  }
  const score = async (rows: Float32Array) => {
    const input = new web.Tensor("float32", rows, [rows.length / COLUMN_COUNT, COLUMN_COUNT]);
    const answers: Float32Array[] = [];
    for (const [at, { entry }] of heads.entries()) {
      const output = await sessions[at]?.run({ [entry.inputName]: input }, [entry.outputName]);
      answers.push(floatsOf(output?.[entry.outputName]?.data));
    }
    return answers;
  };
  const release = async () => {
    for (const session of sessions) await session.release();
  };
  return { name: "wasm", score, release };
}

function floatsOf(values: unknown): Float32Array {
  if (values instanceof Float32Array) return values;
  throw new TypeError("a head answers something else than float32");
}
