/**
 * The one place where raw facts of a break become a `BreakRequest`. Each door only spells its facts out; defaults,
 * bounds and privacy are decided here, so two doors that were told the same cannot disagree.
 * What cannot be understood is ignored when it only narrows targeting, and refused when ignoring it could harm:
 * time to fill, identity, and block lists.
 */
import { DEVICES, GENRES, RATINGS, SURFACES } from "../catalog/words.ts";
import type { Device } from "../catalog/words.ts";
import type { Limits } from "../kernel/limits.ts";
import { ok, refused } from "../kernel/result.ts";
import type { Result } from "../kernel/result.ts";
import { PLAIN_BREAK, type BreakRequest } from "./break_request.ts";
import { FREQUENCY_TOKEN_CHARS_MAX } from "./frequency_token.ts";
import type { FrequencyEntry } from "./frequency_token.ts";
import type { RequestProblem } from "./problem.ts";

/** What is assumed of a break that does not say. Units: seconds, ads. */
export const BREAK_DEFAULTS = { podDurationSec: 60, maxAds: 8, minAdDurationSec: 0, surface: "midroll" } as const;

/** What the door itself knows of a request before reading it. */
export interface DoorFacts {
  /** Random id for requests that bring none. `[A-Za-z0-9_-]{1,64}`. */
  readonly requestId: string;
  /** Where the platform places the client; ISO 3166-1 alpha-2, any case, or null. */
  readonly country: string | null;
  readonly region: string | null;
  /** From `deviceFromUserAgent`; used when the request names no device. */
  readonly userAgentDevice: Device | null;
  /** What players of this door can play; null: anything. */
  readonly mimeTypes: BreakRequest["mimeTypes"];
}

/** A break as a door spelled it. Null means not said; NaN means said, but not a number. */
export interface RequestFacts {
  readonly requestId: string | null;
  readonly publisherId: string | null;
  readonly surface: string | null;
  readonly podDurationSec: number | null;
  readonly maxAds: number | null;
  readonly minAdDurationSec: number | null;
  readonly maxAdDurationSec: number | null;
  readonly device: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly segments: readonly string[];
  readonly viewerId: string | null;
  readonly limitAdTracking: boolean;
  readonly frequencyToken: string | null;
  readonly contentId: string | null;
  readonly genre: string | null;
  readonly rating: string | null;
  readonly language: string | null;
  readonly blockedCategories: readonly string[];
  readonly blockedAdvertiserDomains: readonly string[];
}

/**
 * A request and the two secrets that only the door may touch: the raw viewer id, to be hashed, and the signed frequency
 * token, to be verified. `request.viewer.key` is null and `frequency` empty until `withViewer` fills them.
 */
export interface ParsedBreak {
  readonly request: BreakRequest;
  readonly viewerId: string | null;
  readonly frequencyToken: string | null;
}

/** The request with what the door found out about its viewer. A viewer who limits tracking stays empty. */
export function withViewer(
  parsed: ParsedBreak,
  key: string | null,
  frequency: readonly FrequencyEntry[],
): BreakRequest {
  const { request } = parsed;
  if (request.viewer.limitAdTracking) return request;
  return { ...request, viewer: { ...request.viewer, key, frequency } };
}

/**
 * Refuses, in this order: no publisher, malformed publisher or request id; break duration; number of ads; ad duration
 * bounds; list lengths; block lists that cannot be understood; content or viewer id too long.
 */
