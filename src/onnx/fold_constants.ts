/**
 * Nodes whose inputs are all constants are worked out once, where the answer is the same to the last bit in every
 * runtime: what only moves or relabels numbers, and one float32 operation a number. All else is left to the runtime.
 */
import { TensorProto_DataType, type NodeProto, type TensorProto } from "onnx-buf";
import { dimsOf, floatTensor, intsOf, numbersOf, type Graph } from "./graph.ts";
import type { Passed } from "./tidy.ts";

const FLOAT = TensorProto_DataType.FLOAT;
const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};
const ALONE: Readonly<Record<string, (a: number) => number>> = {
  Neg: (a) => -a,
  Abs: Math.abs,
  Sqrt: Math.sqrt,
  Relu: (a) => Math.max(0, a),
};

/** `won`: nodes fewer. Requires: an order in which the nodes can run. */
export function foldConstants(graph: Graph): Passed {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.filter((step) => {
    const [to] = step.output;
    if (to === undefined || step.output.length > 1 || step.domain !== "" || outputs.has(to)) return true;
    const inputs = step.input.map((name) => constants.get(name));
    const folded = inputs.every((tensor) => tensor !== undefined) ? fold(step, to, inputs) : null;
    if (folded === null) return true;
    constants.set(to, folded);
    return false;
  });
  return { graph: { ...graph, nodes, constants }, won: graph.nodes.length - nodes.length };
}

function fold(step: NodeProto, to: string, inputs: readonly TensorProto[]): TensorProto | null {
  const [a, b] = inputs.map((tensor) => (tensor.dataType === FLOAT ? numbersOf(tensor) : null));
  const [first, second] = inputs;
  if (first === undefined || a === null || a === undefined) return null;
  if (step.opType === "Identity") return floatTensor(to, dimsOf(first), Float32Array.from(a));
  if (step.opType === "Transpose") return transposed(step, to, first, a);
  const alone = ALONE[step.opType];
  if (alone !== undefined) return floatTensor(to, dimsOf(first), Float32Array.from(a, alone));
  const both = ARITHMETIC[step.opType];
  if (both === undefined || second === undefined || b === null || b === undefined) return null;
  const same = dimsOf(first).join() === dimsOf(second).join();
  const one = b.length === 1 && dimsOf(second).length <= dimsOf(first).length;
  if (!same && !one) return null;
  // One double operation on two float32 numbers, rounded, is that float32 operation.
  return floatTensor(
    to,
    dimsOf(first),
    Float32Array.from(a, (value, i) => both(value, b[one ? 0 : i] ?? 0)),
  );
}

function transposed(step: NodeProto, to: string, tensor: TensorProto, values: Float64Array): TensorProto | null {
  const [rows, columns, more] = dimsOf(tensor);
  const order = intsOf(step, "perm").join();
  if (rows === undefined || columns === undefined || more !== undefined || (order !== "" && order !== "1,0"))
    return null;
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c] ?? 0;
  return floatTensor(to, [columns, rows], out);
}
