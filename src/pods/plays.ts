/**
 * A question written out as plays: each is one way to show one ad (in the dynamic part or in a structured slot; as the
 * first ad, as the last, or as neither), with all that it gains. Plays stand in an explicit total order, so that the
 * order in which ads were handed in has no effect on anything that follows.
 */
import { assert } from "../kernel/assert.ts";
import type { PodAd, PodRules } from "./instance.ts";

/** Largest objective of a question. Bounds are sums that go a little above it and must be exact too. */
const OBJECTIVE_MAX = 2 ** 51;

/** What a play claims about its position in the pod. */
export type Claim = typeof ANYWHERE | typeof AS_FIRST | typeof AS_LAST;
export const ANYWHERE = 0;
export const AS_FIRST = 1;
export const AS_LAST = 2;

/** One way to show one ad. */
export interface Play {
  /** Index of the ad as handed in. */
  readonly ad: number;
  /** The structured slot, or null in the dynamic part. */
  readonly slot: number | null;
  readonly claim: Claim;
  /** Value, slate saved, preference of its tier and the premium claimed. */
  readonly gain: number;
  /** What a pod of this play alone gains: its ad is first and last. Never less than `gain`. */
  readonly aloneGain: number;
}

/** A question written out. */
export interface Plays {
  /** The ads that have a play (indices as handed in), in their total order. */
  readonly shown: readonly number[];
  /** Plays in their total order: those of one ad are neighbours. */
  readonly list: readonly Play[];
  /** What an ad of each tier counts beside its money. Each is more than all lower tiers and all money can reach. */
  readonly tierBonus: readonly number[];
  /** No pod's objective is above this or below its negative. */
  readonly objectiveMax: number;
}

/** An ad that may be shown somewhere, and what it gains wherever that is. */
interface Entrant {
  readonly index: number;
  readonly ad: PodAd;
  readonly places: readonly (number | null)[];
  readonly moneyMicros: number;
}

/** What showing this ad saves of the slate's cost, rounded down to whole micros. Units: micros. */
export function slateSaved(durationMs: number, rules: PodRules): number {
  return Math.floor((durationMs * rules.slateMicrosPerSec) / 1000);
}

/** What an ad may gain the break beside its value: the slate it saves, the premiums it offers. Units: micros. */
export function besideItsValue({ durationMs, firstPremiumMicros, lastPremiumMicros }: PodAd, rules: PodRules): number {
  return slateSaved(durationMs, rules) + firstPremiumMicros + lastPremiumMicros;
}

/** What a pod of nothing costs, rounded down to whole micros. Units: micros. */
export function emptyPodCost(rules: PodRules): number {
  const slotsMs = rules.slots.reduce((sum, slot) => sum + slot.maxDurationMs, 0);
  return slateSaved(rules.durationMs + slotsMs, rules);
}

/** Whether the ad's own numbers are as `PodAd` describes them. */
function wellFormed(ad: PodAd): boolean {
  const whole = Number.isSafeInteger;
  const premiums = whole(ad.firstPremiumMicros) && whole(ad.lastPremiumMicros);
  return (
    whole(ad.durationMs) &&
    ad.durationMs > 0 &&
    whole(ad.valueMicros) &&
    premiums &&
    ad.firstPremiumMicros >= 0 &&
    ad.lastPremiumMicros >= 0 &&
    (ad.capKey === null || ad.capMax >= 1)
  );
}

/** Whether a limit of none keeps this ad out, whatever else is shown. */
function isBarred({ categories }: PodAd, rules: PodRules): boolean {
  const { maxPerAdvertiser, maxPerCategory, separatedCategories } = rules;
  if (maxPerAdvertiser === 0) return true;
  return maxPerCategory === 0 && categories.some((category) => separatedCategories.has(category));
}

/** Where this ad may play by its own length and places: structured slots, and null for the dynamic part. */
export function placesOf(ad: PodAd, rules: PodRules): readonly (number | null)[] {
  if (!wellFormed(ad) || isBarred(ad, rules)) return [];
  const { durationMs, places } = ad;
  const asked = (exact: readonly number[] | null): boolean => exact === null || exact.includes(durationMs);
  const found: (number | null)[] = [];
  for (let index = 0; index < rules.slots.length; index++) {
    const slot = rules.slots[index];
    if (slot === undefined || (places !== null && !places.slots.includes(index))) continue;
    const fits = durationMs >= slot.minDurationMs && durationMs <= slot.maxDurationMs;
    if (fits && asked(slot.exactDurationsMs)) found.push(index);
  }
  const dynamic = durationMs <= rules.durationMs && rules.maxAds >= 1 && asked(rules.exactDurationsMs);
  if (dynamic && (places === null || places.dynamic)) found.push(null);
  return found;
}

