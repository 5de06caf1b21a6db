/**
 * Published models asked in the Open Inference Protocol v2, with Triton's model repository extension, so that existing
 * clients and their tests can talk to a model that serves here. Bodies are JSON whatever their content type says: curl
 * and many clients send none.
 * Source: Open Inference Protocol v2 (KServe), HTTP/REST; Triton Inference Server, model repository extension.
 */
import { z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { version as serverVersion } from "../../../package.json";
import { writeInferAnswer } from "../../../src/inference/answer.ts";
import { parseExactJson } from "../../../src/inference/exact_json.ts";
import { INFERENCE_LIMITS } from "../../../src/inference/limits.ts";
import { readInferRequest } from "../../../src/inference/request.ts";
import { mediaTypeOf, readBody } from "../../platform/body.ts";
import { ADMIN_ONLY, jsonAnswer, problemAnswers } from "../api_schemas.ts";
import type { OriginEnv } from "../env.ts";
import {
  inferenceAnswerSchema,
  inferenceError,
  inferenceErrorSchema,
  inferenceRefusal,
  modelMetadataSchema,
  repositoryIndexSchema,
  serverMetadataSchema,
} from "./inference_answers.ts";
import type { InferenceRpc } from "./inference_messages.ts";
import { reach } from "../unreachable.ts";

type Origin = { Bindings: OriginEnv };

/** The protocol's word for an ONNX model. */
const PLATFORM = "onnx_onnxv1";
/** How old the list of models may be that a question is answered from. Units: milliseconds. */
const LISTED_FOR_MS = 1_000;
const indexRequestSchema = z.object({ ready: z.boolean().default(false) });
const controlRequestSchema = z.object({ parameters: z.record(z.string(), z.unknown()).default({}) });
/** Of unload: a model here has no dependents, so either answer is what happens anyway. */
const PARAMETERS_KNOWN = ["unload_dependents"];

/** Adds the protocol's routes and the operator's look at what they do. */
export function addInferenceRoutes(app: OpenAPIHono<Origin>): void {
  addServerRoutes(app);
  for (const base of ["/v2/models/{name}", "/v2/models/{name}/versions/{version}"]) addAskingRoutes(app, base);
  addRepositoryRoutes(app);
  addFigures(app);
}

function addServerRoutes(app: OpenAPIHono<Origin>): void {
  describe(app, "get", "/v2", "Name, version and extensions of the server", serverMetadataSchema);
  app.get("/v2", (c) => c.json({ name: "midroll", version: serverVersion, extensions: ["model_repository"] }));
  describe(app, "get", "/v2/health/live", "The server runs", z.object({ live: z.boolean() }));
  app.get("/v2/health/live", (c) => c.json({ live: true }));
  describe(app, "get", "/v2/health/ready", "Every model of the live set answers", z.object({ ready: z.boolean() }));
  app.get("/v2/health/ready", async (c) => {
    // Anybody may ask this: it must not make the registry and the store work each time.
    const listed = await inference(c.env, (object) => object.index(LISTED_FOR_MS));
    const lost = listed.filter(({ live, unavailable }) => live && unavailable !== null);
    if (lost.length === 0) return c.json({ ready: true });
    return inferenceError(503, `Not answering: ${lost.map(({ name }) => name).join(", ")}.`);
  });
}

/** `base`: with or without a version. Without one, the version that serves now is meant, else the newest. */
function addAskingRoutes(app: OpenAPIHono<Origin>, base: string): void {
  const path = base.replaceAll(/\{(\w+)\}/g, ":$1");
  describe(app, "get", base, "What a model takes and gives", modelMetadataSchema);
  app.get(path, async (c) => {
    const model = await find(c);
    if (!model.ok) return inferenceRefusal(model.reason);
    const { version, versions, signature } = model.value;
    const { digest, live, head, sets } = version;
    const parameters = { version: version.version, digest, live, head, model_sets: sets };
    return c.json({ name: c.req.param("name"), versions, platform: PLATFORM, ...signature, parameters });
  });

  describe(app, "get", `${base}/ready`, "The model answers", z.object({ name: z.string(), ready: z.boolean() }));
  app.get(`${path}/ready`, async (c) => {
    const model = await find(c);
    return model.ok ? c.json({ name: c.req.param("name"), ready: true }) : inferenceRefusal(model.reason);
  });

  describe(app, "post", `${base}/infer`, "Ask a model", inferenceAnswerSchema);
  app.post(`${path}/infer`, async (c) => {
    const json = await readJsonOfAnyType(c.req.raw);
    if (json instanceof Response) return json;
    const model = await find(c, LISTED_FOR_MS);
    if (!model.ok) return inferenceRefusal(model.reason);
    const request = readInferRequest(json.value, model.value.signature);
    if (!request.ok) return inferenceRefusal(request.reason);
    const name = c.req.param("name") ?? "";
    const { version } = model.value;
    const { id, ...asked } = request.value;
    const ran = await inference(c.env, (object) => object.infer({ name, digest: version.digest, ...asked }));
    if (!ran.ok) return inferenceRefusal(ran.reason);
    const answer = writeInferAnswer({ modelName: name, modelVersion: version.version, id, outputs: ran.value });
    if (!answer.ok) return inferenceRefusal(answer.reason);
    return new Response(answer.value, { headers: { "content-type": "application/json" } });
  });
}

function addRepositoryRoutes(app: OpenAPIHono<Origin>): void {
  describe(app, "post", "/v2/repository/index", "All versions of all models", repositoryIndexSchema);
  app.post("/v2/repository/index", async (c) => {
    const asked = await readOptions(c.req.raw, indexRequestSchema);
    if (asked instanceof Response) return asked;
    const listed = await inference(c.env, (object) => object.index(0));
    const models = listed.map(({ name, version, unavailable }) => {
      const state = unavailable === null ? ("READY" as const) : ("UNAVAILABLE" as const);
      return { name, version, state, reason: unavailable ?? "" };
    });
    return c.json(asked.ready ? models.filter(({ state }) => state === "READY") : models);
  });
  for (const verb of ["load", "unload"] as const) {
    const words = verb === "load" ? "Load a model, or load it anew" : "Free a model; it answers no more until loaded";
    describe(app, "post", `/v2/repository/models/{name}/${verb}`, words, z.object({}));
    app.post(`/v2/repository/models/:name/${verb}`, async (c) => {
      const asked = await readOptions(c.req.raw, controlRequestSchema);
      if (asked instanceof Response) return asked;
      const unknown = Object.keys(asked.parameters).find((name) => !PARAMETERS_KNOWN.includes(name));
      if (unknown !== undefined) return inferenceError(400, `The parameter ${unknown} is not offered.`);
      const done = await inference(c.env, (object) => object[verb](c.req.param("name")));
      return done.ok ? c.json({}) : inferenceRefusal(done.reason);
    });
  }
}

function addFigures(app: OpenAPIHono<Origin>): void {
  const count = z.int().nonnegative();
  const figures = z.object({
    sinceMs: z.int(),
    requests: count,
    rows: count,
    batches: count,
    batchRowsMost: count,
    queuedRows: count,
    refused: z.record(z.string(), count),
    loads: count,
    evictions: count,
    loaded: count,
    loadedBytes: count,
  });
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/v1/admin/inference",
    operationId: "getInference",
    tags: ["inference"],
    summary: "What inference did since its object woke up: requests, batches, refusals, loaded models",
    security: ADMIN_ONLY,
    responses: {
      200: jsonAnswer("Counts", figures.openapi("InferenceFigures")),
      ...problemAnswers("unauthorized", "storage_unavailable"),
    },
  });
  app.get("/v1/admin/inference", async (c) => c.json(await inference(c.env, (object) => object.figures())));
}

