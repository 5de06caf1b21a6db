/**
 * Heads of one shape, stacked: their first layers become one matrix, whose half that belongs to the break is worked out
 * once instead of once a row; later layers become batched products. Values lie feature-major, `[head, feature, row]`,
 * so that nothing is transposed on the way. A stack can be written as an ONNX graph, for any runtime, and run
 * by the kernel of kernels/dense_stack.ts.
 */
import type { NodeProto, TensorProto } from "onnx-buf";
import type { Activation, DenseChain } from "./dense_chain.ts";
import { floatTensor, intTensor, node } from "./graph.ts";

/** Columns `[from, to)` of a row. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Which columns are the same for all rows of one call, and which are not. Together they are all columns. */
export interface ColumnHalves {
  readonly shared: Span;
  readonly own: Span;
}

/** One head of a stack. */
export interface StackedHead {
  readonly name: string;
  readonly chain: DenseChain;
}

/** Heads whose layers have the same sizes and activations. At least one. */
export interface DenseStack {
  readonly heads: readonly StackedHead[];
  readonly halves: ColumnHalves;
  /** Widths from the features to the one output. */
  readonly widths: readonly number[];
  readonly activations: readonly Activation[];
}

/** Chains that may share a stack say the same here. */
export function shapeKey({ columns, layers }: DenseChain): string {
  return [columns, ...layers.map(({ outer, activation }) => `${outer}${activation}`)].join("-");
}

/** The stack of these heads. Requires: at least one, all of one `shapeKey`, halves that cover its columns. */
export function stackOf(heads: readonly StackedHead[], halves: ColumnHalves): DenseStack {
  const layers = heads[0]?.chain.layers ?? [];
  return {
    heads,
    halves,
    widths: [heads[0]?.chain.columns ?? 0, ...layers.map(({ outer }) => outer)],
    activations: layers.map(({ activation }) => activation),
  };
}

const OPERATORS: Readonly<Record<Activation, string | null>> = {
  none: null,
  relu: "Relu",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
  unit: "Clip",
};

/** Nodes and constants of a stack. Their names begin with `prefix`. */
export interface StackNodes {
  readonly nodes: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
}

/**
 * The stack as ONNX nodes: from `features` `[rows, columns]` to `output` `[heads, rows]`, both float32. The shared half
 * is read from the first row. Requires: at least one row.
 */
export function stackNodes(stack: DenseStack, features: string, output: string, prefix: string): StackNodes {
  const { halves, widths, activations, heads } = stack;
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  const name = (what: string): string => `${prefix}/${what}`;
  const add = (opType: string, input: readonly string[], what: string, attributes = {}): string => {
    nodes.push(node(opType, input, [name(what)], attributes));
    return name(what);
  };
  const floats = (what: string, dims: readonly number[], values: Float32Array): string => {
    constants.push(floatTensor(name(what), dims, values));
    return name(what);
  };
  const ints = (what: string, values: readonly number[]): string => {
    constants.push(intTensor(name(what), values));
    return name(what);
  };
  const half = (what: string, { from, to }: Span, rows: number): string => {
    const [starts, ends] = [ints(`${what}_from`, [0, from]), ints(`${what}_to`, [rows, to])];
    const cut = add("Slice", [features, starts, ends, ints(`${what}_axes`, [0, 1])], `${what}_rows`);
    return add("Transpose", [cut], what, { perm: [1n, 0n] });
  };
  const bounds = activations.includes("unit")
    ? [floats("zero", [], Float32Array.of(0)), floats("one", [], Float32Array.of(1))]
    : [];
  const first = widths[1] ?? 0;
  const tall = heads.length * first;
  const sharedWidth = halves.shared.to - halves.shared.from;
  const ownWidth = halves.own.to - halves.own.from;
  const bias = floats(
    "bias_1",
    [tall, 1],
    joined(heads, ({ chain }) => chain.layers[0]?.bias),
  );
  const sharedWeight = floats("weight_shared", [tall, sharedWidth], firstWeights(stack, halves.shared));
  const once = add(
    "Add",
    [add("MatMul", [sharedWeight, half("shared", halves.shared, 1)], "product_shared"), bias],
    "once",
  );
  const ownWeight = floats("weight_own", [tall, ownWidth], firstWeights(stack, halves.own));
  const each = add("MatMul", [ownWeight, half("own", halves.own, ROWS_ALL)], "product_own");
  let value = activate(add("Add", [each, once], "sum_1"), activations[0], "active_1", add, bounds);
  value = add("Reshape", [value, ints("shape_1", [heads.length, first, -1])], "stacked_1");
  for (let layer = 1; layer < activations.length; layer++) {
    const [inner, outer] = [widths[layer] ?? 0, widths[layer + 1] ?? 0];
    const values = joined(heads, ({ chain }) => transposed(chain.layers[layer]?.weight, inner, outer));
    const weight = floats(`weight_${layer + 1}`, [heads.length, outer, inner], values);
    const biases = joined(heads, ({ chain }) => chain.layers[layer]?.bias);
    const product = add("MatMul", [weight, value], `product_${layer + 1}`);
    const sum = add(
      "Add",
      [product, floats(`bias_${layer + 1}`, [heads.length, outer, 1], biases)],
      `sum_${layer + 1}`,
    );
    value = activate(sum, activations[layer], `active_${layer + 1}`, add, bounds);
  }
  nodes.push(node("Reshape", [value, ints("shape_out", [heads.length, -1])], [output]));
  return { nodes, constants };
}

/** An end that takes every row. */
const ROWS_ALL = 2_147_483_647;

function activate(
  value: string,
  activation: Activation | undefined,
  what: string,
  add: (opType: string, input: readonly string[], what: string) => string,
  bounds: readonly string[],
): string {
  const operator = OPERATORS[activation ?? "none"];
  return operator === null ? value : add(operator, operator === "Clip" ? [value, ...bounds] : [value], what);
}

/** The first layers' weights over one half of the columns. Shape: `[heads × outer, width]`. */
function firstWeights({ heads }: DenseStack, { from, to }: Span): Float32Array {
  return joined(heads, ({ chain }) => {
    const layer = chain.layers[0];
    if (layer === undefined) return undefined;
    return transposed(layer.weight.subarray(from * layer.outer, to * layer.outer), to - from, layer.outer);
  });
}

function transposed(weight: Float32Array | undefined, inner: number, outer: number): Float32Array {
  const out = new Float32Array(inner * outer);
  for (let i = 0; i < inner; i++) for (let j = 0; j < outer; j++) out[j * inner + i] = weight?.[i * outer + j] ?? 0;
  return out;
}

function joined(heads: readonly StackedHead[], of: (head: StackedHead) => Float32Array | undefined): Float32Array {
  const parts = heads.map((head) => of(head) ?? new Float32Array(0));
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
