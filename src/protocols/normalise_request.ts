/**
 * The one place where raw facts of a break become a `BreakRequest`. Each door only spells its facts out; defaults,
 * bounds and privacy are decided here, so two doors that were told the same cannot disagree.
 * What cannot be understood is ignored when it only narrows targeting, and refused when ignoring it could harm:
 * time to fill, identity, block lists, floors and deals. What a viewer did not clearly agree to counts as refused.
 */
import { DEVICES, GENRES, RATINGS, SURFACES } from "../catalog/words.ts";
import type { Limits } from "../kernel/limits.ts";
import { ok, refused } from "../kernel/result.ts";
import type { Result } from "../kernel/result.ts";
import type { BreakRequest, Viewer } from "./break_request.ts";
import { viewerConsent } from "./consent.ts";
import { FREQUENCY_TOKEN_CHARS_MAX } from "./frequency_token.ts";
import type { FrequencyEntry } from "./frequency_token.ts";
import { podTerms, type PodLengths } from "./pod_terms.ts";
import type { RequestProblem } from "./problem.ts";
import type { DoorFacts, RequestFacts } from "./request_facts.ts";
import { categoryOf, countryOf, distinct, domainOf, identity, isCategory, isDomain, isId } from "./spelling.ts";
import { label, languageOf, oneOf, said } from "./spelling.ts";

/** What is assumed of a break that does not say. Units: seconds, ads. */
export const BREAK_DEFAULTS = { podDurationSec: 60, maxAds: 8, minAdDurationSec: 0, surface: "midroll" } as const;

/** No clock on Earth is further from UTC. Units: minutes. */
const UTC_OFFSET_MINUTES_MAX = 14 * 60;

/**
 * A request, and what only the door may touch: the raw ids of viewer and household, to be hashed, the signed frequency
 * token, to be verified, and the currency that the request's prices are still in. `request.viewer.key` is null and
 * `frequency` empty until `withViewer` fills them.
 */
