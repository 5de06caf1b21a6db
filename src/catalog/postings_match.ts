/**
 * One break held against the whole index: a chain of set operations, one an axis, in which only entries survive that
 * agree on every axis. What survives is every line item that may be shown, and seldom one more (see conjunctions.ts,
 * and `addAd` of postings_draft.ts for line items with several creatives).
 */
import { present } from "../kernel/assert.ts";
import { allBits, clearBit, intersection, setBit, subtract, unite, wordCount } from "./bitmap.ts";
import type { Context } from "./contexts.ts";
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
  /** Deals that the break offers; null: whatever the catalog has for the publisher. */
  readonly deals: readonly { readonly id: string }[] | null;
}

/** Entries that may be shown in a break, as places in their context. Shapes: as bitmap.ts. */
export interface Matches {
  readonly context: Context;
  /** Those whose line item has a deal that is not guaranteed, holds at the publisher and is offered. */
  readonly withDeal: Int32Array;
  readonly withoutDeal: Int32Array;
}

/** More lengths than this are not asked one by one; the decision asks each ad anyway. */
const DURATIONS_ASKED_MAX = 64;

/**
 * The entries that may be shown in a break. Cost: half a nanosecond for each axis and 32 entries of the context; where
 * the context is not remembered, of the index, and some nanoseconds for each entry of the context.
 */
export function matchingEntries(postings: Postings, facts: TargetingFacts, terms: BreakTerms): Matches {
  const inFlight = postings.flights.openAt(terms.nowMs);
  const context = postings.contexts.recall(nameOf(facts), inFlight, () => agreeing(postings, inFlight, facts));
  const question: Question = { postings, context, sets: [] };
  include(question, "contentCategories", [...facts.contentCategories]);
  exclude(question, "contentCategories", facts.contentCategories);
  include(question, "segments", [...facts.segments]);
  exclude(question, "segments", facts.segments);
  askTerms(question, terms);
  const matching = intersection(allBits(context.entries.length), question.sets);
  const dealt = withDeals(question, facts.publisherId, terms);
  const withDeal = intersection(matching.slice(), [dealt]);
  subtract(matching, dealt);
  return { context, withDeal, withoutDeal: matching };
}

/** What many requests of an isolate have in common, as one string. */
function nameOf(facts: TargetingFacts): string {
  const { publisherId, surface, device, country, region, genre, rating, language, consent } = facts;
  const hour = hourOfFacts(facts);
  return JSON.stringify([publisherId, surface, device, country, region, genre, rating, language, hour, consent]);
}

/** The entries in flight that agree with a context. Shape: as bitmap.ts, over the whole index. */
function agreeing({ axes }: Postings, inFlight: Int32Array, facts: TargetingFacts): Int32Array {
  const sets: Int32Array[] = [];
  const hold = (name: AxisName, fact: string | null): void => {
    const axis = axes.get(name);
    if (axis === undefined) return;
    if (fact === null || !axis.include.has(fact)) sets.push(axis.any);
    else sets.push(includingSet(axis, fact));
    if (fact !== null && axis.exclude.has(fact)) sets.push(notExcludingSet(axis, fact));
  };
  hold("publishers", facts.publisherId);
  hold("surfaces", facts.surface);
  hold("devices", facts.device);
  hold("countries", facts.country);
  hold("regions", facts.region);
  hold("genres", facts.genre);
  hold("ratings", facts.rating);
  hold("languages", facts.language);
  hold("hours", String(hourOfFacts(facts)));
  if (!facts.consent) hold("consent", null);
  return intersection(inFlight.slice(), sets);
}

/** A question to the entries of a context in the making: they must be in all of the sets. */
interface Question {
  readonly postings: Postings;
  readonly context: Context;
  readonly sets: Int32Array[];
}

function askTerms(question: Question, terms: BreakTerms): void {
  exclude(question, "domains", terms.blockedDomains);
  exclude(question, "categories", terms.blockedCategories);
  for (const allowed of terms.allowedCategories) include(question, "categories", [...allowed]);
  const { durationsSec } = question.postings;
  const fitting = durationsSec.filter((durationSec) => terms.fits(durationSec));
  if (fitting.length < durationsSec.length && durationsSec.length <= DURATIONS_ASKED_MAX) {
    include(question, "durations", fitting.map(String));
  }
  if (terms.mimeTypes !== null) include(question, "mimeTypes", terms.mimeTypes);
}

/** Keeps entries that include one of the values, or ask for none. */
function include(question: Question, name: AxisName, values: readonly string[]): void {
  const including = includingAmong(question, name, values);
  if (including !== null) question.sets.push(including);
}

/** Drops entries that exclude one of the values. */
function exclude({ postings, context, sets }: Question, name: AxisName, values: Iterable<string>): void {
  const axis = postings.axes.get(name);
  if (axis === undefined || axis.exclude.size === 0) return;
  for (const value of values) {
    if (!axis.exclude.has(value)) continue;
    sets.push(context.among(`not ${name} ${value}`, () => notExcludingSet(axis, value)));
  }
}

/** Entries of the context that include one of the values, or ask for none; null: all. Not to be changed. */
function includingAmong({ postings, context }: Question, name: AxisName, values: readonly string[]): Int32Array | null {
  const axis = postings.axes.get(name);
  if (axis === undefined) return null;
  const sets = values
    .filter((value) => axis.include.has(value))
    .map((value) => context.among(`${name} ${value}`, () => includingSet(axis, value)));
  const [first, ...others] = sets;
  if (first === undefined) return anyAmong(context, name, axis);
  if (others.length === 0) return first;
  const all = first.slice();
  for (const set of others) unite(all, set);
  return all;
}

function anyAmong(context: Context, name: AxisName, axis: Axis): Int32Array {
  return context.among(`any ${name}`, () => axis.any);
}

function withDeals(question: Question, publisherId: string, { deals }: BreakTerms): Int32Array {
  const { postings, context } = question;
  const axis = postings.axes.get("deals");
  if (axis === undefined) return new Int32Array(wordCount(context.entries.length));
  const offered = deals?.map(({ id }) => dealAt(publisherId, id)) ?? [publisherId];
  const dealt = (includingAmong(question, "deals", offered) ?? axis.any).slice();
  subtract(dealt, anyAmong(context, "deals", axis));
  return dealt;
}

/** Entries that include a value that the axis lists, or ask for none. Shape: as bitmap.ts, over the whole index. */
function includingSet(axis: Axis, value: string): Int32Array {
  const posting = present(axis.include.get(value), "the axis lists the value");
  if ("mask" in posting) return posting.mask;
  const set = axis.any.slice();
  for (const number of posting.numbers) setBit(set, number);
  return set;
}

/** Entries that do not exclude a value that the axis lists. Shape: as bitmap.ts, over the whole index. */
function notExcludingSet(axis: Axis, value: string): Int32Array {
  const posting = present(axis.exclude.get(value), "the axis lists the value");
  if ("mask" in posting) return posting.mask;
  const set = new Int32Array(axis.any.length).fill(-1);
  for (const number of posting.numbers) clearBit(set, number);
  return set;
}
