/**
 * Finds in a graph what most heads are: a chain of dense layers from the features to one number. Scalers before a layer
 * and after it are folded into the weights, so that a chain has nothing but layers and activations; what only changes
 * how the numbers are spelled (casts to what they are, reshapes to the shape they have) is left out. Weights are folded
 * in double precision and rounded once.
 */
import { TensorProto_DataType, type NodeProto } from "onnx-buf";
import { floatOf, floatsOf, intOf, numbersOf, type Graph } from "./graph.ts";
import { columnOf, isRow, matrixOf, type Matrix } from "./matrices.ts";
import { respelled } from "./respelling.ts";

/** What a layer ends with. `unit`: held between 0 and 1. */
export type Activation = "none" | "relu" | "sigmoid" | "tanh" | "unit";

/** One dense layer: `activation(x · weight + bias)`. */
export interface DenseLayer {
  readonly inner: number;
  readonly outer: number;
  /** Shape: `[inner, outer]`, row-major. */
  readonly weight: Float32Array;
  /** Shape: `[outer]`. */
  readonly bias: Float32Array;
  readonly activation: Activation;
}

/** A graph that is dense layers and nothing else. The last layer has one output. */
export interface DenseChain {
  readonly columns: number;
  readonly layers: readonly DenseLayer[];
}

/** A layer that is still growing: scalers may join it until its activation is known. */
interface Growing {
  readonly inner: number;
  outer: number;
  weight: Float64Array;
  bias: Float64Array;
}

const ACTIVATIONS: Readonly<Record<string, Activation>> = { Relu: "relu", Sigmoid: "sigmoid", Tanh: "tanh" };

/** The chain that this graph is, or null when it is anything else. Requires: tidied nodes. */
export function readDenseChain(graph: Graph): DenseChain | null {
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  if (input === undefined || output === undefined || graph.inputs.length > 1 || graph.outputs.length > 1) return null;
  const reader = new ChainReader(graph);
  let value = input.name;
  for (const step of graph.nodes) {
    const [to] = step.output;
    if (to === undefined || step.output.length !== 1 || !step.input.includes(value)) return null;
    if (!reader.take(step, value)) return null;
    value = to;
  }
  return value === output.name ? reader.chain() : null;
}

/** Takes one node after the other. The state is one layer that grows and those that are done. */
class ChainReader {
  readonly #graph: Graph;
  readonly #layers: DenseLayer[] = [];
  /** Scale and shift of what the next layer reads; null: as it is. */
  #scaler: { scale: Float64Array; shift: Float64Array } | null = null;
  #growing: Growing | null = null;
  /** Whether the one number of a row has lost its dimension: no layer may follow. */
  #squeezed = false;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** Whether the node is part of a chain. */
  take(step: NodeProto, value: string): boolean {
    if (step.domain === "ai.onnx.ml") return step.opType === "Scaler" && this.#scale(step);
    if (step.domain !== "") return false;
    const activation = ACTIVATIONS[step.opType];
    if (activation !== undefined) return this.#end(activation);
    switch (step.opType) {
      case "Gemm":
        return this.#gemm(step, value);
      case "MatMul":
        return step.input[0] === value && this.#multiply(matrixOf(this.#graph, step.input[1], false), null, 1, 1);
      case "Add":
      case "Sub":
      case "Mul":
      case "Div":
        return this.#elementwise(step, value);
      case "BatchNormalization":
        return step.input[0] === value && this.#normalise(step);
      case "Clip":
        return step.input[0] === value && this.#holdsUnit(step) && this.#end("unit");
      case "Identity":
        return true;
      case "Cast":
        return intOf(step, "to", 0) === TensorProto_DataType.FLOAT;
      case "Flatten":
      case "Reshape":
      case "Squeeze":
      case "Unsqueeze":
        return step.input[0] === value && this.#respell(step);
      default:
        return false;
    }
  }

  chain(): DenseChain | null {
    if (this.#growing !== null) this.#end("none");
    if (this.#scaler !== null) return null;
    const [first] = this.#layers;
    const last = this.#layers.at(-1);
    if (first === undefined || last?.outer !== 1) return null;
    return { columns: first.inner, layers: this.#layers };
  }

  #end(activation: Activation): boolean {
    const growing = this.#growing;
    if (growing === null) return false;
    const { inner, outer } = growing;
    const weight = Float32Array.from(growing.weight);
    this.#layers.push({ inner, outer, weight, bias: Float32Array.from(growing.bias), activation });
    this.#growing = null;
    return true;
  }

  #gemm(step: NodeProto, value: string): boolean {
    const [x, w, b] = step.input;
    if (x !== value || intOf(step, "transA", 0) !== 0) return false;
    const matrix = matrixOf(this.#graph, w, intOf(step, "transB", 0) !== 0);
    return this.#multiply(matrix, b ?? null, floatOf(step, "alpha", 1), floatOf(step, "beta", 1));
  }

  /** A new layer from here on. Two products without an activation between are left alone: no exporter writes them. */
  #multiply(matrix: Matrix | null, biasName: string | null, alpha: number, beta: number): boolean {
    if (matrix === null || this.#growing !== null || this.#squeezed) return false;
    const { inner, outer } = matrix;
    const before = this.#layers.at(-1);
    if (before !== undefined && before.outer !== inner) return false;
    const bias = new Float64Array(outer);
    if (biasName !== null && biasName !== "") {
      const stated = this.#numbers(biasName);
      if (stated === null || (stated.length !== outer && stated.length !== 1)) return false;
      for (let j = 0; j < outer; j++) bias[j] = beta * (stated[stated.length === 1 ? 0 : j] ?? 0);
    }
    const weight = matrix.values.map((w) => alpha * w);
    const scaler = this.#scaler;
    if (scaler !== null) {
      if (scaler.scale.length !== inner) return false;
      for (let i = 0; i < inner; i++) {
        for (let j = 0; j < outer; j++) {
          const w = weight[i * outer + j] ?? 0;
          bias[j] = (bias[j] ?? 0) + (scaler.shift[i] ?? 0) * w;
          weight[i * outer + j] = (scaler.scale[i] ?? 1) * w;
        }
      }
      this.#scaler = null;
    }
    this.#growing = { inner, outer, weight, bias };
    return true;
  }

  /** (x − offset) · scale, column by column. */
  #scale(step: NodeProto): boolean {
    const offset = floatsOf(step, "offset");
    const scale = floatsOf(step, "scale");
    const size = Math.max(offset.length, scale.length);
    return this.#affine(
      size,
      (i) => columnOf(scale, i, 1),
      (i) => -columnOf(offset, i, 0) * columnOf(scale, i, 1),
    );
  }

