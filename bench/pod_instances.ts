/**
 * Seeded breaks for the pod solver: large ones as a busy publisher sees them (200 candidates, some advertisers with
 * many ads, several categories an ad), and small ones in which every kind of rule meets every other.
 */
import { present } from "../src/kernel/assert.ts";
import { type RandomStream, stream } from "../src/kernel/random.ts";
import type { PodAd, PodRules, PodSlot, PodWish } from "../src/pods/instance.ts";

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

/** One of the list. */
/** How many ads of one advertiser or category: mostly few, now and then none, or as many as there are. */
const LIMITS = [1, 1, 2, 2, 3, 3, 0, null, null].map((most) => ({ most }));

function oneOf<T>(random: RandomStream, list: readonly T[]): T {
  return present(list[random.below(list.length)], "an index inside the list");
}

/** True in `share` of the cases. */
function chance(random: RandomStream, share: number): boolean {
  return random.next() < share;
}

/**
 * A break of at most seven ads in which every kind of rule may hold, few enough to try every order of every set. Values
 * are small, so that ties are frequent.
 */
export function drawSmall(seed: string): PodInstance {
  const random = stream(seed, "small pod");
  const rules = drawRules(random);
  const valueMax = oneOf(random, [3, 20, 1_000]);
  const count = rules.slots.length > 0 ? 1 + random.below(5) : 1 + random.below(7);
  const ads = Array.from({ length: count }, (_, index) => drawAd(random, index, rules, valueMax));
  return { ads, rules };
}

function drawSlot(random: RandomStream, side: PodSlot["side"]): PodSlot {
  const exactDurationsMs = chance(random, 0.3) ? [oneOf(random, [6_000, 15_000])] : null;
  return { side, minDurationMs: oneOf(random, [0, 0, 10_000]), maxDurationMs: 30_000, exactDurationsMs };
}

function drawRules(random: RandomStream): PodRules {
  const slots: PodSlot[] = [];
  if (chance(random, 0.3)) {
    if (chance(random, 0.7)) slots.push(drawSlot(random, "before"));
    if (chance(random, 0.2)) slots.push(drawSlot(random, "before"));
    if (chance(random, 0.5)) slots.push(drawSlot(random, "after"));
  }
  const exclusions: [string, string][] = [];
  while (chance(random, 0.2)) exclusions.push([oneOf(random, ADVERTISERS_SMALL), oneOf(random, ADVERTISERS_SMALL)]);
  return {
    durationMs: oneOf(random, [0, 20_000, 45_000, 61_500, 90_000, 90_000, 120_000]),
    maxAds: oneOf(random, [0, 1, 2, 3, 4, 6, 6]),
    slots,
    exactDurationsMs: chance(random, 0.1) ? [6_000, 15_000] : null,
    maxPerAdvertiser: oneOf(random, LIMITS).most,
    separatedCategories: new Set(chance(random, 0.7) ? ["food", "cars"] : []),
    maxPerCategory: oneOf(random, LIMITS).most,
    exclusions,
    minGapAds: oneOf(random, [0, 0, 1, 2]),
    slateMicrosPerSec: chance(random, 0.2) ? oneOf(random, [1, 7]) : 0,
    nodesMax: 100_000,
  };
}

const ADVERTISERS_SMALL = ["a", "b", "c", "d"];

function drawAd(random: RandomStream, index: number, rules: PodRules, valueMax: number): PodAd {
  const premium = (): number => (chance(random, 0.15) ? random.below(valueMax) : 0);
  const wishes: readonly PodWish[] = ["first", "last", "firstOrLast"];
  const capKey = chance(random, 0.2) ? oneOf(random, ["once", "twice"]) : null;
  const everywhere = rules.slots.length === 0 || chance(random, 0.6);
  return {
    id: `ad-${index}`,
    durationMs: chance(random, 0.03)
      ? 0
      : oneOf(random, [6_000, 10_000, 15_000, 15_000, 20_000, 29_970, 30_000, 7_501]),
    valueMicros: chance(random, 0.1) ? -random.below(valueMax) : random.below(valueMax),
    advertiser: oneOf(random, ADVERTISERS_SMALL),
    creative: chance(random, 0.1) ? "shared" : `creative-${index}`,
    categories: ["food", "cars", "beer"].filter(() => chance(random, 0.25)),
    dedupeKeys: ["adomain:x", "title:y"].filter(() => chance(random, 0.12)),
    wish: chance(random, 0.15) ? oneOf(random, wishes) : "any",
    firstPremiumMicros: premium(),
    lastPremiumMicros: premium(),
    capKey,
    capMax: capKey === "twice" ? 2 : 1,
    tier: chance(random, 0.15) ? oneOf(random, [1, 2, 5]) : 0,
    places: everywhere
      ? null
      : { slots: rules.slots.flatMap((_, slot) => (chance(random, 0.5) ? [slot] : [])), dynamic: chance(random, 0.6) },
  };
}

/**
 * A large break with the rules that a mixed-integer program states easily beside those of `drawLarge`: exclusions,
 * dedupe keys, caps, up to two ads of an advertiser or a category, wishes, premiums, exact durations, a slate's cost.
 */
export function drawMixed(seed: string, setting: LargeSetting): PodInstance {
  const large = drawLarge(seed, setting);
  const random = stream(seed, "mixed rules");
  const premiums = chance(random, 0.5);
  const advertisers = [...new Set(large.ads.map(({ advertiser }) => advertiser))];
  const ads = large.ads.map((ad): PodAd => {
    const capped = chance(random, 0.2);
    const wishes: readonly PodWish[] = ["first", "last", "firstOrLast"];
    return {
      ...ad,
      creative: chance(random, 0.1) ? `shared-${random.below(5)}` : ad.creative,
      dedupeKeys: chance(random, 0.2) ? [`adomain:${random.below(20)}`] : [],
      wish: chance(random, 0.04) ? oneOf(random, wishes) : "any",
      firstPremiumMicros: premiums && chance(random, 0.3) ? random.below(8_000) : 0,
      lastPremiumMicros: premiums && chance(random, 0.2) ? random.below(4_000) : 0,
      capKey: capped ? `cap-${random.below(10)}` : null,
      capMax: 2,
    };
  });
  const pair = (): [string, string] => [oneOf(random, advertisers), oneOf(random, advertisers)];
  const rules: PodRules = {
    ...large.rules,
    exactDurationsMs: chance(random, 0.2) ? [15_000, 30_000, 60_000] : null,
    maxPerAdvertiser: oneOf(random, [1, 1, 2]),
    maxPerCategory: oneOf(random, [1, 1, 2]),
    exclusions: Array.from({ length: random.below(12) }, pair),
    slateMicrosPerSec: chance(random, 0.3) ? 200 : 0,
  };
  return { ads, rules };
}
