/**
 * Beside the least that must be missing, by a linear program that HiGHS solves over the same supply; then break by break
 * with drawn traffic. `npm run bench:guaranteed` does the same at full size.
 */
import { describe, expect, test } from "vitest";
import { missingAfter, missingInExpectation } from "../../../bench/guaranteed_delivery.ts";
import { drawInstance } from "../../../bench/guaranteed_instances.ts";
import { leastMissing } from "../../../bench/guaranteed_lp.ts";
import type { Contract } from "../../../src/guaranteed/contract.ts";
import { solveGuarantees } from "../../../src/guaranteed/solve.ts";

/** Hundredths of what is owed. */
const points = (missing: number, contracts: readonly Contract[]): number =>
  (100 * missing) / contracts.reduce((sum, { owed }) => sum + owed, 0);

describe("guaranteed delivery beside the linear program", () => {
  test.each([0.6, 0.9, 0.97, 1, 1.03, 1.2])("misses what it must and no more, %d owed a break", (tightness) => {
    for (const [contracts, nodes] of [
      [10, 100],
      [30, 150],
    ] as const) {
      const seed = `oracle-${contracts}-${tightness}`;
      const market = drawInstance({ seed, contracts, nodes, breaks: 100_000, tightness });
      const least = leastMissing(market.contracts, market.supply);
      const table = solveGuarantees(market.contracts, market.supply);
      const missing = missingInExpectation(market.contracts, market.supply, table);
      expect(missing, seed).toBeGreaterThanOrEqual(least - 0.01);
      expect(points(missing - least, market.contracts), seed).toBeLessThan(0.05);
    }
  });

  test("stays within a point of it when traffic comes break by break and each is served on its own", () => {
    for (const tightness of [0.6, 1]) {
      const seed = `served-${tightness}`;
      const market = drawInstance({ seed, contracts: 10, nodes: 100, breaks: 100_000, tightness });
      const least = leastMissing(market.contracts, market.supply);
      for (const solves of [1, 20]) {
        const missing = missingAfter({ ...market, seed, forecast: market.supply, solves });
        expect(points(missing - least, market.contracts), seed).toBeLessThan(1);
      }
    }
  });

  test("repairs a forecast that is a fifth too low or too high by solving anew", () => {
    const seed = "wrong-forecast";
    const market = drawInstance({ seed, contracts: 10, nodes: 100, breaks: 100_000, tightness: 0.6 });
    const missing = (factor: number, solves: number) => {
      const forecast = market.supply.map((node) => ({ ...node, breaks: node.breaks * factor }));
      return points(missingAfter({ ...market, seed, forecast, solves }), market.contracts);
    };
    expect(leastMissing(market.contracts, market.supply)).toBe(0);
    expect(missing(1.2, 1)).toBeGreaterThan(10);
    for (const factor of [0.8, 1.2]) expect(missing(factor, 50)).toBeLessThan(1);
  });
});
