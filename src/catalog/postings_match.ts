/**
 * One break held against the whole index: a chain of set operations, one or two an axis, in which only entries survive
 * that agree on every axis. What survives is every line item that may be shown, and seldom one more (see
 * conjunctions.ts, and `addAd` of postings_draft.ts for line items with several creatives).
 */
import { clearBit, intersection, setBit, subtract, unite } from "./bitmap.ts";
import { dealAt, type Axis, type AxisName, type Posting, type Postings } from "./postings.ts";
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
 * The entries that may be shown in a break; valid until the index is asked again. Shape: as bitmap.ts. Cost: half a nanosecond for each axis and 32 entries,
 * and a few nanoseconds for each entry of a short list that the facts name.
 */
export function matchingEntries(postings: Postings, facts: TargetingFacts, terms: BreakTerms): Int32Array {
  postings.scratch.reset();
  const inFlight = postings.flights.openAt(terms.nowMs);
  const context = postings.contexts.recall(contextOf(facts), inFlight, () =>
    entriesOf(postings, inFlight, (match) => holdContext(match, facts)).slice(),
  );
  return entriesOf(postings, context, (match) => {
    hold(match, "contentCategories", [...facts.contentCategories]);
    hold(match, "segments", [...facts.segments]);
    holdTerms(match, terms);
  });
}

/** What many requests of an isolate have in common, as one string. */
function contextOf({
  publisherId,
  surface,
  device,
  country,
  genre,
  rating,
  language,
  ...facts
}: TargetingFacts): string {
  const consent = facts.consent ? "agreed" : "";
  return `${publisherId} ${surface} ${device} ${country} ${genre} ${rating} ${language} ${hourOfFacts(facts)} ${consent}`;
}

function holdContext(match: Match, facts: TargetingFacts): void {
  hold(match, "publishers", [facts.publisherId]);
  hold(match, "surfaces", [facts.surface]);
  hold(match, "devices", known(facts.device));
  hold(match, "countries", known(facts.country));
  hold(match, "regions", known(facts.region));
  hold(match, "genres", known(facts.genre));
  hold(match, "ratings", known(facts.rating));
  hold(match, "languages", known(facts.language));
  hold(match, "hours", [String(hourOfFacts(facts))]);
  if (!facts.consent) hold(match, "consent", []);
}

/** Entries among `within` that agree on all axes that `ask` holds against them. */
function entriesOf(postings: Postings, within: Int32Array, ask: (match: Match) => void): Int32Array {
  const match: Match = { postings, masks: [within], excluded: [] };
  ask(match);
  const entries = intersection(postings.scratch.take(), match.masks);
  for (const numbers of match.excluded) for (const number of numbers) clearBit(entries, number);
  return entries;
}

/** A question to the index in the making. */
interface Match {
  readonly postings: Postings;
  /** Entries must be in all of these, */
  readonly masks: Int32Array[];
  /** and in none of these. */
  readonly excluded: Uint32Array[];
}

function hold(match: Match, name: AxisName, values: readonly string[]): void {
  const axis = match.postings.axes.get(name);
  if (axis === undefined) return;
  include(match, axis, values);
  exclude(match, axis, values);
}

/** What a break says of deals. */
export interface BreakDeals {
  readonly publisherId: string;
  /** Null: whatever the catalog has for the publisher. */
  readonly deals: readonly { readonly id: string }[] | null;
}

/**
 * Entries whose line item has a deal that is not guaranteed, holds at the publisher and is offered; null: none has any.
 * Valid like those of `matchingEntries`, which is asked first. Shape: as bitmap.ts.
 */
export function entriesWithDeals(postings: Postings, { publisherId, deals }: BreakDeals): Int32Array | null {
  const axis = postings.axes.get("deals");
  if (axis === undefined) return null;
  const values = deals?.map(({ id }) => dealAt(publisherId, id)) ?? [publisherId];
  const entries = postings.scratch.take();
  entries.set(agreeing(postings, axis, values));
  subtract(entries, axis.any);
  return entries;
}

function holdTerms(match: Match, terms: BreakTerms): void {
  const { axes, durationsSec } = match.postings;
  const [domains, categories] = [axes.get("domains"), axes.get("categories")];
  if (domains !== undefined) exclude(match, domains, terms.blockedDomains);
  if (categories !== undefined) {
    exclude(match, categories, terms.blockedCategories);
    for (const allowed of terms.allowedCategories) include(match, categories, [...allowed]);
  }
  const lengths = axes.get("durations");
  if (lengths !== undefined && durationsSec.length <= DURATIONS_ASKED_MAX) {
    const fitting = durationsSec.filter((durationSec) => terms.fits(durationSec));
    if (fitting.length < durationsSec.length) include(match, lengths, fitting.map(String));
  }
  const mimeTypes = axes.get("mimeTypes");
  if (mimeTypes !== undefined && terms.mimeTypes !== null) include(match, mimeTypes, terms.mimeTypes);
}

function known(fact: string | null): readonly string[] {
  return fact === null ? [] : [fact];
}

/** Keeps entries that include one of the values, or ask for none. */
function include({ postings, masks }: Match, axis: Axis, values: readonly string[]): void {
  masks.push(agreeing(postings, axis, values));
}

/** Entries that include one of the values, or ask for none; not to be changed. */
function agreeing({ scratch }: Postings, axis: Axis, values: readonly string[]): Int32Array {
  const named: Posting[] = [];
  for (const value of values) {
    const posting = axis.include.get(value);
    if (posting !== undefined) named.push(posting);
  }
  const only = named[0];
  if (only === undefined) return axis.any;
  if (named.length === 1 && "mask" in only) return only.mask;
  const entries = scratch.take();
  entries.set(axis.any);
  for (const posting of named) {
    if ("mask" in posting) unite(entries, posting.mask);
    else for (const number of posting.numbers) setBit(entries, number);
  }
  return entries;
}

/** Drops entries that exclude one of the values. */
function exclude({ masks, excluded }: Match, axis: Axis, values: Iterable<string>): void {
  if (axis.exclude.size === 0) return;
  for (const value of values) {
    const posting = axis.exclude.get(value);
    if (posting === undefined) continue;
    if ("mask" in posting) masks.push(posting.mask);
    else excluded.push(posting.numbers);
  }
}
