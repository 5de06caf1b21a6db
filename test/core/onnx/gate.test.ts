/**
 * The gate: a spoiled model for every reason is refused by that reason, and good ones of many kinds pass, drawn ones
 * included. What mending can mend is mended and then passes.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { probeModel, type ProbeTerms } from "../../../cli/models/model_probe.ts";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { stream } from "../../../src/kernel/random.ts";
import { MODEL_LIMITS } from "../../../src/models/limits.ts";
import { MODEL_REFUSALS } from "../../../src/onnx/gate/refusal.ts";
import { inspectModel } from "../../../src/onnx/gate/inspect.ts";
import type { Mending } from "../../../src/onnx/gate/mend.ts";
import { floatValue } from "../../../src/onnx/graph.ts";
import { BAD_TO_READ, BAD_TO_RUN, changed, COLUMNS, GOOD } from "./bad_models.ts";
import { denseModel, drawRows, embeddingModel, treeModel } from "../../../bench/drawn_models.ts";
import { nativeAnswer } from "./fixture.ts";

const LIMITS = { bytesMax: FULL_LIMITS.modelBytesMax, ...MODEL_LIMITS };
const ANY_NAMES = { inputName: null, outputName: null };

const read = (bytes: Uint8Array, columns = COLUMNS, mending?: Mending) =>
  inspectModel(bytes, { columns, ...ANY_NAMES }, LIMITS, mending);

/** Golden rows that the model itself answered. */
async function goldenOf(model: Uint8Array, columns: number) {
  const rows = drawRows("golden", 4, columns, 0);
  const expected = [...(await nativeAnswer(model, rows, 4))];
  return { rows: [0, 1, 2, 3].map((n) => [...rows.subarray(n * columns, (n + 1) * columns)]), expected };
}

const terms = (golden: unknown, over: Partial<ProbeTerms> = {}): ProbeTerms => ({
  columns: COLUMNS,
  ...ANY_NAMES,
  range: "probability",
  golden,
  ...over,
});
const codesOf = (found: readonly { readonly code: string }[]): readonly string[] => found.map(({ code }) => code);

describe("a model that may not serve", () => {
  test.each(BAD_TO_READ)("is refused with %s: %s", (code, _, bytes) => {
    expect(codesOf(read(bytes).refusals)).toContain(code);
  });

  test.each(BAD_TO_RUN)("is refused with %s when it is run: %s", async (code, _, bytes) => {
    expect(codesOf(read(bytes).refusals)).toEqual([]);
    const { refusals } = await probeModel(bytes, terms(undefined));
    expect(codesOf(refusals)).toContain(code);
  });

  test("is refused when its names are not those of the set", () => {
    const names = { columns: COLUMNS, inputName: "row", outputName: "score" };
    expect(codesOf(inspectModel(GOOD, names, LIMITS).refusals)).toEqual(["input_name", "output_name"]);
  });

  test.each([
    ["golden_missing", undefined],
    ["golden_malformed", { rows: "none" }],
    ["golden_malformed", { rows: [Array(COLUMNS).fill(0)], expected: [] }],
    ["golden_columns", { rows: [[1, 2]], expected: [0.5] }],
    ["golden_mismatch", { rows: [Array(COLUMNS).fill(0)], expected: [-1] }],
  ])("is refused with %s", async (code, golden) => {
    const { refusals } = await probeModel(GOOD, terms(golden));
    expect(codesOf(refusals)).toEqual([code]);
  });

  test("is refused for each of more than twenty-five reasons here", () => {
    const shown = new Set([...BAD_TO_READ, ...BAD_TO_RUN].map(([code]) => code));
    expect(shown.size).toBeGreaterThanOrEqual(25);
    expect([...shown].filter((code) => !(code in MODEL_REFUSALS))).toEqual([]);
  });
});

test("every reason stands in the documentation with what to do", () => {
  const page = readFileSync(new URL("../../../docs/models.md", import.meta.url), "utf8").replaceAll(/ +/g, " ");
  for (const [code, fix] of Object.entries(MODEL_REFUSALS)) expect(page).toContain(`| \`${code}\` | ${fix} |`);
});

describe("a model that may serve", () => {
  const random = stream("20261124", "good models");
  const drawn = Array.from({ length: 40 }, (_, n) => {
    const columns = 1 + random.below(40);
    const hidden = Array.from({ length: 1 + random.below(3) }, () => 1 + random.below(48));
    const activation = ["Relu", "Tanh", "Sigmoid", "Elu", "LeakyRelu", "Softplus"][random.below(6)] ?? "Relu";
    return {
      widths: [columns, ...hidden, 1],
      activation,
      model: denseModel(`good ${n}`, [columns, ...hidden, 1], activation),
    };
  });

  // Seed 20261124; the number in the title draws the model again.
  test.each(drawn.map((one, n) => [n, one.widths.join("-"), one.activation, one.model] as const))(
    "number %i: %s with %s",
    async (_n, widths, _activation, model) => {
      const columns = Number(widths.split("-")[0]);
      expect(read(model, columns).refusals).toEqual([]);
      const { refusals } = await probeModel(model, terms(await goldenOf(model, columns), { columns }));
      expect(refusals).toEqual([]);
    },
  );

  // Seed 20261124, after the dense ones above.
  type Drawn = readonly [number, string, number, Uint8Array];
  const others = Array.from({ length: 12 }, (_, n): Drawn => {
    const columns = 6 + random.below(30);
    if (n % 2 === 1) {
      const model = embeddingModel(`good ${n}`, columns, 5, 1 + random.below(9), 1 + random.below(24));
      return [n, "an embedding", columns, model];
    }
    const [count, depth] = [1 + random.below(40), 1 + random.below(7)];
    return [n, "trees", columns, treeModel(`good ${n}`, columns, count, depth, 0.4 + 0.6 * random.next())];
  });

  test.each(others)("number %i of other kinds: %s over %i columns", async (_n, _kind, columns, model) => {
    expect(read(model, columns).refusals).toEqual([]);
    const { refusals } = await probeModel(model, terms(await goldenOf(model, columns), { columns }));
    expect(refusals).toEqual([]);
  });

  test("is every committed one", async () => {
    for (const name of ["early_ranker", "completed_view", "click", "abandon"]) {
      const file = (path: string): URL => new URL(`../../../models/${name}/${path}`, import.meta.url);
      const model = Uint8Array.from(readFileSync(file("model.onnx")));
      const golden: unknown = JSON.parse(readFileSync(file("golden.json"), "utf8"));
      const range = name === "early_ranker" ? "any" : "probability";
      expect(read(model, 48).refusals).toEqual([]);
      expect((await probeModel(model, terms(golden, { columns: 48, range }))).refusals).toEqual([]);
    }
  });

  test("may have been mended: a fixed number of rows is freed when asked", async () => {
    const fixed = changed(() => ({
      inputs: [floatValue("features", [1, COLUMNS])],
      outputs: [floatValue("probability", [1, 1])],
    }));
    const mended = read(fixed, COLUMNS, { stripZipMap: false, freeRows: true });
    expect([mended.refusals, mended.mended.length]).toEqual([[], 1]);
    expect((await probeModel(mended.bytes, terms(await goldenOf(GOOD, COLUMNS)))).refusals).toEqual([]);
  });
});