  /** What training measured of a batch stands in the file: a scale and a shift by column. */
  #normalise(step: NodeProto): boolean {
    if (intOf(step, "training_mode", 0) !== 0) return false;
    const lists = step.input.slice(1).map((name) => this.#numbers(name));
    const [scale, shift, mean, variance] = lists;
    if (!scale || !shift || !mean || !variance) return false;
    const epsilon = floatOf(step, "epsilon", 1e-5);
    const slope = (i: number): number => (scale[i] ?? 1) / Math.sqrt((variance[i] ?? 1) + epsilon);
    return this.#affine(scale.length, slope, (i) => (shift[i] ?? 0) - (mean[i] ?? 0) * slope(i));
  }

  /** Whether a Clip holds its values between 0 and 1. */
  #holdsUnit(step: NodeProto): boolean {
    // The bounds are inputs since opset 11; before, attributes.
    const [least, most] = step.input.slice(1).map((name) => this.#numbers(name)?.[0]);
    return (least ?? floatOf(step, "min", -1)) === 0 && (most ?? floatOf(step, "max", -1)) === 1;
  }

  #respell(step: NodeProto): boolean {
    const width = this.#width();
    const [, shape] = step.input;
    const stated = shape === undefined ? null : this.#numbers(shape);
    const next = width === null ? null : respelled(step, { width, squeezed: this.#squeezed }, stated);
    if (next === null) return false;
    this.#squeezed = next.squeezed;
    return true;
  }

  /** Columns of the value at hand. */
  #width(): number | null {
    return this.#growing?.outer ?? this.#layers.at(-1)?.outer ?? this.#columns();
  }

  #elementwise(step: NodeProto, value: string): boolean {
    const [a, b] = step.input;
    const other = a === value ? b : a;
    const numbers = other === undefined ? null : this.#numbers(other);
    if (numbers === null || other === undefined || !isRow(this.#graph, other)) return false;
    const at = (i: number): number => numbers[numbers.length === 1 ? 0 : i] ?? 0;
    const flipped = a !== value;
    const sign = flipped ? -1 : 1;
    switch (step.opType) {
      case "Add":
        return this.#affine(numbers.length, () => 1, at);
      case "Sub":
        return this.#affine(
          numbers.length,
          () => sign,
          (i) => -sign * at(i),
        );
      case "Mul":
        return this.#affine(numbers.length, at, () => 0);
      default:
        return (
          !flipped &&
          this.#affine(
            numbers.length,
            (i) => 1 / at(i),
            () => 0,
          )
        );
    }
  }

  /** `x · scale + shift` by column joins the layer that grows, or waits for the next one. */
  #affine(size: number, scale: (i: number) => number, shift: (i: number) => number): boolean {
    const growing = this.#growing;
    if (growing !== null) {
      const { inner, outer, weight, bias } = growing;
      if (size !== outer && size !== 1) return false;
      for (let j = 0; j < outer; j++) {
        const [s, t] = [scale(j), shift(j)];
        for (let i = 0; i < inner; i++) weight[i * outer + j] = (weight[i * outer + j] ?? 0) * s;
        bias[j] = (bias[j] ?? 0) * s + t;
      }
      return true;
    }
    const before = this.#scaler;
    const width = this.#width();
    if (width === null || (size !== width && size !== 1)) return false;
    const next = { scale: new Float64Array(width), shift: new Float64Array(width) };
    for (let i = 0; i < width; i++) {
      next.scale[i] = (before?.scale[i] ?? 1) * scale(i);
      next.shift[i] = (before?.shift[i] ?? 0) * scale(i) + shift(i);
    }
    this.#scaler = next;
    return true;
  }

  /** Width of the features, from the first matrix that they meet. */
  #columns(): number | null {
    for (const step of this.#graph.nodes) {
      if (step.opType !== "Gemm" && step.opType !== "MatMul") continue;
      const transposed = step.opType === "Gemm" && intOf(step, "transB", 0) !== 0;
      return matrixOf(this.#graph, step.input[1], transposed)?.inner ?? null;
    }
    return null;
  }

  #numbers(name: string): Float64Array | null {
    const tensor = this.#graph.constants.get(name);
    return tensor === undefined ? null : numbersOf(tensor);
  }
}
