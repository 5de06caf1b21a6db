/**
 * Reads what an asset list says about one asset: which ad it is, where a click leads, and which URLs to request when.
 * Lists may come from any server, so everything is checked and anything strange is left out rather than refused: an ad
 * that cannot be tracked can still be watched.
 * Source: SVTA2053-2, Ad Creative Signaling in DASH and HLS (X-AD-CREATIVE-SIGNALING, payload version 2).
 */
import { BEACON_EVENTS, type TrackedEvent } from "../src/protocols/beacon_event.ts";

/** What to report for one ad, and where. */
export interface AdSignals {
  /** The creative's id, or the asset's address when the list names none. */
  readonly adId: string;
  /** Units: seconds. Null when the list does not say. */
  readonly durationSec: number | null;
  readonly clickThroughUrl: string | null;
  /** http(s) URLs only, in the list's order. */
  readonly tracking: ReadonlyMap<TrackedEvent, readonly string[]>;
}

/** Most ads read from one list, and most URLs for one event. */
const ADS_MAX = 32;
const URLS_PER_EVENT_MAX = 8;

/** The signals of every asset of an asset list, in order. Takes any JSON; what is not a list has no assets. */
export function readAssetList(list: unknown): AdSignals[] {
  const assets = member(list, "ASSETS");
  return Array.isArray(assets) ? assets.slice(0, ADS_MAX).map(readAsset) : [];
}

function readAsset(asset: unknown): AdSignals {
  const payload = member(member(asset, "X-AD-CREATIVE-SIGNALING"), "payload");
  const slots: readonly unknown[] = Array.isArray(payload) ? payload : [];
  const slot = slots.find((other) => member(other, "type") === "linear");
  const identifiers = member(slot, "identifiers");
  const named: unknown = Array.isArray(identifiers) ? member(identifiers[0], "value") : undefined;
  const uri = member(asset, "URI");
  const duration = Number(member(asset, "DURATION") ?? member(slot, "duration"));
  return {
    adId: typeof named === "string" ? named : typeof uri === "string" ? uri : "unknown",
    durationSec: Number.isFinite(duration) && duration > 0 ? duration : null,
    clickThroughUrl: webUrl(member(slot, "clickThrough")),
    tracking: readTracking(member(slot, "tracking")),
  };
}

function readTracking(entries: unknown): ReadonlyMap<TrackedEvent, readonly string[]> {
  const tracking = new Map<TrackedEvent, readonly string[]>();
  if (!Array.isArray(entries)) return tracking;
  for (const entry of entries.slice(0, 4 * BEACON_EVENTS.length)) {
    const event = BEACON_EVENTS.find((known) => known === member(entry, "type"));
    const urls = member(entry, "urls");
    if (event === undefined || event === "click" || !Array.isArray(urls)) continue;
    const usable = urls.map(webUrl).filter((url) => url !== null);
    tracking.set(event, [...(tracking.get(event) ?? []), ...usable].slice(0, URLS_PER_EVENT_MAX));
  }
  return tracking;
}

function webUrl(value: unknown): string | null {
  return typeof value === "string" && /^https?:\/\//i.test(value) && URL.canParse(value) ? value : null;
}

function member(value: unknown, name: string): unknown {
  // Any object may be asked for any name; what comes back is still unknown.
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
