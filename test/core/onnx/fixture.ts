/** The runtimes that say what models should answer in tests of fusion, and the kernel that is held to them. */
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { DenseKernel } from "../../../src/onnx/stack_runner.ts";

/** What the native runtime answers. Shape: `rows` `[count, columns]`. */
export async function nativeAnswer(model: Uint8Array, rows: Float32Array, count: number): Promise<Float32Array> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  const answers = await session.run({ [input ?? ""]: new Tensor("float32", rows, [count, rows.length / count]) });
  const answer = answers[output ?? ""]?.data;
  await session.release();
  if (!(answer instanceof Float32Array)) throw new Error("the model answers something else than float32");
  return answer;
}

const KERNEL = new URL("../../../kernels/dense_stack.wasm", import.meta.url);

/** The kernel's bytes as they are committed. */
export const kernelBytes = (): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(KERNEL));

/** Node has WebAssembly as all do, but its types keep it to themselves. The exports are those the source declares. */
const { instantiate } = Reflect.get(globalThis, "WebAssembly") as {
  instantiate(bytes: Uint8Array<ArrayBuffer>, imports: object): Promise<{ instance: { exports: DenseKernel } }>;
};

/** A kernel with a memory of its own. */
export async function newKernel(): Promise<DenseKernel> {
  return (await instantiate(kernelBytes(), {})).instance.exports;
}
