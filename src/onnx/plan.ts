/**
 * From the models of a set to what runs: stacks of dense heads and forests on the kernels, everything else merged into
 * as few graphs for the ONNX runtime as its operator sets allow. A pure function of the bytes: the same set gives the
 * same plan, where it is checked and where it serves. Each pass leaves a record of what it did and what it won.
 */
import { foldCalibrator, type Calibrator } from "./calibrate.ts";
import { spellClassifiers } from "./classifier.ts";
import { readDenseChain, type DenseChain } from "./dense_chain.ts";
import { shapeKey, type StackedHead } from "./dense_stack.ts";
import { foldConstants } from "./fold_constants.ts";
import { readForest, type Forest } from "./forest.ts";
import { costOf } from "./gate/cost.ts";
import { readGraph, writeGraph, type Graph } from "./graph.ts";
import {
  agree,
  MERGED_INPUT,
  mergedOutput,
  mergeGraphs,
  shareConstants,
  shareNodes,
  type NamedGraph,
} from "./merge.ts";
import type { Ends } from "./read_chain.ts";
import { LAYERS_MIN } from "./stack_runner.ts";
import { dropDead, dropPassThrough, freeRows, inlineConstants, type Passed } from "./tidy.ts";

/** One model of a set, as it was published. */
export interface PlannedModel extends Ends {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly calibrator: Calibrator | null;
  /** Models of different groups run at different times: nothing is shared between them. */
  readonly group: string;
}

/** One thing that runs. `names`: its models, in the order of its answers. */
export type PlannedPart =
  | { readonly kind: "stack"; readonly names: readonly string[]; readonly heads: readonly StackedHead[] }
  | { readonly kind: "forests"; readonly names: readonly string[]; readonly forests: readonly Forest[] }
  | {
      readonly kind: "graph";
      readonly names: readonly string[];
      readonly bytes: Uint8Array;
      readonly inputName: string;
      readonly outputNames: readonly string[];
    };

/** What one pass did to one model, or to a merged graph. */
export interface PassRecord {
  /** The model, or the models of a merged graph with blanks between. */
  readonly of: string;
  readonly pass: string;
  readonly won: number;
  /** What `won` counts. */
  readonly unit: string;
}

/** What runs, and how it came to be. */
export interface SetPlan {
  readonly parts: readonly PlannedPart[];
  readonly passes: readonly PassRecord[];
}

const TIDYING: readonly (readonly [string, string, (graph: Graph) => Passed])[] = [
  ["constants written as nodes", "nodes", inlineConstants],
  ["nodes that pass their input on", "nodes", dropPassThrough],
  ["nodes of constants worked out", "nodes", foldConstants],
  ["rows freed", "ends", freeRows],
  ["classifier spelled out as a sum of trees", "classifiers", spellClassifiers],
  ["what no output needs", "nodes and constants", dropDead],
];

type Prepared =
  | { readonly kind: "dense"; readonly name: string; readonly group: string; readonly chain: DenseChain }
  | { readonly kind: "forest"; readonly name: string; readonly group: string; readonly forest: Forest }
  | { readonly kind: "graph"; readonly name: string; readonly group: string; readonly graph: Graph };

/** The plan of these models. Requires: models that passed the gate, different names; `columns` a row. */
export function planSet(models: readonly PlannedModel[], columns: number): SetPlan {
  const passes: PassRecord[] = [];
  const prepared = models.map((model) => prepare(model, columns, passes));
  const parts = [...Map.groupBy(prepared, ({ group }) => group).values()].flatMap((group): readonly PlannedPart[] => [
    ...stacks(group),
    ...forests(group),
    ...graphs(group, columns, passes),
  ]);
  return { parts, passes };
}

function prepare(model: PlannedModel, columns: number, passes: PassRecord[]): Prepared {
  const { name, group, calibrator } = model;
  const read = readGraph(model.bytes);
  if (!read.ok) throw new Error(`model ${name} is ${read.reason}`);
  const [input, output] = [read.value.inputs[0]?.name, read.value.outputs[0]?.name];
  if (input !== model.inputName || output !== model.outputName) throw new Error(`model ${name} has other ends`);
  const step = (graph: Graph, pass: string, unit: string, work: (graph: Graph) => Passed): Graph => {
    const done = work(graph);
    if (done.won !== 0) passes.push({ of: name, pass, won: done.won, unit });
    return done.graph;
  };
  const tidied = TIDYING.reduce((graph, [pass, unit, work]) => step(graph, pass, unit, work), read.value);
  const graph =
    calibrator === null
      ? tidied
      : step(tidied, `${calibrator.kind} calibrator folded in`, "nodes added", (one) =>
          foldCalibrator(one, calibrator),
        );
  const chain = readDenseChain(graph);
  if (chain !== null && chain.columns === columns && chain.layers.length >= LAYERS_MIN) {
    passes.push({ of: name, pass: "dense layers for the kernel", won: graph.nodes.length, unit: "nodes" });
    return { kind: "dense", name, group, chain };
  }
  const forest = readForest(graph);
  if (forest !== null && forest.columns === columns) {
    passes.push({ of: name, pass: "trees for the kernel", won: forest.trees.length, unit: "trees" });
    return { kind: "forest", name, group, forest };
  }
  return { kind: "graph", name, group, graph };
}

function stacks(group: readonly Prepared[]): readonly PlannedPart[] {
  const dense = group.filter((one) => one.kind === "dense");
  return [...Map.groupBy(dense, ({ chain }) => shapeKey(chain)).values()].map((heads) => ({
    kind: "stack",
    names: heads.map(({ name }) => name),
    heads: heads.map(({ name, chain }) => ({ name, chain })),
  }));
}

function forests(group: readonly Prepared[]): readonly PlannedPart[] {
  const found = group.filter((one) => one.kind === "forest");
  if (found.length === 0) return [];
  return [{ kind: "forests", names: found.map(({ name }) => name), forests: found.map(({ forest }) => forest) }];
}

/** The others, merged. A graph joins the first that it agrees with, so the order of the set decides. */
function graphs(group: readonly Prepared[], columns: number, passes: PassRecord[]): readonly PlannedPart[] {
  const merged: NamedGraph[][] = [];
  for (const one of group) {
    if (one.kind !== "graph") continue;
    const fits = (others: readonly NamedGraph[]): boolean =>
      others.every(({ graph }) => agree(graph.opsets, one.graph.opsets));
    const home = merged.find(fits);
    if (home === undefined) merged.push([one]);
    else home.push(one);
  }
  return merged.map((models) => {
    const of = models.map(({ name }) => name).join(" ");
    let graph = mergeGraphs(models, columns);
    const before = costOf(graph).rowCost;
    if (models.length > 1) passes.push({ of, pass: "merged into one graph", won: models.length - 1, unit: "sessions" });
    for (const [pass, unit, work] of [
      ["constants that are the same", "constants", shareConstants],
      ["nodes that do the same", "nodes", shareNodes],
    ] as const) {
      const done = work(graph);
      graph = done.graph;
      if (done.won !== 0) passes.push({ of, pass, won: done.won, unit });
    }
    const saved = before - costOf(graph).rowCost;
    if (saved > 0) passes.push({ of, pass: "work done once", won: saved, unit: "multiplications a row" });
    const names = models.map(({ name }) => name);
    return {
      kind: "graph",
      names,
      bytes: writeGraph(graph),
      inputName: MERGED_INPUT,
      outputNames: names.map(mergedOutput),
    };
  });
}
