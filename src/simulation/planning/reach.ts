/**
 * Whom a line item may reach: its targeting held against the breaks of a sample.
 */
import type { CompiledLineItem } from "../../catalog/compiled.ts";
import type { CompiledTargeting, TargetingFacts } from "../../catalog/targeting.ts";
import { utcHour, utcWeekday } from "../../kernel/time.ts";
import type { TrafficBreak } from "./traffic.ts";

/** What targeting is held against. */
export function factsOf({ request, atMs }: TrafficBreak): TargetingFacts {
  const { viewer, content } = request;
  return {
    publisherId: request.publisherId,
    surface: request.surface,
    device: viewer.device,
    country: viewer.country,
    region: viewer.region,
    genre: content.genre,
    rating: content.rating,
    language: content.language,
    segments: new Set(viewer.segments),
    utcHour: utcHour(atMs),
    utcWeekday: utcWeekday(atMs),
  };
}

/** The targeting of a line item as far as it stays with a viewer from break to break: whom it may reach at all. */
export function viewersOf({ targeting }: CompiledLineItem): CompiledTargeting {
  return { ...targeting, publishers: null, surfaces: null, genres: null, ratings: null, languages: null, hours: null };
}
