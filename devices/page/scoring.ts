/**
 * A model set in the browser, under one provider of onnxruntime-web. The full build of the library is used because it
 * alone knows both WebGPU and the operators of trees; what WebGPU has no kernel for, the library runs on the CPU.
 */
import * as ort from "onnxruntime-web/all";
import { COLUMN_COUNT } from "../../src/features/schema.ts";
import { modelSetSchema, type ModelEntry } from "../../src/models/manifest.ts";

/** Who computes. */
export type Provider = "wasm" | "webgpu";

/** The adapter that WebGPU found. */
export interface Adapter {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** It is a program on the CPU and says nothing about a GPU. */
  readonly software: boolean;
}

/** A set that is loaded. */
export interface LoadedSet {
  /** Names of all models, in the order of the set. */
  readonly names: readonly string[];
  /** Names of the heads among them. */
  readonly heads: readonly string[];
  /** Answers of these models, a list each. */
  score(names: readonly string[], rows: Float32Array): Promise<readonly Float32Array[]>;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i;

/** Null: this browser has no WebGPU, or no adapter for it. */
export async function findAdapter(): Promise<Adapter | null> {
  // Browsers without WebGPU lack the property that the type promises.
  const gpu: GPU | undefined = navigator.gpu;
  const adapter = (await gpu?.requestAdapter()) ?? null;
  if (adapter === null) return null;
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const software = isFallbackAdapter || SOFTWARE.test(`${architecture} ${description}`);
  return { vendor, architecture, description, software };
}

/** Loads the served set. Refuses: rejects when a model or the provider is refused. Cost: seconds, the first time. */
export async function loadSet(provider: Provider): Promise<LoadedSet> {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = "/ort/";
  ort.env.logLevel = "error";
  const set = modelSetSchema.parse(await (await fetch("/set.json")).json());
  const sessions = new Map<string, { readonly entry: ModelEntry; readonly session: ort.InferenceSession }>();
  for (const entry of set.models) {
    const bytes = new Uint8Array(await (await fetch(`/models/${entry.name}/model.onnx`)).arrayBuffer());
    const session = await ort.InferenceSession.create(bytes, { executionProviders: [provider] });
    sessions.set(entry.name, { entry, session });
  }
  return {
    names: set.models.map(({ name }) => name),
    heads: set.models.filter(({ role }) => role === "head").map(({ name }) => name),
    score: async (names, rows) => {
      const input = new ort.Tensor("float32", rows, [rows.length / COLUMN_COUNT, COLUMN_COUNT]);
      const answers: Float32Array[] = [];
      for (const name of names) {
        const held = sessions.get(name);
        if (held === undefined) throw new Error(`the set has no model ${name}`);
        const { inputName, outputName } = held.entry;
        const output = (await held.session.run({ [inputName]: input }, [outputName]))[outputName];
        const data = await output?.getData();
        if (!(data instanceof Float32Array)) throw new Error(`${name} answers something else than float32`);
        answers.push(data);
      }
      return answers;
    },
  };
}
