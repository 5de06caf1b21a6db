/**
 * The question that a break asks and its answer, in plain words and whole numbers: which ads may be shown, what each is
 * worth, what the break allows, and the pod that is worth most. Nothing here knows of catalogs, bids or protocols.
 *
 * A pod is made of structured slots (one ad each, their place fixed) and one dynamic part (any number of ads in any
 * order) between those that come before it and those that come after it. Most breaks have the dynamic part alone.
 */

/** Where an ad must play, if it says so. Hard: an ad that cannot have its wish is not shown. */
export type PodWish = "any" | "first" | "last" | "firstOrLast";

/** Where in the pod an ad may play. */
export interface PodPlaces {
  /** Indices into `PodRules.slots`. */
  readonly slots: readonly number[];
  /** Whether it may play in the dynamic part. */
  readonly dynamic: boolean;
}

/** Preference of deals: an ad of a higher tier is preferred over any value of those below. */
export type PodTier = 0 | 1 | 2 | 3 | 4 | 5;

/**
 * One ad that asks to be shown. An ad whose numbers are not as described (a length that is not positive, an amount that
 * is not a safe integer) is never shown; it is not an error.
 */
export interface PodAd {
  /** Unique among the ads of one question: the last word between equals. */
  readonly id: string;
  /** Whole milliseconds, above zero. */
  readonly durationMs: number;
  /** What the break gains by showing it anywhere. A safe integer; an ad that gains nothing is not shown for itself. */
  readonly valueMicros: number;
  readonly advertiser: string;
  /** A creative is shown at most once in a pod. */
  readonly creative: string;
  /** Every code that counts for separation, parents included. */
  readonly categories: readonly string[];
  /** Of the ads that share a key, at most one is shown (OpenRTB `poddedupe`: one key for each kind asked for). */
  readonly dedupeKeys: readonly string[];
  readonly wish: PodWish;
  /** Added when it is the first ad of the pod. Not negative. */
  readonly firstPremiumMicros: number;
  /** Added when it is the last ad of the pod. Not negative. An ad alone in its pod is first and last. */
  readonly lastPremiumMicros: number;
  /** At most `capMax` of the ads with this key are shown (what a frequency cap leaves). Ads of a key agree on it. */
  readonly capKey: string | null;
  readonly capMax: number;
  readonly tier: PodTier;
  /** Null: everywhere. */
  readonly places: PodPlaces | null;
}

/** A structured slot: takes one ad at most. Slots stand in their order of play. */
export interface PodSlot {
  /** Shortest and longest ad it takes, both included; its time is the longest. */
  readonly minDurationMs: number;
  readonly maxDurationMs: number;
  /** If given, an ad must have one of exactly these lengths (OpenRTB `rqddurs`). */
  readonly exactDurationsMs: readonly number[] | null;
  /** Whether it plays before the dynamic part or after it. Slots before come first in the list. */
  readonly side: "before" | "after";
}

/** What a break allows. */
export interface PodRules {
  /** Time of the dynamic part; structured slots have their own. Zero: there is no dynamic part. */
  readonly durationMs: number;
  /** Most ads of the dynamic part. */
  readonly maxAds: number;
  /** Empty for a purely dynamic pod. */
  readonly slots: readonly PodSlot[];
  /** If given, ads of the dynamic part must have one of exactly these lengths (OpenRTB `rqddurs`). */
  readonly exactDurationsMs: readonly number[] | null;
  /** Most ads of one advertiser in the pod. Null: no limit. Usually 1. */
  readonly maxPerAdvertiser: number | null;
  /** Categories kept apart: at most `maxPerCategory` ads that carry the same one. */
  readonly separatedCategories: ReadonlySet<string>;
  /** Null: no limit. Usually 1. */
  readonly maxPerCategory: number | null;
  /** Pairs of advertisers that are not shown in one pod. A pair of one advertiser with itself: one ad of it at most. */
  readonly exclusions: readonly (readonly [string, string])[];
  /** At least so many other ads play between two of one advertiser or of one separated category. 0: no rule. */
  readonly minGapAds: number;
  /** What every second without an ad costs. Not negative. 0: empty time is free. */
  readonly slateMicrosPerSec: number;
  /** Most nodes that the search opens. */
  readonly nodesMax: number;
}

/**
 * The pod. Its objective is, first, the ads of the highest tier, as many as can be; then of the next; …; then
 * `valueMicros`.
 */
export interface PodSolution {
  /** Indices of the ads shown, in order of play. */
  readonly ads: readonly number[];
  /** Beside each ad shown: its structured slot, or null in the dynamic part. */
  readonly slots: readonly (number | null)[];
  /** Values and premiums of the ads shown, less what the time without ads costs. */
  readonly valueMicros: number;
  /** True: no pod is better. */
  readonly proved: boolean;
  /**
   * No pod is worth more than this above `valueMicros`; 0 when proved. When a better pod could also show more ads of a
   * higher tier, it counts their preference too and is then above any amount of money.
   */
  readonly gapMicros: number;
  /** `valueMicros + gapMicros`. */
  readonly boundMicros: number;
  /** Nodes opened: deterministic, so that two machines count the same. */
  readonly nodes: number;
}
