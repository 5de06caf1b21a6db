/**
 * The moments of an ad that players report back, and the URLs they report to. Names follow VAST 4.2 tracking events;
 * `click` is the redirect that a viewer follows. One signed token names the slot in all of them.
 */

/** Every event `/v1/beacon/<event>` knows. Only `impression` spends money. */
export const BEACON_EVENTS = [
  "impression",
  "start",
  "firstQuartile",
  "midpoint",
  "thirdQuartile",
  "complete",
  "click",
  "error",
  "skip",
] as const;

/** One beacon event. */
export type BeaconEvent = (typeof BEACON_EVENTS)[number];

/** Events a player reports on its own; a click is a link instead. */
export type TrackedEvent = Exclude<BeaconEvent, "click">;

/** One URL to request when one event happens. */
export interface TrackingLink {
  readonly event: TrackedEvent;
  readonly url: string;
}

/** Whether a path segment names an event. */
export function isBeaconEvent(word: string): word is BeaconEvent {
  return BEACON_EVENTS.some((event) => event === word);
}

/** Where to report one event of the slot that the token names. `base`: the public edge URL, final slash or not. */
export function beaconUrl(base: string, event: BeaconEvent, token: string): string {
  return `${base.replace(/\/+$/, "")}/v1/beacon/${event}?t=${encodeURIComponent(token.toWellFormed())}`;
}

/** All tracked events of one slot, in the order in which they can happen. */
export function trackingLinks(base: string, token: string): readonly TrackingLink[] {
  return BEACON_EVENTS.flatMap((event) => (event === "click" ? [] : [{ event, url: beaconUrl(base, event, token) }]));
}

/** The error beacon with VAST's macro, which players replace with a code from VAST 4.2 section 2.3.6.3. */
export function withErrorMacro(url: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}code=[ERRORCODE]`;
}
