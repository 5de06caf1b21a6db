/**
 * The oracle for small breaks: every order of every set of ads, each held against the rules as the documentation says
 * them, one by one. It shares nothing with the solver but the words of the question.
 */
import type { PodAd, PodRules } from "../src/pods/instance.ts";
import type { PodInstance } from "./pod_instances.ts";

/** An ad at its place: a structured slot, or null in the dynamic part. */
export interface Shown {
  readonly ad: number;
  readonly slot: number | null;
}

/** The worth of a pod: ads of tier 5, of tier 4, …, of tier 1, then micros. */
export type Worth = readonly number[];

/** The first rule that a pod breaks, in words, or null. */
export function brokenRule({ ads, rules }: PodInstance, pod: readonly Shown[]): string | null {
  const shown = pod.map(({ ad }) => ads[ad]);
  const present = shown.filter((ad) => ad !== undefined);
  if (present.length !== pod.length || new Set(pod.map(({ ad }) => ad)).size !== pod.length) return "an ad shown twice";
  return placeBroken(present, rules, pod) ?? countBroken(present, rules) ?? orderBroken(present, rules);
}

function placeBroken(ads: readonly PodAd[], rules: PodRules, pod: readonly Shown[]): string | null {
  const before = rules.slots.filter(({ side }) => side === "before").length;
  const placeOf = (slot: number | null): number => (slot === null ? before - 0.5 : slot);
  let dynamicMs = 0;
  let dynamicAds = 0;
  for (const [at, { slot }] of pod.entries()) {
    const ad = ads[at];
    const previous = pod[at - 1];
    if (ad === undefined) continue;
    if (!(ad.durationMs > 0)) return "an ad of no length";
    if (previous !== undefined && placeOf(previous.slot) > placeOf(slot)) return "places out of order";
    if (previous !== undefined && slot !== null && previous.slot === slot) return "two ads in one slot";
    const limits = slot === null ? null : (rules.slots[slot] ?? null);
    if (slot !== null && limits === null) return "a slot that is not there";
    if (ad.places !== null && !(slot === null ? ad.places.dynamic : ad.places.slots.includes(slot)))
      return "wrong place";
    const exact = limits === null ? rules.exactDurationsMs : limits.exactDurationsMs;
    if (exact !== null && !exact.includes(ad.durationMs)) return "not an exact duration";
    if (limits === null) [dynamicMs, dynamicAds] = [dynamicMs + ad.durationMs, dynamicAds + 1];
    else if (ad.durationMs < limits.minDurationMs || ad.durationMs > limits.maxDurationMs)
      return "does not fit its slot";
  }
  return dynamicMs > rules.durationMs ? "too long" : dynamicAds > rules.maxAds ? "too many" : null;
}

function countBroken(ads: readonly PodAd[], rules: PodRules): string | null {
  const limits: (readonly [string, number])[] = [];
  for (const { advertiser, creative, categories, dedupeKeys, capKey, capMax } of ads) {
    limits.push([`advertiser ${advertiser}`, rules.maxPerAdvertiser ?? Number.POSITIVE_INFINITY]);
    limits.push([`creative ${creative}`, 1]);
    for (const category of new Set(categories)) {
      if (!rules.separatedCategories.has(category)) continue;
      limits.push([`category ${category}`, rules.maxPerCategory ?? Number.POSITIVE_INFINITY]);
    }
    for (const key of new Set(dedupeKeys)) limits.push([`key ${key}`, 1]);
    if (capKey !== null) limits.push([`cap ${capKey}`, capMax]);
  }
  for (const [name, most] of limits) if (limits.filter((limit) => limit[0] === name).length > most) return name;
  for (const [one, other] of rules.exclusions) {
    const both = ads.some((a) => ads.some((b) => a !== b && a.advertiser === one && b.advertiser === other));
    if (both) return `${one} with ${other}`;
  }
  return null;
}

function orderBroken(ads: readonly PodAd[], rules: PodRules): string | null {
  for (const [at, { wish }] of ads.entries()) {
    const [first, last] = [at === 0, at === ads.length - 1];
    if (wish === "first" && !first) return "wants to be first";
    if (wish === "last" && !last) return "wants to be last";
    if (wish === "firstOrLast" && !first && !last) return "wants to be first or last";
  }
  for (const [i, a] of ads.entries()) {
    for (const [j, b] of ads.entries()) {
      if (j <= i || j - i - 1 >= rules.minGapAds) continue;
      if (a.advertiser === b.advertiser) return `gap between two of ${a.advertiser}`;
      const shared = a.categories.find((each) => rules.separatedCategories.has(each) && b.categories.includes(each));
      if (shared !== undefined) return `gap between two of ${shared}`;
    }
  }
  return null;
}

/** What a pod is worth. */
export function worthOf({ ads, rules }: PodInstance, pod: readonly Shown[]): Worth {
  const saved = (ms: number): number => Math.floor((ms * rules.slateMicrosPerSec) / 1000);
  const wholeMs = rules.slots.reduce((sum, { maxDurationMs }) => sum + maxDurationMs, rules.durationMs);
  let micros = 0 - saved(wholeMs);
  const tiers = [0, 0, 0, 0, 0];
  for (const [at, { ad: index }] of pod.entries()) {
    const ad = ads[index];
    if (ad === undefined) continue;
    micros += ad.valueMicros + saved(ad.durationMs);
    if (at === 0) micros += ad.firstPremiumMicros;
    if (at === pod.length - 1) micros += ad.lastPremiumMicros;
    if (ad.tier > 0) tiers[5 - ad.tier] = (tiers[5 - ad.tier] ?? 0) + 1;
  }
  return [...tiers, micros];
}

/** Below zero when `a` is worth less. */
export function compareWorth(a: Worth, b: Worth): number {
  for (const [at, value] of a.entries()) if (value !== b[at]) return value - (b[at] ?? 0);
  return 0;
}

/** The largest worth of all pods that break no rule. `must`: an ad that has to be in; `not`: one that may not. */
export function bestWorth(instance: PodInstance, { must, not }: { must?: number; not?: number } = {}): Worth | null {
  const { ads, rules } = instance;
  let best: Worth | null = null;
  const pod: Shown[] = [];
  const before = rules.slots.filter(({ side }) => side === "before").length;
  const consider = (): void => {
    if (must !== undefined && !pod.some(({ ad }) => ad === must)) return;
    if (brokenRule(instance, pod) !== null) return;
    const worth = worthOf(instance, pod);
    if (best === null || compareWorth(worth, best) > 0) best = worth;
  };
  // Steps: the slots before, the dynamic part (as often as it takes), the slots after, the end.
  const extend = (step: number): void => {
    if (step > rules.slots.length) return consider();
    extend(step + 1);
    const dynamic = step === before;
    const slot = dynamic ? null : step < before ? step : step - 1;
    for (let ad = 0; ad < ads.length; ad++) {
      if (ad === not || pod.some((shown) => shown.ad === ad)) continue;
      pod.push({ ad, slot });
      const partly = placeBroken(
        pod.map((shown) => ads[shown.ad]).filter((each) => each !== undefined),
        rules,
        pod,
      );
      if (partly === null) extend(dynamic ? step : step + 1);
      pod.pop();
    }
  };
  extend(0);
  return best;
}
