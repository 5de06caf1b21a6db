/**
 * Models over HTTP: the bytes of models, and signed sets of them. A set is registered only when a trusted key signed
 * it, every model it names is stored with the size it states, and the gate has passed them all, so no label can move to
 * a set that an edge could not load.
 */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { canonicalJson, toUtf8 } from "../../../src/kernel/bytes.ts";
import { CATALOG_LIMITS, FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { unreported, type GateReport } from "../../../src/models/gate_report.ts";
import { MODEL_LIMITS } from "../../../src/models/limits.ts";
import { ADMIN_ONLY, digestSchema, jsonAnswer, jsonSchemaOf, problemAnswers } from "../api_schemas.ts";
import { getArtifact, putArtifact } from "../artifacts.ts";
import { bodyDetail, readBody } from "../../platform/body.ts";
import { sha256Hex } from "../../platform/digest.ts";
import { readCommand } from "../command_body.ts";
import type { OriginEnv } from "../env.ts";
import {
  missingModelsSchema,
  modelStateSchema,
  movedSchema,
  publicationSchema,
  storedModelSchema,
  wantedModelsSchema,
} from "./model_schemas.ts";
import { ENVELOPE_WORDS, keyIdsOf, missingModels, storedSet, verifiedSet } from "./model_sets.ts";
import { problem } from "../../platform/problem_response.ts";
import { moveProblem } from "./rollout_routes.ts";
import { reach } from "../unreachable.ts";

type Origin = { Bindings: OriginEnv };

const MODEL_MEDIA_TYPE = "application/octet-stream";
const params = z.object({ digest: digestSchema });
const bodyProblems = ["unsupported_media_type", "body_too_large"] as const;
const binary = { [MODEL_MEDIA_TYPE]: { schema: z.string().openapi({ format: "binary" }) } };
const noAnswer = "The model registry did not answer.";

const getModels = createRoute({
  method: "get",
  path: "/v1/admin/models",
  operationId: "getModels",
  tags: ["models"],
  summary: "Where every model set stands, and the live one",
  security: ADMIN_ONLY,
  responses: {
    200: jsonAnswer("The sets", modelStateSchema),
    ...problemAnswers("unauthorized", "storage_unavailable"),
  },
});

const postMissing = createRoute({
  method: "post",
  path: "/v1/admin/models/missing",
  operationId: "missingModels",
  tags: ["models"],
  summary: "Which of these models are not stored yet",
  security: ADMIN_ONLY,
  request: {
    body: { required: true, content: { "application/json": { schema: jsonSchemaOf(wantedModelsSchema) } } },
  },
  responses: {
    200: jsonAnswer("Digests that have to be uploaded", missingModelsSchema),
    ...problemAnswers("unauthorized", "bad_field", ...bodyProblems, "malformed_json", "storage_unavailable"),
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
    params,
    body: { required: true, content: { [MODEL_MEDIA_TYPE]: { schema: { type: "string", format: "binary" } } } },
  },
  responses: {
    200: jsonAnswer("The bytes are stored", storedModelSchema),
    ...problemAnswers("unauthorized", "bad_field", ...bodyProblems, "digest_mismatch", "storage_unavailable"),
  },
});

const getModel = createRoute({
  method: "get",
  path: "/v1/admin/models/{digest}",
  operationId: "getModel",
  tags: ["models"],
  summary: "One model's ONNX bytes",
  security: ADMIN_ONLY,
  request: { params },
  responses: {
    200: { description: "The bytes", content: binary },
    ...problemAnswers("unauthorized", "bad_field", "not_found", "storage_unavailable"),
  },
});

const getModelSet = createRoute({
  method: "get",
  path: "/v1/admin/model-sets/{digest}",
  operationId: "getModelSet",
  tags: ["models"],
  summary: "A set's signed envelope, byte for byte as edges get it",
  security: ADMIN_ONLY,
  request: { params },
  responses: {
    200: jsonAnswer("A DSSE envelope", z.looseObject({})),
    ...problemAnswers("unauthorized", "bad_field", "set_unknown", "storage_unavailable"),
  },
});

const putModelSet = createRoute({
  method: "put",
  path: "/v1/admin/model-sets/{digest}",
  operationId: "publishModelSet",
  tags: ["models"],
  summary: "Publish a signed model set",
  description:
    "It becomes a candidate; moves of the rollout take it further. Publishing it again renews its signature and the " +
    "report of the gate, and leaves it where it stands.",
  security: ADMIN_ONLY,
  request: {
    params,
    body: { required: true, content: { "application/json": { schema: jsonSchemaOf(publicationSchema) } } },
  },
  responses: {
    200: jsonAnswer("The set is known", movedSchema),
    ...problemAnswers(
      "unauthorized",
      "bad_field",
      ...bodyProblems,
      "malformed_json",
      "envelope_malformed",
      "envelope_of_another_type",
      "unsigned",
      "set_altered",
      "key_unknown",
      "signature_false",
      "model_set_invalid",
      "gate_report_incomplete",
      "artifact_missing",
      "storage_unavailable",
    ),
  },
});

/** Adds the models' routes. */
export function addModelRoutes(app: OpenAPIHono<Origin>): void {
  app.openapi(getModels, async (c) => {
    const registry = c.env.MODEL_REGISTRY.getByName("models");
    const view = await reach("storage_unavailable", noAnswer, () => registry.view(Date.now()));
    const digest = view.order.live;
    return c.json({ digest, modelSet: digest === null ? null : await storedSet(c.env, digest), ...view }, 200);
  });

  app.openapi(postMissing, async (c) => {
    const wanted = await readCommand(c, wantedModelsSchema, FULL_LIMITS.bodyBytesMax);
    return wanted.ok ? c.json({ missing: await missingModels(c.env, wanted.value.models) }, 200) : wanted.reason;
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

  app.openapi(getModel, async (c) => {
    const bytes = await getArtifact(c.env.ARTIFACTS, "model", c.req.valid("param").digest);
    if (bytes === null) return problem("not_found", "No model of that digest is stored.");
    return new Response(bytes, { headers: { "content-type": MODEL_MEDIA_TYPE } });
  });

  app.openapi(getModelSet, async (c) => {
    const bytes = await getArtifact(c.env.ARTIFACTS, "modelSet", c.req.valid("param").digest);
    if (bytes === null) return problem("set_unknown", "No model set of that digest is stored.");
    return new Response(bytes, { headers: { "content-type": "application/json" } });
  });

  app.openapi(putModelSet, async (c) => {
    const { digest } = c.req.valid("param");
    const sent = await readCommand(c, publicationSchema, MODEL_LIMITS.envelopeBytesMax);
    if (!sent.ok) return sent.reason;
    const { gate, by, why } = sent.value;
    const envelope = toUtf8(canonicalJson(sent.value.envelope));
    const fault = await publicationFault(c.env, digest, envelope, gate);
    if (fault !== null) return fault;
    await putArtifact(c.env.ARTIFACTS, "modelSet", digest, envelope);
    const papers = { keyIds: keyIdsOf(envelope), gate };
    const words = { by, why, atMs: Date.now() };
    const answer = await reach("storage_unavailable", noAnswer, () =>
      c.env.MODEL_REGISTRY.getByName("models").register(digest, papers, words),
    );
    return answer.ok ? c.json({ digest, ...answer.value }, 200) : moveProblem(answer.reason, []);
  });
}

/** The response that refuses to register a set; null: it may be. */
async function publicationFault(
  env: OriginEnv,
  digest: string,
  envelope: Uint8Array,
  gate: GateReport,
): Promise<Response | null> {
  const verified = await verifiedSet(env, envelope, digest);
  if (!verified.ok) {
    const { reason } = verified;
    if (typeof reason === "string") return problem(reason, ENVELOPE_WORDS[reason]);
    const problems = reason.problems.slice(0, CATALOG_LIMITS.problemsShownMax);
    const detail = `The model set cannot serve: ${reason.detail}.`;
    return problem("model_set_invalid", detail, problems.length > 0 ? { problems } : {});
  }
  const unchecked = unreported(verified.value, gate);
  if (unchecked.length > 0) {
    return problem("gate_report_incomplete", `The report of the gate says nothing of ${unchecked.join(", ")}.`);
  }
  const missing = await missingModels(env, verified.value.models);
  if (missing.length === 0) return null;
  const detail = `${missing.length} models are not stored with the size the set states. Upload them first.`;
  return problem("artifact_missing", detail, { digests: missing });
}
