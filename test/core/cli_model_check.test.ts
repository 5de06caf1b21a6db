/** `midroll models check` as a command: what it prints, what it exits with, what it mends. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { floatValue } from "../../src/onnx/graph.ts";
import { changed, COLUMNS, GOOD } from "./onnx/bad_models.ts";
import { nativeAnswer } from "./onnx/fixture.ts";
import { openStage } from "./cli_stage.ts";

const MODELS = new URL("../../models/", import.meta.url).pathname;
let stage: ReturnType<typeof openStage>;

beforeEach(() => {
  stage = openStage();
});
afterEach(() => stage.strike());

/** A model folder with golden rows of the good model. */
async function folder(name: string, model: Uint8Array): Promise<string> {
  const dir = join(stage.dir, name);
  mkdirSync(dir);
  writeFileSync(join(dir, "model.onnx"), model);
  const row = Array.from({ length: COLUMNS }, () => 0.5);
  const expected = [...(await nativeAnswer(GOOD, Float32Array.from(row), 1))];
  writeFileSync(join(dir, "golden.json"), JSON.stringify({ rows: [row], expected }));
  return dir;
}

test("the committed set may serve", async () => {
  const { exitCode, out } = await stage.midroll(["models", "check", MODELS]);
  expect(exitCode).toBe(0);
  expect(out).toMatch(/✓ early_ranker: .* kernel/);
  expect(out).toMatch(/✓ click: .* kernel/);
  expect(out).toContain("may serve");
});

test("with --explain it says what runs on what, and what each pass won", async () => {
  const { exitCode, out } = await stage.midroll(["models", "check", join(MODELS, "exports"), "--explain"]);
  expect(exitCode).toBe(0);
  expect(out).toMatch(/fused: 9 models in 5 parts, 3 sessions, at most \d\.\de-\d+ from unfused/);
  expect(out).toMatch(/kernel of trees +lightgbm, sklearn_boosting, xgboost, xgboost_margin/);
  expect(out).toMatch(/lightgbm +classifier spelled out as a sum of trees +1 +classifiers/);
});

test("a folder of model folders is checked folder by folder", async () => {
  const { exitCode, out } = await stage.midroll(["models", "check", join(MODELS, "exports")]);
  expect(exitCode).toBe(0);
  expect(out).toMatch(/✓ sklearn_mlp: .* kernel/);
  expect(out).toMatch(/✓ torch_two_tower: .* ONNX runtime/);
  // One dense layer is too few for the kernel.
  expect(out).toMatch(/✓ sklearn_logistic: .* ONNX runtime/);
});

test("a classifier as scikit-learn exports it is refused, and mended when asked", async () => {
  const dir = join(stage.dir, "classifier");
  mkdirSync(dir);
  copyFileSync(join(MODELS, "exports/sklearn_logistic/by_default.onnx"), join(dir, "model.onnx"));
  copyFileSync(join(MODELS, "exports/sklearn_logistic/golden.json"), join(dir, "golden.json"));
  const before = await stage.midroll(["models", "check", dir]);
  expect([before.exitCode, before.err]).toEqual([1, expect.stringContaining("zipmap_output: output_probability")]);
  const mended = await stage.midroll(["models", "check", dir, "--positive-class", "--write"]);
  expect([mended.exitCode, mended.out]).toEqual([
    0,
    expect.stringContaining("mended: two probabilities a row became that of the second class"),
  ]);
  expect((await stage.midroll(["models", "check", dir])).exitCode).toBe(0);
  const named = await stage.midroll(["models", "check", dir, "--output", "missing"]);
  expect([named.exitCode, named.err]).toEqual([1, expect.stringContaining("output_name: probability, not missing")]);
});

test("an altered model of a set is refused, with what to do", async () => {
  for (const name of ["early_ranker", "completed_view", "click", "abandon", "conversion"]) {
    mkdirSync(join(stage.dir, name));
    for (const file of ["model.onnx", "golden.json"])
      copyFileSync(join(MODELS, name, file), join(stage.dir, name, file));
  }
  copyFileSync(join(MODELS, "sample-set.json"), join(stage.dir, "sample-set.json"));
  const path = join(stage.dir, "click/model.onnx");
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const { exitCode, err } = await stage.midroll(["models", "check", stage.dir]);
  expect(exitCode).toBe(1);
  expect(err).toMatch(/1 of 5 models may not serve/);
  expect(err).toMatch(/✗ click\n {2}altered: digest .*\n {4}The bytes are not those the set names\./);
});

test("a fixed number of rows is refused, mended in place when asked, and then accepted", async () => {
  const fixed = changed(() => ({
    inputs: [floatValue("features", [1, COLUMNS])],
    outputs: [floatValue("probability", [1, 1])],
  }));
  const dir = await folder("fixed", fixed);
  const words = ["models", "check", dir, "--columns", String(COLUMNS)];
  const before = await stage.midroll(words);
  expect([before.exitCode, before.err]).toEqual([1, expect.stringContaining("fixed_rows: 1 rows")]);
  const mended = await stage.midroll([...words, "--free-rows", "--write"]);
  expect([mended.exitCode, mended.out]).toEqual([
    0,
    expect.stringContaining("mended: a fixed number of rows became free"),
  ]);
  expect((await stage.midroll(words)).exitCode).toBe(0);
});

test("with --json there is one object, refused or not", async () => {
  const dir = await folder("good", GOOD);
  const good = await stage.midroll(["models", "check", dir, "--columns", String(COLUMNS), "--json"]);
  expect(JSON.parse(good.out)).toMatchObject({ ok: true, models: [{ name: "good", accepted: true, onKernel: true }] });
  const bad = await stage.midroll(["models", "check", dir, "--json"]);
  expect([bad.exitCode, JSON.parse(bad.out)]).toMatchObject([
    1,
    { ok: false, code: "models_refused", models: [{ accepted: false, refusals: [{ code: "input_columns" }] }] },
  ]);
});

test.each([
  [["models", "check"], 2, /missing required argument/],
  [["models", "check", "nowhere"], 1, /nowhere: nothing is there/],
  [["models", "check", MODELS, "--columns", "many"], 2, /--columns takes a whole number/],
] as const)("%j ends with %i", async (words, code, said) => {
  const { exitCode, err } = await stage.midroll(words);
  expect([exitCode, err]).toEqual([code, expect.stringMatching(said)]);
});
