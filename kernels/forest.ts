/**
 * The inner loop of tree ensembles, in AssemblyScript. A step down a tree waits for memory, not for arithmetic: eight
 * rows go down side by side, so that one row's step fills the other's wait. A leaf leads to itself, so that nobody asks
 * whether a row has arrived. What a row's trees say is added up in the order of the trees, in float32, as the ONNX
 * runtime does on one thread: the same bits come out on every machine.
 *
 * Compiled by scripts/build_kernels.ts into forest.wasm, which is committed; a test compiles it again. Pointers are
 * bytes into this module's memory; `rows` is padded to a multiple of eight by whoever calls.
 */

/** The layers that may come after the trees: a link, a calibrator. */
export { dense, single } from "./dense_stack";

/** Where a node's parts stand: what is compared, the column's place in a row, where to go if not, where to go if so. */
const THRESHOLD: usize = 0;
const COLUMN: usize = 4;
const NO: usize = 8;

/** `out[row] = value`. Shape: out `[rows]`. */
export function begin(out: usize, value: f32, rows: i32): void {
  const end = out + ((<usize>rows) << 2);
  for (let at = out; at < end; at += 16) v128.store(at, f32x4.splat(value));
}

/**
 * Adds what one tree says of every row: `out[row] += leaf(row)`, after `depth` steps from `root`.
 * Shape: x `[rows, stride / 4]`, out `[rows]`; `stride` in bytes. A node has 16 bytes: f32 threshold (in a leaf: its
 * value), u32 column in bytes, u32 node unless `x <= threshold`, u32 node if so.
 */
export function walk(root: usize, x: usize, out: usize, depth: i32, rows: i32, stride: i32): void {
  const step = <usize>stride;
  const end = out + ((<usize>rows) << 2);
  for (let at = out; at < end; at += 32) {
    const x1 = x + step;
    const x2 = x1 + step;
    const x3 = x2 + step;
    const x4 = x3 + step;
    const x5 = x4 + step;
    const x6 = x5 + step;
    const x7 = x6 + step;
    let a = root;
    let b = root;
    let c = root;
    let d = root;
    let e = root;
    let f = root;
    let g = root;
    let h = root;
    for (let level = 0; level < depth; level++) {
      a = next(a, x);
      b = next(b, x1);
      c = next(c, x2);
      d = next(d, x3);
      e = next(e, x4);
      f = next(f, x5);
      g = next(g, x6);
      h = next(h, x7);
    }
    add(at, a);
    add(at + 4, b);
    add(at + 8, c);
    add(at + 12, d);
    add(at + 16, e);
    add(at + 20, f);
    add(at + 24, g);
    add(at + 28, h);
    x = x7 + step;
  }
}

function next(node: usize, row: usize): usize {
  const yes = load<f32>(row + load<u32>(node, COLUMN)) <= load<f32>(node, THRESHOLD);
  return load<u32>(node + ((<usize>yes) << 2), NO);
}

function add(at: usize, leaf: usize): void {
  store<f32>(at, load<f32>(at) + load<f32>(leaf, THRESHOLD));
}
