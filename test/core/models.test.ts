/**
 * The trained models in the repository: whole, the ones the set names, saying in Node's native runtime what Python
 * heard from them, and better than what they are meant to beat on people and ads that no training ever saw.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, test } from "vitest";
import { packAd, packBreak, packRow } from "../../src/features/row.ts";
import { COLUMN_COUNT, COLUMNS, featureSchemaDigest } from "../../src/features/schema.ts";
import { stream } from "../../src/kernel/random.ts";
import { HEADS, modelSetSchema, type Head, type ModelEntry } from "../../src/models/manifest.ts";
import { fallbackWeightsSchema, scoreEarlyFallback, scoreFallback } from "../../src/models/fallback.ts";
import { drawAd, drawTrainingRows } from "../../src/simulation/training_rows.ts";
import { requestOf } from "../../src/simulation/viewers.ts";
import { createWorld, MIDROLL_WORLD_SEED, probabilitiesOf } from "../../src/simulation/world.ts";

const MODELS = new URL("../../models/", import.meta.url);
const HOLDOUT_SEED = "models-test-holdout";
const HOLDOUT_ROWS = 30_000;

const readJson = (path: string): unknown => JSON.parse(readFileSync(new URL(path, MODELS), "utf8"));
const set = modelSetSchema.parse(readJson("sample-set.json"));
const weights = fallbackWeightsSchema.parse(readJson("fallback.json"));
const bytesOf = (model: ModelEntry): Buffer => readFileSync(new URL(`${model.name}/model.onnx`, MODELS));

interface Golden {
  readonly inputName: string;
  readonly outputName: string;
  readonly columns: number;
  readonly rows: readonly (readonly number[])[];
  readonly expected: readonly number[];
}
// Written by models/training/train.py in this very shape.
const goldenOf = (model: ModelEntry): Golden => readJson(`${model.name}/golden.json`) as Golden;

async function run(model: ModelEntry, rows: Float32Array): Promise<Float32Array> {
  const session = await InferenceSession.create(bytesOf(model), { intraOpNumThreads: 1 });
  const input = new Tensor("float32", rows, [rows.length / COLUMN_COUNT, COLUMN_COUNT]);
  const output = (await session.run({ [model.inputName]: input }))[model.outputName];
  if (!(output?.data instanceof Float32Array)) throw new Error(`${model.name} gave no float32 ${model.outputName}`);
  expect(output.dims).toEqual([rows.length / COLUMN_COUNT, 1]);
  return output.data;
}

const predictedBy = (entry: ModelEntry): Head | "earlyRanker" => (entry.role === "head" ? entry.head : entry.role);
const named = (wanted: Head | "earlyRanker"): ModelEntry => {
  const model = set.models.find((entry) => predictedBy(entry) === wanted);
  if (model === undefined) throw new Error(`the set has no ${wanted}`);
  return model;
};

describe("the sample set", () => {
  test("was trained on the feature schema that packs rows today", async () => {
    const digest = await featureSchemaDigest(async (bytes) => createHash("sha256").update(bytes).digest());
    expect([set.featureSchemaDigest, set.columns]).toEqual([digest, COLUMN_COUNT]);
    expect([weights.featureSchemaDigest, weights.columns]).toEqual([digest, COLUMN_COUNT]);
  });

  test("has one early ranker and one model for every head", () => {
    const roles = set.models.map(predictedBy).sort();
    expect(roles).toEqual(["earlyRanker", ...HEADS].sort());
  });

  test.each(set.models)("names the very bytes of $name, and they are small", (model) => {
    const bytes = bytesOf(model);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(model.digest);
    expect(bytes.length).toBe(model.sizeBytes);
    expect(bytes.length).toBeLessThanOrEqual(model.role === "head" ? 40 * 1024 : 150 * 1024);
  });
});

describe("golden rows", () => {
  test.each(set.models)("$name says in Node what Python heard, within a millionth", async (model) => {
    const golden = goldenOf(model);
    expect([golden.inputName, golden.outputName, golden.columns]).toEqual([
      model.inputName,
      model.outputName,
      COLUMN_COUNT,
    ]);
    expect(golden.rows.length).toBe(16);
    const scores = await run(model, Float32Array.from(golden.rows.flat()));
    golden.expected.forEach((expected, row) => {
      expect(Math.abs((scores[row] ?? Number.NaN) - expected), `row ${row}`).toBeLessThanOrEqual(1e-6);
    });
  });

  test("are the rows that today's feature code packs", () => {
    const today = drawTrainingRows(createWorld(MIDROLL_WORLD_SEED), "golden-1", 16).rows;
    for (const model of set.models) expect(Float32Array.from(goldenOf(model).rows.flat())).toEqual(today);
  });

  test("a row is scored the same alone as in a crowd", async () => {
    const rows = Float32Array.from(goldenOf(named("click")).rows.flat());
    for (const model of set.models) {
      const crowd = await run(model, rows);
      const alone = await run(model, rows.slice(COLUMN_COUNT * 5, COLUMN_COUNT * 6));
      expect(Math.abs((alone[0] ?? Number.NaN) - (crowd[5] ?? Number.NaN))).toBeLessThanOrEqual(1e-6);
    }
  });
});

/** Expected log loss under the world's own probabilities: no luck of the draw. Units: nats a row. */
function logLoss(truths: Float64Array, guess: (row: number) => number): number {
  let sum = 0;
  truths.forEach((truth, row) => {
    const held = Math.min(1 - 1e-7, Math.max(1e-7, guess(row)));
    sum -= truth * Math.log(held) + (1 - truth) * Math.log(1 - held);
  });
  return sum / truths.length;
}

