/**
 * Runs forests on the kernel of kernels/forest.ts: nodes are laid out once in the kernel's memory, tree by tree; a call
 * writes the features beside them once for all forests, walks the trees, and runs what comes after their sum.
 */
import { assert, present } from "../kernel/assert.ts";
import type { Forest } from "./forest.ts";
import { Allocator, blocks, CODES, PANEL, ROW_BLOCK, writePanels } from "./kernel_layout.ts";
import type { DenseKernel } from "./stack_runner.ts";

/** The kernel's exports. Pointers are bytes into its memory. */
export interface ForestKernel extends Pick<DenseKernel, "memory" | "dense" | "single"> {
  begin(out: number, value: number, rows: number): void;
  walk(root: number, x: number, out: number, depth: number, rows: number, stride: number): void;
}

/** Numbers of a node: threshold, column, and where to go. */
const NODE_WORDS = 4;

/** Where one forest's numbers lie. Bytes. */
interface Layout {
  readonly roots: readonly number[];
  readonly tail: readonly { readonly weight: number; readonly bias: number }[];
}

/** See the head of this file. Not for two calls at once; a call does not wait for anything. */
export class ForestRunner {
  readonly #kernel: ForestKernel;
  readonly #forests: readonly Forest[];
  readonly #columns: number;
  readonly #rowsMax: number;
  readonly #layouts: readonly Layout[];
  readonly #at: { readonly x: number; readonly out: number };
  /** Two stretches that the layers after the trees write to by turns. */
  readonly #scratch: readonly [number, number];

  /** Bytes of the kernel's memory that the forests use. */
  readonly bytes: number;

  /** Requires: a kernel of its own; at least one forest, all of the same columns; `rowsMax` ≥ 1. */
  constructor(kernel: ForestKernel, forests: readonly Forest[], rowsMax: number) {
    this.#kernel = kernel;
    this.#forests = forests;
    this.#columns = forests[0]?.columns ?? 0;
    assert(
      forests.every(({ columns }) => columns === this.#columns),
      "forests that run together read the same columns",
    );
    this.#rowsMax = blocks(rowsMax, ROW_BLOCK);
    const allocator = new Allocator();
    this.#layouts = forests.map(({ trees, tail }) => ({
      roots: trees.map(({ yes }) => allocator.floats(yes.length * NODE_WORDS)),
      tail: tail.map(({ inner, outer }) => {
        const padded = blocks(outer, PANEL);
        return { weight: allocator.floats(inner * padded), bias: allocator.floats(padded) };
      }),
    }));
    const widest = Math.max(...forests.flatMap(({ tail }) => tail.map(({ outer }) => blocks(outer, PANEL))));
    const [x, out] = [allocator.floats(this.#columns * this.#rowsMax), allocator.floats(this.#rowsMax)];
    this.#at = { x, out };
    this.#scratch = [allocator.floats(widest * this.#rowsMax), allocator.floats(widest * this.#rowsMax)];
    this.bytes = allocator.bytes;
    allocator.grow(kernel.memory);
    forests.forEach((forest, index) => this.#write(forest, present(this.#layouts[index], "one layout a forest")));
  }

  /**
   * Every forest on every row. Shape: `features` `[rows, columns]`, row-major; the answer is `[forests, rows]`.
   * Requires: 1 ≤ rows ≤ `rowsMax`; features that are numbers.
   */
  run(features: Float32Array, rows: number): Float32Array {
    assert(rows >= 1 && rows <= this.#rowsMax, "as many rows as the runner was made for");
    const padded = blocks(rows, ROW_BLOCK);
    // Memory may have been grown since: a view is taken anew for each call.
    const memory = new Float32Array(this.#kernel.memory.buffer);
    const x = this.#at.x / 4;
    memory.set(features.subarray(0, rows * this.#columns), x);
    memory.fill(0, x + rows * this.#columns, x + padded * this.#columns);
    const answers = new Float32Array(this.#forests.length * rows);
    this.#forests.forEach((forest, index) => {
      const at = this.#runForest(forest, present(this.#layouts[index], "one layout a forest"), padded) / 4;
      answers.set(memory.subarray(at, at + rows), index * rows);
    });
    return answers;
  }

  /** Where the answers lie. */
  #runForest({ trees, tail }: Forest, layout: Layout, rows: number): number {
    const { x, out } = this.#at;
    const kernel = this.#kernel;
    kernel.begin(out, 0, rows);
    for (const [index, { depth }] of trees.entries()) {
      kernel.walk(layout.roots[index] ?? 0, x, out, depth, rows, 4 * this.#columns);
    }
    let from = out;
    let [to, other] = this.#scratch;
    for (const [index, { inner, outer, activation }] of tail.entries()) {
      const { weight, bias } = present(layout.tail[index], "a layout a layer");
      const code = CODES[activation];
      if (index === tail.length - 1) kernel.single(weight, bias, from, to, inner, rows, code);
      else kernel.dense(weight, bias, from, to, blocks(outer, PANEL), inner, rows, code);
      [from, to, other] = [to, other, to];
    }
    return from;
  }

  #write({ trees, tail }: Forest, { roots, tail: places }: Layout): void {
    const floats = new Float32Array(this.#kernel.memory.buffer);
    const words = new Uint32Array(this.#kernel.memory.buffer);
    trees.forEach(({ columns, thresholds, yes, no }, tree) => {
      const root = roots[tree] ?? 0;
      for (let place = 0; place < yes.length; place++) {
        const at = root / 4 + place * NODE_WORDS;
        floats[at] = thresholds[place] ?? 0;
        words[at + 1] = 4 * (columns[place] ?? 0);
        words[at + 2] = root + 4 * NODE_WORDS * (no[place] ?? 0);
        words[at + 3] = root + 4 * NODE_WORDS * (yes[place] ?? 0);
      }
    });
    tail.forEach((layer, index) => {
      const { weight, bias } = present(places[index], "a layout a layer");
      floats.set(layer.bias, bias / 4);
      if (index === tail.length - 1) floats.set(layer.weight, weight / 4);
      else writePanels(floats, weight, layer, 0, layer.inner);
    });
  }
}
