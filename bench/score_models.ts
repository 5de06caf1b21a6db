/**
 * The heads that `npm run bench:score` scores: seeded dense heads of one shape, as models and as one fused graph; and a
 * set of dense heads, trees and embeddings, as it is planned for an edge.
 */
import { stackNodes, stackOf, type ColumnHalves } from "../src/onnx/dense_stack.ts";
import { floatValue, writeGraph } from "../src/onnx/graph.ts";
import type { PlannedModel } from "../src/onnx/plan.ts";
import { readChain } from "../src/onnx/read_chain.ts";
import { denseModel, drawRows, embeddingModel, treeModel } from "./drawn_models.ts";

/** How many heads, and of which widths; half of the columns belong to viewer and context. */
export const HEADS = 32;
export const WIDTHS = [64, 64, 32, 1] as const;
export const HALVES: ColumnHalves = { shared: { from: 0, to: 32 }, own: { from: 32, to: 64 } };
export const COLUMNS = 64;
/** Rows that are measured. */
export const ROWS = [1, 20, 64, 200] as const;
/** What every model reads and answers with. */
export const ENDS = { inputName: "features", outputName: "probability" } as const;

/** What the driver inside workerd is asked: to score so many rows so many times in one way. */
export interface ScoreOrder {
  readonly way: "sessions" | "fusedGraph" | "kernel" | "mixed" | "mixedOnce" | "nothing";
  readonly rows: number;
  readonly times: number;
}

/** What it answers; to `mixedOnce` and `nothing`, whose caller holds the clock, only that it is done. */
export interface ScoreAnswer {
  readonly elapsedMs: number;
  readonly scores: readonly number[];
}

/** Every head as a model of its own. */
export function drawModels(): readonly Uint8Array[] {
  return Array.from({ length: HEADS }, (_, number) => denseModel(`bench head ${number}`, WIDTHS));
}

/** The stack of these models. Requires: models of `drawModels`. */
export function stackOfModels(models: readonly Uint8Array[]) {
  const heads = models.map((model, number) => {
    const chain = readChain(model, ENDS);
    if (!chain.ok) throw new Error(`head ${number} is ${chain.reason}`);
    return { name: `head ${number}`, chain: chain.value };
  });
  return stackOf(heads, HALVES);
}

/** All of them as one ONNX graph: `features` in, `scores` `[heads, rows]` out. */
export function fusedModel(models: readonly Uint8Array[]): Uint8Array {
  const { nodes, constants } = stackNodes(stackOfModels(models), ENDS.inputName, "scores", "stack");
  return writeGraph({
    name: "fused",
    irVersion: 8n,
    opsets: new Map([["", 17n]]),
    inputs: [floatValue(ENDS.inputName, ["rows", COLUMNS])],
    outputs: [floatValue("scores", [HEADS, "rows"])],
    nodes,
    constants: new Map(constants.map((tensor) => [tensor.name, tensor])),
  });
}

/** Rows to score: the same half for all of them, another half each. Shape: `[count, COLUMNS]`. */
export function benchRows(count: number): Float32Array {
  return drawRows(`bench ${count}`, count, COLUMNS, HALVES.shared.to);
}

/** The mixed set: how many of each kind, and the rows of its decision. */
export const MIXED = { dense: 24, forests: 6, trees: 100, depth: 6, embeddings: 2, rows: 64 } as const;

/** So many models of one kind, as they were published. */
function named(kind: string, count: number, draw: (seed: string) => Uint8Array): readonly PlannedModel[] {
  return Array.from({ length: count }, (_, number) => {
    const name = `${kind}_${number}`;
    return { name, bytes: draw(`bench ${name}`), ...ENDS, calibrator: null, group: "heads" };
  });
}

/** The mixed set as it was published. */
export function drawMixedSet(): readonly PlannedModel[] {
  return [
    ...named("dense", MIXED.dense, (seed) => denseModel(seed, WIDTHS)),
    ...named("forest", MIXED.forests, (seed) => treeModel(seed, COLUMNS, MIXED.trees, MIXED.depth)),
    ...named("embedding", MIXED.embeddings, (seed) => embeddingModel(seed, COLUMNS, 32, 16, 32)),
  ];
}
