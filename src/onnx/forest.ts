/**
 * Finds in a graph what most heads are that are not dense layers: an ensemble of trees over the features, and after it
 * a link and a calibrator. What comes after the trees is a chain of layers that reads one number, so a scale of the
 * log-odds is folded into it as everywhere. Source: ONNX ai.onnx.ml, TreeEnsembleRegressor.
 */
import type { NodeProto } from "onnx-buf";
import { readDenseChain, type DenseLayer } from "./dense_chain.ts";
import {
  floatsOf,
  floatTensor,
  floatValue,
  intOf,
  intsOf,
  node,
  shapeOf,
  textOf,
  textsOf,
  type Graph,
} from "./graph.ts";

/** One tree; its root is node 0. A leaf leads to itself. */
export interface Tree {
  /** Steps from the root to the deepest leaf. */
  readonly depth: number;
  readonly columns: Uint32Array;
  /** What is compared, `x <= threshold`; of a leaf, its value. */
  readonly thresholds: Float32Array;
  readonly yes: Uint32Array;
  readonly no: Uint32Array;
}

/** A graph that is trees, and layers that read their sum. */
export interface Forest {
  readonly columns: number;
  readonly trees: readonly Tree[];
  /** At least one; the first has one input, the last one output. */
  readonly tail: readonly DenseLayer[];
}

/** A leaf this deep is in no tree that somebody grew; a ring of nodes has none. */
const DEPTH_MAX = 64;

/** The forest that this graph is, or null when it is anything else. Requires: tidied nodes, classifiers spelled out. */
export function readForest(graph: Graph): Forest | null {
  const [input] = graph.inputs;
  const [trees, ...rest] = graph.nodes;
  const columns = input === undefined ? undefined : shapeOf(input)?.[1];
  const margin = trees?.output[0];
  if (trees?.opType !== "TreeEnsembleRegressor" || columns === undefined || margin === undefined) return null;
  if (trees.input[0] !== input?.name || graph.inputs.length > 1 || !isPlain(trees)) return null;
  const grown = readTrees(trees, columns);
  const tail = readTail(graph, rest, margin, floatsOf(trees, "base_values")[0] ?? 0);
  return grown === null || tail === null ? null : { columns, trees: grown, tail };
}

/** One target, added up, nothing done to the sum, thresholds of 32 bits. */
function isPlain(trees: NodeProto): boolean {
  const said = (name: string, usual: string): boolean => (textOf(trees, name) ?? usual) === usual;
  return (
    intOf(trees, "n_targets", 1) === 1 &&
    said("aggregate_function", "SUM") &&
    said("post_transform", "NONE") &&
    floatsOf(trees, "base_values").length <= 1 &&
    !trees.attribute.some(({ name }) => name.endsWith("_as_tensor"))
  );
}

function readTail(
  graph: Graph,
  rest: readonly NodeProto[],
  margin: string,
  base: number,
): readonly DenseLayer[] | null {
  const [weight, bias] = [
    floatTensor("margin/weight", [1, 1], Float32Array.of(1)),
    floatTensor("margin/bias", [1], Float32Array.of(base)),
  ];
  const constants = new Map([...graph.constants, [weight.name, weight], [bias.name, bias]]);
  const first = node("Gemm", ["margin/sum", weight.name, bias.name], [margin]);
  const chain = readDenseChain({
    ...graph,
    inputs: [floatValue("margin/sum", ["rows", 1])],
    nodes: [first, ...rest],
    constants,
  });
  return chain === null ? null : chain.layers;
}

/** A node as it is listed. */
interface Listed {
  readonly id: number;
  readonly at: number;
}

