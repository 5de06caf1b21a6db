/**
 * Classifiers of two classes made of trees, spelled out as what they are: one sum of trees and a Sigmoid, where only
 * the second class's probability is read. It is the sum that a calibrator scales and that the kernel knows. Anything
 * that could mean something else to a runtime stays as it is. Source: ONNX ai.onnx.ml, TreeEnsembleClassifier.
 */
import { TensorProto_DataType, type NodeProto } from "onnx-buf";
import { floatsOf, intOf, intsOf, node, numbersOf, textOf, textsOf, type Graph } from "./graph.ts";
import type { Passed } from "./tidy.ts";

/** `won`: classifiers spelled out. */
export function spellClassifiers(graph: Graph): Passed {
  const [trees, pick, ...more] = graph.nodes;
  const picked = pick?.output[0];
  if (trees === undefined || pick === undefined || picked === undefined) return { graph, won: 0 };
  if (trees.opType !== "TreeEnsembleClassifier" || !picksSecond(graph, trees, pick)) return { graph, won: 0 };
  const others = [...more.flatMap(({ input }) => input), ...graph.outputs.map(({ name }) => name)];
  if (trees.output.some((name) => others.includes(name))) return { graph, won: 0 };
  const sum = asSum(trees, picked);
  if (sum === null) return { graph, won: 0 };
  const opsets = graph.opsets.has("") ? graph.opsets : new Map([...graph.opsets, ["", 13n] as const]);
  return { graph: { ...graph, opsets, nodes: [...sum, ...more] }, won: 1 };
}

/** Whether the node takes the second column of the classifier's table. */
function picksSecond({ constants }: Graph, trees: NodeProto, pick: NodeProto): boolean {
  const [table, index] = pick.input;
  const stated = constants.get(index ?? "");
  if (pick.opType !== "Gather" || table !== trees.output[1] || intOf(pick, "axis", 0) !== 1) return false;
  if (stated?.dataType !== TensorProto_DataType.INT64 || stated.dims.length !== 1) return false;
  const numbers = numbersOf(stated);
  return numbers?.length === 1 && numbers[0] === 1;
}

/** The nodes that give the second class's probability under this name, or null. */
function asSum(trees: NodeProto, picked: string): readonly NodeProto[] | null {
  const classes = Math.max(intsOf(trees, "classlabels_int64s").length, textsOf(trees, "classlabels_strings").length);
  const ids = intsOf(trees, "class_ids");
  const weights = floatsOf(trees, "class_weights");
  const base = floatsOf(trees, "base_values");
  const link = textOf(trees, "post_transform") ?? "NONE";
  if (classes !== 2 || trees.attribute.some(({ name }) => name.endsWith("_as_tensor"))) return null;
  if (new Set(ids).size === 1 && base.length <= 1) {
    // Runtimes take weights that are all positive for probabilities already, and leave the link out.
    const probabilities = weights.every((weight) => weight > 0);
    if (link === "NONE" && probabilities) return [regressor(trees, picked, base)];
    if (link !== "LOGISTIC" || probabilities) return null;
    const margin = `${picked}/margin`;
    return [regressor(trees, margin, base), node("Sigmoid", [margin], [picked])];
  }
  if (link !== "NONE" || ids.some((id) => id !== 0 && id !== 1)) return null;
  if (!leavesAreSilent(trees)) return null;
  return [regressor(trees, picked, base.length === 2 ? base.slice(1) : [], (at) => ids[at] === 1)];
}

/** Whether a leaf without a weight says nothing: runtimes take the value where other nodes have their threshold. */
function leavesAreSilent(trees: NodeProto): boolean {
  const values = floatsOf(trees, "nodes_values");
  return textsOf(trees, "nodes_modes").every((mode, at) => mode !== "LEAF" || (values[at] ?? 0) === 0);
}

/** The same trees with one target: the weights that are kept. */
function regressor(
  trees: NodeProto,
  output: string,
  base: readonly number[],
  keep: (at: number) => boolean = () => true,
): NodeProto {
  const kept = <T>(list: readonly T[]): readonly T[] => list.filter((_, at) => keep(at));
  const targets = kept(intsOf(trees, "class_treeids")).map(BigInt);
  const made = node("TreeEnsembleRegressor", trees.input, [output], {
    n_targets: 1n,
    post_transform: "NONE",
    target_treeids: targets,
    target_nodeids: kept(intsOf(trees, "class_nodeids")).map(BigInt),
    target_ids: targets.map(() => 0n),
    target_weights: Float32Array.from(kept(floatsOf(trees, "class_weights"))),
    ...(base.length === 0 ? {} : { base_values: Float32Array.from(base) }),
  });
  made.domain = trees.domain;
  made.attribute.push(...trees.attribute.filter(({ name }) => name.startsWith("nodes_")));
  return made;
}