function meanOf(values: ArrayLike<number>, rows: readonly number[]): number {
  return rows.reduce((sum, row) => sum + (values[row] ?? Number.NaN), 0) / rows.length;
}

describe(`on ${HOLDOUT_ROWS} showings of seed ${HOLDOUT_SEED}`, () => {
  const holdout = drawTrainingRows(createWorld(MIDROLL_WORLD_SEED), HOLDOUT_SEED, HOLDOUT_ROWS);
  const plain = scoreFallback(weights, holdout.rows, HOLDOUT_ROWS, COLUMN_COUNT);
  const all = Array.from({ length: HOLDOUT_ROWS }, (_, row) => row);
  const learned = {} as Record<Head, Float32Array>; // filled before the first test

  beforeAll(async () => {
    for (const head of HEADS) learned[head] = await run(named(head), holdout.rows);
  });

  test.each(HEADS)("the %s head beats the base rate and closes in on the truth further than the fallback", (head) => {
    const truths = holdout.truths[head];
    const rate = truths.reduce((sum, truth) => sum + truth, 0) / HOLDOUT_ROWS;
    const floor = logLoss(truths, (row) => truths[row] ?? Number.NaN);
    const excess = (guess: (row: number) => number): number => logLoss(truths, guess) - floor;
    const base = excess(() => rate);
    const fallback = excess((row) => plain[head][row] ?? Number.NaN);
    const model = excess((row) => learned[head][row] ?? Number.NaN);
    expect(model, "better than the fallback").toBeLessThan(0.9 * fallback);
    expect(fallback, "fallback better than the base rate").toBeLessThan(0.75 * base);
  });

  test.each(HEADS)("the %s head is calibrated, among the likeliest tenth too", (head) => {
    const top = ordered(learned[head], 0, HOLDOUT_ROWS).slice(0, HOLDOUT_ROWS / 10);
    for (const rows of [all, top]) {
      const ratio = meanOf(learned[head], rows) / meanOf(holdout.truths[head], rows);
      expect(Math.abs(ratio - 1)).toBeLessThan(0.12);
    }
  });

  test("a conversion's chance is right for every kind of ad that has a column of its own", () => {
    COLUMNS.forEach(({ name, rule }, column) => {
      if (rule.kind !== "category") return;
      const rows = all.filter((row) => holdout.rows[row * COLUMN_COUNT + column] === 1);
      const ratio = meanOf(learned.conversion, rows) / meanOf(holdout.truths.conversion, rows);
      expect(Math.abs(ratio - 1), name).toBeLessThan(0.12);
    });
  });

  test.each(HEADS)("the fallback's %s stays within sight of the head's", (head) => {
    let distance = 0;
    for (let row = 0; row < HOLDOUT_ROWS; row++) {
      distance += Math.abs((plain[head][row] ?? Number.NaN) - (learned[head][row] ?? Number.NaN));
    }
    const rate = learned[head].reduce((sum, p) => sum + p, 0) / HOLDOUT_ROWS;
    expect(distance / HOLDOUT_ROWS).toBeLessThan(0.6 * Math.min(rate, 1 - rate));
  });
});

/** `count` row numbers from `from` on, the largest value first. */
function ordered(values: ArrayLike<number>, from: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => from + at).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
}

describe("the early cut of 150 ads to 48", () => {
  const BREAKS = 60;
  const ADS = 150;
  const KEPT = 48;
  const BEST = 10;
  /** Taste is in no feature, so no ranker can be asked to know it: these breaks are watched by a person of none. */
  const EVERYMAN = { patience: 0, curiosity: 0, tastes: new Map<string, number>(), readiness: 0 };
  const world = createWorld(MIDROLL_WORLD_SEED);
  const audience = { seed: "early-cut-test", size: 10_000, publisherIds: ["any"] };
  const rows = new Float32Array(BREAKS * ADS * COLUMN_COUNT);
  const values = new Float64Array(BREAKS * ADS);

  beforeAll(() => {
    const random = stream("early-cut-test", "ads");
    for (let at = 0; at < BREAKS; at++) {
      const { dev, seg, lmt, dur, ...content } = requestOf(audience, at, at);
      const when = { hour: random.below(24), weekday: random.below(7), podDurationSec: dur };
      const half = packBreak({ ...content, ...when, device: dev, segments: seg, limitAdTracking: lmt });
      for (let ad = at * ADS; ad < (at + 1) * ADS; ad++) {
        const shown = { ...drawAd(random), timesShown: random.below(3) };
        packRow(half, packAd(shown), shown.timesShown, rows, ad * COLUMN_COUNT);
        const showing = {
          ...content,
          ...when,
          ...shown,
          device: dev,
          segments: seg,
          temper: EVERYMAN,
        };
        const truth = probabilitiesOf(world, showing);
        values[ad] = truth.completedView + 15 * truth.click - 3 * truth.abandon;
      }
    }
  });

  /** Share of each break's truly best ads that survive a cut by these scores. */
  function survival(scores: ArrayLike<number>): number {
    let kept = 0;
    for (let from = 0; from < BREAKS * ADS; from += ADS) {
      const survivors = new Set(ordered(scores, from, ADS).slice(0, KEPT));
      kept += ordered(values, from, ADS)
        .slice(0, BEST)
        .filter((ad) => survivors.has(ad)).length;
    }
    return kept / (BREAKS * BEST);
  }

  test("keeps most of the truly best ads, more than the fallback's first trees, which beat chance by far", async () => {
    const trees = survival(await run(named("earlyRanker"), rows));
    const first = survival(scoreEarlyFallback(weights, rows, BREAKS * ADS, COLUMN_COUNT));
    expect(trees).toBeGreaterThan(0.85);
    expect(trees).toBeGreaterThanOrEqual(first);
    expect(first).toBeGreaterThan(0.8);
  });
});
