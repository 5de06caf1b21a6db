/**
 * The edge's door for servers, described in origin's OpenAPI document beside origin's own routes: whoever builds
 * against Midroll reads one document. The schema is the one that the edge validates with; the edge itself carries none.
 */
import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { breakRequestSchema } from "../../src/protocols/parse_json_request.ts";
import type { ProblemCode } from "../../src/protocols/problem.ts";
import { jsonAnswer, jsonSchemaOf, problemAnswers } from "./api_schemas.ts";
import type { OriginEnv } from "./env.ts";

const decisionSchema = z.looseObject({
  decisionId: z.string(),
  requestId: z.string(),
  tier: z.enum(["full", "reduced", "fallback", "house"]),
  modelSetDigest: z.string().nullable(),
  catalogDigest: z.string(),
  podDurationSec: z.number(),
  filledDurationSec: z.number(),
  ads: z.array(z.looseObject({ lineItemId: z.string(), campaignId: z.string(), priceMicros: z.int() })),
  frequencyToken: z.string().nullable(),
});

const REFUSALS: readonly ProblemCode[] = [
  "missing_publisher",
  "bad_id",
  "bad_duration",
  "bad_max_ads",
  "bad_ad_duration",
  "too_many_items",
  "bad_category",
  "bad_domain",
  "bad_fill",
  "bad_slot",
  "bad_dedupe",
  "bad_floor",
  "bad_deal",
  "bad_field",
  "malformed_json",
  "body_too_large",
  "unsupported_media_type",
  "currency_unknown",
  "unknown_publisher",
  "not_ready",
  "internal",
];

/** Describes `POST /v1/decide`. It is answered by the edge, not by this Worker. */
export function describeEdge({ openAPIRegistry }: OpenAPIHono<{ Bindings: OriginEnv }>): void {
  openAPIRegistry.registerPath({
    method: "post",
    path: "/v1/decide",
    operationId: "decide",
    tags: ["edge"],
    summary: "Fill one ad break",
    description: "Answered by the edge. Prices are micros; what each field means is in docs/doors.md.",
    servers: [{ url: "{edge}", variables: { edge: { default: "http://localhost:8787" } } }],
    request: {
      body: { required: true, content: { "application/json": { schema: jsonSchemaOf(breakRequestSchema) } } },
    },
    responses: {
      200: jsonAnswer("The break, with signed tracking URLs", decisionSchema),
      ...problemAnswers(...REFUSALS),
    },
  });
}
