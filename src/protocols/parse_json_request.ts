/**
 * `POST /v1/decide` spells a break in JSON, for servers that stitch ads and for people at a terminal. This file only
 * knows that spelling: the zod schema says which field has which type; meaning, defaults and bounds are in
 * normalise_request.ts. Fields it does not know are ignored, as unknown query parameters are.
 */
import { z } from "zod";
import type { Limits } from "../kernel/limits.ts";
import { refused } from "../kernel/result.ts";
import type { Result } from "../kernel/result.ts";
import type { PrivacySignals } from "./consent.ts";
import { normaliseRequest } from "./normalise_request.ts";
import type { ParsedBreak } from "./normalise_request.ts";
import type { RequestProblem, RequestProblemCode } from "./problem.ts";
import type { DoorFacts, RequestFacts } from "./request_facts.ts";
import { said } from "./spelling.ts";

const text = z.string().nullish();
const number = z.number().nullish();
const yes = z.boolean().nullish();
const words = z.array(z.string()).nullish();
const cpmMicros = z.number().nullish();

/** The body of `POST /v1/decide`. Also read by the OpenAPI document. */
export const breakRequestSchema = z.object({
  requestId: text,
  publisherId: text,
  surface: text,
  podDurationSec: number,
  maxAds: number,
  fill: text,
  minAdDurationSec: number,
  maxAdDurationSec: number,
  exactDurationsSec: z.array(z.number()).nullish(),
  slots: z.array(z.object({ minSec: z.number(), maxSec: number, position: text, floorCpmMicros: cpmMicros })).nullish(),
  podDedupe: z.array(z.number()).nullish(),
  currency: text,
  floorCpmMicros: cpmMicros,
  floorCpmMicrosPerSec: cpmMicros,
  durationFloors: z.array(z.object({ minSec: number, maxSec: number, cpmMicros: z.number() })).nullish(),
  deals: z.array(z.object({ id: z.string(), floorCpmMicros: cpmMicros })).nullish(),
  dealsOnly: yes,
  viewer: z
    .object({
      id: text,
      householdId: text,
      device: text,
      country: text,
      region: text,
      segments: words,
      utcOffsetMinutes: number,
      limitAdTracking: yes,
      frequencyToken: text,
    })
    .nullish(),
  privacy: z
    .object({
      gdpr: yes,
      gdprConsent: text,
      usPrivacy: text,
      gpp: text,
      gppSections: z.array(z.number()).nullish(),
      coppa: yes,
    })
    .nullish(),
  content: z.object({ id: text, categories: words, genre: text, rating: text, language: text }).nullish(),
  blockedCategories: words,
  blockedAdvertiserDomains: words,
  allowedCategories: words,
});

type Body = z.output<typeof breakRequestSchema>;

/** A value of the wrong type gets the code of its field, so that JSON and query doors agree; other fields bad_field. */
const CODE_OF_FIELD: ReadonlyMap<string, RequestProblemCode> = new Map([
  ["publisherId", "bad_id"],
  ["requestId", "bad_id"],
  ["podDurationSec", "bad_duration"],
  ["maxAds", "bad_max_ads"],
  ["minAdDurationSec", "bad_ad_duration"],
  ["maxAdDurationSec", "bad_ad_duration"],
  ["exactDurationsSec", "bad_ad_duration"],
  ["fill", "bad_fill"],
  ["slots", "bad_slot"],
  ["podDedupe", "bad_dedupe"],
  ["currency", "currency_unknown"],
  ["floorCpmMicros", "bad_floor"],
  ["floorCpmMicrosPerSec", "bad_floor"],
  ["durationFloors", "bad_floor"],
  ["deals", "bad_deal"],
]);

/** A break from a parsed JSON body. Refuses a field of the wrong type, then what `normaliseRequest` refuses. */
export function breakRequestFromJson(
  json: unknown,
  door: DoorFacts,
  limits: Limits,
): Result<ParsedBreak, RequestProblem> {
  const parsed = breakRequestSchema.safeParse(json);
  if (!parsed.success) return refused(typeProblem(parsed.error));
  return normaliseRequest(factsOf(parsed.data), door, limits);
}

function factsOf(body: Body): RequestFacts {
  const { viewer, content } = body;
  return {
    requestId: body.requestId ?? null,
    publisherId: body.publisherId ?? null,
    surface: body.surface ?? null,
    podDurationSec: body.podDurationSec ?? null,
    maxAds: body.maxAds ?? null,
    minAdDurationSec: body.minAdDurationSec ?? null,
    maxAdDurationSec: body.maxAdDurationSec ?? null,
    ...termsOf(body),
    device: viewer?.device ?? null,
    country: viewer?.country ?? null,
    region: viewer?.region ?? null,
    segments: filled(viewer?.segments),
    viewerId: viewer?.id ?? null,
    householdId: viewer?.householdId ?? null,
    utcOffsetMinutes: viewer?.utcOffsetMinutes ?? null,
    limitAdTracking: viewer?.limitAdTracking ?? false,
    signals: signalsOf(body),
    frequencyToken: viewer?.frequencyToken ?? null,
    contentId: content?.id ?? null,
    contentCategories: filled(content?.categories),
    genre: content?.genre ?? null,
    rating: content?.rating ?? null,
    language: content?.language ?? null,
    blockedCategories: filled(body.blockedCategories),
    blockedAdvertiserDomains: filled(body.blockedAdvertiserDomains),
    allowedCategories: filled(body.allowedCategories),
  };
}

/** What the body asks of the break as a whole. */
function termsOf(body: Body) {
  return {
    fill: body.fill ?? null,
    exactDurationsSec: body.exactDurationsSec ?? [],
    slots: (body.slots ?? []).map(({ minSec, maxSec, floorCpmMicros, position }) => ({
      minSec,
      maxSec: maxSec ?? minSec,
      floorCpmMicros: floorCpmMicros ?? null,
      position: said(position ?? null),
    })),
    podDedupe: body.podDedupe ?? [],
    currency: body.currency ?? null,
    floorCpmMicros: body.floorCpmMicros ?? null,
    floorCpmMicrosPerSec: body.floorCpmMicrosPerSec ?? null,
    durationFloors: (body.durationFloors ?? []).map((row) => ({
      minSec: row.minSec ?? null,
      maxSec: row.maxSec ?? null,
      cpmMicros: row.cpmMicros,
    })),
    deals: (body.deals ?? []).map(({ id, floorCpmMicros }) => ({ id, floorCpmMicros: floorCpmMicros ?? null })),
    dealsOnly: body.dealsOnly ?? false,
  };
}

function signalsOf({ privacy }: Body): PrivacySignals {
  return {
    gdpr: privacy?.gdpr ?? null,
    gdprConsent: said(privacy?.gdprConsent ?? null),
    usPrivacy: said(privacy?.usPrivacy ?? null),
    gpp: said(privacy?.gpp ?? null),
    gppSections: privacy?.gppSections ?? [],
    coppa: privacy?.coppa ?? false,
  };
}

function typeProblem(error: z.ZodError): RequestProblem {
  const issue = error.issues[0];
  const path = issue?.path.map(String).join(".") ?? "";
  const code = CODE_OF_FIELD.get(String(issue?.path[0] ?? "")) ?? "bad_field";
  const where = path === "" ? "The body" : `The field ${path}`;
  return { code, detail: `${where} is not what was expected: ${issue?.message ?? "unreadable"}.` };
}

function filled(items: readonly string[] | null | undefined): readonly string[] {
  return (items ?? []).map((item) => item.trim()).filter((item) => item !== "");
}
