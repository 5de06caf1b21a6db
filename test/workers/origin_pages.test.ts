/**
 * What browsers and players load from origin: the API document that knows every route, pages that may only run our own
 * scripts, media by byte range, and the demo programme with its breaks.
 */
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { originApp } from "../../workers/origin/app.ts";
import type { OriginEnv } from "../../workers/origin/env.ts";
import { programPlaylist } from "../../workers/origin/pages/program_playlist.ts";
import { spanOf } from "../../workers/origin/pages/static_files.ts";
import { ask, originEnv } from "./origin_fixture.ts";

const SOURCE = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="program.mp4",BYTERANGE="800@0"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXTINF:4.000000,
#EXT-X-BYTERANGE:100@800
program.mp4
#EXTINF:4.000000,
#EXT-X-BYTERANGE:100@900
program.mp4
#EXT-X-ENDLIST
`;
const FILES: Readonly<Record<string, readonly [string, string]>> = {
  "/console/index.html": ["text/html; charset=utf-8", "<!doctype html><title>console</title>"],
  "/player/index.html": ["text/html; charset=utf-8", "<!doctype html><title>player</title>"],
  "/console/main.js": ["text/javascript", "start();"],
  "/media/program/index.m3u8": ["application/vnd.apple.mpegurl", SOURCE],
  "/media/program/program.mp4": ["video/mp4", "0123456789"],
};

/** Assets as the platform serves them: whole files, ETags, nothing about ranges. */
const ASSETS: Fetcher = {
  fetch: async (input: RequestInfo | URL) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    const file = FILES[pathname];
    if (file === undefined) return new Response("Not Found", { status: 404 });
    return new Response(file[1], { headers: { "content-type": file[0], etag: `"${pathname}"` } });
  },
  connect: () => {
    throw new Error("assets are not a socket");
  },
};
const bindings: OriginEnv = {
  ...originEnv,
  ASSETS,
  PUBLIC_EDGE_URL: "https://edge.test/",
  PUBLIC_ORIGIN_URL: "https://origin.test",
};
const textOf = async (answer: Response) => new TextDecoder().decode(await answer.arrayBuffer());
const load = (path: string, init: RequestInit = {}) =>
  originApp().request(`https://origin.test${path}`, init, bindings);

const documentSchema = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        operationId: z.string(),
        summary: z.string(),
        parameters: z
          .array(z.looseObject({ name: z.string(), in: z.string(), required: z.boolean().optional() }))
          .default([]),
        responses: z.record(z.string().regex(/^[1-5]\d\d$/), z.looseObject({ description: z.string().min(1) })),
        servers: z.array(z.looseObject({ url: z.string() })).optional(),
        security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
      }),
    ),
  ),
  components: z.looseObject({ securitySchemes: z.looseObject({ adminToken: z.looseObject({}) }) }),
});

const read = async () => {
  const answer = await ask("/openapi.json");
  expect(answer.status).toBe(200);
  const json: unknown = await answer.json();
  return { json, document: documentSchema.parse(json) };
};