export interface ParsedBreak {
  readonly request: BreakRequest;
  readonly viewerId: string | null;
  readonly householdId: string | null;
  readonly frequencyToken: string | null;
  /** ISO 4217; null: the catalog's own. */
  readonly currency: string | null;
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
 * bounds; list lengths; block lists that cannot be understood; ids too long; what `podTerms` refuses; a currency that
 * is no ISO 4217 code.
 */
export function normaliseRequest(
  facts: RequestFacts,
  door: DoorFacts,
  limits: Limits,
): Result<ParsedBreak, RequestProblem> {
  const problem =
    idProblem(facts, limits) ??
    numberProblem(facts, limits) ??
    listProblem(facts, limits) ??
    longProblem(facts, limits);
  if (problem !== null) return refused(problem);
  const lengths = podLengths(facts);
  const terms = podTerms(facts, lengths, limits);
  if (!terms.ok) return terms;
  const currency = said(facts.currency)?.toUpperCase() ?? null;
  if (currency !== null && !/^[A-Z]{3}$/.test(currency)) return refused(CURRENCY_PROBLEM);
  // From here on nothing is refused.
  const viewer = viewerOf(facts, door, limits);
  const request: BreakRequest = {
    requestId: said(facts.requestId) ?? door.requestId,
    publisherId: facts.publisherId ?? "",
    surface: oneOf(SURFACES, facts.surface?.toLowerCase()) ?? BREAK_DEFAULTS.surface,
    ...lengths,
    ...terms.value,
    viewer,
    content: {
      id: identity(facts.contentId),
      categories: distinct(facts.contentCategories.map(categoryOf)).filter(isCategory),
      genre: oneOf(GENRES, facts.genre?.toLowerCase()),
      rating: oneOf(RATINGS, facts.rating?.toUpperCase()),
      language: languageOf(facts.language),
    },
    blockedCategories: distinct(facts.blockedCategories.map(categoryOf)),
    blockedAdvertiserDomains: distinct(facts.blockedAdvertiserDomains.map(domainOf)),
    allowedCategories: distinct(facts.allowedCategories.map(categoryOf)),
    mimeTypes: door.mimeTypes,
  };
  return ok({ request, currency, ...secrets(facts, viewer) });
}

/** The words for a currency that no rate is known for. */
export const CURRENCY_PROBLEM: RequestProblem = {
  code: "currency_unknown",
  detail:
    "The currency of the floors (bidfloorcur, currency) is an ISO 4217 code that the catalog has a rate for, such as " +
    "USD; leave it out for the catalog's own.",
};

function podLengths(facts: RequestFacts): PodLengths {
  const podDurationSec = facts.podDurationSec ?? BREAK_DEFAULTS.podDurationSec;
  return {
    podDurationSec,
    maxAds: facts.maxAds ?? BREAK_DEFAULTS.maxAds,
    minAdDurationSec: facts.minAdDurationSec ?? BREAK_DEFAULTS.minAdDurationSec,
    maxAdDurationSec: Math.min(facts.maxAdDurationSec ?? podDurationSec, podDurationSec),
  };
}

/** What may be known of the viewer. Segments are personal: without consent there are none. */
function viewerOf(facts: RequestFacts, door: DoorFacts, limits: Limits): Viewer {
  const { consent, limitAdTracking } = viewerConsent(facts.signals, door.tcfVendorId);
  const limited = facts.limitAdTracking || limitAdTracking;
  const segments = limited || consent === false ? [] : facts.segments;
  return {
    key: null,
    device: oneOf(DEVICES, facts.device?.toLowerCase()) ?? door.userAgentDevice,
    ...place(facts, door, limits),
    segments: distinct(segments).filter((segment) => isId(segment, limits)),
    limitAdTracking: limited,
    consent,
    utcOffsetMinutes: clockOf(facts, door),
    frequency: [],
  };
}

/** The viewer's clock: as the request says, else as the platform guesses. */
function clockOf({ utcOffsetMinutes }: RequestFacts, door: DoorFacts): number | null {
  const sound = utcOffsetMinutes !== null && Number.isInteger(utcOffsetMinutes);
  return sound && Math.abs(utcOffsetMinutes) <= UTC_OFFSET_MINUTES_MAX ? utcOffsetMinutes : door.utcOffsetMinutes;
}

function secrets(
  facts: RequestFacts,
  { limitAdTracking }: Viewer,
): Pick<ParsedBreak, "viewerId" | "householdId" | "frequencyToken"> {
  if (limitAdTracking) return { viewerId: null, householdId: null, frequencyToken: null };
  const token = said(facts.frequencyToken);
  return {
    viewerId: identity(facts.viewerId),
    householdId: identity(facts.householdId),
    frequencyToken: token !== null && token.length <= FREQUENCY_TOKEN_CHARS_MAX ? token : null,
  };
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
  const categories = [...facts.blockedCategories, ...facts.allowedCategories];
  const lists = [facts.segments, facts.contentCategories, facts.blockedCategories, facts.allowedCategories];
  const others = [facts.blockedAdvertiserDomains, facts.signals.gppSections];
  if ([...lists, ...others].some((list) => list.length > limits.listItemsMax)) {
    const detail = `Segments, categories, domains and GPP sections take ${limits.listItemsMax} items each.`;
    return { code: "too_many_items", detail };
  }
  // A list that is not understood must not be shortened in silence: the ad it meant to keep out would come in.
  if (!categories.map(categoryOf).every(isCategory)) {
    const detail =
      "Blocked categories (bcat, blockedCategories) and allowed ones (acat, allowedCategories) are " +
      "IAB Content Taxonomy 1.0 codes such as IAB7-39.";
    return { code: "bad_category", detail };
  }
  if (!facts.blockedAdvertiserDomains.map(domainOf).every(isDomain)) {
    const detail = "Blocked advertisers (badv, blockedAdvertiserDomains) are domain names such as example.com.";
    return { code: "bad_domain", detail };
  }
  return null;
}

function longProblem(facts: RequestFacts, limits: Limits): RequestProblem | null {
  if ((facts.contentId?.length ?? 0) > limits.idCharsMax) {
    return { code: "bad_id", detail: `The content id has at most ${limits.idCharsMax} characters.` };
  }
  if ([facts.viewerId, facts.householdId].some((id) => (id?.length ?? 0) > 4 * limits.idCharsMax)) {
    return { code: "bad_id", detail: `Viewer and household ids have at most ${4 * limits.idCharsMax} characters.` };
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
