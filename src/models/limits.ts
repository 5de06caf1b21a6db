/** What one model may cost where it serves. Chosen so that dozens fit a decision and two sets fit an isolate. */
export const MODEL_LIMITS = {
  /** Multiplications, or their like in steps down trees, a row: about 1 ms on 64 rows. */
  rowCostMax: 200_000,
  /** Bytes of weights. */
  weightBytesMax: 8 * 1024 * 1024,
  /** Bytes of a set's envelope: 64 models with eight golden rows of a hundred columns each fit. */
  envelopeBytesMax: 2 * 1024 * 1024,
} as const;
