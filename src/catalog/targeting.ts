/**
 * Who may see a line item, in the form in which one break is held against one line item: sets instead of lists, and
 * the week as 168 hours. This file is what targeting means; the index (postings.ts) only finds the same line items
 * faster. A mismatch is named, because "why was I not shown?" is the question an explanation answers.
 */
import { HOURS_A_WEEK } from "../kernel/week.ts";
import type { Targeting } from "./entities.ts";
import type { Where } from "./targeting_schema.ts";
import type { Device, Genre, Rating, Surface } from "./words.ts";

/** Dimensions that are lists of words, in the order in which they are checked. */
export const LIST_DIMENSIONS = [
  "publishers",
  "surfaces",
  "devices",
  "countries",
  "regions",
  "genres",
  "ratings",
  "languages",
  "contentCategories",
  "segments",
] as const;

/** Every dimension, in the order in which they are checked. */
export const TARGETING_DIMENSIONS = [...LIST_DIMENSIONS, "dayparts", "where"] as const;

export type ListDimension = (typeof LIST_DIMENSIONS)[number];
/** One thing targeting may ask about. */
export type TargetingDimension = (typeof TARGETING_DIMENSIONS)[number];

/** One dimension's lists. A null list asks nothing. */
export interface CompiledChoice {
  readonly include: ReadonlySet<string> | null;
  readonly exclude: ReadonlySet<string> | null;
}

/** A line item's targeting. A null dimension means "any". */
export interface CompiledTargeting extends Readonly<Record<ListDimension, CompiledChoice | null>> {
  /** Shape: 168 bytes, `[weekday × 24 + hour]` on the viewer's clock, 0 = Sunday; 1 where a daypart covers the hour. */
  readonly hours: Uint8Array | null;
  /** Whether the viewer must have agreed to personalised advertising. */
  readonly needsConsent: boolean;
  readonly where: CompiledWhere | null;
}

/** A boolean expression. `is` holds when its lists all match. */
export type CompiledWhere =
  | { readonly is: CompiledTargeting }
  | { readonly all: readonly CompiledWhere[] }
  | { readonly any: readonly CompiledWhere[] }
  | { readonly not: CompiledWhere };

/** What is known of one break when targeting is asked. Null, or an empty set, is "not known". */
export interface TargetingFacts {
  readonly publisherId: string;
  readonly surface: Surface;
  readonly device: Device | null;
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
  readonly region: string | null;
  readonly genre: Genre | null;
  readonly rating: Rating | null;
  /** ISO 639-1. */
  readonly language: string | null;
  /** What the content is about: IAB codes, with the top-level code of every sub-code. */
  readonly contentCategories: ReadonlySet<string>;
  /** Empty without consent: nobody's audience is asked of a viewer who did not agree. */
  readonly segments: ReadonlySet<string>;
  /** Whether personalised advertising is agreed to, or nothing asks for it. */
  readonly consent: boolean;
  /** On the viewer's clock, 0 to 23. */
  readonly hour: number;
  /** On the viewer's clock, 0 = Sunday to 6. */
  readonly weekday: number;
}

const HOURS_A_DAY = 24;

/** The lists of one targeting as sets. */
export function compileTargeting(targeting: Targeting): CompiledTargeting {
  return {
    publishers: compileChoice(targeting.publishers),
    surfaces: compileChoice(targeting.surfaces),
    devices: compileChoice(targeting.devices),
    countries: compileChoice(targeting.countries),
    regions: compileChoice(targeting.regions),
    genres: compileChoice(targeting.genres),
    ratings: compileChoice(targeting.ratings),
    languages: compileChoice(targeting.languages),
    contentCategories: compileChoice(targeting.contentCategories),
    segments: compileChoice(targeting.segments),
    hours: compileHours(targeting.dayparts),
    needsConsent: needsConsent(targeting),
    where: targeting.where === undefined ? null : compileWhere(targeting.where),
  };
}

/** Whether a targeting asks for the viewer's agreement: outright, or by naming an audience that it wants. */
export function needsConsent({ requiresConsent, segments }: Targeting): boolean {
  return requiresConsent === true || segments?.include !== undefined;
}

/**
 * The first thing, in the order of `TARGETING_DIMENSIONS` with consent just before segments, that keeps the line item
 * from this break; null when all agree. A fact that is not known matches no include list and is refused by no exclude
 * list. Facts that may have several values (content categories, segments): at least one of the included, none of the
 * excluded. Cost: at most one set look-up a stated list, one a value for facts with several.
 */
