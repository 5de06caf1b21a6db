/**
 * GET doors (`/v1/vast`, `/v1/asset-list`) spell a break in short query parameters, because players and manifests
 * carry them in URLs. Names are OpenRTB's where it has one. This file only knows that spelling; meaning, defaults and
 * bounds are in normalise_request.ts.
 */
import type { Limits } from "../kernel/limits.ts";
import { refused } from "../kernel/result.ts";
import type { Result } from "../kernel/result.ts";
import { normaliseRequest } from "./normalise_request.ts";
import type { ParsedBreak } from "./normalise_request.ts";
import type { RequestProblem } from "./problem.ts";
import { parseQuery } from "./query.ts";
import type { QueryRefusal } from "./query.ts";
import { commaList, deals, decimal, durationFloors, isGiven, numbers, price, slots } from "./query_words.ts";
import type { DoorFacts } from "./request_facts.ts";
import { isUnfilled, said } from "./spelling.ts";

/**
 * A break from decoded query parameters. Unknown ones are ignored, unfilled macros count as not said. Refuses as
 * `normaliseRequest` does.
 */
function breakRequestFromQuery(
  parameters: ReadonlyMap<string, string>,
  door: DoorFacts,
  limits: Limits,
): Result<ParsedBreak, RequestProblem> {
  const text = (name: string): string | null => {
    const value = parameters.get(name) ?? null;
    return value !== null && isUnfilled(value) ? null : value;
  };
  const facts = {
    requestId: text("rid"),
    publisherId: text("pub"),
    surface: text("surface"),
    podDurationSec: decimal(text("dur")),
    maxAds: decimal(text("max")),
    fill: text("fill"),
    minAdDurationSec: decimal(text("min_ad")),
    maxAdDurationSec: decimal(text("max_ad")),
    exactDurationsSec: numbers(text("rqddurs")),
    slots: slots(text("slots")),
    podDedupe: numbers(text("poddedupe")),
    currency: text("bidfloorcur"),
    floorCpmMicros: price(text("bidfloor")),
    floorCpmMicrosPerSec: price(text("mincpmpersec")),
    durationFloors: durationFloors(text("durfloors")),
    deals: deals(text("deals")),
    dealsOnly: isGiven(text("private_auction")),
    device: text("dev"),
    country: text("country"),
    region: text("region"),
    segments: commaList(text("seg")),
    viewerId: text("vid"),
    householdId: text("hid"),
    utcOffsetMinutes: decimal(text("tz")),
    // A player that left this macro as it was may still have been told to limit tracking.
    limitAdTracking: isGiven(parameters.get("lmt") ?? null),
    signals: {
      gdpr: said(text("gdpr")) === null ? null : isGiven(text("gdpr")),
      gdprConsent: said(text("gdpr_consent")),
      usPrivacy: said(text("us_privacy")),
      gpp: said(text("gpp")),
      gppSections: numbers(text("gpp_sid")),
      coppa: isGiven(text("coppa")),
    },
    frequencyToken: text("freq"),
    contentId: text("content"),
    contentCategories: commaList(text("cat")),
    genre: text("genre"),
    rating: text("rating"),
    language: text("lang"),
    blockedCategories: commaList(text("bcat")),
    blockedAdvertiserDomains: commaList(text("badv")),
    allowedCategories: commaList(text("acat")),
  };
  return normaliseRequest(facts, door, limits);
}

/** A break from a raw query string. Refuses what `parseQuery` refuses, then what `breakRequestFromQuery` refuses. */
export function breakRequestFromSearch(
  search: string,
  door: DoorFacts,
  limits: Limits,
): Result<ParsedBreak, RequestProblem> {
  const parameters = parseQuery(search, limits);
  if (!parameters.ok) return refused({ code: parameters.reason, detail: queryDetail(parameters.reason, limits) });
  return breakRequestFromQuery(parameters.value, door, limits);
}

function queryDetail(reason: QueryRefusal, limits: Limits): string {
  if (reason === "url_too_long") return `The query string has at most ${limits.urlCharsMax} characters.`;
  if (reason === "too_many_items") return `The query string has at most ${limits.listItemsMax} parameters.`;
  return "The query string has a % escape that is not UTF-8.";
}
