/** Small ONNX models made for tests of fusion, and the runtimes that say what they should answer. */
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { NodeProto, TensorProto } from "onnx-buf";
import { floatTensor, floatValue, node, writeGraph, type Graph } from "../../../src/onnx/graph.ts";
import type { DenseKernel } from "../../../src/onnx/stack_runner.ts";
import { stream, type RandomStream } from "../../../src/kernel/random.ts";

/** Floats around zero. */
export function drawFloats(random: RandomStream, count: number, size = 0.5): Float32Array {
  return Float32Array.from({ length: count }, () => (random.next() - 0.5) * 2 * size);
}

/** A model from `features` `[rows, columns]` to `probability` `[rows, 1]`. */
export function modelOf(columns: number, nodes: readonly NodeProto[], constants: readonly TensorProto[]): Uint8Array {
  const graph: Graph = {
    name: "test",
    irVersion: 8n,
    opsets: new Map([
      ["", 17n],
      ["ai.onnx.ml", 3n],
    ]),
    inputs: [floatValue("features", ["rows", columns])],
    outputs: [floatValue("probability", ["rows", 1])],
    nodes,
    constants: new Map(constants.map((tensor) => [tensor.name, tensor])),
  };
  return writeGraph(graph);
}

/** Dense layers of these widths, `hidden` between them and `last` at the end, by Gemm. */
export function denseModel(seed: string, widths: readonly number[], hidden = "Relu", last = "Sigmoid"): Uint8Array {
  const random = stream(seed, "dense model");
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  let value = "features";
  for (let layer = 0; layer < widths.length - 1; layer++) {
    const [inner, outer] = [widths[layer] ?? 0, widths[layer + 1] ?? 0];
    const end = layer === widths.length - 2;
    constants.push(floatTensor(`w${layer}`, [inner, outer], drawFloats(random, inner * outer)));
    constants.push(floatTensor(`b${layer}`, [outer], drawFloats(random, outer)));
    nodes.push(node("Gemm", [value, `w${layer}`, `b${layer}`], [`sum${layer}`]));
    value = end ? "probability" : `active${layer}`;
    nodes.push(node(end ? last : hidden, [`sum${layer}`], [value]));
  }
  return modelOf(widths[0] ?? 0, nodes, constants);
}

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

/** Rows whose columns below `shared` all say the same. Shape: `[count, columns]`. */
export function drawRows(seed: string, count: number, columns: number, shared: number): Float32Array {
  const random = stream(seed, "rows");
  const once = drawFloats(random, shared, 1);
  const rows = drawFloats(random, count * columns, 1);
  for (let row = 0; row < count; row++) rows.set(once, row * columns);
  return rows;
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

/** The largest distance between two lists of one length; infinite when one of them is not a number. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const apart = Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN));
    most = apart <= most ? most : Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
  }
  return most;
}
