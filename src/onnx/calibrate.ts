/**
 * A calibrator becomes part of the graph, so that whatever runs the model runs it too. Platt's scale joins the log-odds
 * where the graph ends in a Sigmoid, so that it costs nothing once layers are folded; elsewhere log-odds are taken of
 * the answer, in double precision. Isotonic steps become two layers: each stretch between two points is one unit that
 * goes from 0 to 1 across it and stays there. The usual sum of Relus is the same line, but its partial sums run far
 * beyond it on steep stretches and lose the last digits in float32; units that are held do not.
 */
import { clone } from "@bufbuild/protobuf";
import { NodeProtoSchema, TensorProto_DataType, type NodeProto, type TensorProto } from "onnx-buf";
import { doubleTensor, floatTensor, intTensor, node, type Graph } from "./graph.ts";
import type { Passed } from "./tidy.ts";

/** See `calibratorSchema` in src/models/manifest.ts. */
export type Calibrator =
  | { readonly kind: "platt"; readonly slope: number; readonly intercept: number }
  | { readonly kind: "isotonic"; readonly x: readonly number[]; readonly y: readonly number[] };

const name = (what: string): string => `calibrator/${what}`;

/** Since this opset the bounds of Clip are inputs. */
const CLIP_BY_INPUTS = 11n;
/** The operator set that is stated for new nodes when a file of trees alone states none. */
const PLAIN_OPSET = 13n;
/** Probabilities are held this far from 0 and 1 before log-odds are taken. */
const HELD_APART = 1e-12;

/**
 * The graph that answers calibrated probabilities, under the same name. Requires: one output, `[rows, 1]` or `[rows]`
 * float32 in [0, 1]; a calibrator of the manifest.
 */
export function foldCalibrator(graph: Graph, calibrator: Calibrator): Passed {
  const [output] = graph.outputs;
  if (output === undefined) return { graph, won: 0 };
  const opsets = graph.opsets.has("") ? graph.opsets : new Map([...graph.opsets, ["", PLAIN_OPSET] as const]);
  const added =
    calibrator.kind === "platt" ? platt(graph, output.name, calibrator) : isotonic(graph, opsets, calibrator);
  const constants = new Map([...graph.constants, ...added.constants.map((tensor) => [tensor.name, tensor] as const)]);
  return { graph: { ...graph, opsets, nodes: added.nodes, constants }, won: added.nodes.length - graph.nodes.length };
}

interface Added {
  readonly nodes: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
}

type Platt = Extract<Calibrator, { kind: "platt" }>;
type Isotonic = Extract<Calibrator, { kind: "isotonic" }>;

function platt(graph: Graph, output: string, { slope, intercept }: Platt): Added {
  const last = graph.nodes.at(-1);
  const logOdds = last?.input[0];
  if (last?.opType === "Sigmoid" && last.domain === "" && logOdds !== undefined && last.output[0] === output) {
    const scaled = [
      ["Mul", floatTensor("calibrator/slope", [1], Float32Array.of(slope))],
      ["Add", floatTensor("calibrator/intercept", [1], Float32Array.of(intercept))],
    ] as const;
    const { nodes, value } = chained(logOdds, scaled);
    const end = clone(NodeProtoSchema, last);
    end.input = [value];
    return { nodes: [...graph.nodes.slice(0, -1), ...nodes, end], constants: scaled.map(([, tensor]) => tensor) };
  }
  const before = answerRenamed(graph, output);
  const constants = [
    doubleTensor("calibrator/least", HELD_APART),
    doubleTensor("calibrator/most", 1 - HELD_APART),
    doubleTensor("calibrator/one", 1),
    doubleTensor("calibrator/slope", slope),
    doubleTensor("calibrator/intercept", intercept),
  ];
  const nodes = [
    node("Cast", [before.answer], [name("answer_double")], { to: BigInt(TensorProto_DataType.DOUBLE) }),
    node("Max", [name("answer_double"), name("least")], [name("held_below")]),
    node("Min", [name("held_below"), name("most")], [name("held")]),
    node("Sub", [name("one"), name("held")], [name("rest")]),
    node("Div", [name("held"), name("rest")], [name("odds")]),
    node("Log", [name("odds")], [name("log_odds")]),
    node("Mul", [name("log_odds"), name("slope")], [name("scaled")]),
    node("Add", [name("scaled"), name("intercept")], [name("shifted")]),
    node("Cast", [name("shifted")], [name("single")], { to: BigInt(TensorProto_DataType.FLOAT) }),
    node("Sigmoid", [name("single")], [output]),
  ];
  return { nodes: [...before.nodes, ...nodes], constants };
}

function isotonic(graph: Graph, opsets: Graph["opsets"], { x, y }: Isotonic): Added {
  const output = graph.outputs[0]?.name ?? "";
  const before = answerRenamed(graph, output);
  const lines = x.slice(1).map((to, index) => {
    const from = x[index] ?? 0;
    return { from, width: to - from, rise: (y[index + 1] ?? 0) - (y[index] ?? 0) };
  });
  const rising = lines.filter(({ rise }) => rise > 0);
  // A level calibrator still is two layers.
  const used = rising.length === 0 ? lines.slice(0, 1) : rising;
  const count = used.length;
  const bounds = [
    floatTensor("calibrator/zero", [], Float32Array.of(0)),
    floatTensor("calibrator/one", [], Float32Array.of(1)),
  ];
  const constants = [
    floatTensor(
      "calibrator/widths",
      [1, count],
      Float32Array.from(used, ({ width }) => 1 / width),
    ),
    floatTensor(
      "calibrator/starts",
      [count],
      Float32Array.from(used, ({ from, width }) => -from / width),
    ),
    floatTensor(
      "calibrator/rises",
      [count, 1],
      Float32Array.from(used, ({ rise }) => rise),
    ),
    floatTensor("calibrator/least", [1], Float32Array.of(y[0] ?? 0)),
    ...bounds,
  ];
  const held = (from: string, to: string): NodeProto =>
    (opsets.get("") ?? PLAIN_OPSET) < CLIP_BY_INPUTS
      ? node("Clip", [from], [to], { min: 0, max: 1 })
      : node("Clip", [from, ...bounds.map(({ name }) => name)], [to]);
  const nodes = [
    node("Reshape", [before.answer, "calibrator/column_shape"], ["calibrator/column"]),
    node("Gemm", ["calibrator/column", "calibrator/widths", "calibrator/starts"], ["calibrator/places"]),
    held("calibrator/places", "calibrator/units"),
    node("Gemm", ["calibrator/units", "calibrator/rises", "calibrator/least"], ["calibrator/sum"]),
    // Rounding must not carry a probability beyond 1.
    held("calibrator/sum", output),
  ];
  return {
    nodes: [...before.nodes, ...nodes],
    constants: [...constants, intTensor("calibrator/column_shape", [-1, 1])],
  };
}

/** Elementwise nodes one after the other. */
function chained(from: string, steps: readonly (readonly [string, TensorProto])[]) {
  let value = from;
  const nodes = steps.map(([opType, { name }]) => {
    const to = `${name}_done`;
    const made = node(opType, [value, name], [to]);
    value = to;
    return made;
  });
  return { nodes, value };
}

/** The nodes with another name for what the graph answers. */
function answerRenamed({ nodes }: Graph, output: string) {
  const answer = "calibrator/answer";
  const renamed = nodes.map((old) => {
    const copy = clone(NodeProtoSchema, old);
    copy.input = old.input.map((name) => (name === output ? answer : name));
    copy.output = old.output.map((name) => (name === output ? answer : name));
    return copy;
  });
  return { nodes: renamed, answer };
}
