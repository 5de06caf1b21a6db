/** Why an ad is not in a pod: one case a rule, and that nobody is told a rule that does not keep it out. */
import { describe, expect, test } from "vitest";
import { drawSmall, PLAIN_AD, PLAIN_RULES } from "../../../bench/pod_instances.ts";
import { brokenRule } from "../../../bench/pod_oracle.ts";
import { type Blocking, whyNotShown } from "../../../src/pods/blocking.ts";
import type { PodAd, PodRules } from "../../../src/pods/instance.ts";
import { solvePod } from "../../../src/pods/solve.ts";

const WINNER: PodAd = {
  ...PLAIN_AD,
  id: "winner",
  creative: "c-winner",
  advertiser: "prairie",
  categories: ["cars"],
  valueMicros: 900,
};
const LOSER: PodAd = { ...PLAIN_AD, id: "loser", creative: "c-loser", advertiser: "fizz", valueMicros: 5 };

const table: readonly (readonly [Blocking, Partial<PodAd>, Partial<PodAd>, Partial<PodRules>])[] = [
  ["does_not_fit", {}, { durationMs: 90_000 }, {}],
  ["does_not_fit", {}, { valueMicros: Number.NaN }, {}],
  ["creative_repeated", {}, { creative: "c-winner" }, {}],
  ["duplicate", { dedupeKeys: ["adomain:x"] }, { dedupeKeys: ["adomain:x"] }, {}],
  ["cap_reached", { capKey: "k" }, { capKey: "k" }, {}],
  ["advertisers_excluded", {}, {}, { exclusions: [["fizz", "prairie"]] }],
  ["advertiser_repeated", {}, { advertiser: "prairie" }, { maxPerAdvertiser: 1 }],
  ["category_separated", {}, { categories: ["cars"] }, { maxPerCategory: 1, separatedCategories: new Set(["cars"]) }],
  ["position_taken", { wish: "first" }, { wish: "first" }, {}],
  ["gap_too_small", {}, { advertiser: "prairie" }, { minGapAds: 1 }],
  ["outbid", {}, {}, { maxAds: 1 }],
];

describe("an ad that is not in the pod", () => {
  test.each(table)("is told %s", (reason, winner, loser, rules) => {
    const ads = [
      { ...WINNER, ...winner },
      { ...LOSER, ...loser },
    ];
    const within = { ...PLAIN_RULES, ...rules };
    const solution = solvePod(ads, within);
    expect(solution.ads).toEqual([0]);
    const out = whyNotShown(ads, within, solution, 1);
    expect(out).toEqual({ reason, winner: reason === "does_not_fit" || reason === "outbid" ? null : 0 });
  });

  test("is told of a rule only when putting it anywhere into the pod breaks one", () => {
    for (const seed of Array.from({ length: 400 }, (_, number) => `blocked ${number}`)) {
      const instance = drawSmall(seed);
      const solution = solvePod(instance.ads, instance.rules);
      const pod = solution.ads.map((ad, at) => ({ ad, slot: solution.slots[at] ?? null }));
      for (const ad of instance.ads.keys()) {
        if (solution.ads.includes(ad)) continue;
        const { reason } = whyNotShown(instance.ads, instance.rules, solution, ad);
        if (reason === "outbid") continue;
        const slots = [null, ...instance.rules.slots.keys()];
        const fits = pod
          .concat([{ ad, slot: null }])
          .some((_, at) => slots.some((slot) => brokenRule(instance, pod.toSpliced(at, 0, { ad, slot })) === null));
        expect(fits, `${seed}, ad ${ad}: ${reason}`).toBe(false);
      }
    }
  });
});
