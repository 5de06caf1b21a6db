/**
 * A model as a table that plain TypeScript evaluates: the first trees of an ensemble, or one linear layer. Boosted
 * trees correct one another in their order, so that the first are the best few. What orders candidates needs no link:
 * a Sigmoid after the sum is left out.
 */
import { ok, refused, type Result } from "../kernel/result.ts";
import { spellClassifiers } from "./classifier.ts";
import { readDenseChain } from "./dense_chain.ts";
import { readForest, type Forest, type Tree } from "./forest.ts";
import { floatsOf, intOf, readGraph, type Graph } from "./graph.ts";
import { dropDead, dropPassThrough, freeRows, inlineConstants } from "./tidy.ts";

/** One weight a column. */
export interface LinearTable {
  readonly bias: number;
  readonly weights: readonly number[];
}

/** Trees whose leaves are added up; a leaf leads to itself, all else leads further down. */
export interface TreeTable {
  readonly base: number;
  readonly trees: readonly {
    readonly columns: readonly number[];
    readonly thresholds: readonly number[];
    readonly yes: readonly number[];
    readonly no: readonly number[];
  }[];
}

/** What may be asked for. */
export interface TableLimits {
  readonly treesMax: number;
  readonly nodesMax: number;
}

/** The table of a model's first trees, or of its one layer. Refuses in order: no model; another kind; too large. */
export function transpile(
  bytes: Uint8Array,
  limits: TableLimits,
): Result<LinearTable | TreeTable, "not_onnx" | "neither_trees_nor_linear" | "trees_too_large"> {
  const read = readGraph(bytes);
  if (!read.ok) return read;
  const passes = [inlineConstants, dropPassThrough, freeRows, spellClassifiers, dropDead];
  const graph = passes.reduce((before, pass) => pass(before).graph, read.value);
  const forest = readForest(graph);
  if (forest === null) {
    const linear = readLinear(graph);
    return linear === null ? refused("neither_trees_nor_linear") : ok(linear);
  }
  const base = baseOf(forest);
  if (base === null) return refused("neither_trees_nor_linear");
  const kept = forest.trees.slice(0, limits.treesMax);
  if (kept.some(({ yes }) => yes.length > limits.nodesMax)) return refused("trees_too_large");
  return ok({ base, trees: kept.map(fromRoot) });
}

/** What the sum starts from; null where something is done to it that changes the order. */
function baseOf({ tail: [first, more] }: Forest): number | null {
  const plain = more === undefined && first?.outer === 1 && first.weight[0] === 1;
  return plain && ["none", "sigmoid"].includes(first.activation) ? (first.bias[0] ?? 0) : null;
}

/** The tree with its nodes in the order in which a walk down meets them. */
function fromRoot({ columns, thresholds, yes, no }: Tree): TreeTable["trees"][number] {
  const table = { columns: [] as number[], thresholds: [] as number[], yes: [] as number[], no: [] as number[] };
  const place = (from: number): number => {
    const at = table.columns.length;
    table.columns.push(columns[from] ?? 0);
    table.thresholds.push(thresholds[from] ?? 0);
    table.yes.push(at);
    table.no.push(at);
    if (yes[from] === from) return at;
    table.yes[at] = place(yes[from] ?? from);
    table.no[at] = place(no[from] ?? from);
    return at;
  };
  place(0);
  return table;
}

function readLinear(graph: Graph): LinearTable | null {
  const chain = readDenseChain(graph);
  const [layer, more] = chain?.layers ?? [];
  if (layer !== undefined && more === undefined && ["none", "sigmoid"].includes(layer.activation)) {
    return { bias: layer.bias[0] ?? 0, weights: [...layer.weight] };
  }
  const [only, second] = graph.nodes;
  if (only?.opType !== "LinearRegressor" || second !== undefined || intOf(only, "targets", 1) !== 1) return null;
  return { bias: floatsOf(only, "intercepts")[0] ?? 0, weights: floatsOf(only, "coefficients") };
}