describe("the OpenAPI document", () => {
  test("is of version 3.1, every operation has a name of its own, and every reference leads somewhere", async () => {
    const { json, document } = await read();
    expect(document.openapi).toBe("3.1.0");
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    const names = operations.map((operation) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    const references = [...JSON.stringify(json).matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(references.length).toBeGreaterThan(10);
    const lost: string[] = [];
    for (const reference of references) {
      let at: unknown = json;
      for (const step of reference.split("/")) at = z.record(z.string(), z.unknown()).parse(at)[step];
      if (at === undefined) lost.push(reference);
    }
    expect(lost).toEqual([]);
  });

  test("declares every variable of a path", async () => {
    const { document } = await read();
    for (const [path, methods] of Object.entries(document.paths)) {
      const variables = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1]);
      for (const operation of Object.values(methods)) {
        const declared = operation.parameters.filter((one) => one.in === "path" && one.required === true);
        expect({ path, declared: declared.map((one) => one.name) }).toEqual({ path, declared: variables });
      }
    }
  });

  test("knows every route of the application, the edge's door for servers, and no other", async () => {
    const { document } = await read();
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { servers }]) => ({ name: `${method.toUpperCase()} ${path}`, servers })),
    );
    const elsewhere = operations.filter(({ servers }) => servers !== undefined);
    expect(elsewhere.map(({ name }) => name)).toEqual(["POST /v1/decide"]);
    const described = operations.filter((operation) => !elsewhere.includes(operation)).map(({ name }) => name);
    const routed = originApp()
      .routes.filter((route) => route.method !== "ALL")
      .map((route) => `${route.method} ${route.path.replace(/:([^/]+)/g, "{$1}").replace("*", "{path}")}`);
    expect(described.toSorted()).toEqual([...new Set(routed)].toSorted());
  });

  test("asks for the token exactly where the admin API and inference are", async () => {
    const { document } = await read();
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        const inference = path.startsWith("/v2") && !path.startsWith("/v2/health/");
        const guarded = path.startsWith("/v1/admin/") || inference;
        expect({ path, guarded: operation.security !== undefined }).toEqual({ path, guarded });
      }
    }
  });
});

describe("health", () => {
  test("the Worker runs and what it stands on answers", async () => {
    expect(await (await ask("/healthz")).json()).toEqual({ status: "ok" });
    expect(await (await ask("/readyz")).json()).toMatchObject({ status: "ready" });
  });

  test("it is not ready while the registry is silent", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const REGISTRY: OriginEnv["REGISTRY"] = {
      getByName: () => {
        throw new Error("the namespace is gone");
      },
    };
    const answer = await originApp().request("https://origin.test/readyz", {}, { ...bindings, REGISTRY });
    log.mockRestore();
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: "not_ready" });
  });
});

describe("pages", () => {
  test.each([
    ["/", "<title>console</title>"],
    ["/player", "<title>player</title>"],
    ["/docs", "/openapi.json"],
  ])("%s is a page that runs our own scripts only and talks to the edge", async (path, content) => {
    const answer = await load(path);
    expect(answer.status).toBe(200);
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self' https://edge.test https://origin.test;");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    const html = await answer.text();
    expect(html).toContain(content);
    expect(html).not.toMatch(/<script(?![^>]*src=)/);
  });

  test("everything that is no page may do nothing in a browser", async () => {
    for (const path of ["/healthz", "/openapi.json", "/console/main.js", "/nothing"]) {
      const answer = await load(path);
      const policy = answer.headers.get("content-security-policy");
      expect({ path, policy }).toEqual({ path, policy: "default-src 'none'; frame-ancestors 'none'" });
    }
  });

  test("are told where both Workers are, and no secret", async () => {
    const answer = await load("/config.json");
    expect(await answer.json()).toEqual({ edgeUrl: "https://edge.test", originUrl: "https://origin.test" });
  });

  test("that do not exist, and methods that are not there, are answered with problems", async () => {
    const missing = await load("/console/missing.js");
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ code: "not_found" });
    const wrong = await load("/config.json", { method: "POST" });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("GET");
    expect(await wrong.json()).toMatchObject({ code: "method_not_allowed" });
  });
});

