/**
 * What a set must pass before it serves: every model says of its golden rows what it said when it was published. The
 * same runs warm it up, so that no viewer waits for its first one.
 */
import type { FeatureMatrix } from "../../../src/decision/hydrate.ts";
import type { LoadedModelSet, LoadSteps } from "./model_set.ts";
import { COLUMN_COUNT } from "../../../src/features/schema.ts";

/** How far a model may be from its golden rows: runtimes round differently, a flipped bit is seen beyond it. */
const TOLERANCE = 1e-4;

/** A model said something else than when it was published. */
export class GoldenMismatch extends Error {
  override readonly name = "GoldenMismatch";
}

interface Expected {
  readonly model: string;
  readonly value: number;
}

/**
 * Asks all golden rows, one at a time, because each may be of another break. Models that share rows, as models of one
 * training run do, share runs. Rejects with `GoldenMismatch`. A set without golden rows is asked a row of zeros.
 */
export async function selfTest(set: LoadedModelSet, piece: LoadSteps["piece"]): Promise<void> {
  for (const [text, expected] of goldenRows(set)) {
    const row = text === "" ? new Float32Array(COLUMN_COUNT) : Float32Array.from(text.split(" "), Number);
    const answers = await piece(() => set.askEach(matrixOf(row)));
    for (const { model, value } of expected) {
      const said = answers.get(model)?.[0] ?? Number.NaN;
      if (!(Math.abs(said - value) <= TOLERANCE * Math.max(1, Math.abs(value)))) {
        throw new GoldenMismatch(
          `model ${model} says ${said} of a golden row, and said ${value} when it was published`,
        );
      }
    }
  }
}

/** Every distinct row, spelled out, with what is expected of it. */
function goldenRows(set: LoadedModelSet): ReadonlyMap<string, readonly Expected[]> {
  const rows = new Map<string, Expected[]>();
  for (const { name, golden } of set.models) {
    golden?.rows.forEach((row, at) => {
      const text = row.join(" ");
      const expected = rows.get(text) ?? [];
      expected.push({ model: name, value: golden.expected[at] ?? Number.NaN });
      rows.set(text, expected);
    });
  }
  return rows.size === 0 ? new Map([["", []]]) : rows;
}

function matrixOf(rows: Float32Array): FeatureMatrix {
  return { rows, rowCount: 1, columns: rows.length };
}
