/**
 * The edge Worker: players ask for breaks and report what they showed. Every request goes through one middleware that
 * reads the clock once, brings what origin has published up to date, and arms the once-a-second report.
 */
import { Hono, type Context } from "hono";
import { cors } from "hono/cors";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { problem } from "../platform/problem_response.ts";
import { beaconDoor } from "./money/beacons.ts";
import { assetListDoor, decideDoor, emptyBreak, vastDoor } from "./doors.ts";
import { isolateFor, type Door, type EdgeContext } from "./isolate.ts";

const EXPOSED_HEADERS = ["midroll-decision", "midroll-frequency", "midroll-problem", "midroll-verdict"];

const app = new Hono<EdgeContext>();

app.use(
  "/v1/*",
  cors({ origin: "*", allowMethods: ["GET", "POST"], allowHeaders: ["content-type"], exposeHeaders: EXPOSED_HEADERS }),
);
app.use(async (c, next) => {
  const isolate = isolateFor(c.env, c.req.raw.cf);
  const waitUntil = (work: Promise<unknown>): void => c.executionCtx.waitUntil(work);
  const door: Door = { isolate, env: c.env, nowMs: Date.now(), waitUntil };
  c.set("door", door);
  if (c.req.url.length > FULL_LIMITS.urlCharsMax) {
    const detail = `A URL may have ${FULL_LIMITS.urlCharsMax} characters.`;
    return emptyBreak(c.req.path, "url_too_long") ?? problem("url_too_long", detail);
  }
  if (c.req.path === "/healthz") return next();
  isolate.recorder.arm(c.env, waitUntil, door.nowMs);
  const refreshed = isolate.publication.refresh(c.env, waitUntil, door.nowMs);
  // What a player reports needs no catalog, so it does not wait for one.
  if (c.req.path.startsWith("/v1/beacon/")) waitUntil(refreshed);
  else await refreshed;
  return next();
});

/** Ready when a break can be decided by the models: catalog and model set are loaded. */
function readiness(c: Context<EdgeContext>): Response {
  const { isolate, nowMs } = c.get("door");
  const { publication, models, purse } = isolate;
  const state = {
    catalogDigest: publication.catalog?.digest ?? null,
    modelSetDigest: models.live?.digest ?? null,
    readyModelSets: models.ready,
    modelMemoryBytes: models.memoryBytes,
    decisionsInFlight: models.inFlightAt(nowMs),
    fundedCampaigns: purse.view(nowMs).size,
  };
  if (state.catalogDigest !== null && state.modelSetDigest !== null) return Response.json({ ready: true, ...state });
  const missing = state.catalogDigest === null ? "catalog" : "model set";
  return problem("not_ready", `No ${missing} is loaded yet.`, state);
}

app.get("/v1/vast", vastDoor);
app.get("/v1/asset-list", assetListDoor);
app.post("/v1/decide", decideDoor);
app.on(["GET", "POST"], "/v1/beacon/:event", beaconDoor);
app.get("/healthz", (c) => c.json({ ok: true }));
app.get("/readyz", readiness);
app.notFound((c) => {
  const allowed = methodsAt(c.req.path).join(", ");
  return allowed === ""
    ? problem("not_found", "The edge answers /v1/vast, /v1/asset-list, /v1/decide and /v1/beacon/:event.")
    : problem("method_not_allowed", `${c.req.method} is not answered here.`, {}, { allow: allowed });
});
app.onError((error, c) => {
  c.get("door")?.isolate.recorder.fault("internal");
  console.error(`a request failed: ${String(error)}`);
  return emptyBreak(c.req.path, "internal") ?? problem("internal", "The request could not be answered.");
});

/** Methods of the routes that a path fits, for RFC 9110's `Allow`. Middleware is no route. */
function methodsAt(path: string): string[] {
  const words = path.split("/");
  const fits = (pattern: readonly string[]): boolean =>
    pattern.length === words.length &&
    pattern.every((part, at) => (part.startsWith(":") ? words[at] !== "" : part === words[at]));
  const routes = app.routes.filter(({ method, path }) => method !== "ALL" && fits(path.split("/")));
  return [...new Set(routes.map(({ method }) => method))].sort();
}

export default app;
