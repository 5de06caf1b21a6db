/**
 * GET doors (`/v1/vast`, `/v1/asset-list`) spell a break in short query parameters, because players and manifests
 * carry them in URLs. This file only knows that spelling; meaning, defaults and bounds are in normalise_request.ts.
 */
import type { Limits } from "../kernel/limits.ts";
import { refused } from "../kernel/result.ts";
import type { Result } from "../kernel/result.ts";
import { normaliseRequest } from "./normalise_request.ts";
import type { DoorFacts, ParsedBreak } from "./normalise_request.ts";
import type { RequestProblem } from "./problem.ts";
import { parseQuery } from "./query.ts";
import type { QueryRefusal } from "./query.ts";

/** A break from decoded query parameters. Unknown parameters are ignored. Refuses as `normaliseRequest` does. */
export function breakRequestFromQuery(
  parameters: ReadonlyMap<string, string>,
  door: DoorFacts,
  limits: Limits,
): Result<ParsedBreak, RequestProblem> {
  const text = (name: string): string | null => parameters.get(name) ?? null;
  const facts = {
    requestId: text("rid"),
    publisherId: text("pub"),
    surface: text("surface"),
    podDurationSec: decimal(text("dur")),
    maxAds: decimal(text("max")),
    minAdDurationSec: decimal(text("min_ad")),
    maxAdDurationSec: decimal(text("max_ad")),
    device: text("dev"),
    country: text("country"),
    region: text("region"),
    segments: commaList(text("seg")),
    viewerId: text("vid"),
    limitAdTracking: asksToLimitTracking(text("lmt")),
    frequencyToken: text("freq"),
    contentId: text("content"),
    genre: text("genre"),
    rating: text("rating"),
    language: text("lang"),
    blockedCategories: commaList(text("bcat")),
    blockedAdvertiserDomains: commaList(text("badv")),
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

/** A plain decimal number; NaN when something else was said. */
function decimal(text: string | null): number | null {
  if (text === null || text === "") return null;
  return /^-?\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
}

function commaList(text: string | null): readonly string[] {
  if (text === null) return [];
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** A privacy signal that is present but unclear counts as given. */
function asksToLimitTracking(text: string | null): boolean {
  return text !== null && text !== "" && text !== "0" && text.toLowerCase() !== "false";
}
