/**
 * What a door knows of a break before anybody has judged it: the facts that the request spells out, and those of the
 * connection it came by. Every door fills in this one form, so that meaning is decided once.
 */
import type { Device } from "../catalog/words.ts";
import type { BreakRequest } from "./break_request.ts";
import type { PrivacySignals } from "./consent.ts";

/** What the door itself knows of a request before reading it. */
export interface DoorFacts {
  /** Random id for requests that bring none. `[A-Za-z0-9_-]{1,64}`. */
  readonly requestId: string;
  /** Where the platform places the client; ISO 3166-1 alpha-2, any case, or null. */
  readonly country: string | null;
  readonly region: string | null;
  /** The client's clock against UTC as the platform guesses it; used when the request does not say. Units: minutes. */
  readonly utcOffsetMinutes: number | null;
  /** From `deviceFromUserAgent`; used when the request names no device. */
  readonly userAgentDevice: Device | null;
  /** What players of this door can play; null: anything. */
  readonly mimeTypes: BreakRequest["mimeTypes"];
  /** Our number in the TCF's list of vendors, or null: consent is asked for the purposes alone. */
  readonly tcfVendorId: number | null;
}

/** A door that knows nothing: requests that were recorded, or made up. */
export const BLIND_DOOR: DoorFacts = {
  requestId: "unnamed",
  country: null,
  region: null,
  utcOffsetMinutes: null,
  userAgentDevice: null,
  mimeTypes: null,
  tcfVendorId: null,
};

/** A break as a door spelled it. Null means not said; NaN means said, but not a number. Units: seconds, micros CPM. */
export interface RequestFacts {
  readonly requestId: string | null;
  readonly publisherId: string | null;
  readonly surface: string | null;
  readonly podDurationSec: number | null;
  readonly maxAds: number | null;
  readonly fill: string | null;
  readonly minAdDurationSec: number | null;
  readonly maxAdDurationSec: number | null;
  readonly exactDurationsSec: readonly number[];
  readonly slots: readonly SlotFacts[];
  readonly podDedupe: readonly number[];
  /** Of all prices below. */
  readonly currency: string | null;
  readonly floorCpmMicros: number | null;
  readonly floorCpmMicrosPerSec: number | null;
  readonly durationFloors: readonly DurationFloorFacts[];
  readonly deals: readonly DealFacts[];
  readonly dealsOnly: boolean;
  readonly device: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly segments: readonly string[];
  readonly viewerId: string | null;
  readonly householdId: string | null;
  readonly utcOffsetMinutes: number | null;
  readonly limitAdTracking: boolean;
  readonly signals: PrivacySignals;
  readonly frequencyToken: string | null;
  readonly contentId: string | null;
  readonly contentCategories: readonly string[];
  readonly genre: string | null;
  readonly rating: string | null;
  readonly language: string | null;
  readonly blockedCategories: readonly string[];
  readonly blockedAdvertiserDomains: readonly string[];
  readonly allowedCategories: readonly string[];
}

/** A slot that the publisher has cut. One length: the shortest and the longest are the same. */
export interface SlotFacts {
  readonly minSec: number;
  readonly maxSec: number;
  readonly floorCpmMicros: number | null;
  readonly position: string | null;
}

/** A floor for ads of some lengths; null: no bound on that side. */
export interface DurationFloorFacts {
  readonly minSec: number | null;
  readonly maxSec: number | null;
  readonly cpmMicros: number;
}

/** A deal that is offered. */
export interface DealFacts {
  readonly id: string;
  readonly floorCpmMicros: number | null;
}
