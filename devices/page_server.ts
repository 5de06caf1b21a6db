/**
 * Serves the device page, the ONNX runtime and a directory of models to a browser on this machine. `npm run
 * device:page` keeps it open for a browser of your own, and so for a real GPU.
 */
import { readFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { build } from "esbuild";
import { readModelSet } from "../cli/models/read_models.ts";
import { optionsOf, portFrom, run } from "../local/command.ts";
import { projectDir } from "../local/build.ts";

const PAGE_DIR = path.join(projectDir, "devices/page");
const RUNTIME_DIR = path.join(projectDir, "node_modules/onnxruntime-web/dist");
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** A served page. */
export interface PageServer {
  /** With a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Serves until `stop`. `modelsDir`: as `midroll models publish` takes it. Refuses (throws): a directory without a model
 * set, a page that does not build.
 */
export async function servePage(modelsDir: string, port = 0): Promise<PageServer> {
  const set = await readModelSet(modelsDir);
  const script = await bundlePage();
  const names = new Set(set.models.map(({ name }) => name));
  const files = async (pathname: string): Promise<string | Uint8Array | null> => {
    if (pathname === "/") return readFile(path.join(PAGE_DIR, "index.html"));
    if (pathname === "/main.js") return script;
    if (pathname === "/set.json") return JSON.stringify(set);
    const runtime = /^\/ort\/(ort-wasm[\w.-]+\.(?:wasm|mjs))$/.exec(pathname)?.[1];
    if (runtime !== undefined) return readFile(path.join(RUNTIME_DIR, runtime));
    const model = /^\/models\/(\w+)\/model\.onnx$/.exec(pathname)?.[1] ?? "";
    return names.has(model) ? readFile(path.join(modelsDir, model, "model.onnx")) : null;
  };
  const answer = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const type = pathname === "/" ? ".html" : path.extname(pathname);
    const body = await files(pathname).catch(() => null);
    response.writeHead(body === null ? 404 : 200, { "content-type": TYPES[type] ?? "application/octet-stream" });
    response.end(body ?? "");
  };
  const server = http.createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  // A server that listens on a port has an address of this kind.
  const { port: found } = server.address() as AddressInfo;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${found}/`, stop };
}

async function bundlePage(): Promise<string> {
  const result = await build({
    entryPoints: [path.join(PAGE_DIR, "main.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "browser",
    logLevel: "warning",
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error("esbuild made no page");
  return file.text;
}

const USAGE = `npm run device:page -- [options]

Serves a page that scores the published models on this browser's WebGPU and on wasm, until Ctrl-C.

  --port N       port of the page (default 8790)
  --models DIR   directory of the model set (default models)`;

if (import.meta.main) {
  await run(async () => {
    const options = optionsOf(USAGE, {
      port: { type: "string", default: "8790" },
      models: { type: "string", default: "models" },
    });
    const { url } = await servePage(path.resolve(options.models), portFrom(options.port, "--port"));
    console.log(`Open ${url} in a browser with WebGPU. Ctrl-C ends it.`);
  });
}
