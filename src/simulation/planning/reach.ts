/**
 * Whom a line item may reach: its targeting held against the breaks of a sample.
 */
import type { CompiledLineItem } from "../../catalog/compiled.ts";
import type { CompiledTargeting, TargetingFacts } from "../../catalog/targeting.ts";
import { factsOf } from "../../decision/retrieve.ts";
import type { TrafficBreak } from "./traffic.ts";

/** What targeting is held against, as the decision has it. */
export function factsOfBreak({ request, atMs }: TrafficBreak): TargetingFacts {
  return factsOf(request, atMs);
}

/** The targeting of a line item as far as it stays with a viewer from break to break: whom it may reach at all. */
export function viewersOf({ targeting }: CompiledLineItem): CompiledTargeting {
  return { ...targeting, publishers: null, surfaces: null, genres: null, ratings: null, languages: null, hours: null };
}
