/**
 * What holds of every pod whatever its ads are worth: the order of arrival has no effect, nor has an ad that cannot be
 * shown; a winner that is worth more stays; a search cut short knows how much it may have missed.
 *
 * Cases are `drawSmall(seed)` and `drawMixed(seed, …)` of bench/pod_instances.ts; a failure names the seed.
 */
import { describe, expect, test } from "vitest";
import { drawLarge, drawMixed, drawSmall, PLAIN_AD, type PodInstance } from "../../../bench/pod_instances.ts";
import { stream } from "../../../src/kernel/random.ts";
import type { PodAd } from "../../../src/pods/instance.ts";
import { solvePod } from "../../../src/pods/solve.ts";

const SMALL = Array.from({ length: 300 }, (_, number) => `law ${number}`);
const LARGE = Array.from({ length: 12 }, (_, number) => `law ${number}`);
const SETTING = { candidates: 80, slots: 8, multiShare: 0.5 };

const cases = (): readonly (readonly [string, PodInstance])[] => [
  ...SMALL.map((seed) => [`small ${seed}`, drawSmall(seed)] as const),
  ...LARGE.map((seed) => [`mixed ${seed}`, drawMixed(seed, SETTING)] as const),
];

/** The pod by ids, so that it can be compared when ads are handed in differently. */
function pod({ ads, rules }: PodInstance) {
  const { ads: shown, ...rest } = solvePod(ads, rules);
  return { ids: shown.map((index) => ads[index]?.id), ...rest };
}

function shuffled(ads: readonly PodAd[], seed: string): readonly PodAd[] {
  const random = stream(seed, "shuffle");
  const left = [...ads];
  return Array.from(ads, () => left.splice(random.below(left.length), 1)).flat();
}

describe("a pod", () => {
  test.each(cases())("does not depend on the order in which ads arrive: %s", (seed, instance) => {
    expect(pod({ ...instance, ads: shuffled(instance.ads, seed) })).toEqual(pod(instance));
  });

  test("does not change for an ad that cannot be shown", () => {
    for (const [seed, instance] of cases()) {
      const strangers: PodAd[] = [
        { ...PLAIN_AD, id: "long", creative: "long", durationMs: 10_000_000, valueMicros: 900 },
        { ...PLAIN_AD, id: "nan", creative: "nan", valueMicros: Number.NaN },
        { ...PLAIN_AD, id: "backwards", creative: "backwards", durationMs: -15_000, valueMicros: 900 },
      ];
      expect(pod({ ...instance, ads: [...strangers, ...instance.ads] }), seed).toEqual(pod(instance));
    }
  });

  test("keeps a winner that is worth more, and is worth more by as much", () => {
    for (const [seed, instance] of cases()) {
      const before = solvePod(instance.ads, instance.rules);
      for (const winner of before.ads) {
        const ads = instance.ads.map((ad, at) => (at === winner ? { ...ad, valueMicros: ad.valueMicros + 7 } : ad));
        const after = solvePod(ads, instance.rules);
        expect(after.ads, seed).toContain(winner);
        expect(after.valueMicros, seed).toBe(before.valueMicros + 7);
      }
    }
  });

  test("is the same pod when all amounts are seven times as large", () => {
    for (const [seed, { ads, rules }] of cases()) {
      if (rules.slateMicrosPerSec > 0) continue;
      const larger = ads.map((ad) => ({
        ...ad,
        valueMicros: ad.valueMicros * 7,
        firstPremiumMicros: ad.firstPremiumMicros * 7,
        lastPremiumMicros: ad.lastPremiumMicros * 7,
      }));
      expect(solvePod(larger, rules).valueMicros, seed).toBe(solvePod(ads, rules).valueMicros * 7);
    }
  });

  test("has a bound that holds when nodes run out, and says that it is not proved", () => {
    let cutShort = 0;
    for (const number of Array.from({ length: 60 }).keys()) {
      const { ads, rules } = drawLarge(`bound ${number}`, { candidates: 120, slots: 12, multiShare: 0.8 });
      const best = solvePod(ads, { ...rules, nodesMax: 200_000 });
      for (const nodesMax of [0, 3, 40]) {
        const cut = solvePod(ads, { ...rules, nodesMax });
        expect(cut.nodes).toBeLessThanOrEqual(nodesMax);
        expect(cut.boundMicros).toBe(cut.valueMicros + cut.gapMicros);
        expect(cut.proved).toBe(cut.gapMicros === 0);
        expect(cut.valueMicros).toBeLessThanOrEqual(best.valueMicros);
        expect(cut.boundMicros).toBeGreaterThanOrEqual(best.valueMicros);
        if (!cut.proved) cutShort++;
      }
    }
    expect(cutShort).toBeGreaterThan(20);
  });

  test("of nothing is empty", () => {
    const { rules } = drawSmall("law 1");
    const nothing = { ...rules, slateMicrosPerSec: 0 };
    expect(solvePod([], nothing)).toMatchObject({ ads: [], slots: [], valueMicros: 0, proved: true, nodes: 0 });
  });
});
