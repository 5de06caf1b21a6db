/** What a model takes and gives, read from its graph: the metadata of the protocol, and what requests are held to. */
import { TensorProto_DataType, type ValueInfoProto } from "onnx-buf";
import { ok, refused, type Result } from "../kernel/result.ts";
import { readGraph, shapeOf } from "../onnx/graph.ts";

/** One input or output. `shape`: −1 where a dimension is free. `datatype`: a word of the protocol. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** Inputs and outputs in the order of the graph. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** The protocol's words for the kinds of ONNX. */
const DATATYPES: ReadonlyMap<number, string> = new Map([
  [TensorProto_DataType.BOOL, "BOOL"],
  [TensorProto_DataType.INT8, "INT8"],
  [TensorProto_DataType.INT16, "INT16"],
  [TensorProto_DataType.INT32, "INT32"],
  [TensorProto_DataType.INT64, "INT64"],
  [TensorProto_DataType.UINT8, "UINT8"],
  [TensorProto_DataType.UINT16, "UINT16"],
  [TensorProto_DataType.UINT32, "UINT32"],
  [TensorProto_DataType.UINT64, "UINT64"],
  [TensorProto_DataType.FLOAT16, "FP16"],
  [TensorProto_DataType.BFLOAT16, "BF16"],
  [TensorProto_DataType.FLOAT, "FP32"],
  [TensorProto_DataType.DOUBLE, "FP64"],
  [TensorProto_DataType.STRING, "BYTES"],
]);

/** The signature in the bytes of a model. Refuses bytes that are none, and inputs or outputs that are no tensors. */
export function signatureOf(bytes: Uint8Array): Result<Signature, "not_onnx" | "not_tensors"> {
  const graph = readGraph(bytes);
  if (!graph.ok) return graph;
  const inputs = graph.value.inputs.map(specOf);
  const outputs = graph.value.outputs.map(specOf);
  if (!inputs.every(isSpec) || !outputs.every(isSpec)) return refused("not_tensors");
  return ok({ inputs, outputs });
}

function isSpec(spec: TensorSpec | null): spec is TensorSpec {
  return spec !== null;
}

function specOf(value: ValueInfoProto): TensorSpec | null {
  const type = value.type?.value;
  const datatype = type?.case === "tensorType" ? DATATYPES.get(type.value.elemType) : undefined;
  // A graph may leave the shape of an output open.
  return datatype === undefined ? null : { name: value.name, datatype, shape: shapeOf(value) ?? [-1] };
}

/**
 * Whether requests may be put together row by row: the first dimension of everything that goes in and comes out is
 * free. That a row's answer does not depend on its company is what `midroll models check` makes sure of.
 */
export function isBatchable({ inputs, outputs }: Signature): boolean {
  return [...inputs, ...outputs].every(({ shape }) => shape[0] === -1);
}
