/**
 * `POST /v1/decide` spells a break in JSON, for servers that stitch ads and for people at a terminal. This file only
 * knows that spelling: the zod schema says which field has which type; meaning, defaults and bounds are in
 * normalise_request.ts. Fields it does not know are ignored, as unknown query parameters are.
 */
import { z } from "zod";
import type { Limits } from "../kernel/limits.ts";
import { refused } from "../kernel/result.ts";
import type { Result } from "../kernel/result.ts";
import { normaliseRequest } from "./normalise_request.ts";
import type { DoorFacts, ParsedBreak } from "./normalise_request.ts";
import type { RequestProblem, RequestProblemCode } from "./problem.ts";

const text = z.string().nullish();
const seconds = z.number().nullish();
const words = z.array(z.string()).nullish();

/** The body of `POST /v1/decide`. Also read by the OpenAPI document. */
export const breakRequestSchema = z.object({
  requestId: text,
  publisherId: text,
  surface: text,
  podDurationSec: seconds,
  maxAds: z.number().nullish(),
  minAdDurationSec: seconds,
  maxAdDurationSec: seconds,
  viewer: z
    .object({
      id: text,
      device: text,
      country: text,
      region: text,
      segments: words,
      limitAdTracking: z.boolean().nullish(),
      frequencyToken: text,
    })
    .nullish(),
  content: z.object({ id: text, genre: text, rating: text, language: text }).nullish(),
  blockedCategories: words,
  blockedAdvertiserDomains: words,
});

/** A value of the wrong type gets the code of its field, so that JSON and query doors agree; other fields bad_field. */
const CODE_OF_FIELD: ReadonlyMap<string, RequestProblemCode> = new Map([
  ["publisherId", "bad_id"],
  ["requestId", "bad_id"],
  ["podDurationSec", "bad_duration"],
  ["maxAds", "bad_max_ads"],
  ["minAdDurationSec", "bad_ad_duration"],
  ["maxAdDurationSec", "bad_ad_duration"],
]);

/** A break from a parsed JSON body. Refuses a field of the wrong type, then what `normaliseRequest` refuses. */
export function breakRequestFromJson(
  json: unknown,
  door: DoorFacts,
  limits: Limits,
): Result<ParsedBreak, RequestProblem> {
  const parsed = breakRequestSchema.safeParse(json);
  if (!parsed.success) return refused(typeProblem(parsed.error));
  const body = parsed.data;
  const { viewer, content } = body;
  const facts = {
    requestId: body.requestId ?? null,
    publisherId: body.publisherId ?? null,
    surface: body.surface ?? null,
    podDurationSec: body.podDurationSec ?? null,
    maxAds: body.maxAds ?? null,
    minAdDurationSec: body.minAdDurationSec ?? null,
    maxAdDurationSec: body.maxAdDurationSec ?? null,
    device: viewer?.device ?? null,
    country: viewer?.country ?? null,
    region: viewer?.region ?? null,
    segments: filled(viewer?.segments),
    viewerId: viewer?.id ?? null,
    limitAdTracking: viewer?.limitAdTracking ?? false,
    frequencyToken: viewer?.frequencyToken ?? null,
    contentId: content?.id ?? null,
    genre: content?.genre ?? null,
    rating: content?.rating ?? null,
    language: content?.language ?? null,
    blockedCategories: filled(body.blockedCategories),
    blockedAdvertiserDomains: filled(body.blockedAdvertiserDomains),
  };
  return normaliseRequest(facts, door, limits);
}

function typeProblem(error: z.ZodError): RequestProblem {
  const issue = error.issues[0];
  const path = issue?.path.map(String).join(".") ?? "";
  const code = CODE_OF_FIELD.get(path) ?? "bad_field";
  const where = path === "" ? "The body" : `The field ${path}`;
  return { code, detail: `${where} is not what was expected: ${issue?.message ?? "unreadable"}.` };
}

function filled(items: readonly string[] | null | undefined): readonly string[] {
  return (items ?? []).map((item) => item.trim()).filter((item) => item !== "");
}
