/**
 * What is known of a break when line items' targeting is held against it. Two things are decided here: whose clock the
 * hours are on, and whether the viewer counts as having agreed to personalised advertising.
 */
import type { CompiledPublisher } from "../catalog/compiled.ts";
import { withParents } from "../catalog/category_tree.ts";
import type { TargetingFacts } from "../catalog/targeting.ts";
import { MINUTE_MS, utcHour, utcWeekday } from "../kernel/time.ts";
import { zoneClock, type ZoneClock } from "../kernel/zone_clock.ts";
import type { BreakRequest, Viewer } from "../protocols/break_request.ts";

/** Publishers' clocks; an entry goes when its catalog does. A cache only: losing it costs a look at the calendar. */
const clocks = new WeakMap<CompiledPublisher, ZoneClock>();

/** The publisher's clock against UTC, for viewers whose own is not known. Units: minutes, east positive. */
export function publisherOffsetMinutes(compiled: CompiledPublisher, atMs: number): number {
  let clock = clocks.get(compiled);
  if (clock === undefined) {
    clock = zoneClock(compiled.publisher.timeZone);
    clocks.set(compiled, clock);
  }
  return clock(atMs) ?? 0;
}

/**
 * Facts of this break at this moment. Hours are the viewer's, by the offset that the request states, else by
 * `offsetMinutes`. Without consent the viewer's segments are not known.
 */
export function factsOf(request: BreakRequest, atMs: number, offsetMinutes: number): TargetingFacts {
  const { viewer, content } = request;
  const localMs = atMs + (viewer.utcOffsetMinutes ?? offsetMinutes) * MINUTE_MS;
  const consent = hasAgreed(viewer);
  return {
    publisherId: request.publisherId,
    surface: request.surface,
    device: viewer.device,
    country: viewer.country,
    region: viewer.region,
    genre: content.genre,
    rating: content.rating,
    language: content.language,
    contentCategories: new Set(withParents(content.categories)),
    segments: new Set(consent ? viewer.segments : []),
    consent,
    hour: utcHour(localMs),
    weekday: utcWeekday(localMs),
  };
}

/** Where nothing was said, nothing asks for consent, and none is missing; whoever limits tracking has not agreed. */
function hasAgreed({ consent, limitAdTracking }: Viewer): boolean {
  return consent !== false && !limitAdTracking;
}
