/**
 * Both Workers behind one address while developing. `wrangler dev` gives only the first Worker of a session a port; two
 * sessions would each get one, but then Durable Objects lose their names on calls between them, and a wallet without
 * its name bills nothing. Nothing here is deployed.
 */

interface Env {
  /** The edge's default entrypoint. */
  readonly EDGE: Fetcher;
  /** Origin's default entrypoint. */
  readonly ORIGIN_SITE: Fetcher;
}

/** Both Workers answer these two; the plain path is the edge's, whose readiness says whether a break can be decided. */
const HEALTH = new Set(["/healthz", "/readyz"]);

/**
 * Whose request this is. `/edge/…` and `/origin/…` name the Worker, which then sees the rest of the path; without such
 * a name everything under `/v1/` but the admin API belongs to the edge, and what is left to origin.
 */
function route(pathname: string): { readonly worker: keyof Env; readonly pathname: string } {
  if (pathname.startsWith("/edge/")) return { worker: "EDGE", pathname: pathname.slice("/edge".length) };
  if (pathname.startsWith("/origin/")) return { worker: "ORIGIN_SITE", pathname: pathname.slice("/origin".length) };
  const edge = HEALTH.has(pathname) || (pathname.startsWith("/v1/") && !pathname.startsWith("/v1/admin/"));
  return { worker: edge ? "EDGE" : "ORIGIN_SITE", pathname };
}

export default {
  fetch: (request, env) => {
    const url = new URL(request.url);
    const { worker, pathname } = route(url.pathname);
    if (pathname === url.pathname) return env[worker].fetch(request);
    url.pathname = pathname;
    return env[worker].fetch(new Request(url, request));
  },
} satisfies ExportedHandler<Env>;
