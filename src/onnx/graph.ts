/**
 * An ONNX graph as the passes see it: nodes in order, constants by name, inputs and outputs; and the way from and to
 * the bytes of a model. What a pass does not know it carries along untouched.
 * Source: ONNX IR specification; the messages come from onnx-buf, which is made from onnx.proto3.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  TensorProto_DataType,
  TensorShapeProtoSchema,
  TensorShapeProto_DimensionSchema,
  TypeProtoSchema,
  TypeProto_TensorSchema,
  ValueInfoProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";
import { ok, refused, type Result } from "../kernel/result.ts";

/** A graph between two passes. Node lists are in an order in which they can run. */
export interface Graph {
  readonly name: string;
  readonly irVersion: bigint;
  /** Version of each operator set by domain; "" is ONNX itself. */
  readonly opsets: ReadonlyMap<string, bigint>;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly nodes: readonly NodeProto[];
  readonly constants: ReadonlyMap<string, TensorProto>;
}

/** A dimension of a shape: a number, or the name of one that is free. */
export type Dimension = number | string;

/** The graph in the bytes of an ONNX model. Refuses bytes that are not one. */
export function readGraph(bytes: Uint8Array): Result<Graph, "not_onnx"> {
  let model;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch {
    return refused("not_onnx");
  }
  const { graph, irVersion, opsetImport } = model;
  if (graph === undefined || graph.output.length === 0) return refused("not_onnx");
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  return ok({
    name: graph.name,
    irVersion,
    opsets: new Map(opsetImport.map(({ domain, version }) => [domain === "ai.onnx" ? "" : domain, version])),
    // Older exports also list their weights as inputs.
    inputs: graph.input.filter(({ name }) => !constants.has(name)),
    outputs: graph.output,
    nodes: graph.node,
    constants,
  });
}

/** The bytes of a model with this graph. The same graph gives the same bytes. */
export function writeGraph(graph: Graph): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: graph.irVersion,
    producerName: "midroll",
    opsetImport: [...graph.opsets]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([domain, version]) => create(OperatorSetIdProtoSchema, { domain, version })),
    graph: create(GraphProtoSchema, {
      name: graph.name,
      node: [...graph.nodes],
      initializer: [...graph.constants.values()],
      input: [...graph.inputs],
      output: [...graph.outputs],
    }),
  });
  return toBinary(ModelProtoSchema, model);
}

/** A value of attributes as nodes are made with: whole numbers, lists of them, floats, lists of them, texts. */
export type AttributeValue = bigint | readonly bigint[] | number | Float32Array | string;

/** A node. */
export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    input: [...input],
    output: [...output],
    name: output[0] ?? opType,
    attribute: Object.entries(attributes).map(([name, value]) => {
      if (typeof value === "bigint") {
        return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: value });
      }
      if (typeof value === "number") {
        return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value });
      }
      if (value instanceof Float32Array) {
        return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOATS, floats: [...value] });
      }
      if (typeof value === "string") {
        const s = Uint8Array.from(value, (letter) => letter.charCodeAt(0));
        return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
      }
      return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: [...value] });
    }),
  });
}

/** A float32 constant. Requires: as many values as the dimensions say. */
export function floatTensor(name: string, dims: readonly number[], values: Float32Array): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: TensorProto_DataType.FLOAT,
    dims: dims.map(BigInt),
    rawData: new Uint8Array(values.slice().buffer),
  });
}

/** A float64 constant of one number. */
export function doubleTensor(name: string, value: number): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: TensorProto_DataType.DOUBLE,
    dims: [1n],
    rawData: new Uint8Array(Float64Array.of(value).buffer),
  });
}

/** An int64 constant, a list. */
export function intTensor(name: string, values: readonly number[]): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: TensorProto_DataType.INT64,
    dims: [BigInt(values.length)],
    rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  });
}

/** A float32 input or output. */
export function floatValue(name: string, shape: readonly Dimension[]): ValueInfoProto {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof size === "number" ? { case: "dimValue", value: BigInt(size) } : { case: "dimParam", value: size },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: TensorProto_DataType.FLOAT,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  const type = create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } });
  return create(ValueInfoProtoSchema, { name, type });
}

/** Shape of an input or output that is a tensor: -1 where a dimension is free; null for anything else. */
export function shapeOf(value: ValueInfoProto): readonly number[] | null {
  const type = value.type?.value;
  if (type?.case !== "tensorType" || type.value.shape === undefined) return null;
  return type.value.shape.dim.map((dim) => (dim.value.case === "dimValue" ? Number(dim.value.value) : -1));
}

/** Bytes of one number of each kind that is read. */
export const BYTES_OF: ReadonlyMap<number, number> = new Map([
  [TensorProto_DataType.FLOAT, 4],
  [TensorProto_DataType.DOUBLE, 8],
  [TensorProto_DataType.INT32, 4],
  [TensorProto_DataType.INT64, 8],
]);

/** The numbers of a constant of float32, float64, int32 or int64; null for any other, and for bytes cut in a number. */
export function numbersOf(tensor: TensorProto): Float64Array | null {
  const { rawData, dataType } = tensor;
  if (rawData.length % (BYTES_OF.get(dataType) ?? 1) !== 0) return null;
  // A copy, because raw data may begin anywhere in the model's bytes.
  const raw = rawData.length === 0 ? null : Uint8Array.from(rawData).buffer;
  switch (dataType) {
    case TensorProto_DataType.FLOAT:
      return Float64Array.from(raw === null ? tensor.floatData : new Float32Array(raw));
    case TensorProto_DataType.DOUBLE:
      return Float64Array.from(raw === null ? tensor.doubleData : new Float64Array(raw));
    case TensorProto_DataType.INT32:
      return Float64Array.from(raw === null ? tensor.int32Data : new Int32Array(raw));
    case TensorProto_DataType.INT64:
      return Float64Array.from(raw === null ? tensor.int64Data : new BigInt64Array(raw), Number);
    default:
      return null;
  }
}

/** Dimensions of a constant. */
export function dimsOf(tensor: TensorProto): readonly number[] {
  return tensor.dims.map(Number);
}

/** A whole-number attribute of a node, or what it is when it is not said. */
export function intOf({ attribute }: NodeProto, name: string, otherwise: number): number {
  const found = attribute.find((candidate) => candidate.name === name);
  return found === undefined ? otherwise : Number(found.i);
}

/** A float attribute of a node, or what it is when it is not said. */
export function floatOf({ attribute }: NodeProto, name: string, otherwise: number): number {
  return attribute.find((candidate) => candidate.name === name)?.f ?? otherwise;
}

/** A list of floats of a node; empty when it is not said. */
export function floatsOf({ attribute }: NodeProto, name: string): readonly number[] {
  return attribute.find((candidate) => candidate.name === name)?.floats ?? [];
}

/** A list of whole numbers of a node; empty when it is not said. */
export function intsOf({ attribute }: NodeProto, name: string): readonly number[] {
  return (attribute.find((candidate) => candidate.name === name)?.ints ?? []).map(Number);
}

/** A text of a node, or null when it is not said. */
export function textOf({ attribute }: NodeProto, name: string): string | null {
  const said = attribute.find((candidate) => candidate.name === name)?.s;
  return said === undefined ? null : String.fromCharCode(...said);
}

/** A list of texts of a node; empty when it is not said. */
export function textsOf({ attribute }: NodeProto, name: string): readonly string[] {
  const said = attribute.find((candidate) => candidate.name === name)?.strings ?? [];
  return said.map((letters) => String.fromCharCode(...letters));
}
