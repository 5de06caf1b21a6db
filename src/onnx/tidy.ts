/**
 * Passes that every graph goes through before anything is merged: what exporters leave behind and serving does not need
 * is taken out. None of them changes a number.
 */
import { clone } from "@bufbuild/protobuf";
import { NodeProtoSchema, TensorProtoSchema, type NodeProto, type TensorProto, type ValueInfoProto } from "onnx-buf";
import { floatValue, shapeOf, type Graph } from "./graph.ts";

/** What a pass did. `won` is in its own words: nodes taken out, constants moved. */
export interface Passed {
  readonly graph: Graph;
  readonly won: number;
}

/** `Constant` nodes become constants of the graph. */
export function inlineConstants(graph: Graph): Passed {
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.filter((candidate) => {
    if (candidate.opType !== "Constant" || candidate.domain !== "") return true;
    const [output] = candidate.output;
    const tensor = candidate.attribute.find(({ name }) => name === "value")?.t;
    if (output === undefined || tensor === undefined) return true;
    const constant = clone(TensorProtoSchema, tensor);
    constant.name = output;
    constants.set(output, constant);
    return false;
  });
  return { graph: { ...graph, nodes, constants }, won: graph.nodes.length - nodes.length };
}

/** `Identity` and `Dropout` pass their input on; whoever reads their output reads their input instead. */
export function dropPassThrough(graph: Graph): Passed {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const source = new Map<string, string>();
  const nodes: NodeProto[] = [];
  for (const candidate of graph.nodes) {
    const [from] = candidate.input;
    const [to] = candidate.output;
    const passes = candidate.opType === "Identity" || candidate.opType === "Dropout";
    const last = to === undefined || outputs.has(to);
    if (passes && candidate.domain === "" && from !== undefined && to !== undefined && !last) {
      source.set(to, source.get(from) ?? from);
    } else nodes.push(withInputs(candidate, (name) => source.get(name) ?? name));
  }
  return { graph: { ...graph, nodes }, won: graph.nodes.length - nodes.length };
}

/** `ZipMap` turns a table of probabilities into dictionaries that no serving code can read: the table stays. */
export function stripZipMap(graph: Graph): Passed {
  const tables = new Map<string, ValueInfoProto>();
  const nodes = graph.nodes.filter((candidate) => {
    const [from] = candidate.input;
    const [to] = candidate.output;
    if (candidate.opType !== "ZipMap" || from === undefined || to === undefined) return true;
    const labels = candidate.attribute.find(({ name }) => name.startsWith("classlabels_"));
    const classes = Math.max(labels?.ints.length ?? 0, labels?.strings.length ?? 0);
    tables.set(to, floatValue(from, ["rows", classes === 0 ? "classes" : classes]));
    return false;
  });
  const outputs = graph.outputs.map((output) => tables.get(output.name) ?? output);
  return { graph: { ...graph, nodes, outputs }, won: tables.size };
}

/** A first dimension that the exporter fixed becomes free: any number of rows may be asked. */
export function freeRows(graph: Graph): Passed {
  let won = 0;
  const free = (value: Graph["inputs"][number]): Graph["inputs"][number] => {
    const shape = shapeOf(value);
    if (shape === null || shape.length === 0 || shape[0] === -1) return value;
    won++;
    return floatValue(value.name, ["rows", ...shape.slice(1).map((size) => (size === -1 ? "free" : size))]);
  };
  return { graph: { ...graph, inputs: graph.inputs.map(free), outputs: graph.outputs.map(free) }, won };
}

/** Nodes and constants that no output needs are dropped. */
export function dropDead(graph: Graph): Passed {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes: NodeProto[] = [];
  for (const candidate of graph.nodes.toReversed()) {
    if (!candidate.output.some((name) => needed.has(name))) continue;
    nodes.push(candidate);
    for (const name of candidate.input) needed.add(name);
  }
  const constants = new Map<string, TensorProto>([...graph.constants].filter(([name]) => needed.has(name)));
  const won = graph.nodes.length - nodes.length + graph.constants.size - constants.size;
  return { graph: { ...graph, nodes: nodes.toReversed(), constants }, won };
}

function withInputs(old: NodeProto, renamed: (name: string) => string): NodeProto {
  const copy = clone(NodeProtoSchema, old);
  copy.input = old.input.map(renamed);
  return copy;
}
