/**
 * Why an ad is not in the pod: the first rule of the break that the chosen ads leave no room under, and "outbid" when
 * every rule would let it in beside them, so that only time or slots are wanting.
 */
import { present } from "../kernel/assert.ts";
import type { PodAd, PodRules, PodSolution } from "../pods/instance.ts";
import type { PodQuestion } from "./pod_question.ts";
import type { RejectionReason } from "./rejection.ts";

/** Why the ad with this index is not among those shown. Requires: it is not. */
export function whyNotShown({ ads, rules }: PodQuestion, solution: PodSolution, index: number): RejectionReason {
  const ad = present(ads[index], "a loser is one of the ads asked about");
  const shown = solution.ads.flatMap((other) => ads[other] ?? []);
  return (
    repeated(ad, shown, rules) ??
    separated(ad, shown, rules) ??
    counted(ad, shown) ??
    (wantsTaken(ad, shown) ? "place_taken" : null) ??
    (isTooClose(ad, shown, rules) ? "too_close" : null) ??
    "outbid"
  );
}

function repeated(ad: PodAd, shown: readonly PodAd[], { maxPerAdvertiser }: PodRules): RejectionReason | null {
  if (shown.some(({ creative }) => creative === ad.creative)) return "creative_repeated";
  const own = shown.filter(({ advertiser }) => advertiser === ad.advertiser).length;
  return maxPerAdvertiser !== null && own >= maxPerAdvertiser ? "advertiser_repeated" : null;
}

function separated(ad: PodAd, shown: readonly PodAd[], rules: PodRules): RejectionReason | null {
  const { separatedCategories, maxPerCategory, exclusions } = rules;
  for (const category of ad.categories) {
    if (maxPerCategory === null || !separatedCategories.has(category)) continue;
    const held = shown.filter(({ categories }) => categories.includes(category)).length;
    if (held >= maxPerCategory) return "category_separated";
  }
  const apart = ({ advertiser }: PodAd): boolean =>
    exclusions.some(([a, b]) => (a === ad.advertiser && b === advertiser) || (b === ad.advertiser && a === advertiser));
  return shown.some(apart) ? "competitor_separated" : null;
}

function counted(ad: PodAd, shown: readonly PodAd[]): RejectionReason | null {
  const shared = ad.dedupeKeys.find((key) => shown.some(({ dedupeKeys }) => dedupeKeys.includes(key)));
  if (shared !== undefined) return shared.startsWith("line ") ? "capped_in_break" : "duplicate_in_break";
  const sameCap = shown.filter(({ capKey }) => capKey !== null && capKey === ad.capKey).length;
  return ad.capKey !== null && sameCap >= ad.capMax ? "capped_in_break" : null;
}

/** Whether the only places that the ad accepts are those that ads shown insist on as well. */
function wantsTaken({ wish }: PodAd, shown: readonly PodAd[]): boolean {
  if (wish === "any") return false;
  const rivals = shown.filter((other) => other.wish === wish || other.wish === "firstOrLast").length;
  return rivals >= (wish === "firstOrLast" ? 2 : 1);
}

/** Whether there would be room, but too few ads to play between this one and its like. */
function isTooClose(ad: PodAd, shown: readonly PodAd[], rules: PodRules): boolean {
  const { minGapAds, separatedCategories, durationMs, maxAds, slots } = rules;
  if (minGapAds === 0 || slots.length > 0 || shown.length >= maxAds) return false;
  if (shown.reduce((sum, other) => sum + other.durationMs, ad.durationMs) > durationMs) return false;
  const separated = ad.categories.filter((category) => separatedCategories.has(category));
  return shown.some(
    ({ advertiser, categories }) =>
      advertiser === ad.advertiser || separated.some((category) => categories.includes(category)),
  );
}
