/**
 * Seeded ONNX models as exporters would write them, for benchmarks and tests: dense layers, trees, embeddings, and rows
 * to ask them. The same seed draws the same bytes.
 */
import { create } from "@bufbuild/protobuf";
import { AttributeProtoSchema, AttributeProto_AttributeType, type NodeProto, type TensorProto } from "onnx-buf";
import { floatTensor, floatValue, intTensor, node, writeGraph } from "../src/onnx/graph.ts";
import { stream, type RandomStream } from "../src/kernel/random.ts";

/** Floats around zero. */
export function drawFloats(random: RandomStream, count: number, size = 0.5): Float32Array {
  return Float32Array.from({ length: count }, () => (random.next() - 0.5) * 2 * size);
}

/** A model from `features` `[rows, columns]` to `probability` `[rows, 1]`. */
export function modelOf(columns: number, nodes: readonly NodeProto[], constants: readonly TensorProto[]): Uint8Array {
  return writeGraph({
    name: "drawn",
    irVersion: 8n,
    opsets: new Map([
      ["", 17n],
      ["ai.onnx.ml", 3n],
    ]),
    inputs: [floatValue("features", ["rows", columns])],
    outputs: [floatValue("probability", ["rows", 1])],
    nodes,
    constants: new Map(constants.map((tensor) => [tensor.name, tensor])),
  });
}

/** Dense layers of these widths, `hidden` between them and `last` at the end, by Gemm. */
export function denseModel(seed: string, widths: readonly number[], hidden = "Relu", last = "Sigmoid"): Uint8Array {
  const random = stream(seed, "dense model");
  const { nodes, constants } = denseLayers(random, widths, "features", hidden, last);
  return modelOf(widths[0] ?? 0, nodes, constants);
}

function denseLayers(
  random: RandomStream,
  widths: readonly number[],
  from: string,
  hidden = "Relu",
  last = "Sigmoid",
): { nodes: NodeProto[]; constants: TensorProto[] } {
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  let value = from;
  for (let layer = 0; layer < widths.length - 1; layer++) {
    const [inner, outer] = [widths[layer] ?? 0, widths[layer + 1] ?? 0];
    const end = layer === widths.length - 2;
    constants.push(floatTensor(`w${layer}`, [inner, outer], drawFloats(random, inner * outer)));
    constants.push(floatTensor(`b${layer}`, [outer], drawFloats(random, outer)));
    nodes.push(node("Gemm", [value, `w${layer}`, `b${layer}`], [`sum${layer}`]));
    value = end ? "probability" : `active${layer}`;
    nodes.push(node(end ? last : hidden, [`sum${layer}`], [value]));
  }
  return { nodes, constants };
}

function letters(word: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(word, (letter) => letter.charCodeAt(0));
}

/** Trees of at most this depth and a Sigmoid; `fullness` is the chance that a node above it splits. */
export function treeModel(seed: string, columns: number, count: number, depth: number, fullness = 1): Uint8Array {
  const random = stream(seed, "tree model");
  const grown = Array.from({ length: count }, () => growTree(random, columns, depth, fullness));
  const nodes = grown.flatMap((tree, number) =>
    tree.map((one, id) => ({ ...one, tree: BigInt(number), id: BigInt(id) })),
  );
  const leaves = nodes.filter(({ leaf }) => leaf);
  const whole = (of: (one: (typeof nodes)[number]) => number): bigint[] => nodes.map((one) => BigInt(of(one)));
  const trees = node("TreeEnsembleRegressor", ["features"], ["margin"], {
    n_targets: 1n,
    post_transform: "NONE",
    base_values: Float32Array.of(0.1),
    nodes_treeids: nodes.map(({ tree }) => tree),
    nodes_nodeids: nodes.map(({ id }) => id),
    nodes_featureids: whole(({ column }) => column),
    nodes_values: Float32Array.from(nodes, ({ leaf, value }) => (leaf ? 0 : value)),
    nodes_truenodeids: whole(({ yes }) => yes),
    nodes_falsenodeids: whole(({ no }) => no),
    target_treeids: leaves.map(({ tree }) => tree),
    target_nodeids: leaves.map(({ id }) => id),
    target_ids: leaves.map(() => 0n),
    target_weights: Float32Array.from(leaves, ({ value }) => value),
  });
  trees.domain = "ai.onnx.ml";
  const strings = nodes.map(({ leaf }) => letters(leaf ? "LEAF" : "BRANCH_LEQ"));
  const type = AttributeProto_AttributeType.STRINGS;
  trees.attribute.push(create(AttributeProtoSchema, { name: "nodes_modes", type, strings }));
  return modelOf(columns, [trees, node("Sigmoid", ["margin"], ["probability"])], []);
}

interface DrawnNode {
  readonly leaf: boolean;
  readonly column: number;
  readonly value: number;
  yes: number;
  no: number;
}

function growTree(random: RandomStream, columns: number, depth: number, fullness: number): readonly DrawnNode[] {
  const nodes: DrawnNode[] = [];
  const grow = (left: number): number => {
    const splits = left > 0 && (left === depth || random.next() < fullness);
    const at = nodes.length;
    const column = splits ? random.below(columns) : 0;
    const value = splits ? random.next() * 2 - 1 : (random.next() - 0.5) * 0.2;
    const made: DrawnNode = { leaf: !splits, column, value, yes: 0, no: 0 };
    nodes.push(made);
    if (splits) [made.yes, made.no] = [grow(left - 1), grow(left - 1)];
    return at;
  };
  grow(depth);
  return nodes;
}

/** A table of `words` rows, read by which of the first columns is the largest; beside the features, dense layers. */
export function embeddingModel(
  seed: string,
  columns: number,
  words: number,
  width: number,
  hidden: number,
): Uint8Array {
  const random = stream(seed, "embedding model");
  const constants = [
    intTensor("from", [0]),
    intTensor("to", [words]),
    intTensor("axes", [1]),
    floatTensor("table", [words, width], drawFloats(random, words * width)),
  ];
  const first = [
    node("Slice", ["features", "from", "to", "axes"], ["words"]),
    node("ArgMax", ["words"], ["word"], { axis: 1n, keepdims: 0n }),
    node("Gather", ["table", "word"], ["embedded"]),
    node("Concat", ["features", "embedded"], ["both"], { axis: 1n }),
  ];
  const { nodes, constants: weights } = denseLayers(random, [columns + width, hidden, 1], "both");
  return modelOf(columns, [...first, ...nodes], [...constants, ...weights]);
}

/** Rows whose columns below `shared` all say the same. Shape: `[count, columns]`. */
export function drawRows(seed: string, count: number, columns: number, shared: number): Float32Array {
  const random = stream(seed, "rows");
  const once = drawFloats(random, shared, 1);
  const rows = drawFloats(random, count * columns, 1);
  for (let row = 0; row < count; row++) rows.set(once, row * columns);
  return rows;
}
