/**
 * Traces over HTTP: the trace of one decision, which batches there are, the bytes of a batch, and the catalog snapshot
 * that a trace names, so that whoever reads traces can decide again.
 */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { SNAPSHOT_MEDIA_TYPE } from "../../../src/catalog/snapshot.ts";
import { problem } from "../../platform/problem_response.ts";
import { ADMIN_ONLY, digestSchema, jsonAnswer, problemAnswers } from "../api_schemas.ts";
import { getArtifact } from "../artifacts.ts";
import type { OriginEnv } from "../env.ts";
import { BATCHES_LISTED_MAX } from "./trace_index.ts";
import { getBatch, getTraceLine } from "./trace_store.ts";
import { reach } from "../unreachable.ts";

type Origin = { Bindings: OriginEnv };

const INDEX_SILENT = "The index of traces did not answer.";
const count = z.int().nonnegative();
const moment = (description: string) => z.coerce.number().pipe(z.int().nonnegative()).openapi({ description });
const bytesAnswer = (description: string, mediaType: string) => ({
  description,
  content: { [mediaType]: { schema: { type: "string" as const, format: "binary" } } },
});

/** Batches of traces. Units: epoch milliseconds, bytes. */
export const traceBatchesSchema = z
  .object({
    batches: z.array(
      z.object({
        batch: z.int().positive(),
        key: z.string(),
        fromMs: count,
        untilMs: count,
        traces: count,
        sizeBytes: count,
      }),
    ),
    next: z.int().nullable().openapi({ description: "Ask again with this as `after`; null: there are no more." }),
  })
  .openapi("TraceBatches");

const getTrace = createRoute({
  method: "get",
  path: "/v1/admin/traces/decisions/{decisionId}",
  operationId: "getTrace",
  tags: ["traces"],
  summary: "Everything a decision depended on and what came of it",
  description: "Its fields are described in docs/traces.md. Only a share of all decisions leaves a trace.",
  security: ADMIN_ONLY,
  request: { params: z.object({ decisionId: z.string().min(1).max(64) }) },
  responses: {
    200: jsonAnswer("The trace", z.looseObject({ format: z.string(), decisionId: z.string() })),
    ...problemAnswers("unauthorized", "bad_field", "trace_not_kept", "storage_unavailable"),
  },
});

const listBatches = createRoute({
  method: "get",
  path: "/v1/admin/traces/batches",
  operationId: "listTraceBatches",
  tags: ["traces"],
  summary: "Which batches of traces there are",
  security: ADMIN_ONLY,
  request: {
    query: z.object({
      since: moment("Batches with a trace from this moment on. Epoch milliseconds.").default(0),
      until: moment("And before this one. Epoch milliseconds.").default(Number.MAX_SAFE_INTEGER),
      after: moment("The `next` of the last answer.").default(0),
      limit: z.coerce.number().pipe(z.int().min(1).max(BATCHES_LISTED_MAX)).default(BATCHES_LISTED_MAX),
    }),
  },
  responses: {
    200: jsonAnswer("In the order in which they were filed", traceBatchesSchema),
    ...problemAnswers("unauthorized", "bad_field", "storage_unavailable"),
  },
});

const getBatchBytes = createRoute({
  method: "get",
  path: "/v1/admin/traces/batches/{batch}",
  operationId: "getTraceBatch",
  tags: ["traces"],
  summary: "The traces of a batch: lines of JSON, gzip of several members",
  security: ADMIN_ONLY,
  request: { params: z.object({ batch: z.coerce.number().pipe(z.int().positive()) }) },
  responses: {
    200: bytesAnswer("The batch", "application/gzip"),
    ...problemAnswers("unauthorized", "bad_field", "trace_not_kept", "storage_unavailable"),
  },
});

const getSnapshot = createRoute({
  method: "get",
  path: "/v1/admin/catalog/snapshots/{digest}",
  operationId: "getSnapshot",
  tags: ["catalog"],
  summary: "A catalog snapshot by its digest, also one that is no longer current",
  security: ADMIN_ONLY,
  request: { params: z.object({ digest: digestSchema }) },
  responses: {
    200: bytesAnswer("The snapshot; its SHA-256 is the digest", SNAPSHOT_MEDIA_TYPE),
    ...problemAnswers("unauthorized", "bad_field", "not_found", "storage_unavailable"),
  },
});

/** Adds the routes of traces. */
export function addTraceRoutes(app: OpenAPIHono<Origin>): void {
  app.openapi(getTrace, async (c) => {
    const { decisionId } = c.req.valid("param");
    const place = await reach("storage_unavailable", INDEX_SILENT, () => indexOf(c.env).find(decisionId));
    const line = place === null ? null : await getTraceLine(c.env.TRACES, place, decisionId);
    return line === null
      ? problem("trace_not_kept", "The decision was not sampled, its trace is not filed yet, or it has expired.")
      : new Response(line, { headers: { "content-type": "application/json" } });
  });

  app.openapi(listBatches, async (c) => {
    const { since, until, after, limit } = c.req.valid("query");
    const query = { sinceMs: since, untilMs: until, after, limit };
    const batches = await reach("storage_unavailable", INDEX_SILENT, () => indexOf(c.env).list(query));
    const next = batches.length < limit ? null : (batches.at(-1)?.batch ?? null);
    return c.json({ batches, next }, 200);
  });

  app.openapi(getBatchBytes, async (c) => {
    const { batch } = c.req.valid("param");
    const key = await reach("storage_unavailable", INDEX_SILENT, () => indexOf(c.env).keyOf(batch));
    const stored = key === null ? null : await getBatch(c.env.TRACES, key);
    return stored === null
      ? problem("trace_not_kept", "There is no such batch, or it has expired.")
      : new Response(stored.body, { headers: { "content-type": "application/gzip" } });
  });

  app.openapi(getSnapshot, async (c) => {
    const { digest } = c.req.valid("param");
    const bytes = await getArtifact(c.env.ARTIFACTS, "snapshot", digest);
    return bytes === null
      ? problem("not_found", "No snapshot of that digest is in the store.")
      : new Response(bytes, { headers: { "content-type": SNAPSHOT_MEDIA_TYPE } });
  });
}

function indexOf(env: OriginEnv) {
  return env.TRACE_INDEX.getByName("traces");
}
