/**
 * For load balancers and scripts: whether the Worker runs, and whether what it stands on answers.
 */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { digestSchema, jsonAnswer, problemAnswers } from "./api_schemas.ts";
import type { OriginEnv } from "./env.ts";
import { logFailure } from "../platform/log.ts";
import { problem } from "../platform/problem_response.ts";

const getHealth = createRoute({
  method: "get",
  path: "/healthz",
  operationId: "healthz",
  tags: ["health"],
  summary: "The Worker runs",
  responses: { 200: jsonAnswer("It does", z.object({ status: z.literal("ok") })) },
});

const getReady = createRoute({
  method: "get",
  path: "/readyz",
  operationId: "readyz",
  tags: ["health"],
  summary: "Registry and store answer",
  responses: {
    200: jsonAnswer(
      "They do; what is current beside it",
      z.object({
        status: z.literal("ready"),
        catalogDigest: digestSchema.nullable(),
        modelSetDigest: digestSchema.nullable(),
      }),
    ),
    ...problemAnswers("not_ready"),
  },
});

/** Adds health and readiness. */
export function addHealthRoutes(app: OpenAPIHono<{ Bindings: OriginEnv }>): void {
  app.openapi(getHealth, (c) => c.json({ status: "ok" as const }, 200, { "cache-control": "no-store" }));

  app.openapi(getReady, async (c) => {
    try {
      const [catalog, models] = await Promise.all([
        c.env.REGISTRY.getByName("catalog").current(),
        c.env.MODEL_REGISTRY.getByName("models").order(),
        c.env.ARTIFACTS.head("readiness"),
      ]);
      const current = { catalogDigest: catalog.digest, modelSetDigest: models.live };
      return c.json({ status: "ready" as const, ...current }, 200, { "cache-control": "no-store" });
    } catch (failure) {
      logFailure("origin", "not_ready", failure);
      return problem("not_ready", "The registry or the artifact store does not answer.");
    }
  });
}
