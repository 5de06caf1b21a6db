/**
 * Why an ad is not in the pod, for whoever asked to show it: the first rule, in a fixed order, by which a winner keeps
 * it out, and that winner. An ad that no rule keeps out was outbid: there was no room left, or others were worth more.
 */
import type { PodAd, PodRules, PodSolution } from "./instance.ts";
import { placesOf } from "./plays.ts";

/** The rules that can keep an ad out, in the order in which they are looked at. */
export type Blocking =
  | "does_not_fit"
  | "creative_repeated"
  | "duplicate"
  | "cap_reached"
  | "advertisers_excluded"
  | "advertiser_repeated"
  | "category_separated"
  | "position_taken"
  | "gap_too_small"
  | "outbid";

/** Why an ad is out. `winner`: index of the ad that keeps it out; null when its own numbers do, or no single ad. */
export interface Blocked {
  readonly reason: Blocking;
  readonly winner: number | null;
}

/** Why this ad is not in the pod. Requires: it is not. Cost: linear in the pod and its words. */
export function whyNotShown(ads: readonly PodAd[], rules: PodRules, solution: PodSolution, index: number): Blocked {
  const ad = ads[index];
  if (ad === undefined || placesOf(ad, rules).length === 0) return { reason: "does_not_fit", winner: null };
  const winners = solution.ads.flatMap((winner) => {
    const shown = ads[winner];
    return shown === undefined ? [] : [{ winner, shown }];
  });
  /** The last of the winners that this holds for, once there are `most` of them. */
  const reached = (most: number, holds: (shown: PodAd) => boolean): number | null => {
    const same = winners.filter(({ shown }) => holds(shown));
    return same.length >= most ? (same.at(-1)?.winner ?? null) : null;
  };
  const separated = ad.categories.filter((category) => rules.separatedCategories.has(category));
  const excluded = (shown: PodAd): boolean =>
    rules.exclusions.some(
      ([one, other]) =>
        (one === ad.advertiser && other === shown.advertiser) || (other === ad.advertiser && one === shown.advertiser),
    );
  const perCategory = rules.maxPerCategory ?? Number.POSITIVE_INFINITY;
  const looks: readonly (readonly [Blocking, () => number | null])[] = [
    ["creative_repeated", () => reached(1, (shown) => shown.creative === ad.creative)],
    ["duplicate", () => reached(1, (shown) => shown.dedupeKeys.some((key) => ad.dedupeKeys.includes(key)))],
    ["cap_reached", () => (ad.capKey === null ? null : reached(ad.capMax, (shown) => shown.capKey === ad.capKey))],
    ["advertisers_excluded", () => reached(1, excluded)],
    [
      "advertiser_repeated",
      () => reached(rules.maxPerAdvertiser ?? Number.POSITIVE_INFINITY, (shown) => shown.advertiser === ad.advertiser),
    ],
    [
      "category_separated",
      () => firstFound(separated, (each) => reached(perCategory, (shown) => shown.categories.includes(each))),
    ],
    ["position_taken", () => positionTaken(ad, winners)],
    ["gap_too_small", () => tooNear(ad, rules, winners, separated)],
  ];
  for (const [reason, look] of looks) {
    const winner = look();
    if (winner !== null) return { reason, winner };
  }
  return { reason: "outbid", winner: null };
}

interface Winner {
  readonly winner: number;
  readonly shown: PodAd;
}

function firstFound<T>(list: readonly T[], look: (each: T) => number | null): number | null {
  for (const each of list) {
    const found = look(each);
    if (found !== null) return found;
  }
  return null;
}

/** A winner that must play where this ad must play. */
function positionTaken({ wish }: PodAd, winners: readonly Winner[]): number | null {
  const [first, last] = [winners[0], winners.at(-1)];
  const firstTaken = first !== undefined && first.shown.wish === "first" ? first.winner : null;
  const lastTaken = last !== undefined && last.shown.wish === "last" ? last.winner : null;
  if (wish === "first") return firstTaken;
  if (wish === "last") return lastTaken;
  return wish === "firstOrLast" && firstTaken !== null ? lastTaken : null;
}

/** A winner too near to this ad wherever it is put into the pod; null when it can be put somewhere. */
function tooNear(
  ad: PodAd,
  { minGapAds }: PodRules,
  winners: readonly Winner[],
  separated: readonly string[],
): number | null {
  if (minGapAds === 0) return null;
  const alike = ({ shown }: Winner): boolean =>
    shown.advertiser === ad.advertiser || separated.some((category) => shown.categories.includes(category));
  let nearest: number | null = null;
  for (let at = 0; at <= winners.length; at++) {
    const near = winners.slice(Math.max(0, at - minGapAds), at + minGapAds).find(alike);
    if (near === undefined) return null;
    nearest ??= near.winner;
  }
  return nearest;
}
