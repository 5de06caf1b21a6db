/** The serving rule: chances that add up, one number that decides, and no memory. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GuaranteeLine } from "../../../src/guaranteed/contract.ts";
import { choose, shares, waterLine, WHOLE_PPM } from "../../../src/guaranteed/serve.ts";

const SEED = 20261124;
const ppm = fc.integer({ min: 0, max: 12 * WHOLE_PPM });
const line = fc.record({ contractId: fc.uuid(), alphaPpm: ppm, zetaPpm: ppm });
const lines = fc.uniqueArray(line, { maxLength: 20, selector: ({ contractId }) => contractId });

/** The water line by halving, without any cleverness. */
function naiveWaterLine(levels: readonly number[], whole: number): number {
  let low = 0;
  let high = Math.max(0, ...levels);
  for (let n = 0; n < 80; n++) {
    const middle = (low + high) / 2;
    const above = levels.reduce((sum, level) => sum + Math.max(0, level - middle), 0);
    if (above > whole) low = middle;
    else high = middle;
  }
  return high;
}

describe("serving guaranteed deals", () => {
  test("gives chances between nothing and a whole break, in all at most a whole one", () => {
    fc.assert(
      fc.property(lines, (drawn) => {
        const given = shares(drawn);
        expect(given.every((share) => Number.isInteger(share) && share >= 0)).toBe(true);
        expect(given.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(WHOLE_PPM);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("finds the same water line as halving does", () => {
    fc.assert(
      fc.property(fc.array(ppm, { maxLength: 20 }), (levels) => {
        expect(waterLine(levels, WHOLE_PPM)).toBeCloseTo(naiveWaterLine(levels, WHOLE_PPM), 3);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("chooses each contract for exactly its share of all random numbers", () => {
    fc.assert(
      fc.property(lines, (drawn) => {
        let from = 0;
        shares(drawn).forEach((share, index) => {
          if (share === 0) return;
          expect(choose(drawn, (from + 0.5) / WHOLE_PPM)).toBe(drawn[index]);
          expect(choose(drawn, (from + share - 0.5) / WHOLE_PPM)).toBe(drawn[index]);
          from += share;
        });
        const last = choose(drawn, (WHOLE_PPM - 0.5) / WHOLE_PPM);
        expect(last === null).toBe(from < WHOLE_PPM);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test("leaves a break to open demand when no contract may be shown", () => {
    expect(choose([], 0)).toBeNull();
  });

  test("gives nothing to a contract below the water line of those that pull harder", () => {
    const strong: GuaranteeLine = { contractId: "a", alphaPpm: 4 * WHOLE_PPM, zetaPpm: 4 * WHOLE_PPM };
    const weak: GuaranteeLine = { contractId: "b", alphaPpm: WHOLE_PPM, zetaPpm: WHOLE_PPM };
    expect(shares([weak, strong])).toEqual([0, WHOLE_PPM]);
    expect(shares([weak])).toEqual([WHOLE_PPM]);
  });
});
