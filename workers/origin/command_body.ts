/** Reads a command from a request's body: JSON within a bound and of the shape that a route takes. */
import type { Context } from "hono";
import type { z } from "@hono/zod-openapi";
import { ok, refused, type Result } from "../../src/kernel/result.ts";
import { bodyDetail, readJson } from "../platform/body.ts";
import { problem } from "../platform/problem_response.ts";
import type { OriginEnv } from "./env.ts";

/** The command in a request's body, or the response that refuses it. */
export async function readCommand<T>(
  c: Context<{ Bindings: OriginEnv }>,
  schema: z.ZodType<T>,
  bytesMax: number,
): Promise<Result<T, Response>> {
  const json = await readJson(c.req.raw, bytesMax);
  if (!json.ok) return refused(problem(json.reason, bodyDetail(json.reason, "application/json", bytesMax)));
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  return refused(problem("bad_field", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not allowed"}`));
}
