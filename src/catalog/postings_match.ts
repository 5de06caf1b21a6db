/**
 * One break held against the whole index: a chain of set operations, one or two an axis, in which only entries survive
 * that agree on every axis. What survives is every line item that may be shown, and seldom one more (see
 * conjunctions.ts, and `addAd` of postings_draft.ts for line items with several creatives).
 */
import { intersect, subtract, unite, wordCount, type Posting } from "./bitmap.ts";
import { dealAt, type Axis, type AxisName, type Postings } from "./postings.ts";
import { hourOfFacts, type TargetingFacts } from "./targeting.ts";

/** What a break asks of an ad, besides what line items ask of a break. */
export interface BreakTerms {
  readonly nowMs: number;
  /** Lower case. */
  readonly blockedDomains: ReadonlySet<string>;
  /** A top-level code covers its sub-codes. */
  readonly blockedCategories: ReadonlySet<string>;
  /** An ad has a category of each of these lists. A top-level code covers its sub-codes. */
  readonly allowedCategories: readonly ReadonlySet<string>[];
  /** Whether an ad of this length has a place where it could play. */
  fits(durationSec: number): boolean;
  /** Null: any will do. */
  readonly mimeTypes: readonly string[] | null;
}

/** More lengths than this are not asked one by one; the decision asks each ad anyway. */
const DURATIONS_ASKED_MAX = 64;

/**
 * The entries that may be shown in a break. Shape: as bitmap.ts. Cost: a few operations a word (32 entries) and axis,
 * and one for each entry of a short list that the facts name.
 */
export function matchingEntries(postings: Postings, facts: TargetingFacts, terms: BreakTerms): Int32Array {
  const words = postings.flights.openAt(terms.nowMs).slice();
  const hold = (name: AxisName, values: readonly string[]): void => {
    const axis = postings.axes.get(name);
    if (axis === undefined) return;
    include(words, axis, values);
    exclude(words, axis, values);
  };
  hold("publishers", [facts.publisherId]);
  hold("surfaces", [facts.surface]);
  hold("devices", known(facts.device));
  hold("countries", known(facts.country));
  hold("regions", known(facts.region));
  hold("genres", known(facts.genre));
  hold("ratings", known(facts.rating));
  hold("languages", known(facts.language));
  hold("contentCategories", [...facts.contentCategories]);
  hold("segments", [...facts.segments]);
  hold("hours", [String(hourOfFacts(facts))]);
  hold("consent", facts.consent ? ["true"] : []);
  holdTerms(words, postings, terms);
  return words;
}

/** What a break says of deals. */
export interface BreakDeals {
  readonly publisherId: string;
  /** Null: whatever the catalog has for the publisher. */
  readonly deals: readonly { readonly id: string }[] | null;
}

/**
 * Entries whose line item has a deal that is not guaranteed, holds at the publisher and is offered; null: none has any.
 * Shape: as bitmap.ts.
 */
export function entriesWithDeals(postings: Postings, { publisherId, deals }: BreakDeals): Int32Array | null {
  const axis = postings.axes.get("deals");
  if (axis === undefined) return null;
  const words = new Int32Array(wordCount(postings.size));
  for (const value of deals?.map(({ id }) => dealAt(publisherId, id)) ?? [publisherId]) {
    const posting = axis.include.get(value);
    if (posting !== undefined) unite(words, posting);
  }
  // Sets that are kept as words hold the entries without any deal as well.
  subtract(words, { words: axis.any });
  return words;
}

function holdTerms(words: Int32Array, { axes, durationsSec }: Postings, terms: BreakTerms): void {
  const [domains, categories] = [axes.get("domains"), axes.get("categories")];
  if (domains !== undefined) exclude(words, domains, terms.blockedDomains);
  if (categories !== undefined) {
    exclude(words, categories, terms.blockedCategories);
    for (const allowed of terms.allowedCategories) include(words, categories, [...allowed]);
  }
  const lengths = axes.get("durations");
  if (lengths !== undefined && durationsSec.length <= DURATIONS_ASKED_MAX) {
    const fitting = durationsSec.filter((durationSec) => terms.fits(durationSec));
    if (fitting.length < durationsSec.length) include(words, lengths, fitting.map(String));
  }
  const mimeTypes = axes.get("mimeTypes");
  if (mimeTypes !== undefined && terms.mimeTypes !== null) include(words, mimeTypes, terms.mimeTypes);
}

function known(fact: string | null): readonly string[] {
  return fact === null ? [] : [fact];
}

/** Keeps entries that include one of the values, or ask for none. */
function include(words: Int32Array, axis: Axis, values: readonly string[]): void {
  const named: Posting[] = [];
  for (const value of values) {
    const posting = axis.include.get(value);
    if (posting !== undefined) named.push(posting);
  }
  const only = named[0];
  if (only === undefined) return intersect(words, axis.any);
  if (named.length === 1 && "words" in only) return intersect(words, only.words);
  const agreed = axis.any.slice();
  for (const posting of named) unite(agreed, posting);
  intersect(words, agreed);
}

/** Drops entries that exclude one of the values. */
function exclude(words: Int32Array, axis: Axis, values: Iterable<string>): void {
  if (axis.exclude.size === 0) return;
  for (const value of values) {
    const posting = axis.exclude.get(value);
    if (posting !== undefined) subtract(words, posting);
  }
}
