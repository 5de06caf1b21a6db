/**
 * Trees in plain TypeScript, for a tier that must be there before any wasm is. Thresholds and leaves are float32 and
 * are added up in the order of the trees, as the ONNX runtime does: the same bits in every engine, and those of the
 * model that the trees were taken from.
 */
import { z } from "zod";

/** Bounds that keep the table small in the bundle and cheap on a cold isolate. */
export const FALLBACK_TREES = { treesMax: 64, nodesMax: 255 } as const;

const list = z.array(z.int().min(0)).min(1).max(FALLBACK_TREES.nodesMax);

/** One tree, its root first. A leaf leads to itself and its threshold is its value; all else leads further down. */
const treeSchema = z
  .strictObject({ columns: list, thresholds: z.array(z.number()), yes: list, no: list })
  .refine(
    ({ columns, thresholds, yes, no }) => [thresholds, yes, no].every(({ length }) => length === columns.length),
    "as many of each",
  )
  .refine(
    ({ columns, yes, no }) =>
      columns.every((_, at) => {
        const [left = -1, right = -1] = [yes[at], no[at]];
        return (left === at && right === at) || (left > at && right > at && Math.max(left, right) < columns.length);
      }),
    "nodes that lead further down",
  );

/** Trees whose leaves are added up, and what their sum starts from. */
export const treesSchema = z.strictObject({
  base: z.number(),
  trees: z.array(treeSchema).min(1).max(FALLBACK_TREES.treesMax),
});

export type FallbackTrees = z.output<typeof treesSchema>;

/** Columns that the trees read: one more than the highest. */
export function columnsOfTrees({ trees }: FallbackTrees): number {
  return 1 + trees.reduce((most, { columns }) => Math.max(most, ...columns), 0);
}

/** What the trees say of every row. Shape: `rows` `[rowCount, columns]` float32, row-major. */
export function scoreTrees(model: FallbackTrees, rows: Float32Array, rowCount: number, columns: number): Float32Array {
  const scores = new Float32Array(rowCount);
  for (const { columns: read, thresholds, yes, no } of model.trees) {
    for (let row = 0; row < rowCount; row++) {
      const start = row * columns;
      let at = 0;
      // Every node leads further down, so this ends.
      while (yes[at] !== at) {
        const below = (rows[start + (read[at] ?? 0)] ?? 0) <= (thresholds[at] ?? 0);
        at = (below ? yes[at] : no[at]) ?? at;
      }
      // A Float32Array rounds each sum to float32.
      scores[row] = (scores[row] ?? 0) + (thresholds[at] ?? 0);
    }
  }
  for (let row = 0; row < rowCount; row++) scores[row] = (scores[row] ?? 0) + model.base;
  return scores;
}
