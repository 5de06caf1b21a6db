/**
 * The one file that knows how onnxruntime-web starts inside workerd. workerd forbids compiling wasm from bytes, and the
 * library only starts from bytes: it is handed an eight-byte dummy, and its single call of `WebAssembly.instantiate`
 * with that dummy is answered with an instance of the module that was bundled at deploy time.
 */
import * as ort from "onnxruntime-web/wasm";
import runtimeModule from "onnxruntime-web/ort-wasm-simd-threaded.wasm";

/** The smallest graph the library accepts (y = x). Loading it makes the runtime start while the trick is in place. */
const IDENTITY_MODEL_BASE64 =
  "CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBE=";

/** Stands for the runtime's wasm; recognised by identity when the library hands it back. */
const dummyBinary = new ArrayBuffer(8);

/** The memory that all sessions share; it grows and never shrinks. Null: the runtime has not started. */
let memory: WebAssembly.Memory | null = null;

/** Bytes of the runtime's memory; none before it starts. */
export function runtimeMemoryBytes(): number {
  return memory?.buffer.byteLength ?? 0;
}

/** The one start in this isolate. A failed start is final: the library refuses to be started twice. */
let started: Promise<void> | null = null;

/**
 * Starts the runtime once for this isolate.
 * Refuses: rejects for ever in this isolate when the first start failed; callers serve the fallback tier.
 * Cost: blocks the isolate for about 200 ms, once. Requires: called inside a request, queue or alarm event.
 */
export function startRuntime(): Promise<void> {
  started ??= start();
  return started;
}

async function start(): Promise<void> {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = dummyBinary;
  ort.env.logLevel = "error";
  const original = WebAssembly.instantiate;
  const answer = async (source: unknown, imports?: WebAssembly.Imports): Promise<unknown> => {
    const ours = source === dummyBinary || (ArrayBuffer.isView(source) && source.buffer === dummyBinary);
    // Everyone else's call goes through untouched; the cast only repeats what they passed.
    if (!ours) return original(source as WebAssembly.Module, imports);
    const instance = await original(runtimeModule, imports);
    memory = memoryOf(imports) ?? memoryOf({ exports: instance.exports });
    return { module: runtimeModule, instance };
  };
  // The overloads of `instantiate` cannot be spelled by one arrow function; `answer` honours both.
  WebAssembly.instantiate = answer as typeof WebAssembly.instantiate;
  try {
    const identity = Uint8Array.from(atob(IDENTITY_MODEL_BASE64), (letter) => letter.charCodeAt(0));
    await (await ort.InferenceSession.create(identity)).release();
  } finally {
    WebAssembly.instantiate = original;
  }
}

/** The memory among what a module is given, or gives. */
function memoryOf(modules: WebAssembly.Imports | undefined): WebAssembly.Memory | null {
  const found = Object.values(modules ?? {}).flatMap((values) => Object.values(values));
  return found.find((value) => value instanceof WebAssembly.Memory) ?? null;
}

/** A loaded graph. `run` must not overlap `release`. */
export type Session = ort.InferenceSession;

/** Loads one graph. Refuses: rejects on bytes that are not a model. Cost: blocks the isolate, 1–50 ms by size. */
export async function createSession(onnx: Uint8Array): Promise<Session> {
  await startRuntime();
  return ort.InferenceSession.create(onnx, { graphOptimizationLevel: "all", executionMode: "sequential" });
}

/**
 * Runs one graph on a matrix. Shape: `rows` is `[rowCount, columns]` float32 row-major; the answers are one float a row
 * for every output. Refuses: rejects when an output has another shape or type.
 */
export async function runSession(
  session: Session,
  inputName: string,
  outputNames: readonly string[],
  rows: Float32Array,
  rowCount: number,
): Promise<readonly Float32Array[]> {
  const input = new ort.Tensor("float32", rows, [rowCount, rows.length / rowCount]);
  const answers = await session.run({ [inputName]: input }, [...outputNames]);
  return outputNames.map((name) => {
    const values = answers[name]?.data;
    if (values instanceof Float32Array && values.length === rowCount) return values;
    throw new Error(`model output ${name} is not one float a row`);
  });
}
