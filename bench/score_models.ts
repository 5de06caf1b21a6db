/** The heads that `npm run bench:score` scores: seeded dense heads of one shape, as models and as one fused graph. */
import { stackNodes, stackOf, type ColumnHalves } from "../src/onnx/dense_stack.ts";
import { floatTensor, floatValue, node, writeGraph, type Graph } from "../src/onnx/graph.ts";
import { readChain } from "../src/onnx/read_chain.ts";
import { stream, type RandomStream } from "../src/kernel/random.ts";

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
  readonly way: "sessions" | "fusedGraph" | "kernel";
  readonly rows: number;
  readonly times: number;
}

function drawFloats(random: RandomStream, count: number, size: number): Float32Array {
  return Float32Array.from({ length: count }, () => (random.next() - 0.5) * size);
}

function opset(name: string, nodes: Graph["nodes"], constants: readonly Parameters<typeof namedOf>[0][number][]) {
  return { name, irVersion: 8n, opsets: new Map([["", 17n]]), nodes, constants: namedOf(constants) };
}

function namedOf(constants: readonly ReturnType<typeof floatTensor>[]): Graph["constants"] {
  return new Map(constants.map((tensor) => [tensor.name, tensor]));
}

/** One head as an exporter would write it. */
function drawModel(number: number): Uint8Array {
  const random = stream(`${number}`, "bench head");
  const nodes = [];
  const constants = [];
  let value: string = ENDS.inputName;
  for (let layer = 0; layer < WIDTHS.length - 1; layer++) {
    const [inner, outer] = [WIDTHS[layer] ?? 0, WIDTHS[layer + 1] ?? 0];
    const last = layer === WIDTHS.length - 2;
    constants.push(floatTensor(`w${layer}`, [inner, outer], drawFloats(random, inner * outer, 0.4)));
    constants.push(floatTensor(`b${layer}`, [outer], drawFloats(random, outer, 0.4)));
    nodes.push(node("Gemm", [value, `w${layer}`, `b${layer}`], [`sum${layer}`]));
    value = last ? ENDS.outputName : `active${layer}`;
    nodes.push(node(last ? "Sigmoid" : "Relu", [`sum${layer}`], [value]));
  }
  const [inputs, outputs] = [
    [floatValue(ENDS.inputName, ["rows", COLUMNS])],
    [floatValue(ENDS.outputName, ["rows", 1])],
  ];
  return writeGraph({ ...opset(`head ${number}`, nodes, constants), inputs, outputs });
}

/** Every head as a model of its own. */
export function drawModels(): readonly Uint8Array[] {
  return Array.from({ length: HEADS }, (_, number) => drawModel(number));
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
  const inputs = [floatValue(ENDS.inputName, ["rows", COLUMNS])];
  return writeGraph({ ...opset("fused", nodes, constants), inputs, outputs: [floatValue("scores", [HEADS, "rows"])] });
}

/** Rows to score: the same half for all of them, another half each. Shape: `[count, COLUMNS]`. */
export function drawRows(count: number): Float32Array {
  const random = stream(`${count}`, "bench rows");
  const rows = drawFloats(random, count * COLUMNS, 2);
  const shared = rows.slice(0, HALVES.shared.to);
  for (let row = 0; row < count; row++) rows.set(shared, row * COLUMNS);
  return rows;
}
