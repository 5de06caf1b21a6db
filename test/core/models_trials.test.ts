/** What trials are judged by: pairs of scores as sums, isolates as they report, calibrators there and back. */
import { describe, expect, it } from "vitest";
import { stream } from "../../src/kernel/random.ts";
import { calibrate } from "../../src/models/calibrate.ts";
import type { Calibrator } from "../../src/models/manifest.ts";
import type { ModelReport } from "../../src/models/model_report.ts";
import { Isolates } from "../../src/models/rollout/isolates.ts";
import { addPairs, NO_PAIRS, pairFigures, pairScores } from "../../src/models/score_pairs.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("pairs of scores", () => {
  const random = stream("trials", "pairs");
  const live = Array.from({ length: 1_000 }, () => random.next());
  const shadow = live.map((score) => 0.8 * score + 0.1 * random.next());

  it("give the figures that the textbook gives of all of them", () => {
    const [liveMean, shadowMean] = [mean(live), mean(shadow)];
    const apart = live.map((score, row) => Math.abs(score - (shadow[row] ?? 0)));
    const together = mean(live.map((score, row) => (score - liveMean) * ((shadow[row] ?? 0) - shadowMean)));
    const spread = (values: readonly number[], middle: number) => Math.sqrt(mean(values.map((v) => (v - middle) ** 2)));
    const figures = pairFigures(pairScores(live, shadow));
    expect(figures.count).toBe(1_000);
    expect(figures.meanApart).toBeCloseTo(mean(apart), 12);
    expect(figures.apartMax).toBe(Math.max(...apart));
    expect(figures.liveMean).toBeCloseTo(liveMean, 12);
    expect(figures.shadowMean).toBeCloseTo(shadowMean, 12);
    const correlation = together / (spread(live, liveMean) * spread(shadow, shadowMean));
    expect(figures.correlation).toBeCloseTo(correlation, 9);
  });

  it("add up in parts to what they are as a whole", () => {
    const whole = pairScores(live, shadow);
    const parts = addPairs(
      pairScores(live.slice(0, 300), shadow.slice(0, 300)),
      pairScores(live.slice(300), shadow.slice(300)),
    );
    expect(parts.count).toBe(whole.count);
    expect(parts.apartMax).toBe(whole.apartMax);
    expect(parts.products).toBeCloseTo(whole.products, 9);
    expect(addPairs(NO_PAIRS, whole)).toEqual(whole);
  });

  it("say nothing of what was never compared, and nothing of correlation where nothing varies", () => {
    expect(pairFigures(NO_PAIRS)).toMatchObject({ count: 0, meanApart: null, liveMean: null, correlation: null });
    expect(pairFigures(pairScores([0.5, 0.5], [0.1, 0.9]))).toMatchObject({ meanApart: 0.4, correlation: null });
  });
});

const report = (isolateId: string, sequence: number, over: Partial<ModelReport> = {}): ModelReport => ({
  isolateId,
  sequence,
  revision: 1,
  ready: [],
  failed: [],
  decided: [],
  shadow: null,
  ...over,
});

describe("isolates", () => {
  it("count a set ready where they said so last, and are forgotten when they fall silent", () => {
    const isolates = new Isolates();
    isolates.hear(report("one", 1, { ready: [A] }), 0);
    isolates.hear(report("two", 1, { ready: [A, B] }), 30_000);
    isolates.hear(report("two", 2, { ready: [B], failed: [{ digest: A, reason: "golden_mismatch" }] }), 31_000);
    const readiness = isolates.readinessOf([A, B], 40_000);
    expect(readiness.get(A)).toEqual({ readyAt: 1, heard: 2, failed: { golden_mismatch: 1 } });
    expect(readiness.get(B)).toEqual({ readyAt: 1, heard: 2, failed: {} });
    expect(isolates.readinessOf([A], 70_000).get(A)).toEqual({ readyAt: 0, heard: 1, failed: { golden_mismatch: 1 } });
  });

  it("are heard once for each report, in the order of their sequence", () => {
    const isolates = new Isolates();
    expect(isolates.hear(report("one", 2), 0)).toBe(true);
    expect(isolates.hear(report("one", 2), 1)).toBe(false);
    expect(isolates.hear(report("one", 1), 2)).toBe(false);
    expect(isolates.hear(report("one", 3), 3)).toBe(true);
  });

  it("are bounded: of very many the last are remembered", () => {
    const isolates = new Isolates();
    for (let n = 0; n < 6_000; n++) isolates.hear(report(`isolate-${n}`, 1, { ready: [A] }), n);
    expect(isolates.readinessOf([A], 6_000).get(A)).toMatchObject({ readyAt: 5_000, heard: 5_000 });
  });
});

describe("a calibrator", () => {
  const platt: Calibrator = { kind: "platt", slope: 1.3, intercept: -0.4 };
  const isotonic: Calibrator = { kind: "isotonic", x: [0.1, 0.4, 0.8], y: [0.05, 0.5, 0.7] };

  it("leaves a probability as it is where there is none", () => {
    expect(calibrate(undefined, 0.3)).toBe(0.3);
  });

  it("by Platt is a sigmoid of the log-odds", () => {
    expect(calibrate(platt, 0.5)).toBeCloseTo(1 / (1 + Math.exp(0.4)), 12);
    expect([-1e-9, 0, 1, 1 + 1e-9].map((p) => calibrate(platt, p))).toEqual([0, 0, 1, 1]);
  });

  it("by points is straight between them and level outside", () => {
    expect([0, 0.1, 0.25, 0.4, 0.6, 0.9].map((p) => calibrate(isotonic, p).toFixed(4))).toEqual([
      "0.0500",
      "0.0500",
      "0.2750",
      "0.5000",
      "0.6000",
      "0.7000",
    ]);
  });
});