/** The claims an ad may make: a wish leaves only its own; a premium adds the play that earns it. */
function claimsOf(ad: PodAd): readonly Play["claim"][] {
  switch (ad.wish) {
    case "first":
      return FIRST_ALONE;
    case "last":
      return LAST_ALONE;
    case "firstOrLast":
      return FIRST_OR_LAST;
    case "any":
      if (ad.firstPremiumMicros === 0 && ad.lastPremiumMicros === 0) return JUST_ANYWHERE;
      return [
        ANYWHERE,
        ...(ad.firstPremiumMicros > 0 ? FIRST_ALONE : []),
        ...(ad.lastPremiumMicros > 0 ? LAST_ALONE : []),
      ];
  }
}
const JUST_ANYWHERE = [ANYWHERE] as const;
const FIRST_ALONE = [AS_FIRST] as const;
const LAST_ALONE = [AS_LAST] as const;
const FIRST_OR_LAST = [AS_FIRST, AS_LAST] as const;

/** The premium that a claim earns. Units: micros. */
function premiumOf(ad: PodAd, claim: Claim): number {
  return claim === AS_FIRST ? ad.firstPremiumMicros : claim === AS_LAST ? ad.lastPremiumMicros : 0;
}

/**
 * Every play that could be part of a best pod: worth most first, then shorter, then by the ad's id. A play that gains
 * nothing is left out unless gaps are asked for, where it may serve to keep two others apart.
 * Requires: tiers and amounts whose objective stays below `OBJECTIVE_MAX`.
 */
export function playsOf(ads: readonly PodAd[], rules: PodRules): Plays {
  const entrants: Entrant[] = [];
  for (let index = 0; index < ads.length; index++) {
    const ad = ads[index];
    if (ad === undefined) continue;
    const places = placesOf(ad, rules);
    if (places.length === 0) continue;
    entrants.push({ index, ad, places, moneyMicros: ad.valueMicros + slateSaved(ad.durationMs, rules) });
  }
  entrants.sort(
    (a, b) =>
      b.ad.tier - a.ad.tier ||
      b.moneyMicros - a.moneyMicros ||
      a.ad.durationMs - b.ad.durationMs ||
      (a.ad.id < b.ad.id ? -1 : a.ad.id > b.ad.id ? 1 : 0),
  );
  const { tierBonus, objectiveMax } = preferences(entrants, Math.min(entrants.length, adsMax(rules)));
  const list: Play[] = [];
  const shown: number[] = [];
  for (const { index, ad, places, moneyMicros } of entrants) {
    const before = list.length;
    const plain = moneyMicros + (tierBonus[ad.tier] ?? 0);
    const aloneGain = plain + ad.firstPremiumMicros + ad.lastPremiumMicros;
    for (const slot of places) {
      for (const claim of claimsOf(ad)) {
        const gain = plain + premiumOf(ad, claim);
        if (aloneGain > 0 || rules.minGapAds > 0) list.push({ ad: index, slot, claim, gain, aloneGain });
      }
    }
    if (list.length > before) shown.push(index);
  }
  return { shown, list, tierBonus, objectiveMax };
}

/** Most ads in a pod of these rules. */
export function adsMax(rules: PodRules): number {
  return rules.maxAds + rules.slots.length;
}

/**
 * Preferences of tiers as amounts. With n ads in a pod and money between −m and m, an ad of tier 1 counts 8m + 1, and
 * each further tier more than n ads of the one below.
 */
function preferences(entrants: readonly Entrant[], shownMax: number): Pick<Plays, "tierBonus" | "objectiveMax"> {
  let largest = 0;
  const perTier = [0, 0, 0, 0, 0, 0];
  for (const { ad, moneyMicros } of entrants) {
    const most = Math.max(Math.abs(moneyMicros), Math.abs(moneyMicros + ad.firstPremiumMicros + ad.lastPremiumMicros));
    if (most > largest) largest = most;
    perTier[ad.tier] = (perTier[ad.tier] ?? 0) + 1;
  }
  const moneyMax = largest * shownMax;
  const tierBonus = [0, 0, 0, 0, 0, 0];
  let bonus = 8 * moneyMax + 1;
  let objectiveMax = moneyMax;
  for (let tier = 1; tier < tierBonus.length; tier++) {
    const shown = Math.min(perTier[tier] ?? 0, shownMax);
    if (shown === 0) continue;
    tierBonus[tier] = bonus;
    objectiveMax += bonus * shown;
    bonus *= shown + 1;
  }
  assert(objectiveMax <= OBJECTIVE_MAX, "values and tiers of a pod stay far inside the safe integers together");
  return { tierBonus, objectiveMax };
}
