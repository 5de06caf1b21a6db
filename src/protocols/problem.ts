/**
 * Every stable problem code Midroll answers with, in one table: the doors, the OpenAPI document and docs/doors.md all
 * read it, so a code cannot mean two things. Source: RFC 9457, Problem Details for HTTP APIs.
 */

/** Media type of a problem document. */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** Status and title of every code. The title never changes with the occurrence; the detail says what was wrong. */
export const PROBLEMS = {
  missing_publisher: { status: 400, title: "No publisher was named" },
  bad_id: { status: 400, title: "An identifier is malformed or too long" },
  bad_duration: { status: 400, title: "The break duration is out of range" },
  bad_max_ads: { status: 400, title: "The number of ads is out of range" },
  bad_ad_duration: { status: 400, title: "The ad duration bounds are out of range" },
  bad_fill: { status: 400, title: "The break is to be filled in an unknown way" },
  bad_slot: { status: 400, title: "The slots do not fit the break" },
  bad_dedupe: { status: 400, title: "The deduplication is unknown or contradicts itself" },
  bad_floor: { status: 400, title: "A floor is out of range" },
  bad_deal: { status: 400, title: "A deal is not named by an id" },
  bad_category: { status: 400, title: "A blocked or allowed category is not an IAB code" },
  bad_domain: { status: 400, title: "A blocked advertiser is not a domain name" },
  bad_field: { status: 400, title: "A field of the request has the wrong type" },
  too_many_items: { status: 400, title: "A list is too long" },
  malformed_query: { status: 400, title: "The query string cannot be decoded" },
  malformed_json: { status: 400, title: "The body is not JSON" },
  url_too_long: { status: 414, title: "The URL is too long" },
  body_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The content type is not supported" },
  currency_unknown: { status: 422, title: "The currency has no rate in the catalog" },
  unknown_publisher: { status: 422, title: "The publisher is not in the catalog" },
  unauthorized: { status: 401, title: "A valid bearer token is required" },
  not_found: { status: 404, title: "Nothing is here" },
  method_not_allowed: { status: 405, title: "The method is not allowed here" },
  beacon_unknown_event: { status: 404, title: "The beacon event is unknown" },
  token_invalid: { status: 400, title: "The token was not issued here or was changed" },
  catalog_invalid: { status: 422, title: "The catalog does not validate" },
  digest_mismatch: { status: 422, title: "The bytes do not match their digest" },
  artifact_missing: { status: 409, title: "A referenced artifact has not been uploaded" },
  model_set_invalid: { status: 422, title: "The model set does not validate" },
  envelope_malformed: { status: 422, title: "The envelope of the model set cannot be read" },
  envelope_of_another_type: { status: 422, title: "The envelope holds something else than a model set" },
  unsigned: { status: 422, title: "The model set is not signed" },
  set_altered: { status: 422, title: "The model set is not the one it is called" },
  key_unknown: { status: 422, title: "The model set is signed by a key that is not trusted here" },
  signature_false: { status: 422, title: "The signature does not fit the model set" },
  gate_report_incomplete: { status: 422, title: "Not every model of the set has passed the gate" },
  set_unknown: { status: 404, title: "No such model set was published" },
  share_out_of_range: { status: 422, title: "The share of viewers or decisions is out of range" },
  cap_malformed: { status: 422, title: "The cap of the canary is out of range" },
  move_not_allowed: { status: 409, title: "The model set may not go there from where it stands" },
  place_taken: { status: 409, title: "Another model set is there" },
  nothing_to_roll_back_to: { status: 409, title: "There is no earlier live model set to go back to" },
  set_not_ready: { status: 409, title: "The model set is not ready to serve" },
  exposure_used_up: { status: 409, title: "The cap of the canary is used up already" },
  publish_in_progress: { status: 409, title: "Another publish is under way" },
  ledgers_unavailable: { status: 503, title: "Some campaign ledgers did not accept their terms" },
  trace_not_kept: { status: 404, title: "No trace of it is kept" },
  wallet_unknown: { status: 404, title: "The campaign has no such wallet" },
  wallet_not_stuck: { status: 409, title: "The wallet is not stuck" },
  storage_unavailable: { status: 503, title: "The store could not be reached" },
  not_ready: { status: 503, title: "Not ready to decide yet" },
  billing_unavailable: { status: 503, title: "The impression could not be billed now" },
  internal: { status: 500, title: "Something went wrong on our side" },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

/** A stable problem code. */
export type ProblemCode = keyof typeof PROBLEMS;

/** A problem as it goes over the wire; `code` is our extension member and `type` spells it as a URI. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
}

/** Codes with which a break request may be refused. */
export type RequestProblemCode =
  | "missing_publisher"
  | "bad_id"
  | "bad_duration"
  | "bad_max_ads"
  | "bad_ad_duration"
  | "bad_fill"
  | "bad_slot"
  | "bad_dedupe"
  | "bad_floor"
  | "bad_deal"
  | "bad_category"
  | "bad_domain"
  | "bad_field"
  | "currency_unknown"
  | "too_many_items"
  | "malformed_query"
  | "url_too_long";

/** Why a break request was refused, in plain language. The detail never repeats a value the viewer sent. */
export interface RequestProblem {
  readonly code: RequestProblemCode;
  readonly detail: string;
}

/** The problem document of one code. `detail` says in plain language what was wrong this time. */
export function problemDocument(code: ProblemCode, detail: string): ProblemDocument {
  const { status, title } = PROBLEMS[code];
  return { type: `urn:midroll:problem:${code}`, title, status, code, detail };
}

/** Whether a word is one of our codes: for readers of `Midroll-Problem` headers and stored documents. */
export function isProblemCode(word: string): word is ProblemCode {
  return Object.hasOwn(PROBLEMS, word);
}
