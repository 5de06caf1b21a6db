/**
 * The catalog over HTTP: what is current, whether a document would be accepted, and the publish itself. A refused
 * catalog is answered with what is wrong, where, and what was expected there.
 */
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { catalogSchema } from "../../../src/catalog/entities.ts";
import { checkSnapshot } from "../../../src/catalog/check_snapshot.ts";
import type { CatalogProblem } from "../../../src/catalog/problem.ts";
import { encodeSnapshot, SNAPSHOT_MEDIA_TYPE } from "../../../src/catalog/snapshot.ts";
import { parseCatalog } from "../../../src/catalog/validate.ts";
import { CATALOG_LIMITS, FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { ok, refused, type Result } from "../../../src/kernel/result.ts";
import {
  ADMIN_ONLY,
  appliedCatalogSchema,
  catalogStateSchema,
  HISTORY_SHOWN_MAX,
  jsonAnswer,
  componentsOf,
  jsonSchemaOf,
  problemAnswers,
} from "../api_schemas.ts";
import { sha256Hex } from "../../platform/digest.ts";
import { bodyDetail, mediaTypeOf, readBody, readJson } from "../../platform/body.ts";
import { inTurns } from "../../platform/in_turns.ts";
import { publishCatalog, type Publication, type PublishRefusal } from "./catalog_publish.ts";
import { rosterOf } from "./catalog_roster.ts";
import type { OriginEnv } from "../env.ts";
import { problem } from "../../platform/problem_response.ts";
import { reach } from "../unreachable.ts";

type Origin = { Bindings: OriginEnv };

const catalogBody = {
  required: true,
  description:
    "The whole catalog, as JSON or as the snapshot that `midroll catalog apply` makes of files: a large one fits " +
    "only as a snapshot. Line items, creatives and the rest refer to each other by id.",
  content: {
    "application/json": { schema: jsonSchemaOf(catalogSchema) },
    [SNAPSHOT_MEDIA_TYPE]: { schema: { type: "string" as const, format: "binary" } },
  },
};
const BYTES_MAX = FULL_LIMITS.catalogBytesMax;
const bodyProblems = ["unsupported_media_type", "body_too_large", "malformed_json", "catalog_invalid"] as const;

const getCatalog = createRoute({
  method: "get",
  path: "/v1/admin/catalog",
  operationId: "getCatalog",
  tags: ["catalog"],
  summary: "Which catalog is current, and which were",
  security: ADMIN_ONLY,
  responses: {
    200: jsonAnswer("The current catalog", catalogStateSchema),
    ...problemAnswers("unauthorized", "storage_unavailable"),
  },
});

const putCatalog = createRoute({
  method: "put",
  path: "/v1/admin/catalog",
  operationId: "publishCatalog",
  tags: ["catalog"],
  summary: "Publish a catalog",
  description:
    "Validates, stores the snapshot, configures the ledgers of campaigns whose terms are new, moves the pointer. " +
    "Safe to repeat: after `ledgers_unavailable` or `publish_in_progress`, send the same document again. Publishing " +
    "what already is current configures all ledgers again.",
  security: ADMIN_ONLY,
  request: { body: catalogBody },
  responses: {
    200: jsonAnswer("The catalog is current", appliedCatalogSchema),
    ...problemAnswers(
      "unauthorized",
      ...bodyProblems,
      "publish_in_progress",
      "ledgers_unavailable",
      "storage_unavailable",
    ),
  },
});

const validateCatalog = createRoute({
  method: "post",
  path: "/v1/admin/catalog/validate",
  operationId: "validateCatalog",
  tags: ["catalog"],
  summary: "Check a catalog without publishing it",
  security: ADMIN_ONLY,
  request: { body: catalogBody },
  responses: {
    200: jsonAnswer("It would be accepted, under this digest", appliedCatalogSchema),
    ...problemAnswers("unauthorized", ...bodyProblems),
  },
});

/** Adds the catalog's routes. */
export function addCatalogRoutes(app: OpenAPIHono<Origin>): void {
  for (const [name, schema] of componentsOf(catalogSchema)) {
    app.openAPIRegistry.registerComponent("schemas", name, schema);
  }
  app.openapi(getCatalog, async (c) => {
    const registry = c.env.REGISTRY.getByName("catalog");
    const [{ digest }, history] = await reach("storage_unavailable", "The registry did not answer.", () =>
      Promise.all([registry.current(), registry.history(HISTORY_SHOWN_MAX)]),
    );
    const roster = digest === null ? null : await rosterOf(c.env, digest);
    const counts = { campaigns: roster?.campaigns.length ?? 0, lineItems: roster?.lineItems ?? 0 };
    return c.json({ digest, ...counts, history }, 200);
  });

  app.openapi(putCatalog, async (c) => {
    const read = await readCatalog(c);
    if (!read.ok) return read.reason;
    const published = await publishCatalog(c.env, read.value, Date.now);
    return published.ok ? c.json(applied(read.value), 200) : publishProblem(published.reason);
  });

  app.openapi(validateCatalog, async (c) => {
    const read = await readCatalog(c);
    return read.ok ? c.json(applied(read.value), 200) : read.reason;
  });
}

/** The catalog in a request, or the response that refuses it. */
async function readCatalog(c: Context<Origin>): Promise<Result<Publication, Response>> {
  const read = mediaTypeOf(c.req.raw) === SNAPSHOT_MEDIA_TYPE ? await readSent(c) : await readWritten(c);
  if (!read.ok) return read;
  const bytes = read.value;
  const checked = await inTurns(checkSnapshot(bytes));
  if (!checked.ok) return refused(catalogProblem(checked.reason));
  return ok({ catalog: checked.value, bytes, digest: await sha256Hex(bytes) });
}

/** A snapshot as the command line sends it. */
async function readSent(c: Context<Origin>): Promise<Result<Uint8Array, Response>> {
  const body = await readBody(c.req.raw, SNAPSHOT_MEDIA_TYPE, BYTES_MAX);
  return body.ok ? body : refused(problem(body.reason, bodyDetail(body.reason, SNAPSHOT_MEDIA_TYPE, BYTES_MAX)));
}

/** The snapshot of a catalog that somebody wrote as one JSON document. */
async function readWritten(c: Context<Origin>): Promise<Result<Uint8Array, Response>> {
  const json = await readJson(c.req.raw, BYTES_MAX);
  if (!json.ok) return refused(problem(json.reason, bodyDetail(json.reason, "application/json", BYTES_MAX)));
  const parsed = parseCatalog([{ file: "catalog", json: json.value }]);
  return parsed.ok ? ok(encodeSnapshot(parsed.value)) : refused(catalogProblem(parsed.reason));
}

function catalogProblem(found: readonly CatalogProblem[]): Response {
  const problems = found.slice(0, CATALOG_LIMITS.problemsShownMax);
  const detail = `The catalog has ${found.length} problems.`;
  return problem("catalog_invalid", detail, { problems, problemCount: found.length });
}

function applied({ catalog, digest }: Publication) {
  return { digest, campaigns: catalog.campaigns.size, lineItems: catalog.lineItems.length };
}

function publishProblem(refusal: PublishRefusal): Response {
  const again = { "retry-after": "1" };
  if (refusal.code === "publish_in_progress") {
    return problem(refusal.code, "Another publish is under way; send this one again in a moment.", {}, again);
  }
  const { campaigns, published } = refusal;
  const detail = published
    ? `The catalog is current, but ${campaigns.length} removed campaigns are not archived yet. Publish again.`
    : `${campaigns.length} ledgers did not take their terms, so the catalog was not published. Publish again.`;
  return problem(refusal.code, detail, { campaigns, published }, again);
}
