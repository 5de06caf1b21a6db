/**
 * The inner loops of dense heads, in AssemblyScript: single-threaded 128-bit SIMD, no allocation, no growth. Values lie
 * feature-major, `[feature, row]`, so that one weight meets many rows at once and nothing is ever transposed. Every sum
 * is taken in one fixed order, multiply then add and never fused, so the same bits come out on every machine.
 *
 * Compiled by scripts/build_kernels.ts into dense_stack.wasm, which is committed; a test compiles it again.
 * Pointers are bytes into this module's memory; `rows` is padded to a multiple of eight by whoever calls.
 */

/** What a layer ends with. */
const NONE: i32 = 0;
const RELU: i32 = 1;
const SIGMOID: i32 = 2;
const TANH: i32 = 3;
/** Held between 0 and 1. */
const UNIT: i32 = 4;

/**
 * What is the same for all rows, once: `out[m] = bias[m] + Σ weight[k][m] · x[k]`.
 * Shape: weight `[inner, outer]`, x `[inner]`, bias and out `[outer]`; outer a multiple of four.
 */
export function hoist(weight: usize, bias: usize, x: usize, out: usize, outer: i32, inner: i32): void {
  const step: usize = (<usize>outer) << 2;
  for (let m: usize = 0; m < step; m += 16) {
    let sum = v128.load(bias + m);
    let w = weight + m;
    for (let k = 0; k < inner; k++) {
      sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(x + ((<usize>k) << 2)), v128.load(w)));
      w += step;
    }
    v128.store(out + m, sum);
  }
}

/**
 * One layer of one head: `out = activation(weight · x + bias)`.
 * Shape: weight `[outer / 4, inner, 4]`, x `[inner, rows]`, bias `[outer]`, out `[outer, rows]`; outer a multiple of
 * four, rows of eight.
 */
export function dense(
  weight: usize,
  bias: usize,
  x: usize,
  out: usize,
  outer: i32,
  inner: i32,
  rows: i32,
  activation: i32,
): void {
  const step: usize = (<usize>rows) << 2;
  const zero = f32x4.splat(0);
  for (let m = 0; m < outer; m += 4) {
    const panel: usize = weight + ((<usize>m * <usize>inner) << 2);
    const base: usize = bias + ((<usize>m) << 2);
    const to: usize = out + <usize>m * step;
    for (let n: usize = 0; n < step; n += 32) {
      let a0 = v128.load32_splat(base);
      let b0 = v128.load32_splat(base, 4);
      let c0 = v128.load32_splat(base, 8);
      let d0 = v128.load32_splat(base, 12);
      let a1 = a0;
      let b1 = b0;
      let c1 = c0;
      let d1 = d0;
      let w = panel;
      let from = x + n;
      for (let k = 0; k < inner; k++) {
        const x0 = v128.load(from);
        const x1 = v128.load(from, 16);
        const wa = v128.load32_splat(w);
        const wb = v128.load32_splat(w, 4);
        const wc = v128.load32_splat(w, 8);
        const wd = v128.load32_splat(w, 12);
        a0 = f32x4.add(a0, f32x4.mul(wa, x0));
        a1 = f32x4.add(a1, f32x4.mul(wa, x1));
        b0 = f32x4.add(b0, f32x4.mul(wb, x0));
        b1 = f32x4.add(b1, f32x4.mul(wb, x1));
        c0 = f32x4.add(c0, f32x4.mul(wc, x0));
        c1 = f32x4.add(c1, f32x4.mul(wc, x1));
        d0 = f32x4.add(d0, f32x4.mul(wd, x0));
        d1 = f32x4.add(d1, f32x4.mul(wd, x1));
        w += 16;
        from += step;
      }
      if (activation === RELU) {
        // Hidden layers nearly all end so; a call for each store would be felt.
        a0 = f32x4.max(a0, zero);
        a1 = f32x4.max(a1, zero);
        b0 = f32x4.max(b0, zero);
        b1 = f32x4.max(b1, zero);
        c0 = f32x4.max(c0, zero);
        c1 = f32x4.max(c1, zero);
        d0 = f32x4.max(d0, zero);
        d1 = f32x4.max(d1, zero);
      } else if (activation !== NONE) {
        a0 = activate(a0, activation);
        a1 = activate(a1, activation);
        b0 = activate(b0, activation);
        b1 = activate(b1, activation);
        c0 = activate(c0, activation);
        c1 = activate(c1, activation);
        d0 = activate(d0, activation);
        d1 = activate(d1, activation);
      }
      const place = to + n;
      v128.store(place, a0);
      v128.store(place, a1, 16);
      v128.store(place + step, b0);
      v128.store(place + step, b1, 16);
      v128.store(place + 2 * step, c0);
      v128.store(place + 2 * step, c1, 16);
      v128.store(place + 3 * step, d0);
      v128.store(place + 3 * step, d1, 16);
    }
  }
}

/** The last layer of a head, with one output. Shape: weight `[inner]`, bias `[1]`, x `[inner, rows]`, out `[rows]`. */
export function single(weight: usize, bias: usize, x: usize, out: usize, inner: i32, rows: i32, activation: i32): void {
  const step: usize = (<usize>rows) << 2;
  for (let n: usize = 0; n < step; n += 32) {
    let a0 = v128.load32_splat(bias);
    let a1 = a0;
    let from = x + n;
    for (let k = 0; k < inner; k++) {
      const w = v128.load32_splat(weight + ((<usize>k) << 2));
      a0 = f32x4.add(a0, f32x4.mul(w, v128.load(from)));
      a1 = f32x4.add(a1, f32x4.mul(w, v128.load(from, 16)));
      from += step;
    }
    v128.store(out + n, activate(a0, activation));
    v128.store(out + n, activate(a1, activation), 16);
  }
}

function activate(x: v128, activation: i32): v128 {
  if (activation === RELU) return f32x4.max(x, f32x4.splat(0));
  if (activation === SIGMOID) return sigmoid(x);
  // tanh(x) = 2 · sigmoid(2x) − 1
  if (activation === TANH) return f32x4.sub(f32x4.mul(f32x4.splat(2), sigmoid(f32x4.add(x, x))), f32x4.splat(1));
  if (activation === UNIT) return f32x4.min(f32x4.max(x, f32x4.splat(0)), f32x4.splat(1));
  return x;
}

function sigmoid(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp(f32x4.neg(x))));
}

/** e to the x, to about one unit in the last place. Source: Moshier, Cephes library, expf. */
function exp(x: v128): v128 {
  const inside = f32x4.max(f32x4.splat(-87), f32x4.min(f32x4.splat(88), x));
  const n = f32x4.nearest(f32x4.mul(inside, f32x4.splat(f32(Math.LOG2E))));
  const high = f32x4.sub(inside, f32x4.mul(n, f32x4.splat(0.693359375)));
  const r = f32x4.sub(high, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
  let p = f32x4.splat(1.98756915e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  const y = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(y, power);
}
