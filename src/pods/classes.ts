/**
 * Almost every rule of a pod says the same: of these ads at most so many. This file finds those classes (advertiser,
 * creative, separated category, dedupe key, cap) among the ads that have a play, and leaves out those that cannot bind.
 */
import type { PodAd, PodRules } from "./instance.ts";

/** Classes of ads with their capacities. */
export interface Classes {
  readonly capacity: number[];
  /** Classes between whose ads the rules ask for a gap. */
  readonly gapped: boolean[];
  /** Classes of each ad, by the ad's index as handed in. */
  readonly ofAd: ReadonlyMap<number, readonly number[]>;
}

/** A class while ads are still being counted into it. */
interface Draft {
  readonly capacity: number;
  readonly separated: boolean;
  members: number;
  /** Its number, once it is known to matter. */
  number: number;
}

/** Drafts by the words that name them, one map a kind of rule. */
class Book {
  readonly drafts: Draft[] = [];
  readonly #capacity: number | null;
  readonly #separated: boolean;
  readonly #byName = new Map<string, Draft>();

  /** `capacity` null: no rule. `separated`: a gap is asked for between its members. */
  constructor(capacity: number | null, separated: boolean) {
    this.#capacity = capacity;
    this.#separated = separated;
  }

  /** Counts an ad into the class of this name. */
  enter(name: string, into: Draft[], capacity = this.#capacity ?? Number.POSITIVE_INFINITY): void {
    let draft = this.#byName.get(name);
    if (draft === undefined) {
      draft = { capacity, separated: this.#separated, members: 0, number: -1 };
      this.#byName.set(name, draft);
      this.drafts.push(draft);
    } else if (into.includes(draft)) return;
    draft.members++;
    into.push(draft);
  }
}

/** The classes of these ads that can bind. Cost: one look-up for each word of each ad. */
export function classesOf(ads: readonly PodAd[], indices: Iterable<number>, rules: PodRules): Classes {
  const gaps = rules.minGapAds > 0;
  const selfExcluded = new Set(rules.exclusions.filter(([a, b]) => a === b).map(([a]) => a));
  const advertisers = new Book(rules.maxPerAdvertiser, gaps);
  const categories = new Book(rules.maxPerCategory, gaps);
  const creatives = new Book(1, false);
  const keys = new Book(1, false);
  const caps = new Book(null, false);
  const separates = rules.separatedCategories.size > 0 && (rules.maxPerCategory !== null || gaps);
  const draftsOf = new Map<number, Draft[]>();
  for (const index of indices) {
    const ad = ads[index];
    if (ad === undefined || draftsOf.has(index)) continue;
    const drafts: Draft[] = [];
    draftsOf.set(index, drafts);
    if (selfExcluded.has(ad.advertiser)) advertisers.enter(ad.advertiser, drafts, 1);
    else if (rules.maxPerAdvertiser !== null || gaps) advertisers.enter(ad.advertiser, drafts);
    creatives.enter(ad.creative, drafts);
    if (separates) {
      for (const category of ad.categories) {
        if (rules.separatedCategories.has(category)) categories.enter(category, drafts);
      }
    }
    for (const key of ad.dedupeKeys) keys.enter(key, drafts);
    if (ad.capKey !== null) caps.enter(ad.capKey, drafts, ad.capMax);
  }
  const capacity: number[] = [];
  const gapped: boolean[] = [];
  for (const { drafts } of [advertisers, categories, creatives, keys, caps]) {
    for (const draft of drafts) {
      const keepsApart = draft.separated && draft.capacity > 1 && draft.members > 1;
      if (draft.members <= draft.capacity && !keepsApart) continue;
      draft.number = capacity.length;
      capacity.push(draft.capacity);
      gapped.push(keepsApart);
    }
  }
  const ofAd = new Map<number, readonly number[]>();
  for (const [index, drafts] of draftsOf) {
    ofAd.set(
      index,
      drafts.filter((draft) => draft.number >= 0).map((draft) => draft.number),
    );
  }
  return { capacity, gapped, ofAd };
}
