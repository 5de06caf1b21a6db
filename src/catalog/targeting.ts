/**
 * Who may see a line item, in the form the decision asks it: sets instead of lists, and the week as 168 hours.
 * A mismatch is named by its dimension, because "why was I not shown?" is the question an explanation answers.
 */
import type { Targeting } from "./entities.ts";
import type { Device, Genre, Rating, Surface } from "./words.ts";

/** Every dimension, in the order in which they are checked. */
export const TARGETING_DIMENSIONS = [
  "publishers",
  "surfaces",
  "devices",
  "countries",
  "regions",
  "genres",
  "ratings",
  "languages",
  "segments",
  "dayparts",
] as const;

/** One thing targeting may ask about. */
export type TargetingDimension = (typeof TARGETING_DIMENSIONS)[number];

/** One dimension's lists. A null list asks nothing. */
export interface CompiledChoice {
  readonly include: ReadonlySet<string> | null;
  readonly exclude: ReadonlySet<string> | null;
}

/** A line item's targeting. A null dimension means "any". */
export interface CompiledTargeting {
  readonly publishers: CompiledChoice | null;
  readonly surfaces: CompiledChoice | null;
  readonly devices: CompiledChoice | null;
  readonly countries: CompiledChoice | null;
  readonly regions: CompiledChoice | null;
  readonly genres: CompiledChoice | null;
  readonly ratings: CompiledChoice | null;
  readonly languages: CompiledChoice | null;
  readonly segments: CompiledChoice | null;
  /** Shape: 168 bytes, `[weekday × 24 + hour]` in UTC with 0 = Sunday; 1 where a daypart covers the hour. */
  readonly hours: Uint8Array | null;
}

/** What is known of one break when targeting is asked. Null is "not known". */
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
  readonly segments: ReadonlySet<string>;
  /** 0 to 23. */
  readonly utcHour: number;
  /** 0 = Sunday to 6. */
  readonly utcWeekday: number;
}

const HOURS_A_DAY = 24;
const HOURS_A_WEEK = 7 * HOURS_A_DAY;

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
    segments: compileChoice(targeting.segments),
    hours: compileHours(targeting.dayparts),
  };
}

/**
 * The first dimension, in the order of `TARGETING_DIMENSIONS`, that keeps the line item from this break; null when all
 * agree. A fact that is not known matches no include list and is refused by no exclude list. Segments: at least one of
 * the included, none of the excluded. Cost: at most one set look-up a stated list, one a segment for segments.
 */
export function firstMismatch(targeting: CompiledTargeting, facts: TargetingFacts): TargetingDimension | null {
  if (refuses(targeting.publishers, facts.publisherId)) return "publishers";
  if (refuses(targeting.surfaces, facts.surface)) return "surfaces";
  if (refuses(targeting.devices, facts.device)) return "devices";
  if (refuses(targeting.countries, facts.country)) return "countries";
  if (refuses(targeting.regions, facts.region)) return "regions";
  if (refuses(targeting.genres, facts.genre)) return "genres";
  if (refuses(targeting.ratings, facts.rating)) return "ratings";
  if (refuses(targeting.languages, facts.language)) return "languages";
  if (refusesSegments(targeting.segments, facts.segments)) return "segments";
  const hours = targeting.hours;
  if (hours !== null && hours[facts.utcWeekday * HOURS_A_DAY + facts.utcHour] !== 1) return "dayparts";
  return null;
}

function refuses(choice: CompiledChoice | null, fact: string | null): boolean {
  if (choice === null) return false;
  if (choice.include !== null && (fact === null || !choice.include.has(fact))) return true;
  return choice.exclude !== null && fact !== null && choice.exclude.has(fact);
}

function refusesSegments(choice: CompiledChoice | null, segments: ReadonlySet<string>): boolean {
  if (choice === null) return false;
  if (choice.include !== null && !overlaps(choice.include, segments)) return true;
  return choice.exclude !== null && overlaps(choice.exclude, segments);
}

function overlaps(listed: ReadonlySet<string>, held: ReadonlySet<string>): boolean {
  // The viewer's set is bounded by limits.listItemsMax, the list may hold a thousand: walk the viewer's.
  for (const segment of held) if (listed.has(segment)) return true;
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

/** The hours of the week that dayparts cover, or null when they ask nothing. Shape: as `CompiledTargeting.hours`. */
export function compileHours(dayparts: Targeting["dayparts"]): Uint8Array | null {
  if (dayparts === undefined) return null;
  const hours = new Uint8Array(HOURS_A_WEEK);
  for (const part of dayparts) {
    for (const day of part.days) hours.fill(1, day * HOURS_A_DAY + part.fromHour, day * HOURS_A_DAY + part.toHour);
  }
  return hours;
}
