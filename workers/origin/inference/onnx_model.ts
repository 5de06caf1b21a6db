/**
 * A model in the ONNX runtime, asked in the protocol's tensors. Only who infers loads this file, and with it the
 * runtime.
 */
import * as ort from "onnxruntime-web/wasm";
import { present } from "../../../src/kernel/assert.ts";
import { isDatatype, type Datatype, type Tensor, type TensorValues } from "../../../src/inference/tensor.ts";
import { createSession } from "../../platform/onnx_runtime.ts";

/** What the runtime calls the protocol's datatypes. */
const TYPES: Readonly<Record<Datatype, ort.Tensor.Type>> = {
  BOOL: "bool",
  INT8: "int8",
  INT16: "int16",
  INT32: "int32",
  INT64: "int64",
  UINT8: "uint8",
  UINT16: "uint16",
  UINT32: "uint32",
  UINT64: "uint64",
  FP32: "float32",
  FP64: "float64",
  BYTES: "string",
};
const DATATYPES: ReadonlyMap<string, string> = new Map(Object.entries(TYPES).map(([word, type]) => [type, word]));

/** A loaded model. `run` must not overlap `release`. */
export interface OnnxModel {
  /** These outputs for these inputs. Rejects where the graph ends with an error or answers what JSON cannot carry. */
  run(inputs: readonly Tensor[], outputs: readonly string[]): Promise<readonly Tensor[]>;
  release(): Promise<void>;
}

/** Loads a model. Rejects on bytes that the runtime refuses. Cost: blocks the isolate, 1–50 ms by size. */
export async function openOnnxModel(bytes: Uint8Array): Promise<OnnxModel> {
  const session = await createSession(bytes);
  return {
    run: async (inputs, outputs) => {
      const feeds = Object.fromEntries(inputs.map((tensor) => [tensor.name, toRuntime(tensor)]));
      const answers = await session.run(feeds, [...outputs]);
      return outputs.map((name) => fromRuntime(name, present(answers[name], "the runtime answers what it was asked")));
    },
    release: () => session.release(),
  };
}

function toRuntime({ datatype, shape, values }: Tensor): ort.Tensor {
  // The runtime's own pairs of type and array are those of `Tensor`; its overloads cannot be spelled for a union.
  return new ort.Tensor(TYPES[datatype], values as ort.Tensor.DataType, shape);
}

function fromRuntime(name: string, { type, dims, data }: ort.Tensor): Tensor {
  const datatype = DATATYPES.get(type);
  if (datatype === undefined || !isDatatype(datatype)) throw new Error(`the output ${name} is ${type}`);
  // As above: a tensor of a type that `DATATYPES` knows holds the array that belongs to it.
  return { name, datatype, shape: dims, values: data as TensorValues };
}
