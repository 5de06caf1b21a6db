/** How numbers lie in the memory of a kernel: stretches one after the other, and the panels that a layer is read in. */
import type { Activation, DenseLayer } from "./dense_chain.ts";

/** Rows that a kernel takes at once, and outputs of a layer. */
export const ROW_BLOCK = 8;
export const PANEL = 4;
const PAGE_BYTES = 65_536;
/** Below this the compiler's own constants may lie. */
const FIRST_BYTE = 1_024;

/** What kernels call the ends of a layer. */
export const CODES: Readonly<Record<Activation, number>> = { none: 0, relu: 1, sigmoid: 2, tanh: 3, unit: 4 };

/** The memory of a kernel. */
export interface KernelMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** A count as whole blocks. */
export function blocks(count: number, block: number): number {
  return Math.ceil(count / block) * block;
}

/** Hands out stretches of memory, one after the other, each on a boundary of 64 bytes. */
export class Allocator {
  bytes = FIRST_BYTE;

  /** Room for so many numbers of four bytes. */
  floats(count: number): number {
    const at = this.bytes;
    this.bytes += blocks(count * 4, 64);
    return at;
  }

  /** Makes the memory as large as what was handed out. */
  grow(memory: KernelMemory): void {
    const missing = this.bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  }
}

/** Writes the weights from input `from` up to `to` as panels of four outputs: `[outer / 4, to - from, 4]`. */
export function writePanels(memory: Float32Array, at: number, layer: DenseLayer, from: number, to: number): void {
  const { outer, weight } = layer;
  for (let j = 0; j < outer; j++) {
    const panel = at / 4 + Math.floor(j / PANEL) * PANEL * (to - from) + (j % PANEL);
    for (let i = from; i < to; i++) memory[panel + (i - from) * PANEL] = weight[i * outer + j] ?? 0;
  }
}
