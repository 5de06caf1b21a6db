/**
 * A break as the rest of Midroll knows it, whatever door it came through. Doors parse their own spelling
 * (query string, JSON) into this one value; nothing downstream sees a URL or a header.
 */
import type { Device, Genre, Rating, Surface } from "../catalog/entities.ts";
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
  /** Shortest and longest single ad. Units: seconds. */
  readonly minAdDurationSec: number;
  readonly maxAdDurationSec: number;
  readonly viewer: Viewer;
  readonly content: Content;
  /** IAB categories this break must not carry, besides the publisher's own list. */
  readonly blockedCategories: readonly string[];
  readonly blockedAdvertiserDomains: readonly string[];
  /** An ad needs a media file of one of these types (OpenRTB `mimes`); null: any will do. */
  readonly mimeTypes: readonly string[] | null;
}

/** What may be known of the viewer. With `limitAdTracking`, key, segments and frequency are empty. */
export interface Viewer {
  /** Opaque hash of the player's viewer id, or null. Never the id itself. */
  readonly key: string | null;
  readonly device: Device | null;
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
  readonly region: string | null;
  readonly segments: readonly string[];
  readonly limitAdTracking: boolean;
  /** What this viewer was already shown, from the signed frequency token. */
  readonly frequency: readonly FrequencyEntry[];
}

/** What is being watched. */
export interface Content {
  readonly id: string | null;
  readonly genre: Genre | null;
  readonly rating: Rating | null;
  /** ISO 639-1. */
  readonly language: string | null;
}
