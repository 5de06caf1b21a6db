/** From the bytes of a model to the chain of dense layers that it is, if it is one and nothing else. */
import type { Result } from "../kernel/result.ts";
import { ok, refused } from "../kernel/result.ts";
import { readDenseChain, type DenseChain } from "./dense_chain.ts";
import { readGraph } from "./graph.ts";
import { dropDead, dropPassThrough, freeRows, inlineConstants } from "./tidy.ts";

/** Which tensor a model reads and which it answers with. */
export interface Ends {
  readonly inputName: string;
  readonly outputName: string;
}

/**
 * The chain from this input to this output. Refuses, in this order: bytes that are not a model; other names; a graph
 * that is not dense layers alone. Such models are left to an ONNX runtime.
 */
export function readChain(bytes: Uint8Array, ends: Ends): Result<DenseChain, "not_onnx" | "other_ends" | "not_dense"> {
  const read = readGraph(bytes);
  if (!read.ok) return read;
  const { inputs, outputs } = read.value;
  if (inputs[0]?.name !== ends.inputName || outputs[0]?.name !== ends.outputName) return refused("other_ends");
  const passes = [inlineConstants, dropPassThrough, freeRows, dropDead];
  const tidied = passes.reduce((graph, pass) => pass(graph).graph, read.value);
  const chain = readDenseChain(tidied);
  return chain === null ? refused("not_dense") : ok(chain);
}