export function normaliseRequest(
  facts: RequestFacts,
  door: DoorFacts,
  limits: Limits,
): Result<ParsedBreak, RequestProblem> {
  const problem = idProblem(facts, limits) ?? numberProblem(facts, limits) ?? listProblem(facts, limits);
  if (problem !== null) return refused(problem);
  // From here on nothing is refused.
  const podDurationSec = facts.podDurationSec ?? BREAK_DEFAULTS.podDurationSec;
  const limited = facts.limitAdTracking;
  const viewerId = limited ? null : identity(facts.viewerId);
  const token = limited ? null : said(facts.frequencyToken);
  const request: BreakRequest = {
    requestId: said(facts.requestId) ?? door.requestId,
    publisherId: facts.publisherId ?? "",
    surface: oneOf(SURFACES, facts.surface?.toLowerCase()) ?? BREAK_DEFAULTS.surface,
    podDurationSec,
    maxAds: facts.maxAds ?? BREAK_DEFAULTS.maxAds,
    minAdDurationSec: facts.minAdDurationSec ?? BREAK_DEFAULTS.minAdDurationSec,
    maxAdDurationSec: Math.min(facts.maxAdDurationSec ?? podDurationSec, podDurationSec),
    ...PLAIN_BREAK,
    viewer: {
      key: null,
      device: oneOf(DEVICES, facts.device?.toLowerCase()) ?? door.userAgentDevice,
      ...place(facts, door, limits),
      segments: limited ? [] : distinct(facts.segments).filter((segment) => isId(segment, limits)),
      limitAdTracking: limited,
      consent: null,
      utcOffsetMinutes: null,
      frequency: [],
    },
    content: {
      id: identity(facts.contentId),
      categories: [],
      genre: oneOf(GENRES, facts.genre?.toLowerCase()),
      rating: oneOf(RATINGS, facts.rating?.toUpperCase()),
      language: languageOf(facts.language),
    },
    blockedCategories: distinct(facts.blockedCategories.map(categoryOf)),
    blockedAdvertiserDomains: distinct(facts.blockedAdvertiserDomains.map(domainOf)),
    mimeTypes: door.mimeTypes,
  };
  return ok({
    request,
    viewerId,
    frequencyToken: token !== null && token.length <= FREQUENCY_TOKEN_CHARS_MAX ? token : null,
  });
}

function idProblem(facts: RequestFacts, limits: Limits): RequestProblem | null {
  const publisherId = said(facts.publisherId);
  if (publisherId === null) {
    return { code: "missing_publisher", detail: "Name the publisher: pub in a query, publisherId in JSON." };
  }
  const shape = `letters, digits, - and _, at most ${limits.idCharsMax} of them`;
  if (!isId(publisherId, limits)) {
    return { code: "bad_id", detail: `The publisher id may have ${shape}, starting with a letter or digit.` };
  }
  const requestId = said(facts.requestId);
  if (requestId !== null && !(requestId.length <= limits.idCharsMax && /^[A-Za-z0-9_-]+$/.test(requestId))) {
    return { code: "bad_id", detail: `The request id (rid, requestId) may have ${shape}.` };
  }
  return null;
}

function numberProblem(facts: RequestFacts, limits: Limits): RequestProblem | null {
  const { podDurationSecMax, podAdsMax } = limits;
  const podSec = facts.podDurationSec ?? BREAK_DEFAULTS.podDurationSec;
  if (!(podSec > 0 && podSec <= podDurationSecMax)) {
    const detail = `The break duration (dur, podDurationSec) is seconds, above 0 and at most ${podDurationSecMax}.`;
    return { code: "bad_duration", detail };
  }
  const maxAds = facts.maxAds ?? BREAK_DEFAULTS.maxAds;
  if (!(Number.isInteger(maxAds) && maxAds >= 1 && maxAds <= podAdsMax)) {
    const detail = `The most ads in the break (max, maxAds) is a whole number from 1 to ${podAdsMax}.`;
    return { code: "bad_max_ads", detail };
  }
  const shortestSec = facts.minAdDurationSec ?? BREAK_DEFAULTS.minAdDurationSec;
  const longestSec = facts.maxAdDurationSec ?? podSec;
  const fits = shortestSec >= 0 && longestSec > 0 && longestSec <= podDurationSecMax;
  if (!(fits && shortestSec <= Math.min(longestSec, podSec))) {
    const detail =
      "The shortest ad (min_ad, minAdDurationSec) and the longest (max_ad, maxAdDurationSec) are seconds, " +
      `at most ${podDurationSecMax}, and the shortest is no longer than the longest or the break.`;
    return { code: "bad_ad_duration", detail };
  }
  return null;
}

