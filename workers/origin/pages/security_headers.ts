/**
 * Headers on everything this Worker answers. Pages may run our own scripts and talk to this Worker and the edge,
 * nothing else; everything that is not a page may do nothing at all when a browser is led to show it.
 */
import type { MiddlewareHandler } from "hono";
import type { OriginEnv } from "../env.ts";

type UrlVariables = Pick<OriginEnv, "PUBLIC_EDGE_URL" | "PUBLIC_ORIGIN_URL" | "MEDIA_BASE_URL">;

const NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'";

/** Adds the headers after the route has answered. */
export const securityHeaders: MiddlewareHandler<{ Bindings: OriginEnv }> = async (c, next) => {
  await next();
  const headers = c.res.headers;
  const isPage = (headers.get("content-type") ?? "").startsWith("text/html");
  headers.set("content-security-policy", isPage ? pagePolicy(c.env) : NOTHING_ALLOWED);
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  headers.set("x-frame-options", "DENY");
  headers.set("permissions-policy", "camera=(), geolocation=(), microphone=()");
};

/** What a page may load: scripts from here only, no inline script; the edge, media and this Worker by fetch. */
export function pagePolicy(env: UrlVariables): string {
  const hosts = [env.PUBLIC_EDGE_URL, env.PUBLIC_ORIGIN_URL, env.MEDIA_BASE_URL].map(originOf);
  const others = [...new Set(hosts)].filter((host) => host !== null).join(" ");
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    `img-src 'self' data: ${others}`,
    "font-src 'self'",
    `connect-src 'self' ${others}`,
    `media-src 'self' blob: ${others}`,
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ]
    .map((directive) => directive.trim())
    .join("; ");
}

function originOf(variable: string | undefined): string | null {
  if (variable === undefined || !URL.canParse(variable)) return null;
  return new URL(variable).origin;
}
