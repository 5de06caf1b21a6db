/**
 * What people's browsers load: the ops console, the player page, the API reader, and media for players anywhere. None
 * of it needs a token; the console asks its user for one and sends it to the admin API itself.
 */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { configSchema, jsonAnswer, problemAnswers } from "../api_schemas.ts";
import { baseUrl, type OriginEnv } from "../env.ts";
import { mediaFile, OPEN_TO_ALL, pageFile } from "./static_files.ts";

type Origin = { Bindings: OriginEnv };

const htmlAnswer = (description: string) => ({ description, content: { "text/html": { schema: z.string() } } });

const getConsole = createRoute({
  method: "get",
  path: "/",
  operationId: "consolePage",
  tags: ["pages"],
  summary: "The ops console",
  responses: { 200: htmlAnswer("The page") },
});

const getPlayer = createRoute({
  method: "get",
  path: "/player",
  operationId: "playerPage",
  tags: ["pages"],
  summary: "The demo player",
  responses: { 200: htmlAnswer("The page") },
});

const getDocs = createRoute({
  method: "get",
  path: "/docs",
  operationId: "docsPage",
  tags: ["pages"],
  summary: "This API, readable",
  responses: { 200: htmlAnswer("The page") },
});

const getDocsScript = createRoute({
  method: "get",
  path: "/docs/start.js",
  operationId: "docsScript",
  tags: ["pages"],
  summary: "What starts the API reader",
  responses: { 200: { description: "The script", content: { "text/javascript": { schema: z.string() } } } },
});

const getConfig = createRoute({
  method: "get",
  path: "/config.json",
  operationId: "getConfig",
  tags: ["pages"],
  summary: "Where both Workers are reached",
  responses: { 200: jsonAnswer("Public addresses, no secrets", configSchema) },
});

/** Folders of the assets that are served as they are, and what is in them. */
const FOLDERS = [
  { folder: "console", operationId: "consoleFile", summary: "Files of the ops console" },
  { folder: "player", operationId: "playerFile", summary: "Files of the player page" },
  { folder: "api", operationId: "docsFile", summary: "Files of the API reader" },
] as const;

/** Adds pages, their files and media. */
export function addPageRoutes(app: OpenAPIHono<Origin>): void {
  app.openapi(getConsole, (c) => pageFile(c.env, c.req.raw, "/console/index.html"));
  app.openapi(getPlayer, (c) => pageFile(c.env, c.req.raw, "/player/index.html"));
  app.openapi(getDocs, (c) => c.html(DOCS_PAGE, 200, { "cache-control": "no-cache" }));
  app.openapi(getDocsScript, (c) =>
    c.body(DOCS_SCRIPT, 200, { "content-type": "text/javascript; charset=utf-8", "cache-control": "no-cache" }),
  );
  app.openapi(getConfig, (c) => {
    const here = new URL(c.req.url).origin;
    const edgeUrl = baseUrl(c.env.PUBLIC_EDGE_URL, here);
    const originUrl = baseUrl(c.env.PUBLIC_ORIGIN_URL, here);
    return c.json({ edgeUrl, originUrl }, 200, { ...OPEN_TO_ALL, "cache-control": "no-cache" });
  });
  for (const { folder, operationId, summary } of FOLDERS) {
    describeFolder(app, folder, operationId, summary);
    app.get(`/${folder}/*`, (c) => pageFile(c.env, c.req.raw, c.req.path));
  }
  describeFolder(app, "media", "mediaFile", "Media, for players on any site; byte ranges are honoured");
  app.get("/media/*", (c) => mediaFile(c.env, c.req.raw, c.req.path));
  app.options("/media/*", () => preflight());
  app.openAPIRegistry.registerPath({
    method: "options",
    path: "/media/{path}",
    operationId: "mediaPreflight",
    tags: ["pages"],
    summary: "A browser asks whether a player may read media",
    request: { params: z.object({ path: z.string() }) },
    responses: { 204: { description: "It may" } },
  });
}

// Hono's pattern is `/folder/*`, which OpenAPI cannot spell; the document calls the rest of the path `{path}`.
function describeFolder(app: OpenAPIHono<Origin>, folder: string, operationId: string, summary: string): void {
  app.openAPIRegistry.registerPath({
    method: "get",
    path: `/${folder}/{path}`,
    operationId,
    tags: ["pages"],
    summary,
    request: { params: z.object({ path: z.string() }) },
    responses: { 200: { description: "The file" }, ...problemAnswers("not_found") },
  });
}

function preflight(): Response {
  const headers = {
    ...OPEN_TO_ALL,
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": "range",
    "access-control-max-age": "86400",
  };
  return new Response(null, { status: 204, headers });
}

const DOCS_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Midroll origin API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/api/swagger-ui.css" />
  </head>
  <body>
    <main id="reader"><p>The API document itself is at <a href="/openapi.json">/openapi.json</a>.</p></main>
    <script src="/api/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const DOCS_SCRIPT = `window.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#reader", deepLinking: true });
`;
