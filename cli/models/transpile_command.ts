/**
 * `midroll models transpile`: the first trees of a chosen early ranker, or its one linear layer, become the early
 * ranker of the fallback tier, which is bundled with the Worker and there on a cold isolate. Says how alike the two
 * rank.
 */
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import { COLUMN_COUNT } from "../../src/features/schema.ts";
import { fallbackWeightsSchema, scoreEarlyFallback, type FallbackWeights } from "../../src/models/fallback.ts";
import { FALLBACK_TREES } from "../../src/models/fallback_trees.ts";
import { transpile } from "../../src/onnx/transpile.ts";
import { drawTrainingRows } from "../../src/simulation/training_rows.ts";
import { createWorld, MIDROLL_WORLD_SEED } from "../../src/simulation/world.ts";
import { CliFault } from "../fault.ts";
import { openNative } from "./model_probe.ts";
import { countOf, type Outcome } from "../outcome.ts";

/** Showings of the simulated audience that both rank. */
const ROWS = 4_000;
const ADVICE = {
  not_onnx: "Give it an ONNX file.",
  neither_trees_nor_linear: "Choose an early ranker of trees (one sum of them), or one linear layer.",
  trees_too_large: `Train smaller trees: at most ${FALLBACK_TREES.nodesMax} nodes each.`,
} as const;

const optionsSchema = z.object({
  trees: z.coerce.number().pipe(z.int().min(1).max(FALLBACK_TREES.treesMax)).default(FALLBACK_TREES.treesMax),
  into: z.string().min(1),
  write: z.boolean().default(false),
});

/** Transpiles the model at `path`. Throws `CliFault`: `wrong_command`, `model_unreadable`, `not_transpiled`. */
export async function transpileModel(path: string, given: unknown): Promise<Outcome> {
  const options = optionsSchema.safeParse(given);
  if (!options.success) {
    const words = `--trees takes a whole number from 1 to ${FALLBACK_TREES.treesMax}`;
    throw new CliFault("wrong_command", words, { exitCode: 2 });
  }
  const { trees, into, write } = options.data;
  const bytes = Uint8Array.from(await readFile(path).catch(() => unreadable(path)));
  const table = transpile(bytes, { treesMax: trees, nodesMax: FALLBACK_TREES.nodesMax });
  if (!table.ok) throw new CliFault("not_transpiled", `${path}: ${table.reason}`, { advice: ADVICE[table.reason] });
  const now = await readWeights(into);
  const next = fallbackWeightsSchema.safeParse({ ...now, earlyRanker: table.value });
  if (!next.success) {
    const advice = `It must read the ${now.columns} columns of ${into}.`;
    throw new CliFault("not_transpiled", `${path} reads other columns`, { advice });
  }
  const alike = await howAlike(bytes, now, next.data);
  const text = textOf(next.data);
  if (write) await writeFile(into, text);
  const size = "trees" in table.value ? countOf(table.value.trees.length, "tree") : "one linear layer";
  const json = {
    ...alike,
    trees: "trees" in table.value ? table.value.trees.length : 0,
    sizeBytes: text.length,
    write,
  };
  return {
    json,
    lines: [
      `${size}; ${into} ${write ? "has" : "would have"} ${text.length} bytes`,
      `ranks like the model: ${alike.transpiled.toFixed(4)}, the early ranker before: ${alike.before.toFixed(4)}`,
      `(rank correlation on ${ROWS} showings of the simulated audience)`,
      ...(write ? [] : ["nothing was written: --write does"]),
    ],
  };
}

/** JSON with a list of numbers in one line. */
function textOf(weights: FallbackWeights): string {
  const text = JSON.stringify(weights, null, 1);
  return `${text.replaceAll(/\[[^[\]{}]*\]/g, (numbers) => numbers.replaceAll(/\s+/g, ""))}\n`;
}

async function readWeights(path: string): Promise<FallbackWeights> {
  const text = await readFile(path, "utf8").catch(() => unreadable(path));
  return fallbackWeightsSchema.parse(JSON.parse(text));
}

function unreadable(path: string): never {
  throw new CliFault("model_unreadable", `${path} cannot be read`);
}

/** Rank correlation with what the whole model says in the native runtime: of what was there, and of what comes. */
async function howAlike(bytes: Uint8Array, now: FallbackWeights, next: FallbackWeights) {
  const { rows } = drawTrainingRows(createWorld(MIDROLL_WORLD_SEED), "transpile", ROWS);
  const model = await openNative(bytes, { inputName: null, outputName: null });
  const full = await model.ask(rows, ROWS);
  await model.release();
  const alike = (weights: FallbackWeights): number =>
    correlation(ranksOf(full), ranksOf(scoreEarlyFallback(weights, rows, ROWS, COLUMN_COUNT)));
  return { transpiled: alike(next), before: alike(now) };
}

/** Places from the smallest; equal values share the middle of theirs. */
function ranksOf(values: Float32Array): Float64Array {
  const order = [...values.keys()].toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to++;
    for (const at of order.slice(from, to)) ranks[at] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}

function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (a.length - 1) / 2;
  let [both, left, right] = [0, 0, 0];
  a.forEach((value, at) => {
    const [x, y] = [value - mean, (b[at] ?? mean) - mean];
    both += x * y;
    left += x * x;
    right += y * y;
  });
  return both / Math.sqrt(left * right);
}
