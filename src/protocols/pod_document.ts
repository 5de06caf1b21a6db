/**
 * A decided break as every renderer sees it: what to play, where to report it, nothing of how it was chosen.
 * URLs are absolute and final here, so renderers only spell.
 */
import type { Creative } from "../catalog/entities.ts";
import type { Micros } from "../kernel/money.ts";
import type { TrackingLink } from "./beacon_event.ts";

/** A break ready to be rendered. No ads is a valid, empty break. */
export interface PodDocument {
  readonly decisionId: string;
  /** In playing order. */
  readonly ads: readonly PodAd[];
}

/** One ad of a break. */
export interface PodAd {
  /** The creative's id in the catalog. */
  readonly adId: string;
  /** 1-based position in the break. */
  readonly sequence: number;
  readonly title: string;
  /** OpenRTB `adomain`. */
  readonly advertiserDomain: string;
  /** Units: seconds, > 0. */
  readonly durationSec: number;
  readonly media: readonly PodMedia[];
  /** Our click beacon, which redirects to the advertiser. */
  readonly clickThroughUrl: string;
  /** In the order in which the events can happen; each event at most once. */
  readonly tracking: readonly TrackingLink[];
  /** IAB Content Taxonomy 1.0 codes. */
  readonly categories: readonly string[];
  /** What the impression costs. Never rendered to players. Units: micros. */
  readonly priceMicros?: Micros;
}

/** One playable file. Units: pixels, kilobits a second. */
export interface PodMedia {
  readonly url: string;
  readonly mimeType: Creative["media"][number]["mimeType"];
  readonly width: number;
  readonly height: number;
  readonly bitrateKbps: number;
}

/** The media type of an HLS playlist, as catalogs and VAST spell it. */
export const HLS_MIME_TYPE = "application/x-mpegURL";

/** The file that an HLS interstitial can play, or null: such an ad cannot be in an asset list. */
export function hlsMedia(ad: Pick<PodAd, "media">): PodMedia | null {
  return ad.media.find((media) => media.mimeType === HLS_MIME_TYPE) ?? null;
}

/** A media URL of the catalog, made absolute: a relative one is resolved against the deployment's media base. */
export function mediaUrl(base: string, url: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) return url;
  return `${base.replace(/\/+$/, "")}/${url.replace(/^\/+/, "")}`;
}