function listProblem(facts: RequestFacts, limits: Limits): RequestProblem | null {
  const lists = [facts.segments, facts.blockedCategories, facts.blockedAdvertiserDomains];
  if (lists.some((list) => list.length > limits.listItemsMax)) {
    const detail = `Segments, blocked categories and blocked domains take at most ${limits.listItemsMax} items each.`;
    return { code: "too_many_items", detail };
  }
  // A block list that is not understood must not be shortened in silence: the ad it meant to keep out would come in.
  if (!facts.blockedCategories.map(categoryOf).every((code) => /^IAB\d{1,2}(-\d{1,2})?$/.test(code))) {
    const detail = "Blocked categories (bcat, blockedCategories) are IAB Content Taxonomy 1.0 codes such as IAB7-39.";
    return { code: "bad_category", detail };
  }
  if (!facts.blockedAdvertiserDomains.map(domainOf).every(isDomain)) {
    const detail = "Blocked advertisers (badv, blockedAdvertiserDomains) are domain names such as example.com.";
    return { code: "bad_domain", detail };
  }
  if ((facts.contentId?.length ?? 0) > limits.idCharsMax) {
    return { code: "bad_id", detail: `The content id has at most ${limits.idCharsMax} characters.` };
  }
  if ((facts.viewerId?.length ?? 0) > 4 * limits.idCharsMax) {
    return { code: "bad_id", detail: `The viewer id has at most ${4 * limits.idCharsMax} characters.` };
  }
  return null;
}

/** Country and region. The door's region belongs to the door's country, so another stated country drops it. */
function place(
  facts: RequestFacts,
  door: DoorFacts,
  limits: Limits,
): { country: string | null; region: string | null } {
  const doorCountry = countryOf(door.country);
  const country = countryOf(facts.country) ?? doorCountry;
  const fallback = country === doorCountry ? door.region : null;
  return { country, region: label(facts.region, limits) ?? label(fallback, limits) };
}

/** XX and T1 are how the platform spells "unknown" and "Tor". */
function countryOf(text: string | null): string | null {
  const code = text?.toUpperCase() ?? "";
  return /^[A-Z]{2}$/.test(code) && code !== "XX" ? code : null;
}

function languageOf(text: string | null): string | null {
  const primary = text?.toLowerCase().split(/[-_]/, 1)[0] ?? "";
  return /^[a-z]{2}$/.test(primary) ? primary : null;
}

function label(text: string | null, limits: Limits): string | null {
  const words = said(text);
  return words !== null && words.length <= limits.idCharsMax && isPlain(words) ? words : null;
}

/**
 * An id that means somebody or something: a player that could not fill its template sends the template, all zeros
 * (an opted-out advertising id) or -1 and -2 (VAST 4.2 for "unknown" and "withheld"). Those would join strangers.
 */
function identity(text: string | null): string | null {
  const id = said(text);
  if (id === null || !isPlain(id)) return null;
  const template = /^(?:\[.*\]|\{.*\}|\$\{.*\}|%%.*%%)$/.test(id);
  return template || /^[0-]+$/.test(id) || id === "-1" || id === "-2" ? null : id;
}

function categoryOf(text: string): string {
  return text.toUpperCase();
}

function domainOf(text: string): string {
  return text.toLowerCase().replace(/\.$/, "");
}

function isDomain(text: string): boolean {
  return text.length <= 253 && /^(?:[a-z0-9_-]+\.)+[a-z0-9_-]+$/.test(text);
}

function isId(text: string, limits: Limits): boolean {
  return text.length <= limits.idCharsMax && /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(text);
}

/** Well-formed text without control characters. */
function isPlain(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}

/** An empty value is how templates say nothing. */
function said(text: string | null): string | null {
  return text === "" ? null : text;
}

function distinct(items: readonly string[]): readonly string[] {
  return [...new Set(items)];
}

function oneOf<T extends string>(allowed: readonly T[], word: string | undefined): T | null {
  return allowed.find((value) => value === word) ?? null;
}
