/**
 * Why an ad is not in the pod: the first rule of the break that the chosen ads leave no room under, and "outbid" when
 * every rule would let it in beside them, so that only time or slots are wanting.
 */
import { present } from "../kernel/assert.ts";
import type { PodAd, PodRules, PodSolution } from "../pods/instance.ts";
import { LINE_KEY, type PodQuestion } from "./pod_question.ts";
import type { RejectionReason } from "./rejection.ts";

/** Says of an ad that was asked about and is not shown, by its index, why. */
export type WhyNotShown = (index: number) => RejectionReason;

/** What the ads shown use up, counted once for all losers. */
interface Shown {
  readonly ads: readonly PodAd[];
  readonly creatives: ReadonlySet<string>;
  readonly advertisers: ReadonlyMap<string, number>;
  /** Separated ones. */
  readonly categories: ReadonlyMap<string, number>;
  readonly dedupeKeys: ReadonlySet<string>;
  readonly caps: ReadonlyMap<string, number>;
  /** Advertisers that must not meet one that is shown. */
  readonly excluded: ReadonlySet<string>;
  readonly leftMs: number;
}

/** Reasons in one pod. Cost: linear in the ads shown and the exclusions, then a few look-ups a loser. */
export function lossesIn({ ads, rules }: PodQuestion, solution: PodSolution): WhyNotShown {
  const shown = shownOf(
    solution.ads.flatMap((index) => ads[index] ?? []),
    rules,
  );
  return (index) => {
    const ad = present(ads[index], "a loser is one of the ads asked about");
    return reasonOf(ad, shown, rules);
  };
}

function shownOf(ads: readonly PodAd[], { separatedCategories, exclusions, durationMs }: PodRules): Shown {
  const advertisers: Counts = new Map();
  const categories: Counts = new Map();
  const caps: Counts = new Map();
  for (const ad of ads) {
    count(advertisers, ad.advertiser);
    for (const category of ad.categories) if (separatedCategories.has(category)) count(categories, category);
    if (ad.capKey !== null) count(caps, ad.capKey);
  }
  const excluded = exclusions.flatMap(([a, b]) => [
    ...(advertisers.has(a) ? [b] : []),
    ...(advertisers.has(b) ? [a] : []),
  ]);
  return {
    ads,
    creatives: new Set(ads.map(({ creative }) => creative)),
    advertisers,
    categories,
    dedupeKeys: new Set(ads.flatMap(({ dedupeKeys }) => dedupeKeys)),
    caps,
    excluded: new Set(excluded),
    leftMs: ads.reduce((left, ad) => left - ad.durationMs, durationMs),
  };
}

type Counts = Map<string, number>;

function count(counts: Counts, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** In the order of the checks below. */
function reasonOf(ad: PodAd, shown: Shown, rules: PodRules): RejectionReason {
  if (shown.creatives.has(ad.creative)) return "creative_repeated";
  const own = shown.advertisers.get(ad.advertiser) ?? 0;
  if (rules.maxPerAdvertiser !== null && own >= rules.maxPerAdvertiser) return "advertiser_repeated";
  const { maxPerCategory } = rules;
  const isFull = (category: string): boolean => (shown.categories.get(category) ?? 0) >= (maxPerCategory ?? Infinity);
  if (shown.categories.size > 0 && ad.categories.some(isFull)) return "category_separated";
  if (shown.excluded.has(ad.advertiser)) return "competitor_separated";
  const shared = ad.dedupeKeys.find((key) => shown.dedupeKeys.has(key));
  if (shared !== undefined) return shared.startsWith(LINE_KEY) ? "capped_in_break" : "duplicate_in_break";
  if (ad.capKey !== null && (shown.caps.get(ad.capKey) ?? 0) >= ad.capMax) return "capped_in_break";
  if (isPlaceTaken(ad, shown)) return "place_taken";
  return isTooClose(ad, shown, rules) ? "too_close" : "outbid";
}

/** Whether the only places that the ad accepts are those that ads shown insist on as well. */
function isPlaceTaken({ wish }: PodAd, { ads }: Shown): boolean {
  if (wish === "any") return false;
  const rivals = ads.filter((other) => other.wish === wish || other.wish === "firstOrLast").length;
  return rivals >= (wish === "firstOrLast" ? 2 : 1);
}

/** Whether there would be room, but too few ads to play between this one and its like. */
function isTooClose(ad: PodAd, shown: Shown, rules: PodRules): boolean {
  if (rules.minGapAds === 0 || rules.slots.length > 0 || shown.ads.length >= rules.maxAds) return false;
  if (ad.durationMs > shown.leftMs) return false;
  return shown.advertisers.has(ad.advertiser) || ad.categories.some((category) => shown.categories.has(category));
}
