/**
 * Prices around a pod: what a winner's presence costs the others, and what a loser would have needed. The oracle works
 * both out by trying every order of every set, with the ad and without it.
 */
import { describe, expect, test } from "vitest";
import { drawMixed, drawSmall, PLAIN_AD, PLAIN_RULES, type PodInstance } from "../../../bench/pod_instances.ts";
import { bestWorth } from "../../../bench/pod_oracle.ts";
import type { PodAd } from "../../../src/pods/instance.ts";
import { minToWin, PodPrices, vcgPrices } from "../../../src/pods/prices.ts";
import { solvePod } from "../../../src/pods/solve.ts";

const SEEDS = Array.from({ length: 250 }, (_, number) => `price ${number}`);

/** Small cases without tiers, where money alone decides. */
const inMoney = (seed: string): PodInstance => {
  const { ads, rules } = drawSmall(seed);
  return { rules, ads: ads.map((ad) => ({ ...ad, tier: 0 as const })) };
};

const withValue = ({ ads, rules }: PodInstance, index: number, valueMicros: number): PodInstance => ({
  rules,
  ads: ads.map((ad, at) => (at === index ? { ...ad, valueMicros } : ad)),
});

const wins = ({ ads, rules }: PodInstance, index: number): boolean => solvePod(ads, rules).ads.includes(index);

const spot = (id: string, tier: PodAd["tier"], valueMicros: number): PodAd => {
  return { ...PLAIN_AD, id, creative: id, advertiser: id, tier, valueMicros };
};

describe("what an ad needs to win", () => {
  test("is what the best pod without it is worth more than the best pod with it and its value left out", () => {
    for (const seed of SEEDS) {
      const instance = inMoney(seed);
      const prices = new PodPrices(instance.ads, instance.rules, solvePod(instance.ads, instance.rules));
      for (const [index, ad] of instance.ads.entries()) {
        const within = bestWorth(instance, { must: index })?.at(-1);
        const without = bestWorth(instance, { not: index })?.at(-1) ?? 0;
        const needed = within === undefined ? null : without - (within - ad.valueMicros);
        expect(prices.minToWin(index), `${seed}, ad ${index}`).toMatchObject({ minToWinMicros: needed, exact: true });
      }
    }
  });

  test("is enough one micro above and too little one below", () => {
    for (const seed of SEEDS.slice(0, 120)) {
      const instance = inMoney(seed);
      const solution = solvePod(instance.ads, instance.rules);
      for (const index of instance.ads.keys()) {
        const { minToWinMicros } = minToWin(instance.ads, instance.rules, solution, index);
        if (minToWinMicros === null) continue;
        expect(wins(withValue(instance, index, minToWinMicros + 1), index), `${seed}, ad ${index}, above`).toBe(true);
        expect(wins(withValue(instance, index, minToWinMicros - 1), index), `${seed}, ad ${index}, below`).toBe(false);
      }
    }
  });

  test("does not depend on what the ad says it is worth", () => {
    for (const seed of SEEDS.slice(0, 120)) {
      const instance = inMoney(seed);
      for (const index of instance.ads.keys()) {
        const needed = [1, 40, 900].map((valueMicros) => {
          const { ads, rules } = withValue(instance, index, valueMicros);
          return minToWin(ads, rules, solvePod(ads, rules), index).minToWinMicros;
        });
        expect(new Set(needed).size, `${seed}, ad ${index}`).toBe(1);
      }
    }
  });

  test("is nothing that money buys where a higher tier stands in the way, and zero where the tier wins", () => {
    const ads = [spot("deal", 3, 10), spot("open", 0, 1_000_000)];
    const rules = { ...PLAIN_RULES, maxAds: 1 };
    const solution = solvePod(ads, rules);
    expect(solution.ads).toEqual([0]);
    expect(minToWin(ads, rules, solution, 1).minToWinMicros).toBeNull();
    expect(vcgPrices(ads, rules, solution)).toEqual([{ ad: 0, priceMicros: 0, exact: true }]);
  });
});

describe("a winner's price", () => {
  test("is not negative, not above its value, and not moved by it", () => {
    for (const number of Array.from({ length: 8 }).keys()) {
      const instance = drawMixed(`vcg ${number}`, { candidates: 60, slots: 6, multiShare: 0.5 });
      const solution = solvePod(instance.ads, instance.rules);
      for (const { ad, priceMicros, exact } of vcgPrices(instance.ads, instance.rules, solution)) {
        const value = instance.ads[ad]?.valueMicros ?? 0;
        expect(exact).toBe(true);
        expect(priceMicros).toBeGreaterThanOrEqual(0);
        expect(priceMicros).toBeLessThanOrEqual(value);
        const raised = withValue(instance, ad, value + 5_000);
        const again = vcgPrices(raised.ads, raised.rules, solvePod(raised.ads, raised.rules));
        expect(again.find((price) => price.ad === ad)?.priceMicros).toBe(priceMicros);
      }
    }
  });
});
