/**
 * The oracle for large breaks: the pod as a mixed-integer program solved by HiGHS. One variable says whether an ad is
 * shown, two more whether it is first or last; it knows nothing of plays, prices or tables.
 * Leaves out: structured slots, gaps and tiers, which `drawMixed` does not draw.
 */
import loadHighs from "highs";
import type { PodInstance } from "./pod_instances.ts";

const highs = await loadHighs();

/** The most that a pod of at least two ads, or of none, can be worth. Units: micros. */
export function mostWorth({ ads, rules }: PodInstance): number {
  const rows: string[] = [];
  const atMost = (terms: readonly string[], most: number): void => {
    if (terms.length > 0) rows.push(`r${rows.length}: ${terms.join("\n + ")} <= ${most}`);
  };
  const shown = ads.map((_, index) => `x${index}`);
  const byName = new Map<string, { readonly terms: string[]; readonly most: number }>();
  const count = (name: string, index: number, most: number | null): void => {
    if (most === null) return;
    const entry = byName.get(name) ?? { terms: [], most };
    byName.set(name, entry);
    if (!entry.terms.includes(`x${index}`)) entry.terms.push(`x${index}`);
  };
  ads.forEach((ad, index) => {
    count(`advertiser ${ad.advertiser}`, index, rules.maxPerAdvertiser);
    count(`creative ${ad.creative}`, index, 1);
    for (const category of ad.categories) {
      if (rules.separatedCategories.has(category)) count(`category ${category}`, index, rules.maxPerCategory);
    }
    for (const key of ad.dedupeKeys) count(`key ${key}`, index, 1);
    if (ad.capKey !== null) count(`cap ${ad.capKey}`, index, ad.capMax);
    atMost([`f${index}`, `l${index} - x${index}`], 0);
    if (ad.wish !== "any") {
      const claims = { first: `f${index}`, last: `l${index}`, firstOrLast: `f${index} - l${index}` }[ad.wish];
      rows.push(`r${rows.length}: x${index} - ${claims} <= 0`);
    }
    const fits = ad.durationMs <= rules.durationMs && (rules.exactDurationsMs?.includes(ad.durationMs) ?? true);
    if (!fits) atMost([`x${index}`], 0);
  });
  for (const { terms, most } of byName.values()) atMost(terms, most);
  for (const [one, other] of rules.exclusions) {
    for (const [i, a] of ads.entries()) {
      for (const [j, b] of ads.entries()) {
        if (i !== j && a.advertiser === one && b.advertiser === other) atMost([`x${i}`, `x${j}`], 1);
      }
    }
  }
  atMost(
    ads.map(({ durationMs }, index) => `${durationMs / 1000} x${index}`),
    rules.durationMs / 1000,
  );
  atMost(shown, rules.maxAds);
  for (const letter of ["f", "l"])
    atMost(
      shown.map((name) => letter + name.slice(1)),
      1,
    );
  const saved = (ms: number): number => Math.floor((ms * rules.slateMicrosPerSec) / 1000);
  const objective = ads.flatMap((ad, index) => [
    `${ad.valueMicros + saved(ad.durationMs)} x${index}`,
    `${ad.firstPremiumMicros} f${index}`,
    `${ad.lastPremiumMicros} l${index}`,
  ]);
  const binaries = shown.flatMap((name) => [name, `f${name.slice(1)}`, `l${name.slice(1)}`]);
  const program = [
    "Maximize",
    `worth: ${objective.join("\n + ")}`,
    "Subject To",
    ...rows,
    "Binary",
    ...binaries,
    "End",
  ];
  const solved = highs.solve(program.join("\n"), { mip_rel_gap: 0, mip_abs_gap: 0.5 });
  if (solved.Status !== "Optimal") throw new Error(`HiGHS: ${solved.Status}`);
  return Math.round(solved.ObjectiveValue) - saved(rules.durationMs);
}
