/**
 * What the inference routes say: the protocol's JSON, and its refusals, one sentence under `error`. The protocol has a
 * form of its own for these, so problem documents stay outside of it.
 */
import { z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { REFUSAL_STATUS, type InferRefusal } from "../../../src/inference/refusal.ts";
import { STANDINGS } from "../../../src/models/rollout/rollout.ts";
import { CHALLENGE, refusalOf } from "../admin_gate.ts";
import type { OriginEnv } from "../env.ts";

const tensorSpec = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) });
const tensor = tensorSpec.extend({ data: z.array(z.unknown()) });

/** Shapes of the protocol's answers. Source: Open Inference Protocol v2; Triton's model repository extension. */
export const serverMetadataSchema = z
  .object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) })
  .openapi("InferenceServer");
export const modelMetadataSchema = z
  .object({
    name: z.string(),
    versions: z.array(z.string()).openapi({ description: "The newest first." }),
    platform: z.string(),
    inputs: z.array(tensorSpec),
    outputs: z.array(tensorSpec),
    parameters: z.object({
      version: z.string(),
      digest: z.string(),
      live: z.boolean(),
      head: z.string().nullable(),
      model_sets: z.array(z.object({ digest: z.string(), standing: z.enum(STANDINGS) })),
    }),
  })
  .openapi("InferenceModel");
export const inferenceAnswerSchema = z
  .object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(tensor),
  })
  .openapi("InferenceAnswer");
export const repositoryIndexSchema = z
  .array(
    z.object({ name: z.string(), version: z.string(), state: z.enum(["READY", "UNAVAILABLE"]), reason: z.string() }),
  )
  .openapi("InferenceRepository");
export const inferenceErrorSchema = z.object({ error: z.string() }).openapi("InferenceError");

/** Whether a path belongs to the protocol. */
export function isInferencePath(path: string): boolean {
  return path === "/v2" || path.startsWith("/v2/");
}

/** A refusal in the protocol's form. */
export function inferenceError(
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ error }, { status, headers: { "cache-control": "no-store", ...headers } });
}

/** A refusal of the core in the protocol's form. */
export function inferenceRefusal({ code, detail }: InferRefusal): Response {
  return inferenceError(REFUSAL_STATUS[code], detail, code === "queue_full" ? { "retry-after": "1" } : {});
}

/**
 * Lets only the operator in, except to health: models are the operator's, and asking them costs CPU. Load balancers
 * have no token.
 */
export const inferenceGate: MiddlewareHandler<{ Bindings: OriginEnv }> = async (c, next) => {
  const open = c.req.path.startsWith("/v2/health/");
  const words = open ? null : await refusalOf(c.env.ADMIN_TOKEN, c.req.header("authorization"));
  if (words !== null) return inferenceError(401, words, CHALLENGE);
  await next();
  c.res.headers.set("cache-control", "no-store");
  return undefined;
};
