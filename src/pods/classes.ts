/**
 * Almost every rule of a pod says the same: of these ads at most so many. This file finds those classes (advertiser,
 * separated category, creative, dedupe key, cap) among ads, and leaves out those that cannot bind.
 */
import type { PodAd, PodRules } from "./instance.ts";

/** Classes of ads with their capacities. */
export interface Classes {
  readonly capacity: readonly number[];
  /** Classes between whose ads the rules ask for a gap. */
  readonly gapped: readonly boolean[];
  /** By ad, in the order given: its classes. */
  readonly ofAd: readonly (readonly number[])[];
}

const NO_CLASS = -1;
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** Numbers for the words that name classes of one kind, and how many ads each has. */
class Book {
  readonly #numberOf = new Map<string, number>();
  readonly #lists: Drafts;
  readonly #only: ReadonlySet<string> | null;

  /** `only`: the words that name a class at all; null: every word does. */
  constructor(lists: Drafts, only: ReadonlySet<string> | null = null) {
    this.#lists = lists;
    this.#only = only;
  }

  /** Counts the ad that is at hand into the class of this name. */
  enter(name: string, capacity: number, separated: boolean): void {
    const number = this.#numberOf.get(name) ?? this.#open(name, capacity, separated);
    const { members, lastAd, ad, entries } = this.#lists;
    // An ad may say the same word twice.
    if (number === NO_CLASS || lastAd[number] === ad) return;
    lastAd[number] = ad;
    members[number] = (members[number] ?? 0) + 1;
    entries.push(number);
  }

  /** A number for a word met for the first time. */
  #open(name: string, capacity: number, separated: boolean): number {
    const { members, capacities, separates, lastAd } = this.#lists;
    const number = this.#only === null || this.#only.has(name) ? members.length : NO_CLASS;
    this.#numberOf.set(name, number);
    if (number === NO_CLASS) return number;
    members.push(0);
    capacities.push(capacity);
    separates.push(separated);
    lastAd.push(-1);
    return number;
  }
}

/** All classes while ads are entered one by one. By class, but for `entries`: the classes of one ad after the other. */
class Drafts {
  readonly members: number[] = [];
  readonly capacities: number[] = [];
  readonly separates: boolean[] = [];
  readonly lastAd: number[] = [];
  readonly entries: number[] = [];
  ad = 0;
}

/** The classes of these ads that can bind. Cost: one look-up for each word of each ad. */
export function classesOf(ads: readonly PodAd[], rules: PodRules): Classes {
  const gaps = rules.minGapAds > 0;
  const { maxPerAdvertiser, maxPerCategory, separatedCategories } = rules;
  const drafts = new Drafts();
  const advertisers = new Book(drafts);
  const categories = new Book(drafts, separatedCategories);
  const creatives = new Book(drafts);
  const keys = new Book(drafts);
  const caps = new Book(drafts);
  const selfExcluded = new Set(rules.exclusions.filter(([a, b]) => a === b).map(([a]) => a));
  const repeated = new Set(ads.map(({ creative }) => creative)).size < ads.length;
  const ends: number[] = [];
  for (const ad of ads) {
    const perAdvertiser = selfExcluded.has(ad.advertiser) ? 1 : (maxPerAdvertiser ?? UNLIMITED);
    if (gaps || perAdvertiser !== UNLIMITED) advertisers.enter(ad.advertiser, perAdvertiser, gaps);
    if (gaps || maxPerCategory !== null) {
      for (const category of ad.categories) categories.enter(category, maxPerCategory ?? UNLIMITED, gaps);
    }
    if (repeated) creatives.enter(ad.creative, 1, false);
    for (const key of ad.dedupeKeys) keys.enter(key, 1, false);
    if (ad.capKey !== null) caps.enter(ad.capKey, ad.capMax, false);
    drafts.ad = ends.push(drafts.entries.length);
  }
  return binding(drafts, ends);
}

/** Leaves out classes that have no more ads than may be shown, unless their ads must be kept apart. */
function binding({ members, capacities, separates, entries }: Drafts, ends: readonly number[]): Classes {
  const capacity: number[] = [];
  const gapped: boolean[] = [];
  const numbers = members.map((count, draft) => {
    const most = capacities[draft] ?? 0;
    const keptApart = separates[draft] === true && most > 1 && count > 1;
    if (count <= most && !keptApart) return NO_CLASS;
    gapped.push(keptApart);
    return capacity.push(most) - 1;
  });
  let at = 0;
  const ofAd = ends.map((end) => {
    const own: number[] = [];
    for (; at < end; at++) {
      const number = numbers[entries[at] ?? 0] ?? NO_CLASS;
      if (number !== NO_CLASS) own.push(number);
    }
    return own;
  });
  return { capacity, gapped, ofAd };
}