export function firstMismatch(
  targeting: CompiledTargeting,
  facts: TargetingFacts,
): TargetingDimension | "consent" | null {
  if (refuses(targeting.publishers, facts.publisherId)) return "publishers";
  if (refuses(targeting.surfaces, facts.surface)) return "surfaces";
  if (refuses(targeting.devices, facts.device)) return "devices";
  if (refuses(targeting.countries, facts.country)) return "countries";
  if (refuses(targeting.regions, facts.region)) return "regions";
  if (refuses(targeting.genres, facts.genre)) return "genres";
  if (refuses(targeting.ratings, facts.rating)) return "ratings";
  if (refuses(targeting.languages, facts.language)) return "languages";
  if (refusesAll(targeting.contentCategories, facts.contentCategories)) return "contentCategories";
  if (targeting.needsConsent && !facts.consent) return "consent";
  if (refusesAll(targeting.segments, facts.segments)) return "segments";
  const hours = targeting.hours;
  if (hours !== null && hours[hourOfFacts(facts)] !== 1) return "dayparts";
  return targeting.where === null || holds(targeting.where, facts) ? null : "where";
}

/** Every list of hours that a targeting asks. Shape: as `CompiledTargeting.hours`. */
export function hourMasksOf({ hours, where }: CompiledTargeting): readonly Uint8Array[] {
  return [...(hours === null ? [] : [hours]), ...(where === null ? [] : clausesOf(where).flatMap(hourMasksOf))];
}

function clausesOf(where: CompiledWhere): readonly CompiledTargeting[] {
  if ("is" in where) return [where.is];
  return ("not" in where ? [where.not] : "all" in where ? where.all : where.any).flatMap(clausesOf);
}

/** Index of the facts' hour in `CompiledTargeting.hours`. */
export function hourOfFacts({ weekday, hour }: Pick<TargetingFacts, "weekday" | "hour">): number {
  return weekday * HOURS_A_DAY + hour;
}

/** What is not known makes an `is` false, and its `not` true. */
function holds(where: CompiledWhere, facts: TargetingFacts): boolean {
  if ("is" in where) return firstMismatch(where.is, facts) === null;
  if ("all" in where) return where.all.every((part) => holds(part, facts));
  if ("any" in where) return where.any.some((part) => holds(part, facts));
  return !holds(where.not, facts);
}

function refuses(choice: CompiledChoice | null, fact: string | null): boolean {
  if (choice === null) return false;
  if (choice.include !== null && (fact === null || !choice.include.has(fact))) return true;
  return choice.exclude !== null && fact !== null && choice.exclude.has(fact);
}

function refusesAll(choice: CompiledChoice | null, held: ReadonlySet<string>): boolean {
  if (choice === null) return false;
  if (choice.include !== null && !overlaps(choice.include, held)) return true;
  return choice.exclude !== null && overlaps(choice.exclude, held);
}

function overlaps(listed: ReadonlySet<string>, held: ReadonlySet<string>): boolean {
  // What the break holds is bounded by limits.listItemsMax, the list may hold a thousand: walk the break's.
  for (const value of held) if (listed.has(value)) return true;
  return false;
}

function compileChoice(
  choice: { include?: readonly string[] | undefined; exclude?: readonly string[] | undefined } | undefined,
): CompiledChoice | null {
  if (choice === undefined || (choice.include === undefined && choice.exclude === undefined)) return null;
  return {
    include: choice.include === undefined ? null : new Set(choice.include),
    exclude: choice.exclude === undefined ? null : new Set(choice.exclude),
  };
}

function compileWhere(where: Where): CompiledWhere {
  if ("is" in where) return { is: { ...compileTargeting(including(where.is)), needsConsent: false } };
  if ("all" in where) return { all: where.all.map(compileWhere) };
  if ("any" in where) return { any: where.any.map(compileWhere) };
  return { not: compileWhere(where.not) };
}

/** The lists of one `is` clause. */
export type Clause = Extract<Where, { is: unknown }>["is"];

/** A clause as a targeting that includes its lists. */
function including({ dayparts, ...lists }: Clause): Targeting {
  const stated = Object.entries(lists).flatMap(([dimension, include]) =>
    include === undefined ? [] : [[dimension, { include }]],
  );
  return { ...Object.fromEntries(stated), ...(dayparts === undefined ? {} : { dayparts }) };
}

/** The hours of the week that dayparts cover, or null when they ask nothing. Shape: as `CompiledTargeting.hours`. */
export function compileHours(dayparts: Targeting["dayparts"]): Uint8Array | null {
  if (dayparts === undefined) return null;
  const hours = new Uint8Array(HOURS_A_WEEK);
  for (const part of dayparts) {
    for (const day of part.days) hours.fill(1, day * HOURS_A_DAY + part.fromHour, day * HOURS_A_DAY + part.toHour);
  }
  return hours;
}
