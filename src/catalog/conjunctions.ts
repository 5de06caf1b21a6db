/**
 * Targeting as alternatives that postings can hold: each says of every dimension which values it includes and which it
 * excludes, and a line item may be shown only where one of them holds. Without a `where` expression there is one.
 * An expression is brought into its alternatives (disjunctive normal form), pushing `not` down to the lists, where it
 * becomes an exclude list. What would grow too large is left out, so that alternatives may let more through than the
 * targeting does, and never less; the decision asks the targeting itself of a line item that has an expression.
 */
import { CATALOG_LIMITS } from "../kernel/limits.ts";
import type { Targeting } from "./entities.ts";
import { compileHours, LIST_DIMENSIONS, needsConsent, type Clause, type ListDimension } from "./targeting.ts";
import type { Where } from "./targeting_schema.ts";

/** One alternative. */
export interface Conjunction {
  /** Dimensions that are not stated are "any". */
  readonly lists: ReadonlyMap<ListDimension, Lists>;
  /** Shape: as `CompiledTargeting.hours`; null: all hours. */
  readonly hours: Uint8Array | null;
  readonly needsConsent: boolean;
}

/** What one alternative asks of one dimension. A null include list asks nothing. */
export interface Lists {
  readonly include: readonly string[] | null;
  readonly exclude: readonly string[];
}

const ANYTHING: Conjunction = { lists: new Map(), hours: null, needsConsent: false };

/** Facts of these dimensions may have several values at once. */
const SEVERAL_VALUES: ReadonlySet<ListDimension> = new Set(["contentCategories", "segments"]);

/** The alternatives of a targeting; none when it contradicts itself. */
export function conjunctionsOf(targeting: Targeting): readonly Conjunction[] {
  const stated: Conjunction = {
    lists: new Map(LIST_DIMENSIONS.flatMap((dimension) => statedLists(targeting, dimension))),
    hours: compileHours(targeting.dayparts),
    needsConsent: needsConsent(targeting),
  };
  return targeting.where === undefined ? [stated] : product([stated], alternatives(targeting.where, true));
}

function statedLists(targeting: Targeting, dimension: ListDimension): readonly (readonly [ListDimension, Lists])[] {
  const choice = targeting[dimension];
  if (choice?.include === undefined && choice?.exclude === undefined) return [];
  return [[dimension, { include: choice.include ?? null, exclude: choice.exclude ?? [] }]];
}

/** What must be so for the expression to hold (`wanted`), or not to hold. */
function alternatives(where: Where, wanted: boolean): readonly Conjunction[] {
  if ("not" in where) return alternatives(where.not, !wanted);
  if ("is" in where) return wanted ? [isClause(where.is)] : isNotClause(where.is);
  const parts = ("all" in where ? where.all : where.any).map((part) => alternatives(part, wanted));
  if ("all" in where === wanted) return parts.reduce(product);
  const sum = parts.flat();
  return sum.length <= CATALOG_LIMITS.whereAlternativesMax ? sum : [ANYTHING];
}

function isClause({ dayparts, ...clause }: Clause): Conjunction {
  const lists = LIST_DIMENSIONS.flatMap((dimension) => {
    const include = clause[dimension];
    return include === undefined ? [] : [[dimension, { include, exclude: [] }] as const];
  });
  return { lists: new Map(lists), hours: compileHours(dayparts), needsConsent: false };
}

/** A clause does not hold where one of its dimensions has none of its values, known or not: one alternative each. */
function isNotClause({ dayparts, ...clause }: Clause): readonly Conjunction[] {
  const lists = LIST_DIMENSIONS.flatMap((dimension): Conjunction[] => {
    const exclude = clause[dimension];
    return exclude === undefined ? [] : [{ ...ANYTHING, lists: new Map([[dimension, { include: null, exclude }]]) }];
  });
  const hours = compileHours(dayparts)?.map((covered) => 1 - covered) ?? null;
  return hours === null ? lists : [...lists, { ...ANYTHING, hours }];
}

/** Alternatives of "both". When they would be too many, the right side is left out. */
function product(left: readonly Conjunction[], right: readonly Conjunction[]): readonly Conjunction[] {
  if (left.length * right.length > CATALOG_LIMITS.whereAlternativesMax) return left;
  return left.flatMap((a) => right.flatMap((b) => both(a, b) ?? []));
}

/** Two alternatives as one; null when they exclude each other. */
function both(a: Conjunction, b: Conjunction): Conjunction | null {
  const lists = new Map(a.lists);
  for (const [dimension, listsB] of b.lists) {
    const listsA = lists.get(dimension);
    const merged = listsA === undefined ? listsB : bothLists(listsA, listsB, SEVERAL_VALUES.has(dimension));
    if (merged.include?.length === 0) return null;
    lists.set(dimension, merged);
  }
  const hours = bothHours(a.hours, b.hours);
  if (hours?.every((covered) => covered === 0) === true) return null;
  return { lists, hours, needsConsent: a.needsConsent || b.needsConsent };
}

function bothLists(a: Lists, b: Lists, severalValues: boolean): Lists {
  return {
    include: bothIncludes(a.include, b.include, severalValues),
    exclude: [...new Set([...a.exclude, ...b.exclude])],
  };
}

function bothIncludes(a: Lists["include"], b: Lists["include"], severalValues: boolean): Lists["include"] {
  if (a === null || b === null) return a ?? b;
  // A viewer of two segments can meet two lists that share no segment: the shorter list alone is still asked.
  if (severalValues) return a.length <= b.length ? a : b;
  const wanted = new Set(b);
  return a.filter((value) => wanted.has(value));
}

function bothHours(a: Uint8Array | null, b: Uint8Array | null): Uint8Array | null {
  return a === null || b === null ? (a ?? b) : a.map((covered, hour) => covered * (b[hour] ?? 0));
}
