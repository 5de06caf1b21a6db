/** One spoiled model for every reason why a model may not serve, each made from a good one. */
import { create } from "@bufbuild/protobuf";
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TypeProtoSchema,
  TypeProto_SequenceSchema,
  ValueInfoProtoSchema,
  type NodeProto,
  type TensorProto,
} from "onnx-buf";
import { floatTensor, floatValue, node, readGraph, writeGraph, type Graph } from "../../../src/onnx/graph.ts";
import type { ModelRefusalCode } from "../../../src/onnx/gate/refusal.ts";
import { denseModel } from "../../../bench/drawn_models.ts";

/** Columns of the good model. */
export const COLUMNS = 6;
/** A model that may serve. */
export const GOOD = denseModel("good", [COLUMNS, 8, 1]);

/** A good model, changed. */
export function changed(change: (graph: Graph) => Partial<Graph>): Uint8Array {
  const read = readGraph(GOOD);
  if (!read.ok) throw new Error("the good model is one");
  return writeGraph({ ...read.value, ...change(read.value) });
}

const weight = (graph: Graph, change: (tensor: TensorProto) => void): Partial<Graph> => {
  const constants = new Map(graph.constants);
  const tensor = constants.get("w0");
  if (tensor !== undefined) change(tensor);
  return { constants };
};
/** Puts a node before the last one, which then reads what it writes. */
const inserted = (graph: Graph, opType: string, domain = "", inputs: readonly string[] = []): Partial<Graph> => {
  const last = graph.nodes.at(-1);
  const [from] = last?.input ?? [];
  const extra = node(opType, [from ?? "", ...inputs], ["extra"]);
  extra.domain = domain;
  const end = node(last?.opType ?? "", ["extra"], last?.output ?? []);
  return { nodes: [...graph.nodes.slice(0, -1), extra, end] };
};
const kindOf = (name: string, elemType: TensorProto_DataType) => {
  const value = floatValue(name, ["rows", 1]);
  if (value.type?.value.case === "tensorType") value.type.value.value.elemType = elemType;
  return value;
};

const BOTH = new Map([
  ["", 17n],
  ["ai.onnx.ml", 3n],
]);
const floats = (name: string) =>
  create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOATS, floats: [0.5] });

function treeNode(): NodeProto {
  const trees = node("TreeEnsembleRegressor", ["features"], ["margin"], {
    n_targets: 1n,
    nodes_treeids: [0n],
    nodes_nodeids: [0n],
    nodes_featureids: [0n],
    nodes_truenodeids: [0n],
    nodes_falsenodeids: [0n],
    target_treeids: [0n],
    target_nodeids: [0n],
    target_ids: [0n],
    post_transform: "LOGISTIC",
  });
  trees.domain = "ai.onnx.ml";
  const strings = create(AttributeProtoSchema, {
    name: "nodes_modes",
    type: AttributeProto_AttributeType.STRINGS,
    strings: [Uint8Array.from("LEAF", (letter) => letter.charCodeAt(0))],
  });
  trees.attribute.push(floats("nodes_values"), floats("target_weights"), strings);
  return trees;
}

