/** The scorer that is always there: its arithmetic agrees with real exponentials, and nothing extreme breaks it. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  exactExp,
  exactSigmoid,
  fallbackWeightsSchema,
  scoreEarlyFallback,
  scoreFallback,
  type FallbackWeights,
} from "../../src/models/fallback.ts";

const linear = (bias: number, ...weights: number[]): { bias: number; weights: number[] } => ({ bias, weights });
const WEIGHTS: FallbackWeights = {
  featureSchemaDigest: "0".repeat(64),
  columns: 2,
  heads: {
    completedView: linear(0, 1, -1),
    click: linear(-2, 0.5, 0.5),
    abandon: linear(-1e6, 0, 0),
    conversion: linear(-5, 0.5, 0),
  },
  earlyRanker: linear(0.5, 2, -3),
};

describe("the exponential of + - * /", () => {
  test("agrees with Math.exp to one part in 10^12 all over its range", () => {
    for (let x = -40; x <= 40; x += 1 / 64) {
      expect(Math.abs(exactExp(x) / Math.exp(x) - 1), `x = ${x}`).toBeLessThan(1e-12);
    }
  });

  test("gives a sigmoid within a billionth of the real one, never outside [0, 1], for any number at all", () => {
    fc.assert(
      fc.property(fc.double(), (logit) => {
        const probability = exactSigmoid(logit);
        expect(probability >= 0 && probability <= 1).toBe(true);
        const real = Number.isNaN(logit) ? 0 : 1 / (1 + Math.exp(-logit));
        expect(Math.abs(probability - real)).toBeLessThan(1e-9);
      }),
    );
  });

  test("keeps order and symmetry", () => {
    fc.assert(
      fc.property(fc.double({ min: -35, max: 35, noNaN: true }), (logit) => {
        expect(exactSigmoid(logit) + exactSigmoid(-logit)).toBeCloseTo(1, 12);
        expect(exactSigmoid(logit + 0.001)).toBeGreaterThanOrEqual(exactSigmoid(logit));
      }),
    );
  });

  test("gives the very bits it always gave", () => {
    const bits = new BigUint64Array(Float64Array.of(exactSigmoid(-6.25), exactSigmoid(0.3), exactExp(1)).buffer);
    expect([...bits].map((word) => word.toString(16))).toEqual([
      "3f5f914f977dedd9",
      "3fe261d545e46a8a",
      "4005bf0a8b14574e",
    ]);
  });
});

describe("the fallback scorer", () => {
  const rows = Float32Array.of(0, 0, 3, 1, 1, 3);

  test("adds up each row's columns and turns the sum into a probability", () => {
    const { completedView, click } = scoreFallback(WEIGHTS, rows, 3, 2);
    expect(completedView[0]).toBe(0.5);
    expect(completedView[1]).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
    expect(completedView[2]).toBeCloseTo(1 / (1 + Math.exp(2)), 6);
    expect([...click].map((p) => p.toFixed(4))).toEqual(["0.1192", "0.5000", "0.5000"]);
    expect([...scoreEarlyFallback(WEIGHTS, rows, 3, 2)]).toEqual([0.5, 3.5, -6.5]);
  });

  test("stays a probability under absurd weights and rows", () => {
    const absurd = Float32Array.of(3e38, -3e38, -3e38, 3e38, Number.NaN, 0);
    const heads = scoreFallback(WEIGHTS, absurd, 3, 2);
    for (const column of Object.values(heads)) expect(column.every((p) => p >= 0 && p <= 1)).toBe(true);
  });

  test("scores a prefix of a larger matrix, and refuses one that is too small or of other columns", () => {
    expect(scoreFallback(WEIGHTS, rows, 2, 2).click.length).toBe(2);
    expect(() => scoreFallback(WEIGHTS, rows, 4, 2)).toThrow("holds its rows");
    expect(() => scoreEarlyFallback(WEIGHTS, rows, 2, 3)).toThrow("one weight a column");
  });

  test("does not accept weights that miss a head, a column or a number", () => {
    const { click: _click, ...headless } = WEIGHTS.heads;
    const bad = [
      { ...WEIGHTS, heads: headless },
      { ...WEIGHTS, earlyRanker: linear(0, 1) },
      { ...WEIGHTS, earlyRanker: linear(Number.NaN, 1, 2) },
      { ...WEIGHTS, featureSchemaDigest: "abc" },
    ];
    for (const weights of bad) expect(fallbackWeightsSchema.safeParse(weights).success).toBe(false);
    expect(fallbackWeightsSchema.parse(WEIGHTS)).toEqual(WEIGHTS);
  });
});
