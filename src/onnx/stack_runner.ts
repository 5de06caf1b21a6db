/**
 * Runs a dense stack on the kernel of kernels/dense_stack.ts: lays weights out once in the kernel's memory, then for
 * every call writes the features feature-major beside them, works the shared half out once, and walks head by head, so
 * that what one layer gives the next still lies in the nearest cache.
 */
import { assert, present } from "../kernel/assert.ts";
import type { DenseStack, StackedHead } from "./dense_stack.ts";
import { Allocator, blocks, CODES, PANEL, ROW_BLOCK, writePanels, type KernelMemory } from "./kernel_layout.ts";

/** The kernel's exports. Pointers are bytes into its memory. */
export interface DenseKernel {
  readonly memory: KernelMemory;
  hoist(weight: number, bias: number, x: number, out: number, outer: number, inner: number): void;
  dense(
    weight: number,
    bias: number,
    x: number,
    out: number,
    outer: number,
    inner: number,
    rows: number,
    activation: number,
  ): void;
  single(weight: number, bias: number, x: number, out: number, inner: number, rows: number, activation: number): void;
}

/** Layers of a stack at least: the first takes the halves apart, the last has one output. */
export const LAYERS_MIN = 2;

/** Where one head's numbers lie. Bytes. */
interface HeadLayout {
  readonly shared: number;
  readonly layers: readonly { readonly weight: number; readonly bias: number }[];
}

/** See the head of this file. Not for two calls at once; a call does not wait for anything. */
export class DenseStackRunner {
  readonly #kernel: DenseKernel;
  readonly #stack: DenseStack;
  readonly #rowsMax: number;
  readonly #heads: readonly HeadLayout[];
  readonly #at: { readonly shared: number; readonly own: number; readonly once: number; readonly out: number };
  /** Two stretches that layers write to by turns. */
  readonly #scratch: readonly [number, number];
  readonly #bytes: number;

  /** Requires: a kernel of its own; at least `LAYERS_MIN` layers; `rowsMax` ≥ 1. */
  constructor(kernel: DenseKernel, stack: DenseStack, rowsMax: number) {
    assert(stack.activations.length >= LAYERS_MIN, "a stack for the kernel has enough layers");
    this.#kernel = kernel;
    this.#stack = stack;
    this.#rowsMax = blocks(rowsMax, ROW_BLOCK);
    const allocator = new Allocator();
    this.#heads = stack.heads.map(() => this.#layoutOf(allocator));
    const { shared, own } = stack.halves;
    const widest = blocks(Math.max(...stack.widths.slice(1)), PANEL);
    this.#at = {
      shared: allocator.floats(shared.to - shared.from),
      own: allocator.floats((own.to - own.from) * this.#rowsMax),
      once: allocator.floats(blocks(stack.widths[1] ?? 0, PANEL)),
      out: allocator.floats(stack.heads.length * this.#rowsMax),
    };
    this.#scratch = [allocator.floats(widest * this.#rowsMax), allocator.floats(widest * this.#rowsMax)];
    this.#bytes = allocator.bytes;
    allocator.grow(kernel.memory);
    const memory = new Float32Array(kernel.memory.buffer);
    stack.heads.forEach((head, index) => this.#write(memory, head, present(this.#heads[index], "one layout a head")));
  }

  /** Bytes of the kernel's memory that this stack uses. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Every head on every row. Shape: `features` `[rows, columns]`, row-major; the answer is `[heads, rows]`. Requires:
   * 1 ≤ rows ≤ `rowsMax`; the shared columns of all rows agree.
   */
  run(features: Float32Array, rows: number): Float32Array {
    assert(rows >= 1 && rows <= this.#rowsMax, "as many rows as the runner was made for");
    const padded = blocks(rows, ROW_BLOCK);
    // Memory may have been grown since: a view is taken anew for each call.
    const memory = new Float32Array(this.#kernel.memory.buffer);
    this.#readFeatures(memory, features, rows, padded);
    this.#heads.forEach((layout, index) => this.#runHead(layout, this.#at.out + 4 * index * padded, padded));
    const out = new Float32Array(this.#heads.length * rows);
    for (let head = 0; head < this.#heads.length; head++) {
      const from = this.#at.out / 4 + head * padded;
      out.set(memory.subarray(from, from + rows), head * rows);
    }
    return out;
  }

  #readFeatures(memory: Float32Array, features: Float32Array, rows: number, padded: number): void {
    const columns = this.#stack.widths[0] ?? 0;
    const { shared, own } = this.#stack.halves;
    memory.set(features.subarray(shared.from, shared.to), this.#at.shared / 4);
    for (let column = own.from; column < own.to; column++) {
      const to = this.#at.own / 4 + (column - own.from) * padded;
      for (let row = 0; row < rows; row++) memory[to + row] = features[row * columns + column] ?? 0;
      memory.fill(0, to + rows, to + padded);
    }
  }

  #runHead({ shared, layers }: HeadLayout, out: number, rows: number): void {
    const { widths, activations, halves } = this.#stack;
    const kernel = this.#kernel;
    const outer = (layer: number): number => blocks(widths[layer + 1] ?? 0, PANEL);
    const code = (layer: number): number => CODES[activations[layer] ?? "none"];
    const [first] = layers;
    if (first === undefined) return;
    kernel.hoist(shared, first.bias, this.#at.shared, this.#at.once, outer(0), halves.shared.to - halves.shared.from);
    let [x, next] = this.#scratch;
    kernel.dense(
      first.weight,
      this.#at.once,
      this.#at.own,
      x,
      outer(0),
      halves.own.to - halves.own.from,
      rows,
      code(0),
    );
    const last = layers.length - 1;
    for (let layer = 1; layer < last; layer++) {
      const { weight, bias } = present(layers[layer], "a layer a width");
      kernel.dense(weight, bias, x, next, outer(layer), widths[layer] ?? 0, rows, code(layer));
      [x, next] = [next, x];
    }
    const { weight, bias } = present(layers[last], "at least two layers");
    kernel.single(weight, bias, x, out, widths[last] ?? 0, rows, code(last));
  }

  #layoutOf(allocator: Allocator): HeadLayout {
    const { widths, halves } = this.#stack;
    const last = widths.length - 2;
    const shared = allocator.floats((halves.shared.to - halves.shared.from) * blocks(widths[1] ?? 0, PANEL));
    const layers = widths.slice(1).map((width, layer) => {
      const inner = layer === 0 ? halves.own.to - halves.own.from : (widths[layer] ?? 0);
      const outer = layer === last ? width : blocks(width, PANEL);
      return { weight: allocator.floats(outer * inner), bias: allocator.floats(outer) };
    });
    return { shared, layers };
  }

  #write(memory: Float32Array, { chain }: StackedHead, layout: HeadLayout): void {
    const { halves } = this.#stack;
    chain.layers.forEach((dense, layer) => {
      const { inner, outer, weight, bias } = dense;
      const { weight: to, bias: biasTo } = present(layout.layers[layer], "a layout a layer");
      memory.set(bias, biasTo / 4);
      if (layer === chain.layers.length - 1) {
        memory.set(weight, to / 4);
        return;
      }
      const [from, until] = layer === 0 ? [halves.own.from, halves.own.to] : [0, inner];
      writePanels(memory, to, dense, from, until);
      if (layer > 0) return;
      const padded = blocks(outer, PANEL);
      for (let i = halves.shared.from; i < halves.shared.to; i++) {
        const row = layout.shared / 4 + (i - halves.shared.from) * padded;
        memory.set(weight.subarray(i * outer, (i + 1) * outer), row);
      }
    });
  }
}
