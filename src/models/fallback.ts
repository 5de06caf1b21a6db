/**
 * The scorer that is always there: one logistic regression a head and an early ranker, linear or the first trees of a
 * trained one (`midroll models transpile`), in plain TypeScript, over the same columns as the ONNX models. A cold
 * isolate answers with it, and so does one whose models have failed. It gives the same bits in every engine: its
 * exponential is built from + - * / only, because Math.exp promises no bits.
 */
import { z } from "zod";
import { assert } from "../kernel/assert.ts";
import { columnsOfTrees, scoreTrees, treesSchema } from "./fallback_trees.ts";
import { HEADS, type Head } from "./manifest.ts";

const linearSchema = z.strictObject({ bias: z.number(), weights: z.array(z.number()).min(1).max(1024) });

/**
 * The trained weights, as `models/fallback.json` holds them.
 * Refuses: a missing head, a number that is not finite, weights that are not one a column.
 */
export const fallbackWeightsSchema = z
  .strictObject({
    featureSchemaDigest: z.string().regex(/^[0-9a-f]{64}$/, "a lower-case SHA-256 in hexadecimal"),
    columns: z.int().positive().max(1024),
    heads: z.strictObject({
      completedView: linearSchema,
      click: linearSchema,
      abandon: linearSchema,
      conversion: linearSchema,
    }),
    earlyRanker: z.union([linearSchema, treesSchema]),
  })
  .refine(
    ({ columns, heads, earlyRanker }) =>
      HEADS.every((head) => heads[head].weights.length === columns) &&
      ("trees" in earlyRanker ? columnsOfTrees(earlyRanker) <= columns : earlyRanker.weights.length === columns),
    "one weight a column, and trees that read no others",
  );

export type FallbackWeights = z.output<typeof fallbackWeightsSchema>;
type Linear = z.output<typeof linearSchema>;

/** Probabilities, one per row. */
export type HeadColumns = Readonly<Record<Head, Float32Array>>;

/** Beyond this a probability is 0 or 1 to float32's last bit and further. */
const LOGIT_MAX = 40;
/** 1/1!, 1/2!, … 1/14! from the highest down: the remainder below |x| ≤ 0.625 is under 1e-15. */
const INVERSE_FACTORIALS = Array.from({ length: 15 }, (_, i) => {
  let factorial = 1;
  for (let n = 2; n <= 14 - i; n++) factorial *= n;
  return 1 / factorial;
});

/**
 * e^x for |x| ≤ 40 by + and * only: the series at x/64, squared six times. Relative error below 1e-13.
 * Outside that range, and for what is not a number, x is held at the nearest end (NaN: at -40).
 */
export function exactExp(x: number): number {
  const held = x > LOGIT_MAX ? LOGIT_MAX : x >= -LOGIT_MAX ? x : -LOGIT_MAX;
  const small = held / 64;
  let sum = 0;
  for (const term of INVERSE_FACTORIALS) sum = sum * small + term;
  for (let i = 0; i < 6; i++) sum *= sum;
  return sum;
}

/** The probability of a logit, the same bits everywhere, never outside [0, 1]. */
export function exactSigmoid(logit: number): number {
  if (logit >= 0) return 1 / (1 + exactExp(-logit));
  const odds = exactExp(logit);
  return odds / (1 + odds);
}

/** `bias + weights · row` for every row, added up in column order. */
function linear(model: Linear, rows: Float32Array, rowCount: number, columns: number): Float64Array {
  assert(model.weights.length === columns, "the fallback has one weight a column");
  assert(rows.length >= rowCount * columns, "the matrix holds its rows");
  const out = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    let sum = model.bias;
    const start = row * columns;
    for (let column = 0; column < columns; column++) {
      sum += (rows[start + column] ?? 0) * (model.weights[column] ?? 0);
    }
    out[row] = sum;
  }
  return out;
}

/**
 * Every head on every row. Shape: `rows` is `[rowCount, columns]` float32, row-major. Units: probabilities in [0, 1].
 * Requires: `columns` is the weights' own column count.
 */
export function scoreFallback(
  weights: FallbackWeights,
  rows: Float32Array,
  rowCount: number,
  columns: number,
): HeadColumns {
  const score = (model: Linear): Float32Array =>
    Float32Array.from(linear(model, rows, rowCount, columns), exactSigmoid);
  return {
    completedView: score(weights.heads.completedView),
    click: score(weights.heads.click),
    abandon: score(weights.heads.abandon),
    conversion: score(weights.heads.conversion),
  };
}

/** The early rank of every row; larger is better. Shapes and requirements as in `scoreFallback`. */
export function scoreEarlyFallback(
  weights: FallbackWeights,
  rows: Float32Array,
  rowCount: number,
  columns: number,
): Float32Array {
  const { earlyRanker } = weights;
  if (!("trees" in earlyRanker)) return Float32Array.from(linear(earlyRanker, rows, rowCount, columns));
  assert(weights.columns === columns && rows.length >= rowCount * columns, "the matrix holds its rows");
  return scoreTrees(earlyRanker, rows, rowCount, columns);
}
