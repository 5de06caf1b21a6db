/**
 * Who may call the admin API: the bearer of ADMIN_TOKEN. Both sides are hashed and the hashes compared in constant
 * time, so neither the length nor a common beginning of the secret shows in how long a refusal takes.
 */
import type { MiddlewareHandler } from "hono";
import { toUtf8 } from "../../src/kernel/bytes.ts";
import type { OriginEnv } from "./env.ts";
import { problem } from "../platform/problem_response.ts";

const CHALLENGE = { "www-authenticate": 'Bearer realm="midroll admin"' };
/** A longer credential is no token of ours; it is refused before it is hashed. */
const CREDENTIAL_CHARS_MAX = 1024;

/** Refuses every request without the token. While no token is configured, nobody is let in. */
export const adminGate: MiddlewareHandler<{ Bindings: OriginEnv }> = async (c, next) => {
  const token = c.env.ADMIN_TOKEN;
  if (token === undefined || token === "") {
    return problem("unauthorized", "No admin token is configured on this deployment.", {}, CHALLENGE);
  }
  const credential = bearerOf(c.req.header("authorization"));
  if (credential === null || !(await sameSecret(credential, token))) {
    return problem("unauthorized", "Send the admin token as Authorization: Bearer.", {}, CHALLENGE);
  }
  await next();
  c.res.headers.set("cache-control", "no-store");
  return undefined;
};

function bearerOf(header: string | undefined): string | null {
  if (header === undefined || header.length > CREDENTIAL_CHARS_MAX) return null;
  return /^Bearer +([^\s]+) *$/i.exec(header)?.[1] ?? null;
}

async function sameSecret(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([
    crypto.subtle.digest("SHA-256", toUtf8(a)),
    crypto.subtle.digest("SHA-256", toUtf8(b)),
  ]);
  return crypto.subtle.timingSafeEqual(left, right);
}