function readTrees(ensemble: NodeProto, columns: number): readonly Tree[] | null {
  const ids = intsOf(ensemble, "nodes_nodeids");
  const listed = new Map<number, Listed[]>();
  intsOf(ensemble, "nodes_treeids").forEach((tree, at) => {
    const nodes = listed.get(tree) ?? [];
    nodes.push({ id: ids[at] ?? -1, at });
    listed.set(tree, nodes);
  });
  const values = leafValues(ensemble);
  const lists = {
    modes: textsOf(ensemble, "nodes_modes"),
    features: intsOf(ensemble, "nodes_featureids"),
    thresholds: floatsOf(ensemble, "nodes_values"),
    yes: intsOf(ensemble, "nodes_truenodeids"),
    no: intsOf(ensemble, "nodes_falsenodeids"),
  };
  const trees = [...listed].map(([tree, nodes]) =>
    values === null ? null : readTree(nodes, lists, (id) => values.get(`${tree} ${id}`), columns),
  );
  return trees.length > 0 && trees.every((tree) => tree !== null) ? trees : null;
}

/** What each leaf says, by tree and node; null: one is listed twice, and runtimes differ on what that means. */
function leafValues(ensemble: NodeProto): ReadonlyMap<string, number> | null {
  const [nodes, weights] = [intsOf(ensemble, "target_nodeids"), floatsOf(ensemble, "target_weights")];
  const values = new Map<string, number>();
  intsOf(ensemble, "target_treeids").forEach((tree, at) => {
    const key = `${tree} ${nodes[at]}`;
    values.set(key, weights[at] ?? 0);
  });
  return values.size === nodes.length ? values : null;
}

interface Lists {
  readonly modes: readonly string[];
  readonly features: readonly number[];
  readonly thresholds: readonly number[];
  readonly yes: readonly number[];
  readonly no: readonly number[];
}

function readTree(
  nodes: readonly Listed[],
  lists: Lists,
  valueOf: (id: number) => number | undefined,
  columns: number,
): Tree | null {
  const index = new Map(nodes.map(({ id }, place) => [id, place]));
  if (index.size !== nodes.length || nodes.some(({ id }) => id < 0 || id >= nodes.length)) return null;
  const tree = {
    columns: new Uint32Array(nodes.length),
    thresholds: new Float32Array(nodes.length),
    yes: new Uint32Array(nodes.length),
    no: new Uint32Array(nodes.length),
  };
  const reached = new Set<number>();
  for (const [place, { id, at }] of nodes.entries()) {
    const mode = lists.modes[at] ?? "";
    [tree.yes[place], tree.no[place]] = [place, place];
    if (mode === "LEAF") {
      // Of a leaf that says nothing runtimes take the value where others have their threshold.
      tree.thresholds[place] = valueOf(id) ?? lists.thresholds[at] ?? 0;
      continue;
    }
    const [feature, threshold] = [lists.features[at] ?? -1, Math.fround(lists.thresholds[at] ?? 0)];
    const [yes, no] = [index.get(lists.yes[at] ?? -1), index.get(lists.no[at] ?? -1)];
    if (yes === undefined || no === undefined || feature < 0 || feature >= columns) return null;
    if (reached.has(yes) || reached.has(no) || yes === no) return null;
    if (mode !== "BRANCH_LEQ" && mode !== "BRANCH_LT") return null;
    reached.add(yes).add(no);
    // x < t where x is no larger than the number before t.
    tree.thresholds[place] = mode === "BRANCH_LT" ? before(threshold) : threshold;
    [tree.columns[place], tree.yes[place], tree.no[place]] = [feature, yes, no];
  }
  const depth = reached.has(0) ? null : depthOf(tree, 0, 0);
  return depth === null ? null : { ...tree, depth };
}

/** Steps to the deepest leaf; null beyond `DEPTH_MAX`. */
function depthOf({ yes, no }: Pick<Tree, "yes" | "no">, place: number, above: number): number | null {
  const [left, right] = [yes[place] ?? place, no[place] ?? place];
  if (left === place) return above;
  if (above >= DEPTH_MAX) return null;
  const [l, r] = [depthOf({ yes, no }, left, above + 1), depthOf({ yes, no }, right, above + 1)];
  return l === null || r === null ? null : Math.max(l, r);
}

/** The largest float32 below this one. */
function before(value: number): number {
  const bits = new Int32Array(1);
  const float = new Float32Array(bits.buffer);
  float[0] = value;
  const [word = 0] = bits;
  if (value === 0) bits[0] = -0x7fffffff;
  else bits[0] = value > 0 ? word - 1 : word + 1;
  return float[0] ?? value;
}
