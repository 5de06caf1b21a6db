/**
 * Large parts of a catalog as whoever decides reads them: counted, addressed by number or id, and made into objects
 * only when asked for, because a hundred thousand objects that nobody looks at would fill an isolate.
 */
import type { CompiledLineItem, Offer } from "./compiled.ts";
import type { Postings } from "./postings.ts";

/** Entities of one kind, by id in code units. Iterating makes every one of them: for tools, never for a request. */
export interface EntityTable<T> extends Iterable<T> {
  readonly length: number;
  /** The entity with this number. Requires: 0 ≤ number < length. */
  at(number: number): T;
  /** Cost: logarithmic in the table. */
  get(id: string): T | undefined;
}

/**
 * Offers by line item id, then creative id, in code units: the offers of one line item are neighbours. An offer asked
 * for again may be another object; its `order` says which offer it is. Its line item stays the same object for as long
 * as a request can notice: it is remembered until some thousands of others have been asked for.
 */
export interface OfferTable extends Iterable<Offer> {
  readonly length: number;
  /** The offer with this order. Requires: 0 ≤ order < length. */
  at(order: number): Offer;
  /** Line items that these offers belong to, numbered from 0 in the order of their offers. */
  readonly lineCount: number;
  /** The line item with this number. Requires: 0 ≤ line < lineCount. */
  lineAt(line: number): CompiledLineItem;
  /** Order of a line item's first offer; its last comes before the next one's first. `firstOf(lineCount)` = length. */
  firstOf(line: number): number;
  /** The index over these line items, by their numbers. */
  readonly postings: Postings;
}

/** Offers that are kept as objects, and their index. Requires: in their order, numbered from 0. */
export function offerTable(offers: readonly Offer[], postings: Postings): OfferTable {
  const firsts: number[] = [];
  offers.forEach((offer, order) => {
    if (offer.line !== offers[order - 1]?.line) firsts.push(order);
  });
  const at = (order: number): Offer => {
    const offer = offers[order];
    if (offer === undefined) throw new RangeError(`no offer ${order} among ${offers.length}`);
    return offer;
  };
  return {
    length: offers.length,
    at,
    lineCount: firsts.length,
    lineAt: (line) => at(firsts[line] ?? -1).line,
    firstOf: (line) => firsts[line] ?? offers.length,
    postings,
    [Symbol.iterator]: () => offers[Symbol.iterator](),
  };
}
