/**
 * Models that read the same rows become one graph with one output each, so that one session answers them all: one call
 * instead of one a model, and what several of them work out of the features is worked out once. Names get the model's
 * in front; nodes that do the same to the same become one; constants of the same bytes become one.
 */
import { clone, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";
import { toHex } from "../kernel/bytes.ts";
import { floatValue, type Graph } from "./graph.ts";
import type { Passed } from "./tidy.ts";

/** A graph and the name of its model. One input, one output. */
export interface NamedGraph {
  readonly name: string;
  readonly graph: Graph;
}

/** What the merged graph calls its rows. */
export const MERGED_INPUT = "features";

/** Whether two graphs may stand in one: no operator set in two versions. */
export function agree(a: Graph["opsets"], b: Graph["opsets"]): boolean {
  return [...a].every(([domain, version]) => (b.get(domain) ?? version) === version);
}

/** The output of a model in a merged graph: no value of its own can have that name. */
export function mergedOutput(name: string): string {
  return `${name}:answer`;
}

/** All of them as one. Requires: at least one, operator sets that agree, different names. */
export function mergeGraphs(models: readonly NamedGraph[], columns: number): Graph {
  const parts = models.map(({ name, graph }) => prefixed(graph, name));
  return {
    name: models.map(({ name }) => name).join(" "),
    irVersion: parts.reduce((most, { irVersion }) => (irVersion > most ? irVersion : most), 0n),
    opsets: new Map(parts.flatMap(({ opsets }) => [...opsets])),
    inputs: [floatValue(MERGED_INPUT, ["rows", columns])],
    outputs: parts.flatMap(({ outputs }) => outputs),
    nodes: parts.flatMap(({ nodes }) => nodes),
    constants: new Map(parts.flatMap(({ constants }) => [...constants])),
  };
}

/** The graph with its model's name before every name of its own. */
function prefixed(graph: Graph, model: string): Graph {
  const input = graph.inputs[0]?.name;
  const output = graph.outputs[0]?.name;
  const rename = (name: string): string => {
    if (name === "") return name;
    if (name === input) return MERGED_INPUT;
    return name === output ? mergedOutput(model) : `${model}/${name}`;
  };
  const nodes = graph.nodes.map((old, place) => {
    const copy = clone(NodeProtoSchema, old);
    // Some runtimes refuse two nodes of one name.
    copy.name = `${model}/${place}`;
    copy.input = old.input.map(rename);
    copy.output = old.output.map(rename);
    return copy;
  });
  const outputs = graph.outputs.map((value): ValueInfoProto => ({ ...value, name: rename(value.name) }));
  const constants = [...graph.constants].map(([name, tensor]): [string, TensorProto] => [
    rename(name),
    { ...tensor, name: rename(name) },
  ]);
  return { ...graph, nodes, outputs, constants: new Map(constants) };
}

/** Constants of the same kind, shape and bytes become one. `won`: constants fewer. */
export function shareConstants(graph: Graph): Passed {
  const kept = new Map<string, string>();
  const alias = new Map<string, string>();
  const constants = new Map<string, TensorProto>();
  for (const [name, tensor] of graph.constants) {
    const key = toHex(toBinary(TensorProtoSchema, { ...tensor, name: "", docString: "" }));
    const same = kept.get(key);
    if (same !== undefined) alias.set(name, same);
    else {
      kept.set(key, name);
      constants.set(name, tensor);
    }
  }
  const nodes = graph.nodes.map((old) => withInputs(old, alias));
  return { graph: { ...graph, nodes, constants }, won: alias.size };
}

/** Nodes that do the same to the same values become one. No operator that serves draws anything. `won`: nodes fewer. */
export function shareNodes(graph: Graph): Passed {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const kept = new Map<string, NodeProto>();
  const alias = new Map<string, string>();
  const nodes: NodeProto[] = [];
  for (const old of graph.nodes) {
    const step = withInputs(old, alias);
    const same = kept.get(meaningOf(step));
    if (same !== undefined && same.output.length === step.output.length && !step.output.some((o) => outputs.has(o))) {
      step.output.forEach((name, at) => alias.set(name, same.output[at] ?? name));
      continue;
    }
    nodes.push(step);
    if (same === undefined) kept.set(meaningOf(step), step);
  }
  return { graph: { ...graph, nodes }, won: graph.nodes.length - nodes.length };
}

/** Equal for nodes that do the same to the same. */
function meaningOf({ domain, opType, input, output, attribute }: NodeProto): string {
  const said = attribute.map((one) => toHex(toBinary(AttributeProtoSchema, { ...one, docString: "" }))).toSorted();
  const used = output.map((name) => (name === "" ? 0 : 1)).join("");
  return JSON.stringify([domain, opType, input, used, said]);
}

function withInputs(old: NodeProto, alias: ReadonlyMap<string, string>): NodeProto {
  const copy = clone(NodeProtoSchema, old);
  copy.input = old.input.map((name) => alias.get(name) ?? name);
  return copy;
}