/** The model that a path names. */
function find(c: Context<Origin>, ageMsMax = 0) {
  const [name, version] = [c.req.param("name") ?? "", c.req.param("version") ?? null];
  return inference(c.env, (object) => object.find(name, version, ageMsMax));
}

/** One call of the Inference object. Throws `Unreachable`. */
function inference<T>(env: OriginEnv, call: (object: InferenceRpc) => Promise<T>): Promise<T> {
  return reach("storage_unavailable", "Inference did not answer.", () => call(env.INFERENCE.getByName("models")));
}

/** The body's JSON value, exact; or the refusal. */
async function readJsonOfAnyType(request: Request): Promise<{ readonly value: unknown } | Response> {
  const { bodyBytesMax } = INFERENCE_LIMITS;
  if (request.headers.has("inference-header-content-length")) {
    return inferenceError(400, "The extension binary_tensor_data is not offered: send JSON data.");
  }
  const body = await readBody(request, mediaTypeOf(request), bodyBytesMax);
  if (!body.ok) return inferenceError(413, `The body may have at most ${bodyBytesMax} bytes.`);
  const value = jsonOf(body.value);
  return value === undefined ? inferenceError(400, "The body could not be read as JSON in UTF-8.") : { value };
}

/** Undefined: not JSON in UTF-8. The platform's decoder, because these bodies are large. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseExactJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** A small request document that may be left out; or the refusal. */
async function readOptions<S extends z.ZodType>(request: Request, schema: S): Promise<z.output<S> | Response> {
  const empty = request.body === null || request.headers.get("content-length") === "0";
  const json = empty ? { value: {} } : await readJsonOfAnyType(request);
  if (json instanceof Response) return json;
  const parsed = schema.safeParse(json.value);
  return parsed.success ? parsed.data : inferenceError(400, "The body is no request of this kind.");
}

function describe(
  app: OpenAPIHono<Origin>,
  method: "get" | "post",
  path: string,
  summary: string,
  schema: z.ZodType,
): void {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  const open = path.startsWith("/v2/health/");
  const error = {
    description: "In the protocol's form",
    content: { "application/json": { schema: inferenceErrorSchema } },
  };
  app.openAPIRegistry.registerPath({
    method,
    path,
    operationId: [method, ...path.split("/").filter((part) => part !== "")].join("_").replaceAll(/[{}]/g, ""),
    tags: ["inference"],
    summary,
    ...(open ? {} : { security: ADMIN_ONLY }),
    request: {
      params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))),
      ...(method === "post"
        ? { body: { content: { "application/json": { schema: { type: "object" as const } } } } }
        : {}),
    },
    responses: { 200: jsonAnswer(summary, schema), ...Object.fromEntries(REFUSALS.map((status) => [status, error])) },
  });
}

const REFUSALS = [400, 401, 404, 413, 422, 500, 503] as const;
