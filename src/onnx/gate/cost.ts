/**
 * What a model will cost before it is ever run: multiplications a row, and the memory of its weights. Rough and on the
 * safe side; it keeps a model out that nobody could serve, and is not a price list.
 */
import type { NodeProto } from "onnx-buf";
import { dimsOf, type Graph } from "../graph.ts";
import { refusal, type ModelRefusal } from "./refusal.ts";

/** What one model may cost. */
export interface ModelLimits {
  readonly bytesMax: number;
  /** Multiplications, or steps down a tree, a row. */
  readonly rowCostMax: number;
  /** Bytes of weights. */
  readonly weightBytesMax: number;
}

/** What a model costs. */
export interface ModelCost {
  readonly rowCost: number;
  readonly weightBytes: number;
}

/** A step down a tree waits for memory: about as long as so many multiplications take. */
const STEP_COST = 8;

/** The cost of a graph. */
export function costOf(graph: Graph): ModelCost {
  let rowCost = 0;
  for (const candidate of graph.nodes) rowCost += nodeCost(candidate, graph);
  let weightBytes = 0;
  for (const tensor of graph.constants.values()) weightBytes += 4 * sizeOf(dimsOf(tensor));
  for (const { attribute } of graph.nodes) {
    for (const { floats, ints } of attribute) weightBytes += 4 * floats.length + 8 * ints.length;
  }
  return { rowCost, weightBytes };
}

/** Whether that may be served. */
export function checkCost({ rowCost, weightBytes }: ModelCost, limits: ModelLimits): readonly ModelRefusal[] {
  const found: ModelRefusal[] = [];
  if (rowCost > limits.rowCostMax) {
    found.push(refusal("row_cost", `about ${rowCost} multiplications a row, at most ${limits.rowCostMax}`));
  }
  if (weightBytes > limits.weightBytesMax) {
    found.push(refusal("memory", `${weightBytes} bytes of weights, at most ${limits.weightBytesMax}`));
  }
  return found;
}

function nodeCost(candidate: NodeProto, { constants }: Graph): number {
  if (candidate.opType.startsWith("TreeEnsemble")) return treeCost(candidate);
  if (candidate.opType.startsWith("SVM")) return longest(candidate) * 2;
  if (candidate.opType.startsWith("Linear")) return longest(candidate);
  if (!["Gemm", "MatMul", "Einsum"].includes(candidate.opType)) return 1;
  const weights = candidate.input.flatMap((name) => constants.get(name) ?? []);
  return Math.max(1, ...weights.map((tensor) => sizeOf(dimsOf(tensor))));
}

/** Trees times the depth that a balanced one of their nodes would have, and one. */
function treeCost({ attribute }: NodeProto): number {
  const ids = attribute.find(({ name }) => name === "nodes_treeids")?.ints ?? [];
  const trees = new Set(ids).size;
  return trees === 0 ? 0 : trees * STEP_COST * (Math.ceil(Math.log2(ids.length / trees + 1)) + 1);
}

function longest({ attribute }: NodeProto): number {
  return Math.max(0, ...attribute.map(({ floats }) => floats.length));
}

function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}
