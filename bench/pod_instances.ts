/**
 * Seeded breaks for the pod solver: large ones as a busy publisher sees them (200 candidates, some advertisers with many
 * ads, several categories an ad), and small ones in which every kind of rule meets every other.
 */
import { present } from "../src/kernel/assert.ts";
import { type RandomStream, stream } from "../src/kernel/random.ts";
import type { PodAd, PodRules } from "../src/pods/instance.ts";

/** A question to the solver. */
export interface PodInstance {
  readonly ads: readonly PodAd[];
  readonly rules: PodRules;
}

/** How large a break, and how many ads have several categories. */
export interface LargeSetting {
  readonly candidates: number;
  readonly slots: number;
  /** Share of the ads that carry two or three categories instead of one. */
  readonly multiShare: number;
}

const LENGTHS_SEC = [6, 10, 15, 15, 15, 15, 20, 30, 30, 30, 45, 60];
const ADVERTISERS = 70;
const CATEGORIES = 40;
/** Mean time a slot. Units: milliseconds. */
const SLOT_MS = 20_000;

/** An ad with nothing special about it. */
export const PLAIN_AD: Omit<PodAd, "id" | "creative"> = {
  durationMs: 15_000,
  valueMicros: 1,
  advertiser: "a",
  categories: [],
  dedupeKeys: [],
  wish: "any",
  firstPremiumMicros: 0,
  lastPremiumMicros: 0,
  capKey: null,
  capMax: 1,
  tier: 0,
  places: null,
};

/** Rules that ask for nothing but time and count. */
export const PLAIN_RULES: PodRules = {
  durationMs: 60_000,
  maxAds: 4,
  slots: [],
  exactDurationsMs: null,
  maxPerAdvertiser: null,
  separatedCategories: new Set(),
  maxPerCategory: null,
  exclusions: [],
  minGapAds: 0,
  slateMicrosPerSec: 0,
  nodesMax: 20_000,
};

/** Small numbers are more frequent than large ones: some advertisers and categories have much of the demand. */
function skewed(random: RandomStream, count: number): number {
  return Math.floor(count * random.next() ** 1.5);
}

/** A large break: one ad of an advertiser, one of a category. Values are about $4 to $60 CPM, dearer when longer. */
export function drawLarge(seed: string, { candidates, slots, multiShare }: LargeSetting): PodInstance {
  const random = stream(seed, "large pod");
  const ads = Array.from({ length: candidates }, (_, index): PodAd => {
    const lengthSec = present(LENGTHS_SEC[random.below(LENGTHS_SEC.length)], "an index inside the list");
    const several = random.next() < multiShare ? 2 + random.below(2) : 1;
    const categories = new Set(Array.from({ length: several }, () => `IAB${skewed(random, CATEGORIES)}`));
    return {
      ...PLAIN_AD,
      id: `ad-${index}`,
      creative: `creative-${index}`,
      durationMs: lengthSec * 1000,
      valueMicros: Math.round(4_000 * 15 ** random.next() * (lengthSec / 20) ** 0.7),
      advertiser: `advertiser-${skewed(random, ADVERTISERS)}`,
      categories: [...categories],
    };
  });
  const separatedCategories = new Set(Array.from({ length: CATEGORIES }, (_, index) => `IAB${index}`));
  const rules = { durationMs: slots * SLOT_MS, maxAds: slots, maxPerAdvertiser: 1, separatedCategories };
  return { ads, rules: { ...PLAIN_RULES, ...rules, maxPerCategory: 1 } };
}
