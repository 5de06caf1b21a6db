/**
 * Models over HTTP: artifacts under their digest, and the set that serves. A set is published only when every model it
 * names is stored with the size it states, so an edge never meets a set it cannot load.
 */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { canonicalJson, fromUtf8, toUtf8 } from "../../src/kernel/bytes.ts";
import { CATALOG_LIMITS, FULL_LIMITS } from "../../src/kernel/limits.ts";
import { featureSchemaDigest } from "../../src/features/schema.ts";
import { checkModelSet, modelSetSchema, type ModelSet } from "../../src/models/manifest.ts";
import {
  ADMIN_ONLY,
  digestSchema,
  HISTORY_SHOWN_MAX,
  jsonAnswer,
  modelStateSchema,
  problemAnswers,
  publishedModelSetSchema,
  storedModelSchema,
} from "./api_schemas.ts";
import { artifactSize, getArtifact, putArtifact } from "./artifacts.ts";
import { bodyDetail, readBody, readJson } from "../platform/body.ts";
import { sha256, sha256Hex } from "../platform/digest.ts";
import { mapBounded } from "./bounded.ts";
import type { OriginEnv } from "./env.ts";
import { problem } from "../platform/problem_response.ts";
import { reach } from "./unreachable.ts";

const MODEL_MEDIA_TYPE = "application/octet-stream";
const bodyProblems = ["unsupported_media_type", "body_too_large"] as const;

const getModels = createRoute({
  method: "get",
  path: "/v1/admin/models",
  operationId: "getModels",
  tags: ["models"],
  summary: "Which model set serves, and which did",
  security: ADMIN_ONLY,
  responses: {
    200: jsonAnswer("The current model set", modelStateSchema),
    ...problemAnswers("unauthorized", "storage_unavailable"),
  },
});

const putModel = createRoute({
  method: "put",
  path: "/v1/admin/models/{digest}",
  operationId: "storeModel",
  tags: ["models"],
  summary: "Store one model's ONNX bytes",
  security: ADMIN_ONLY,
  request: {
    params: z.object({ digest: digestSchema }),
    body: { required: true, content: { [MODEL_MEDIA_TYPE]: { schema: { type: "string", format: "binary" } } } },
  },
  responses: {
    200: jsonAnswer("The bytes are stored", storedModelSchema),
    ...problemAnswers("unauthorized", "bad_field", ...bodyProblems, "digest_mismatch", "storage_unavailable"),
  },
});

const putModelSet = createRoute({
  method: "put",
  path: "/v1/admin/model-set",
  operationId: "publishModelSet",
  tags: ["models"],
  summary: "Make a model set current",
  security: ADMIN_ONLY,
  request: { body: { required: true, content: { "application/json": { schema: modelSetDocumentSchema() } } } },
  responses: {
    200: jsonAnswer("The set serves", publishedModelSetSchema),
    ...problemAnswers(
      "unauthorized",
      ...bodyProblems,
      "malformed_json",
      "model_set_invalid",
      "artifact_missing",
      "storage_unavailable",
    ),
  },
});

/** Adds the models' routes. */
export function addModelRoutes(app: OpenAPIHono<{ Bindings: OriginEnv }>): void {
  app.openapi(getModels, async (c) => {
    const registry = c.env.REGISTRY.getByName("models");
    const [{ digest }, history] = await reach("storage_unavailable", "The registry did not answer.", () =>
      Promise.all([registry.current(), registry.history(HISTORY_SHOWN_MAX)]),
    );
    const bytes = digest === null ? null : await getArtifact(c.env.ARTIFACTS, "modelSet", digest);
    return c.json({ digest, modelSet: bytes === null ? null : readModelSet(bytes), history }, 200);
  });

  app.openapi(putModel, async (c) => {
    const { digest } = c.req.valid("param");
    const bytesMax = FULL_LIMITS.modelBytesMax;
    const body = await readBody(c.req.raw, MODEL_MEDIA_TYPE, bytesMax);
    if (!body.ok) return problem(body.reason, bodyDetail(body.reason, MODEL_MEDIA_TYPE, bytesMax));
    const found = await sha256Hex(body.value);
    if (found !== digest) return problem("digest_mismatch", `The bytes received have the digest ${found}.`);
    await putArtifact(c.env.ARTIFACTS, "model", digest, body.value);
    return c.json({ digest, sizeBytes: body.value.length }, 200);
  });

  app.openapi(putModelSet, async (c) => {
    const bytesMax = FULL_LIMITS.bodyBytesMax;
    const json = await readJson(c.req.raw, bytesMax);
    if (!json.ok) return problem(json.reason, bodyDetail(json.reason, "application/json", bytesMax));
    const checked = checkModelSet(json.value, await featureSchemaDigest(sha256));
    if (!checked.ok) {
      const problems = checked.reason.problems.slice(0, CATALOG_LIMITS.problemsShownMax);
      const detail = `The model set cannot serve: ${checked.reason.detail}.`;
      return problem("model_set_invalid", detail, problems.length > 0 ? { problems } : {});
    }
    const modelSet = checked.value;
    const missing = await missingModels(c.env, modelSet);
    if (missing.length > 0) {
      const detail = `${missing.length} models are not stored with the size the set states. Upload them first.`;
      return problem("artifact_missing", detail, { digests: missing });
    }
    const bytes = toUtf8(canonicalJson(modelSet));
    const digest = await sha256Hex(bytes);
    await putArtifact(c.env.ARTIFACTS, "modelSet", digest, bytes);
    const note = modelSet.models.map((model) => model.name).join(", ");
    await reach("storage_unavailable", "The registry did not answer.", () =>
      c.env.REGISTRY.getByName("models").publish(digest, note, Date.now()),
    );
    return c.json({ digest }, 200);
  });
}

/** Digests of models that are not in the store, or not with that size; each once, in the order of the set. */
async function missingModels(env: OriginEnv, modelSet: ModelSet): Promise<string[]> {
  const sizes = await mapBounded(modelSet.models, (model) => artifactSize(env.ARTIFACTS, "model", model.digest));
  const missing = modelSet.models.filter((model, index) => sizes[index] !== model.sizeBytes);
  return [...new Set(missing.map((model) => model.digest))];
}

function readModelSet(bytes: Uint8Array): ModelSet | null {
  const text = fromUtf8(bytes);
  if (text === null) return null;
  // The digest was compared on reading, so these are the bytes that putModelSet wrote; the shape may still be older.
  const parsed = modelSetSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
}

function modelSetDocumentSchema(): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(modelSetSchema, { io: "input" });
  return rest;
}
