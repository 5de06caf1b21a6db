/**
 * A break as an HLS interstitial asset list: the JSON that a player fetches for `X-ASSET-LIST` shortly before a break.
 * Sources: draft-pantos-hls-rfc8216bis, appendix D (ASSETS, URI, DURATION); SVTA2053-2, Ad Creative Signaling in DASH
 * and HLS, payload version 2 (what X-AD-CREATIVE-SIGNALING holds: one slot for each asset, times relative to it).
 */
import { withErrorMacro } from "./beacon_event.ts";
import { hlsMedia } from "./pod_document.ts";
import type { PodAd, PodDocument } from "./pod_document.ts";

/** Media type of an asset list. */
export const ASSET_LIST_MEDIA_TYPE = "application/json";

/** Says whose ids the identifiers are. */
const IDENTIFIER_SCHEME = "urn:midroll:creative";

/** A list of assets to play one after the other. Units: seconds. */
export interface AssetList {
  readonly ASSETS: readonly Asset[];
}

/** One asset: a playlist, its duration, and what to report while it plays. */
export interface Asset {
  readonly URI: string;
  readonly DURATION: number;
  readonly "X-AD-CREATIVE-SIGNALING": CreativeSignaling;
}

/** SVTA2053-2 carriage envelope, version 2. */
export interface CreativeSignaling {
  readonly version: 2;
  readonly type: "slot";
  readonly payload: readonly SignaledSlot[];
}

/** One linear ad. `start` counts from the start of its asset. Units: seconds. */
export interface SignaledSlot {
  readonly type: "linear";
  readonly start: number;
  readonly duration: number;
  readonly identifiers: readonly { readonly scheme: string; readonly value: string }[];
  readonly tracking: readonly { readonly type: string; readonly urls: readonly string[] }[];
  readonly clickThrough: string;
}

/** The asset list as a value. An ad without HLS media cannot be an interstitial and is left out. */
export function assetListOf(pod: PodDocument): AssetList {
  return { ASSETS: pod.ads.flatMap(assetsOf) };
}

/** The asset list as JSON. An empty break is an empty `ASSETS`, which tells a player to resume. */
export function renderAssetList(pod: PodDocument): string {
  return JSON.stringify(assetListOf(pod), (_key, value: unknown) =>
    typeof value === "string" ? value.toWellFormed() : value,
  );
}

function assetsOf(ad: PodAd): readonly Asset[] {
  const media = hlsMedia(ad);
  if (media === null) return [];
  const slot: SignaledSlot = {
    type: "linear",
    start: 0,
    duration: ad.durationSec,
    identifiers: [{ scheme: IDENTIFIER_SCHEME, value: ad.adId }],
    tracking: ad.tracking.map(({ event, url }) => ({
      type: event,
      urls: [event === "error" ? withErrorMacro(url) : url],
    })),
    clickThrough: ad.clickThroughUrl,
  };
  const signaling: CreativeSignaling = { version: 2, type: "slot", payload: [slot] };
  return [{ URI: media.url, DURATION: ad.durationSec, "X-AD-CREATIVE-SIGNALING": signaling }];
}