/** Bytes that reading refuses, by the code it must name. */
export const BAD_TO_READ: readonly (readonly [ModelRefusalCode, string, Uint8Array])[] = [
  ["too_large", "more bytes than a model may have", new Uint8Array(8 * 1024 * 1024 + 1)],
  ["not_onnx", "a file that was cut short", GOOD.slice(0, GOOD.length - 40)],
  ["not_onnx", "an empty file", new Uint8Array(0)],
  ["not_onnx", "a file that is something else", new TextEncoder().encode('{"model": "no"}')],
  ["operators_unstated", "no operator set", changed(() => ({ opsets: new Map() }))],
  ["operators_too_old", "opset 7", changed(() => ({ opsets: new Map([["", 7n]]) }))],
  ["operators_too_new", "opset 99", changed(() => ({ opsets: new Map([["", 99n]]) }))],
  [
    "weights_outside",
    "weights in another file",
    changed((graph) => weight(graph, (tensor) => void (tensor.dataLocation = TensorProto_DataLocation.EXTERNAL))),
  ],
  [
    "weights_damaged",
    "a weight that lacks its last number",
    changed((graph) => weight(graph, (tensor) => void (tensor.rawData = tensor.rawData.slice(4)))),
  ],
  [
    "weights_not_finite",
    "a weight that is not a number",
    changed((graph) => ({
      constants: new Map([...graph.constants, ["b0", floatTensor("b0", [8], new Float32Array(8).fill(Number.NaN))]]),
    })),
  ],
  [
    "weights_not_finite",
    "an infinite weight",
    changed((graph) => ({
      constants: new Map([...graph.constants, ["b0", floatTensor("b0", [8], new Float32Array(8).fill(1 / 0))]]),
    })),
  ],
  [
    "weights_kind",
    "weights of sixteen bits",
    changed((graph) => weight(graph, (tensor) => void (tensor.dataType = TensorProto_DataType.FLOAT16))),
  ],
  ["unknown_operator", "an operator that is not served", changed((graph) => inserted(graph, "NonMaxSuppression"))],
  ["random_operator", "noise", changed((graph) => inserted(graph, "RandomNormalLike"))],
  ["random_operator", "dropout that is switched on", changed((graph) => inserted(graph, "Dropout", "", ["b0", "b1"]))],
  ["control_flow", "a loop", changed((graph) => inserted(graph, "Loop"))],
  ["control_flow", "a branch", changed((graph) => inserted(graph, "If"))],
  ["custom_domain", "an operator of somebody's own", changed((graph) => inserted(graph, "Attention", "com.example"))],
  ["not_wired", "a value that nobody writes", changed((graph) => inserted(graph, "Add", "", ["nowhere"]))],
  ["not_wired", "an output that nobody writes", changed(() => ({ outputs: [floatValue("missing", ["rows", 1])] }))],
  [
    "written_twice",
    "two nodes that write one value",
    changed((graph) => ({ nodes: [...graph.nodes.slice(0, 1), ...graph.nodes] })),
  ],
  ["out_of_order", "nodes from last to first", changed((graph) => ({ nodes: graph.nodes.toReversed() }))],
  ["not_one_input", "two inputs", changed((graph) => ({ inputs: [...graph.inputs, floatValue("more", ["rows", 2])] }))],
  ["not_one_input", "no input", changed(() => ({ inputs: [] }))],
  ["input_kind", "an input of float64", changed(() => ({ inputs: [kindOf("features", TensorProto_DataType.DOUBLE)] }))],
  [
    "input_shape",
    "an input of three dimensions",
    changed(() => ({ inputs: [floatValue("features", ["rows", 2, 3])] })),
  ],
  ["input_columns", "a model of other columns", denseModel("wide", [COLUMNS + 1, 8, 1])],
  ["fixed_rows", "a model of one row", changed(() => ({ inputs: [floatValue("features", [1, COLUMNS])] }))],
  [
    "not_one_output",
    "a label beside the probability",
    changed((graph) => ({ outputs: [...graph.outputs, floatValue("sum1", ["rows", 1])] })),
  ],
  [
    "output_kind",
    "an output of labels",
    changed(() => ({ outputs: [kindOf("probability", TensorProto_DataType.INT64)] })),
  ],
  ["output_shape", "two probabilities a row", changed(() => ({ outputs: [floatValue("probability", ["rows", 2])] }))],
  [
    "zipmap_output",
    "probabilities as dictionaries",
    changed((graph) => {
      const zip = node("ZipMap", ["sum1"], ["probability"]);
      zip.domain = "ai.onnx.ml";
      return { nodes: [...graph.nodes.slice(0, -1), zip], outputs: [sequence("probability")], opsets: BOTH };
    }),
  ],
  ["sequence_output", "a list of tensors", changed(() => ({ outputs: [sequence("probability")] }))],
  [
    "tree_link_ignored",
    "trees whose link the runtime leaves out",
    changed(() => ({ nodes: [treeNode()], outputs: [floatValue("margin", ["rows", 1])], opsets: BOTH })),
  ],
  ["row_cost", "a layer that nobody could serve", denseModel("dear", [COLUMNS, 1_000, 1_000, 1])],
  ["memory", "more weights than the isolate could hold", heavyModel()],
];

/** Many trees: their lists take less room in the file than in memory. */
function heavyModel(): Uint8Array {
  const trees = treeNode();
  for (const list of trees.attribute) {
    if (list.name === "nodes_treeids") list.ints = Array.from({ length: 1_100_000 }, () => 0n);
  }
  return changed(() => ({ nodes: [trees], outputs: [floatValue("margin", ["rows", 1])], opsets: BOTH }));
}

function sequence(name: string) {
  const { type: elemType } = floatValue("item", ["rows"]);
  const sequenceType = create(TypeProto_SequenceSchema, elemType === undefined ? {} : { elemType });
  const type = create(TypeProtoSchema, { value: { case: "sequenceType", value: sequenceType } });
  return create(ValueInfoProtoSchema, { name, type });
}

/** Models that read well and that running refuses. */
export const BAD_TO_RUN: readonly (readonly [ModelRefusalCode, string, Uint8Array])[] = [
  ["runtime_refuses", "a product of sizes that do not meet", changed((graph) => inserted(graph, "MatMul", "", ["w0"]))],
  [
    "answers_other_shape",
    "one answer for all rows",
    changed((graph) => ({
      ...inserted(graph, "ReduceMax"),
      outputs: [floatValue("probability", ["rows", 1])],
    })),
  ],
  ["answers_not_finite", "the logarithm of something negative", changed((graph) => inserted(graph, "Log"))],
  ["answers_out_of_range", "a head without a sigmoid", denseModel("raw 2", [COLUMNS, 32, 1], "Relu", "Softplus")],
  [
    "rows_mixed",
    "an answer that depends on the rows beside it",
    changed((graph) => {
      const [before, last] = [graph.nodes.slice(0, -1), graph.nodes.at(-1)];
      const mean = node("ReduceMean", ["sum1"], ["mean"], { axes: [0n], keepdims: 1n });
      return {
        nodes: [
          ...before,
          mean,
          node("Sub", ["sum1", "mean"], ["rest"]),
          node(last?.opType ?? "", ["rest"], ["probability"]),
        ],
      };
    }),
  ],
];
