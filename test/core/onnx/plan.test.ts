/**
 * A plan says what its models say: random sets of dense heads, trees and embeddings, with and without calibrators, are
 * asked through the plan, and each model alone in the native runtime, calibrated in doubles. And it is the same plan
 * each time.
 */
import { describe, expect, test } from "vitest";
import { denseModel, drawRows, embeddingModel, treeModel } from "../../../bench/drawn_models.ts";
import { openPlan } from "../../../cli/models/plan_runner.ts";
import { stream, type RandomStream } from "../../../src/kernel/random.ts";
import { apart } from "../../../src/onnx/apart.ts";
import type { Calibrator } from "../../../src/onnx/calibrate.ts";
import { planSet, type PlannedModel } from "../../../src/onnx/plan.ts";
import { compileKernel } from "../../../scripts/build_kernels.ts";
import { readFileSync } from "node:fs";
import { nativeAnswer } from "./fixture.ts";

const COLUMNS = 12;
const ROWS = 13;
const HALVES = { shared: { from: 0, to: 5 }, own: { from: 5, to: COLUMNS } };
const CLOSE = 1e-6;

function drawCalibrator(random: RandomStream): Calibrator | null {
  const kind = random.below(3);
  if (kind === 0) return null;
  if (kind === 1) return { kind: "platt", slope: 0.5 + random.next(), intercept: random.next() * 4 - 2 };
  const points = 2 + random.below(20);
  const rising = (): number[] => {
    const steps = Array.from({ length: points }, () => 0.05 + random.next());
    const sum = steps.reduce((all, step) => all + step, 0);
    let at = 0;
    return steps.map((step) => (at += step / sum)).map((value) => Math.min(1, value));
  };
  return { kind: "isotonic", x: rising(), y: rising() };
}

/** The calibrator as the manifest words it, in doubles. */
function calibrated(p: number, calibrator: Calibrator | null): number {
  if (calibrator === null) return p;
  if (calibrator.kind === "platt") {
    return 1 / (1 + Math.exp(-(calibrator.slope * Math.log(p / (1 - p)) + calibrator.intercept)));
  }
  const { x, y } = calibrator;
  const at = x.findIndex((knot) => knot >= p);
  if (at === -1) return y.at(-1) ?? Number.NaN;
  if (at === 0) return y[0] ?? Number.NaN;
  const [x0 = 0, x1 = 1, y0 = 0, y1 = 1] = [x[at - 1], x[at], y[at - 1], y[at]];
  return y0 + ((p - x0) / (x1 - x0)) * (y1 - y0);
}

function drawSet(seed: string): readonly PlannedModel[] {
  const random = stream(seed, "set");
  return Array.from({ length: 2 + random.below(6) }, (_, n) => {
    const name = `model_${n}`;
    const hidden = 1 + random.below(9);
    const bytes = [
      () => denseModel(`${seed} ${n}`, [COLUMNS, hidden, 1 + random.below(6), 1]),
      () => treeModel(`${seed} ${n}`, COLUMNS, 1 + random.below(12), 1 + random.below(6), 0.3 + 0.7 * random.next()),
      () => embeddingModel(`${seed} ${n}`, COLUMNS, 5, 3, hidden),
      () => denseModel(`${seed} ${n}`, [COLUMNS, hidden, 1], "Elu"),
    ][random.below(4)]?.();
    return {
      name,
      bytes: bytes ?? new Uint8Array(0),
      inputName: "features",
      outputName: "probability",
      calibrator: drawCalibrator(random),
      group: random.below(4) === 0 ? "apart" : "heads",
    };
  });
}

// The seed stands in the title: `npx vitest run test/core/onnx/plan.test.ts -t "seed plan 7"` repeats one.
describe("a plan says what its models say, each alone", () => {
  test.each(Array.from({ length: 40 }, (_, n) => `plan ${n}`))("seed %s", async (seed) => {
    const set = drawSet(seed);
    const running = await openPlan(planSet(set, COLUMNS), HALVES, ROWS);
    const rows = drawRows(seed, ROWS, COLUMNS, HALVES.shared.to);
    const answers = await running.ask(rows, ROWS);
    await running.release();
    for (const { name, bytes, calibrator } of set) {
      const alone = await nativeAnswer(bytes, rows, ROWS);
      const expected = Float64Array.from(alone, (p) => calibrated(p, calibrator));
      expect(apart(answers.get(name) ?? [], expected), `${name} ${calibrator?.kind}`).toBeLessThanOrEqual(CLOSE);
    }
  });
});

describe("a plan", () => {
  const models = ["a", "b"].map((name): PlannedModel => {
    const bytes = embeddingModel(name, COLUMNS, 5, 3, 8);
    return { name, bytes, inputName: "features", outputName: "probability", calibrator: null, group: "heads" };
  });

  test("is the same for the same bytes", () => {
    expect(planSet(models, COLUMNS)).toEqual(planSet(models, COLUMNS));
  });

  test("merges what the kernels do not take, and works out once what its models share", () => {
    const { parts, passes } = planSet(models, COLUMNS);
    expect(parts.map(({ kind, names }) => [kind, names])).toEqual([["graph", ["a", "b"]]]);
    const won = (pass: string): number | undefined => passes.find((one) => one.pass === pass)?.won;
    // Which word it is, a Slice and an ArgMax, is asked once; their three bounds stand there once.
    expect([won("merged into one graph"), won("nodes that do the same"), won("constants that are the same")]).toEqual([
      1, 2, 3,
    ]);
  });

  test("keeps models that run at other times apart", () => {
    const [first, second] = models;
    if (first === undefined || second === undefined) throw new Error("two models");
    const { parts } = planSet([first, { ...second, group: "later" }], COLUMNS);
    expect(parts.map(({ names }) => names)).toEqual([["a"], ["b"]]);
  });
});

test("the kernel of trees is the one that its source compiles to", async () => {
  const committed = readFileSync(new URL("../../../kernels/forest.wasm", import.meta.url));
  expect(Buffer.from(await compileKernel("forest")).equals(committed)).toBe(true);
});
