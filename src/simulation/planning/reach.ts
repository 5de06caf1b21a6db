/**
 * Whom a line item may reach: its targeting held against the breaks of a sample.
 */
import type { CompiledCatalog, CompiledLineItem } from "../../catalog/compiled.ts";
import type { CompiledTargeting, TargetingFacts } from "../../catalog/targeting.ts";
import { factsOf, publisherOffsetMinutes } from "../../decision/facts.ts";
import type { TrafficBreak } from "./traffic.ts";

/** What targeting is held against, as the decision has it. Requires: a break `onViewersClock`. */
export function factsOfBreak({ request, atMs }: TrafficBreak): TargetingFacts {
  return factsOf(request, atMs, 0);
}

/** The break with its viewer's clock stated: its own, else the publisher's, as the decision takes it. */
export function onViewersClock(asked: TrafficBreak, { publishers }: Pick<CompiledCatalog, "publishers">): TrafficBreak {
  const { request, atMs } = asked;
  const publisher = publishers.get(request.publisherId);
  if (request.viewer.utcOffsetMinutes !== null || publisher === undefined) return asked;
  const utcOffsetMinutes = publisherOffsetMinutes(publisher, atMs);
  return { ...asked, request: { ...request, viewer: { ...request.viewer, utcOffsetMinutes } } };
}

/** The targeting of a line item as far as it stays with a viewer from break to break: whom it may reach at all. */
export function viewersOf({ targeting }: CompiledLineItem): CompiledTargeting {
  return {
    ...targeting,
    publishers: null,
    surfaces: null,
    genres: null,
    ratings: null,
    languages: null,
    contentCategories: null,
    hours: null,
    where: null,
  };
}
