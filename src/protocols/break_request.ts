/**
 * A break as the rest of Midroll knows it, whatever door it came through. Doors parse their own spelling
 * (query string, JSON) into this one value; nothing downstream sees a URL or a header.
 */
import type { Device, Genre, Rating, Surface } from "../catalog/words.ts";
import type { FrequencyEntry } from "./frequency_token.ts";

/** One ad break to fill (an OpenRTB 2.6 pod). Every list and number is already inside limits.ts. */
export interface BreakRequest {
  /** Caller's id or one made at the door; echoed in the answer. `[A-Za-z0-9_-]{1,64}`. */
  readonly requestId: string;
  readonly publisherId: string;
  readonly surface: Surface;
  /** Time to fill. Units: seconds, > 0. */
  readonly podDurationSec: number;
  /** Most ads in the break, ≥ 1. */
  readonly maxAds: number;
  /** What becomes of time that no ad fills: it is given back, or (live) the slate plays in it. */
  readonly fill: "flexible" | "exact";
  /** Shortest and longest single ad. Units: seconds. */
  readonly minAdDurationSec: number;
  readonly maxAdDurationSec: number;
  /** Ads must have exactly one of these lengths (OpenRTB `rqddurs`); null: any within the bounds. Units: seconds. */
  readonly exactDurationsSec: readonly number[] | null;
  /** Slots of the break that the publisher has cut itself (hybrid pod); the rest is filled freely. In order of play. */
  readonly structuredSlots: readonly StructuredSlot[];
  /** What ads of one break must not share (OpenRTB `poddedupe`). */
  readonly podDedupe: readonly PodDedupe[];
  /** Prices below which nothing is sold. */
  readonly floors: RequestFloors;
  /** Deals the request offers (OpenRTB `pmp`); null: all that the catalog has for its publisher. */
  readonly deals: readonly OfferedDeal[] | null;
  /** Only offered deals may bid (OpenRTB `private_auction`). */
  readonly dealsOnly: boolean;
  readonly viewer: Viewer;
  readonly content: Content;
  /** IAB categories this break must not carry, besides the publisher's own list. */
  readonly blockedCategories: readonly string[];
  readonly blockedAdvertiserDomains: readonly string[];
  /** When any are named, only ads of these categories are shown (OpenRTB `acat`). */
  readonly allowedCategories: readonly string[];
  /** An ad needs a media file of one of these types (OpenRTB `mimes`); null: any will do. */
  readonly mimeTypes: readonly string[] | null;
}

/** One slot that the publisher has cut. Units: seconds. */
export interface StructuredSlot {
  readonly minSec: number;
  readonly maxSec: number;
  /** Lowest price of this slot; null: that of the break. Units: micros CPM. */
  readonly floorCpmMicros: number | null;
  /** Where in the break it plays (OpenRTB `slotinpod`). */
  readonly position: "first" | "last" | "any";
}

/** Settings of pod deduplication, by their number in OpenRTB 2.6. */
export type PodDedupe = 1 | 2 | 3 | 4 | 5;

/** Floors that the request states, in the catalog's own currency. Units: micros CPM. */
export interface RequestFloors {
  /** OpenRTB `bidfloor`; 0: none. */
  readonly cpmMicros: number;
  /** OpenRTB `mincpmpersec`; 0: none. */
  readonly cpmMicrosPerSec: number;
  /** OpenRTB `durfloors`. */
  readonly byDuration: readonly DurationFloor[];
}

/** Floor of ads with `minSec` ≤ length ≤ `maxSec`. */
export interface DurationFloor {
  readonly minSec: number;
  readonly maxSec: number;
  readonly cpmMicros: number;
}

/** A deal that the request offers. */
export interface OfferedDeal {
  readonly id: string;
  /** The deal's floor as the request states it; null: the catalog's. Units: micros CPM. */
  readonly floorCpmMicros: number | null;
}

/**
 * What may be known of the viewer. With `limitAdTracking`, key, segments and frequency are empty; with `consent` false,
 * segments.
 */
export interface Viewer {
  /** Opaque hash of the player's viewer id, or null. Never the id itself. */
  readonly key: string | null;
  readonly device: Device | null;
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
  readonly region: string | null;
  readonly segments: readonly string[];
  readonly limitAdTracking: boolean;
  /** Whether the viewer agreed to personalised advertising; null: nothing was said, and nothing asks for it. */
  readonly consent: boolean | null;
  /** The viewer's clock against UTC; null: not known. Units: minutes, east positive. */
  readonly utcOffsetMinutes: number | null;
  /** What this viewer was already shown, from the signed frequency token. */
  readonly frequency: readonly FrequencyEntry[];
}

/** What is being watched. */
export interface Content {
  readonly id: string | null;
  /** What it is about, IAB codes (OpenRTB `content.cat`). */
  readonly categories: readonly string[];
  readonly genre: Genre | null;
  readonly rating: Rating | null;
  /** ISO 639-1. */
  readonly language: string | null;
}

/** A break that asks for nothing in particular. */
export const PLAIN_BREAK = {
  fill: "flexible",
  exactDurationsSec: null,
  structuredSlots: [],
  podDedupe: [],
  floors: { cpmMicros: 0, cpmMicrosPerSec: 0, byDuration: [] },
  deals: null,
  dealsOnly: false,
  allowedCategories: [],
} as const satisfies Partial<BreakRequest>;
