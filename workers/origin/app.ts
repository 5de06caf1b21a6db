/**
 * The origin's HTTP side, put together: headers on everything, the gate before the admin API, the routes, and one place
 * where failures become problem documents. Each route file adds its routes and describes them for the OpenAPI document.
 */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { adminGate } from "./admin_gate.ts";
import { jsonAnswer, problemAnswers } from "./api_schemas.ts";
import { addCampaignRoutes } from "./money/campaign_routes.ts";
import { addCatalogRoutes } from "./catalog/catalog_routes.ts";
import { describeEdge } from "./edge_description.ts";
import type { OriginEnv } from "./env.ts";
import { inferenceError, inferenceGate, isInferencePath } from "./inference/inference_answers.ts";
import { addInferenceRoutes } from "./inference/inference_routes.ts";
import { addHealthRoutes } from "./health_routes.ts";
import { addLiveRoutes } from "./activity/live_routes.ts";
import { logFailure } from "../platform/log.ts";
import { addModelRoutes } from "./models/model_routes.ts";
import { addPageRoutes } from "./pages/page_routes.ts";
import { methodsAt } from "../platform/methods.ts";
import { problem } from "../platform/problem_response.ts";
import { Unreachable } from "./unreachable.ts";
import { addRolloutRoutes } from "./models/rollout_routes.ts";
import { addProgramRoute } from "./pages/program_route.ts";
import { securityHeaders } from "./pages/security_headers.ts";
import { OPEN_TO_ALL } from "./pages/static_files.ts";
import { addTraceRoutes } from "./traces/trace_routes.ts";

type Origin = { Bindings: OriginEnv };

const getDocument = createRoute({
  method: "get",
  path: "/openapi.json",
  operationId: "openApiDocument",
  tags: ["pages"],
  summary: "This document",
  responses: {
    200: jsonAnswer("OpenAPI 3.1", z.looseObject({})),
    ...problemAnswers("internal"),
  },
});

/** The application with all its routes. */
export function originApp(): OpenAPIHono<Origin> {
  const app = new OpenAPIHono<Origin>({
    defaultHook: (result) => {
      if (result.success) return undefined;
      const issue = result.error.issues[0];
      const field = issue?.path.join(".") ?? "";
      // Only the field and the rule: the value itself is the caller's and stays out of answers.
      return problem("bad_field", `${field}: ${issue?.message ?? "not allowed"}`);
    },
  });
  app.use("*", securityHeaders);
  app.use("/v1/admin/*", adminGate);
  app.use("/v2/*", inferenceGate);
  addHealthRoutes(app);
  addCatalogRoutes(app);
  addCampaignRoutes(app);
  addModelRoutes(app);
  addInferenceRoutes(app);
  addRolloutRoutes(app);
  addLiveRoutes(app);
  describeEdge(app);
  addTraceRoutes(app);
  addDocument(app);
  addProgramRoute(app);
  addPageRoutes(app);
  app.notFound((c) => {
    const allowed = methodsAt(app.routes, c.req.path);
    if (isInferencePath(c.req.path)) return noSuchInference(allowed);
    if (allowed.length === 0) return problem("not_found", "There is no such route.");
    return problem("method_not_allowed", `Allowed here: ${allowed.join(", ")}.`, {}, { allow: allowed.join(", ") });
  });
  app.onError((failure, c) => {
    if (failure instanceof Unreachable) {
      logFailure("origin", failure.code, failure.cause);
      if (isInferencePath(c.req.path)) return inferenceError(503, failure.message, { "retry-after": "1" });
      return problem(failure.code, failure.message, {}, { "retry-after": "1" });
    }
    logFailure("origin", "internal", failure);
    if (isInferencePath(c.req.path)) return inferenceError(500, "The request failed for a reason of our own.");
    return problem("internal", "The request failed for a reason of our own. Nothing about it is in your request.");
  });
  return app;
}

function noSuchInference(allowed: readonly string[]): Response {
  if (allowed.length === 0) return inferenceError(404, "There is no such route.");
  return inferenceError(405, `Allowed here: ${allowed.join(", ")}.`, { allow: allowed.join(", ") });
}

function addDocument(app: OpenAPIHono<Origin>): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "adminToken", {
    type: "http",
    scheme: "bearer",
    description: "The ADMIN_TOKEN of this deployment.",
  });
  app.openapi(getDocument, (c) => {
    const document = app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: {
        title: "Midroll origin",
        version: "0.1.0",
        description: "Publishes catalogs and models, tells where budgets are, and serves the pages.",
        license: { name: "Apache-2.0" },
      },
      servers: [{ url: "/" }],
    });
    return c.json(document, 200, { ...OPEN_TO_ALL, "cache-control": "no-cache" });
  });
}