describe("media", () => {
  const file = "/media/program/program.mp4";

  test("is open to players on any site, and may be cached", async () => {
    const answer = await load(file);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=3600");
    expect((await load("/media/program/index.m3u8")).headers.get("cache-control")).toBe("public, max-age=60");
    const preflight = await load(file, { method: "OPTIONS" });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toBe("range");
  });

  test("is answered by the byte range asked for", async () => {
    const answer = await load(file, { headers: { range: "bytes=2-4" } });
    expect(answer.status).toBe(206);
    expect(answer.headers.get("content-range")).toBe("bytes 2-4/10");
    expect(answer.headers.get("content-type")).toBe("video/mp4");
    expect(await textOf(answer)).toBe("234");
  });

  test("is answered whole when it changed since the player looked, and not at all beyond its end", async () => {
    const changed = await load(file, { headers: { range: "bytes=2-4", "if-range": '"another"' } });
    expect(changed.status).toBe(200);
    const beyond = await load(file, { headers: { range: "bytes=10-" } });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get("content-range")).toBe("bytes */10");
  });

  test.each([
    ["bytes=0-0", { first: 0, last: 0 }],
    ["bytes=5-", { first: 5, last: 9 }],
    ["bytes=-3", { first: 7, last: 9 }],
    ["bytes=-30", { first: 0, last: 9 }],
    ["bytes=8-99", { first: 8, last: 9 }],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=10-12", "unsatisfiable"],
    ["bytes=4-2", "whole"],
    ["bytes=0-1,3-4", "whole"],
    ["bytes=-", "whole"],
    ["items=0-1", "whole"],
  ])("range %s of ten bytes", (range, span) => {
    expect(spanOf(range, 10)).toEqual(span);
  });
});

const tags = (text: string) => text.split("\n").filter((line) => line.startsWith("#EXT-X-DATERANGE"));
const at = (offsetSec: number) => ({ offsetSec, assetListUrl: "https://edge.test/list" });

describe("the demo programme", () => {
  test("has a break at each time asked for, filled by the edge with the viewer's own query", async () => {
    const answer = await load("/player/program.m3u8?breaks=2,6&dur=20&pub=demo&dev=ctv&rid=s1&unknown=x");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/vnd.apple.mpegurl");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const text = await textOf(answer);
    expect(tags(text)).toEqual([
      '#EXT-X-DATERANGE:ID="break-1",CLASS="com.apple.hls.interstitial",START-DATE="2026-01-01T00:00:02.000Z",' +
        'X-ASSET-LIST="https://edge.test/v1/asset-list?pub=demo&dur=20&dev=ctv&rid=s1-b1",X-RESUME-OFFSET=0',
      '#EXT-X-DATERANGE:ID="break-2",CLASS="com.apple.hls.interstitial",START-DATE="2026-01-01T00:00:06.000Z",' +
        'X-ASSET-LIST="https://edge.test/v1/asset-list?pub=demo&dur=20&dev=ctv&rid=s1-b2",X-RESUME-OFFSET=0',
    ]);
    expect(text).toContain('#EXT-X-MAP:URI="https://origin.test/media/program/program.mp4",BYTERANGE="800@0"');
    expect(text).toContain("\nhttps://origin.test/media/program/program.mp4\n");
    expect(text.match(/PROGRAM-DATE-TIME/g)).toHaveLength(1);
  });

  test("asks under another session each time none is named", async () => {
    const one = await textOf(await load("/player/program.m3u8?breaks=2"));
    const two = await textOf(await load("/player/program.m3u8?breaks=2"));
    expect(one).not.toBe(two);
  });

  test("does not let a query out of the attribute it stands in", async () => {
    const vid = encodeURIComponent('"\n#EXT-X-ENDLIST');
    const text = await textOf(await load(`/player/program.m3u8?breaks=2&rid=s&vid=${vid}`));
    expect(tags(text)).toHaveLength(1);
    expect(text.match(/#EXT-X-ENDLIST/g)).toHaveLength(1);
  });

  test.each(["breaks=ten", "breaks=", "dur=0", "dur=601", "rid=a%20b", `breaks=${"1,".repeat(20)}1`])(
    "refuses %s",
    async (query) => {
      const answer = await load(`/player/program.m3u8?${query}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: "bad_field" });
    },
  );

  test("leaves out a break after its end, and dates a source that states no date", () => {
    const undated = SOURCE.replace(/#EXT-X-PROGRAM.*\n/, "");
    const text = programPlaylist(undated, "https://origin.test/media/program/index.m3u8", [at(8), at(8.5)]);
    expect(tags(text)).toHaveLength(1);
    const lines = text.split("\n");
    expect(lines.findIndex((line) => line.startsWith("#EXT-X-PROGRAM-DATE-TIME:2026-01-01"))).toBeLessThan(
      lines.findIndex((line) => line.startsWith("#EXTINF")),
    );
  });
});
