/**
 * The gate, as far as reading goes: everything about a model that can be known without running it. Refusals come in one
 * fixed order, all that apply; what only a runtime can tell is asked by whoever has one (cli/models/model_probe.ts).
 */
import { readGraph, writeGraph } from "../graph.ts";
import { checkCost, costOf, type ModelCost, type ModelLimits } from "./cost.ts";
import { checkOperators } from "./operators.ts";
import { mend, type Mending } from "./mend.ts";
import { refusal, type ModelRefusal } from "./refusal.ts";
import { checkWeights } from "./weights.ts";
import { checkEnds, checkWiring, type ExpectedEnds } from "./wiring.ts";

/** What reading a model found. */
export interface Inspection {
  /** The bytes to go on with: mended ones, if mending was asked for and needed. */
  readonly bytes: Uint8Array;
  /** What was mended, in words. */
  readonly mended: readonly string[];
  /** Null for bytes that are not a model. */
  readonly cost: ModelCost | null;
  readonly refusals: readonly ModelRefusal[];
}

/**
 * Reads a model. Checked in this order: size, bytes, operators, weights, wiring, input and output, cost. Bytes that are
 * no model are refused at once; all else is gathered.
 */
export function inspectModel(
  bytes: Uint8Array,
  expected: ExpectedEnds,
  limits: ModelLimits,
  mending: Mending = {},
): Inspection {
  const nothing = { bytes, mended: [], cost: null };
  if (bytes.length > limits.bytesMax) {
    return { ...nothing, refusals: [refusal("too_large", `${bytes.length} bytes, at most ${limits.bytesMax}`)] };
  }
  const read = readGraph(bytes);
  if (!read.ok) return { ...nothing, refusals: [refusal("not_onnx", `${bytes.length} bytes that are no model`)] };
  const { graph, mended } = mend(read.value, mending);
  const cost = costOf(graph);
  return {
    bytes: mended.length === 0 ? bytes : writeGraph(graph),
    mended,
    cost,
    refusals: [
      ...checkOperators(graph),
      ...checkWeights(graph),
      ...checkWiring(graph),
      ...checkEnds(graph, expected),
      ...checkCost(cost, limits),
    ],
  };
}
