/**
 * Runs the plan of a set as an edge runs it, in Node: stacks and forests on the very kernels, merged graphs on the
 * runtime of the edge. Only whoever publishes needs it, to hold the plan against the models that it was made of.
 */
import { readFile } from "node:fs/promises";
import * as web from "onnxruntime-web/wasm";
import { stackOf, type ColumnHalves } from "../../src/onnx/dense_stack.ts";
import { ForestRunner, type ForestKernel } from "../../src/onnx/forest_runner.ts";
import type { PlannedPart, SetPlan } from "../../src/onnx/plan.ts";
import { DenseStackRunner, type DenseKernel } from "../../src/onnx/stack_runner.ts";

/** What every model of a plan says of some rows, by its name. Shape: `rows` `[count, columns]`. */
export type AskPlan = (rows: Float32Array, count: number) => Promise<ReadonlyMap<string, Float32Array>>;

/** A plan that is loaded. */
export interface RunningPlan {
  readonly ask: AskPlan;
  release(): Promise<void>;
}

interface RunningPart {
  readonly names: readonly string[];
  run(rows: Float32Array, count: number): Promise<readonly Float32Array[]>;
  release(): Promise<void>;
}

/** Loads every part of a plan, for at most so many rows. Rejects when a runtime does not load a part. */
export async function openPlan({ parts }: SetPlan, halves: ColumnHalves, rowsMax: number): Promise<RunningPlan> {
  const running: RunningPart[] = [];
  const release = async (): Promise<void> => {
    for (const part of running) await part.release();
  };
  try {
    for (const part of parts) running.push(await openPart(part, halves, rowsMax));
  } catch (error) {
    await release();
    throw error;
  }
  const ask: AskPlan = async (rows, count) => {
    const answers = new Map<string, Float32Array>();
    for (const { names, run } of running) {
      const said = await run(rows, count);
      names.forEach((name, at) => answers.set(name, said[at] ?? new Float32Array(0)));
    }
    return answers;
  };
  return { ask, release };
}

async function openPart(part: PlannedPart, halves: ColumnHalves, rowsMax: number): Promise<RunningPart> {
  const { names } = part;
  if (part.kind === "graph") return openGraph(part);
  const runner =
    part.kind === "stack"
      ? new DenseStackRunner(await newKernel<DenseKernel>("dense_stack"), stackOf(part.heads, halves), rowsMax)
      : new ForestRunner(await newKernel<ForestKernel>("forest"), part.forests, rowsMax);
  return {
    names,
    run: async (rows, count) => {
      const answers = runner.run(rows, count);
      return names.map((_, at) => answers.subarray(at * count, (at + 1) * count));
    },
    release: async () => undefined,
  };
}

async function openGraph(part: Extract<PlannedPart, { kind: "graph" }>): Promise<RunningPart> {
  web.env.wasm.numThreads = 1;
  web.env.logLevel = "fatal";
  const session = await web.InferenceSession.create(part.bytes);
  return {
    names: part.names,
    run: async (rows, count) => {
      const input = new web.Tensor("float32", rows, [count, rows.length / count]);
      const answers = await session.run({ [part.inputName]: input }, [...part.outputNames]);
      return part.outputNames.map((name) => {
        const answer = answers[name]?.data;
        if (answer instanceof Float32Array) return answer;
        throw new TypeError(`${name} is no float32 tensor`);
      });
    },
    release: () => session.release(),
  };
}

/** Node has WebAssembly as all do, but its types keep it to themselves. */
const { instantiate } = Reflect.get(globalThis, "WebAssembly") as {
  instantiate(bytes: Uint8Array<ArrayBuffer>, imports: object): Promise<{ instance: { exports: unknown } }>;
};

/** A kernel with a memory of its own. The exports are those that its source declares. */
async function newKernel<Kernel>(name: "dense_stack" | "forest"): Promise<Kernel> {
  const bytes = Uint8Array.from(await readFile(new URL(`../../kernels/${name}.wasm`, import.meta.url)));
  return (await instantiate(bytes, {})).instance.exports as Kernel;
}
