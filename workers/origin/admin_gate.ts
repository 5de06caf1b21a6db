/**
 * Who may call the admin API: the bearer of ADMIN_TOKEN. Both sides are hashed and the hashes compared in constant
 * time, so neither the length nor a common beginning of the secret shows in how long a refusal takes.
 */
import type { MiddlewareHandler } from "hono";
import { toUtf8 } from "../../src/kernel/bytes.ts";
import type { OriginEnv } from "./env.ts";
import { problem } from "../platform/problem_response.ts";

/** What a refusal says of how to be let in. */
export const CHALLENGE = { "www-authenticate": 'Bearer realm="midroll admin"' };
/** A longer credential is no token of ours; it is refused before it is hashed. */
const CREDENTIAL_CHARS_MAX = 1024;

/** Refuses every request without the token. While no token is configured, nobody is let in. */
export const adminGate: MiddlewareHandler<{ Bindings: OriginEnv }> = async (c, next) => {
  const words = await refusalOf(c.env.ADMIN_TOKEN, c.req.header("authorization"));
  if (words !== null) return problem("unauthorized", words, {}, CHALLENGE);
  await next();
  c.res.headers.set("cache-control", "no-store");
  return undefined;
};

/** Why a request with this Authorization header is not let in; null: it is. */
export async function refusalOf(token: string | undefined, header: string | undefined): Promise<string | null> {
  if (token === undefined || token === "") return "No admin token is configured on this deployment.";
  const credential = bearerOf(header);
  if (credential !== null && (await sameSecret(credential, token))) return null;
  return "Send the admin token as Authorization: Bearer.";
}

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
