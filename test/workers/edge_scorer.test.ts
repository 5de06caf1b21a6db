/**
 * A loaded set that answers: several models of a head, models that answer nonsense or fail, and the few that score in
 * the reduced tier. Models here are functions; those that are ONNX have tests of their own.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FeatureMatrix } from "../../src/decision/hydrate.ts";
import { COLUMN_COUNT } from "../../src/features/schema.ts";
import type { Head, ModelSet } from "../../src/models/manifest.ts";
import { fallbackScorer } from "../../workers/edge/models/fallback_scorer.ts";
import type { LoadedPart } from "../../workers/edge/models/model_parts.ts";
import { ModelSetScorer } from "../../workers/edge/models/scorer.ts";

const graph = { digest: "a".repeat(64), sizeBytes: 10, inputName: "features", outputName: "probability" };
const head = (name: Head, model: string, weight = 1) => ({
  role: "head" as const,
  head: name,
  name: model,
  weight,
  ...graph,
});
const SET: ModelSet = {
  featureSchemaDigest: "5".repeat(64),
  columns: COLUMN_COUNT,
  models: [
    { role: "earlyRanker", name: "early", ...graph },
    head("completedView", "seen"),
    head("click", "click_net", 3),
    head("click", "click_trees", 1),
    head("abandon", "left"),
    head("conversion", "bought"),
  ],
};
const matrix: FeatureMatrix = { rows: new Float32Array(2 * COLUMN_COUNT), rowCount: 2, columns: COLUMN_COUNT };

/** Names of the models that were run, in their order. */
let asked: string[];
let said: Record<string, readonly number[] | "fails">;

const part = (...names: readonly string[]): LoadedPart => ({
  names,
  bytes: 1,
  run: async () => {
    asked.push(...names);
    return names.map((name) => {
      const answer = said[name];
      if (answer === "fails" || answer === undefined) throw new Error("an index outside its table");
      return Float32Array.from(answer);
    });
  },
  release: async () => undefined,
});
const HEADS_OF_SET = [part("seen", "click_net", "left", "bought"), part("click_trees")];
const scorer = () => new ModelSetScorer("d".repeat(64), SET, part("early"), HEADS_OF_SET);

beforeEach(() => {
  asked = [];
  said = {
    early: [3, -1],
    seen: [0.75, 0.5],
    click_net: [0.5, 0.25],
    click_trees: [0.25, 0],
    left: [0, 1],
    bought: [0.125, 0.125],
  };
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

test("a head of two models says their weighted mean", async () => {
  const { heads, lapses } = await scorer().full.score(matrix);
  expect([...heads.click]).toEqual([0.4375, 0.1875]);
  expect([...heads.completedView]).toEqual([0.75, 0.5]);
  expect(lapses).toEqual({ thinned: [], replaced: [] });
});

test.each([
  ["NaN", [Number.NaN, 0.5]],
  ["an infinite number", [0.5, Number.POSITIVE_INFINITY]],
  ["more than certainty", [0.5, 1.5]],
  ["nothing", "fails" as const],
])("a model that answers %s is left out, and the head says what its other model says", async (_what, answer) => {
  said["click_trees"] = answer;
  const { heads, lapses } = await scorer().full.score(matrix);
  expect([...heads.click]).toEqual([0.5, 0.25]);
  expect(lapses).toEqual({ thinned: ["click"], replaced: [] });
});

test("a head that no model answers says what the fallback tier says; the others stay", async () => {
  said["left"] = [Number.NaN, Number.NaN];
  const { heads, lapses } = await scorer().full.score(matrix);
  expect(heads.abandon).toEqual((await fallbackScorer.score(matrix)).heads.abandon);
  expect([...heads.completedView]).toEqual([0.75, 0.5]);
  expect(lapses).toEqual({ thinned: ["abandon"], replaced: ["abandon"] });
});

test("models that run together fail together", async () => {
  said["left"] = "fails";
  const { heads, lapses } = await scorer().full.score(matrix);
  expect([...heads.click]).toEqual([0.25, 0]);
  expect(lapses.replaced).toEqual(["completedView", "abandon", "conversion"]);
});

test("a set of which no model answers scores nothing", async () => {
  said = {};
  await expect(scorer().full.score(matrix)).rejects.toThrow("no model of the set gave probabilities");
});

test("an early ranker that answers something else than numbers ranks nothing", async () => {
  said["early"] = [1, Number.NaN];
  await expect(scorer().full.rank(matrix)).rejects.toThrow("the early ranker");
});

test("the reduced tier asks the first model of every head, and no part that has none of them", async () => {
  const { heads } = await scorer().reduced.score(matrix);
  expect([...heads.click]).toEqual([0.5, 0.25]);
  expect(asked).toEqual(["seen", "click_net", "left", "bought"]);
});

test("the reduced tier asks the models that the set names, and the fallback tier for heads it names none of", async () => {
  const few = new ModelSetScorer("d".repeat(64), { ...SET, reduced: ["click_trees"] }, part("early"), HEADS_OF_SET);
  const { heads, lapses } = await few.reduced.score(matrix);
  expect([...heads.click]).toEqual([0.25, 0]);
  expect(asked).toEqual(["click_trees"]);
  expect(lapses).toEqual({ thinned: [], replaced: ["completedView", "abandon", "conversion"] });
});
