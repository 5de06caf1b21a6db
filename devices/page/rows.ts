/**
 * Rows to score, the same on every device: breaks of up to 64 candidates, as decisions make them and as offline work
 * strings them together. Node and browser draw them from the same seed, so nothing has to travel between the two.
 */
import { BREAK_SPAN, COLUMN_COUNT } from "../../src/features/schema.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { stream, type RandomStream } from "../../src/kernel/random.ts";

/** Candidates of one break at most: what one call of the kernel takes. */
export const ROWS_OF_BREAK = FULL_LIMITS.scoredRowsMax;

/** Features lie in [0, 1], most of them at an end. */
function drawFeature(random: RandomStream): number {
  const kind = random.next();
  return kind < 0.5 ? 0 : kind < 0.7 ? 1 : random.next();
}

/** So many rows. Shape: `[count, COLUMN_COUNT]` float32, row-major; the break's columns agree within a break. */
export function drawBreakRows(seed: string, count: number): Float32Array {
  const random = stream(seed, "device rows");
  const rows = Float32Array.from({ length: count * COLUMN_COUNT }, () => drawFeature(random));
  for (let first = 0; first < count; first += ROWS_OF_BREAK) {
    const shared = rows.slice(first * COLUMN_COUNT + BREAK_SPAN.from, first * COLUMN_COUNT + BREAK_SPAN.to);
    for (let row = first; row < Math.min(count, first + ROWS_OF_BREAK); row++) {
      rows.set(shared, row * COLUMN_COUNT + BREAK_SPAN.from);
    }
  }
  return rows;
}
