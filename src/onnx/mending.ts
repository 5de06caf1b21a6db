/**
 * From what classifiers answer to what the edge reads, one probability a row: exporters write a label beside a table of
 * both probabilities, raw margins, and links that runtimes leave out. Each pass keeps the numbers that it keeps.
 */
import { clone } from "@bufbuild/protobuf";
import { NodeProtoSchema, TensorProto_DataType, type NodeProto } from "onnx-buf";
import { floatValue, intOf, intTensor, node, shapeOf, type Graph } from "./graph.ts";
import type { Passed } from "./tidy.ts";

const FLOAT = TensorProto_DataType.FLOAT;
/** What the one output is called that a mending makes. */
const PROBABILITY = "probability";
/** The operator set that is stated for new nodes when a file of trees alone states none. */
const PLAIN_OPSET = 13n;
/** Sigmoids stay the last word when the shape of their answer is spelled differently after them. */
const SPELLINGS = new Set(["Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten"]);

/** Keeps the output of this name alone. Does nothing when there is none. */
export function keepOutput(graph: Graph, name: string): Passed {
  const outputs = graph.outputs.filter((output) => output.name === name);
  const won = outputs.length === 0 ? 0 : graph.outputs.length - outputs.length;
  return won === 0 ? { graph, won } : { graph: { ...graph, outputs }, won };
}

/**
 * Keeps the second column of the one output that is a table of two: the class that is 1, or stands second in the
 * trainer's order. Where the table was put together of two columns, the second is taken as it is.
 */
export function keepPositiveClass(graph: Graph): Passed {
  const tables = graph.outputs.filter((output) => {
    const shape = shapeOf(output);
    const float = output.type?.value.case === "tensorType" && output.type.value.value.elemType === FLOAT;
    return float && shape?.length === 2 && shape[1] === 2;
  });
  const [table] = tables;
  if (table === undefined || tables.length > 1) return { graph, won: 0 };
  const to = freshName(graph, PROBABILITY);
  const outputs = [floatValue(to, ["rows", 1])];
  const maker = makerOf(graph, table.name);
  const side = maker?.opType === "Concat" && [1, -1].includes(intOf(maker, "axis", 0));
  const [, second, more] = side ? maker.input : [];
  if (second !== undefined && more === undefined && makerOf(graph, second) !== undefined) {
    return { graph: { ...renamed(graph, second, to), outputs }, won: 1 };
  }
  const index = intTensor(freshName(graph, "positive_class"), [1]);
  const cut = added(graph, node("Gather", [table.name, index.name], [to], { axis: 1n }));
  const constants = new Map([...graph.constants, [index.name, index]]);
  return { graph: { ...withPlainOpset(graph), nodes: [...graph.nodes, cut], constants, outputs }, won: 1 };
}

/** Trees with one target whose stated link runtimes leave out: they answer the raw margin. */
export function ignoresLink(candidate: NodeProto): boolean {
  if (candidate.opType !== "TreeEnsembleRegressor" || intOf(candidate, "n_targets", 1) !== 1) return false;
  const link = candidate.attribute.find(({ name }) => name === "post_transform")?.s;
  return link !== undefined && String.fromCharCode(...link) === "LOGISTIC";
}

/** Such trees answer their margin as they do, and a Sigmoid after them does what the link meant. */
export function spellTreeLinks(graph: Graph): Passed {
  let won = 0;
  const nodes = graph.nodes.flatMap((candidate) => {
    const [to] = candidate.output;
    if (!ignoresLink(candidate) || to === undefined) return [candidate];
    won++;
    const trees = clone(NodeProtoSchema, candidate);
    trees.attribute = trees.attribute.filter(({ name }) => name !== "post_transform");
    const margin = freshName(graph, `${to}_margin`);
    trees.output = [margin];
    return [trees, added(graph, node("Sigmoid", [margin], [to]))];
  });
  return { graph: won === 0 ? graph : { ...withPlainOpset(graph), nodes }, won };
}

/** Log-odds become probabilities. Does nothing when a Sigmoid is there already. */
export function endWithSigmoid(graph: Graph): Passed {
  const [output] = graph.outputs;
  if (output === undefined || graph.outputs.length > 1) return { graph, won: 0 };
  let maker = makerOf(graph, output.name);
  while (maker !== undefined && SPELLINGS.has(maker.opType)) maker = makerOf(graph, maker.input[0] ?? "");
  if (maker === undefined || maker.opType === "Sigmoid") return { graph, won: 0 };
  const margin = freshName(graph, `${output.name}_margin`);
  const { nodes } = renamed(graph, output.name, margin);
  const last = added(graph, node("Sigmoid", [margin], [output.name]));
  return { graph: { ...withPlainOpset(graph), nodes: [...nodes, last] }, won: 1 };
}

function makerOf(graph: Graph, name: string): NodeProto | undefined {
  return graph.nodes.find(({ output }) => output.includes(name));
}

/** The graph with another name for one of its values. */
function renamed(graph: Graph, from: string, to: string): Graph {
  const nodes = graph.nodes.map((old) => {
    const copy = clone(NodeProtoSchema, old);
    copy.input = old.input.map((name) => (name === from ? to : name));
    copy.output = old.output.map((name) => (name === from ? to : name));
    return copy;
  });
  return { ...graph, nodes };
}

/** A new node of this graph: some runtimes refuse two of one name. */
function added(graph: Graph, fresh: NodeProto): NodeProto {
  fresh.name = freshName(graph, `${fresh.output[0]}_${fresh.opType}`);
  return fresh;
}

/** The name, or one like it that no value and no node has. */
function freshName(graph: Graph, wanted: string): string {
  const taken = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.constants.keys(),
    ...graph.nodes.flatMap(({ name, output }) => [name, ...output]),
  ]);
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted}_${count}`;
  return name;
}

function withPlainOpset(graph: Graph): Graph {
  return graph.opsets.has("") ? graph : { ...graph, opsets: new Map([...graph.opsets, ["", PLAIN_OPSET]]) };
}
