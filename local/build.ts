/**
 * Turns sources into what runs: each Worker into one ES module with its wasm beside it (dist/edge, dist/origin), and
 * the pages, media and API reader into origin's static files (dist/assets). Workers are bundled with the same esbuild
 * settings that `wrangler deploy` uses, so what runs here is what is deployed. `node local/build.ts` builds all, `node
 * local/build.ts assets` only the static files.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import type { Plugin } from "esbuild";
import type { V4ModuleDefinition } from "miniflare";
import { readWorkerConfigs } from "./wrangler_config.ts";
import type { WorkerConfig } from "./wrangler_config.ts";

/** The project's root directory. */
export const projectDir = path.resolve(import.meta.dirname, "..");

/** Where a static file of origin comes from. Sources that do not exist are left out. */
type AssetStep =
  | { readonly bundle: string; readonly to: string }
  | { readonly copy: string; readonly to: string; readonly only?: RegExp };

const pageFiles = /\.(html|css|svg|png|ico|woff2|webmanifest)$/;

/** Everything under dist/assets, and so under origin's URL, comes from one of these lines. */
const assetSteps: readonly AssetStep[] = [
  { bundle: "console/main.ts", to: "console/main.js" },
  { bundle: "player/main.ts", to: "player/main.js" },
  { copy: "console", to: "console", only: pageFiles },
  { copy: "player", to: "player", only: pageFiles },
  { copy: "media", to: "media", only: /\.(m3u8|mp4|m4s|ts|vtt|jpg|png|svg)$/ },
  { copy: "node_modules/swagger-ui-dist/swagger-ui-bundle.js", to: "api/swagger-ui-bundle.js" },
  { copy: "node_modules/swagger-ui-dist/swagger-ui.css", to: "api/swagger-ui.css" },
];

/** A Worker ready to run: its modules, the entry first, each also written under `outDir`. */
export interface BundledWorker {
  readonly config: WorkerConfig;
  readonly outDir: string;
  readonly modules: V4ModuleDefinition[];
}

/** Bundles one Worker into dist/<role>. Refuses (throws): as `bundleModules`. */
export async function bundleWorker(rootDir: string, config: WorkerConfig): Promise<BundledWorker> {
  const outDir = path.join(rootDir, "dist", config.role);
  return { config, outDir, modules: await bundleModules(rootDir, config, outDir) };
}

/** What a bundle is made of. */
type BundleSource = Pick<WorkerConfig, "mainPath" | "moduleTypes">;

/**
 * Bundles what `mainPath` needs into index.js under `outDir`, with the files it imports as modules (wasm, data, text)
 * beside it. The entry is the first module.
 * Refuses (throws): what esbuild refuses; its messages go to standard error.
 */
export async function bundleModules(
  rootDir: string,
  config: BundleSource,
  outDir: string,
): Promise<V4ModuleDefinition[]> {
  const entryPath = path.join(outDir, "index.js");
  const attached = new Map<string, V4ModuleDefinition>();
  const result = await build({
    entryPoints: [config.mainPath],
    outfile: entryPath,
    absWorkingDir: rootDir,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    supported: { "import-source": true, using: true },
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*", "__STATIC_CONTENT_MANIFEST"],
    define: { "process.env.NODE_ENV": '"production"', "navigator.userAgent": '"Cloudflare-Workers"' },
    keepNames: true,
    sourcemap: "linked",
    logLevel: "warning",
    plugins: [attachModules(config, outDir, attached)],
  });
  await mkdir(outDir, { recursive: true });
  await Promise.all(result.outputFiles.map((file) => writeWhole(file.path, file.contents)));
  const code = result.outputFiles.find((file) => file.path === entryPath);
  if (code === undefined) throw new Error(`esbuild made no ${entryPath}`);
  return [{ type: "ESModule", path: entryPath, contents: code.text }, ...attached.values()];
}

// Files that wrangler's rules call modules (wasm above all) stay outside the bundle: workerd compiles them by itself.
// As in wrangler, a digest in the name keeps two files of one name apart.
function attachModules(config: BundleSource, outDir: string, attached: Map<string, V4ModuleDefinition>): Plugin {
  const extensions = [...config.moduleTypes.keys()].map((extension) => extension.replace(/[.?]/g, "\\$&"));
  return {
    name: "attach-modules",
    setup(build) {
      build.onResolve({ filter: new RegExp(`(?:${extensions.join("|")})$`) }, async (wanted) => {
        if (wanted.pluginData === attached) return undefined;
        const { path: specifier, resolveDir, kind, importer } = wanted;
        const plainPath = specifier.replace(/\?module$/, "");
        const found = await build.resolve(plainPath, { resolveDir, kind, importer, pluginData: attached });
        if (found.errors.length > 0) return { errors: found.errors };
        const type = config.moduleTypes.get(path.extname(found.path));
        if (type === undefined) throw new Error(`${found.path}: no module rule for it`);
        const bytes = await readFile(found.path);
        const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 8);
        const name = `${digest}-${path.basename(found.path)}`;
        const modulePath = path.join(outDir, name);
        if (!attached.has(name)) {
          attached.set(name, { type, path: modulePath, contents: type === "Text" ? bytes.toString("utf8") : bytes });
          await mkdir(outDir, { recursive: true });
          if (!existsSync(modulePath)) await writeWhole(modulePath, bytes);
        }
        return { path: `./${name}`, external: true };
      });
    },
  };
}

// Another Midroll may be reading dist at this moment: a file is either the old one or the new one, never a part.
async function writeWhole(filePath: string, contents: Uint8Array): Promise<void> {
  const draftPath = `${filePath}.${process.pid}.draft`;
  await writeFile(draftPath, contents);
  await rename(draftPath, filePath);
}

/**
 * Assembles dist/assets from `assetSteps`, and removes what no step made.
 * Refuses (throws): a page script that esbuild refuses.
 * Cost: copies only what changed; about 0.2 s when nothing did.
 */
export async function buildAssets(rootDir: string): Promise<string> {
  const assetsDir = path.join(rootDir, "dist", "assets");
  await mkdir(assetsDir, { recursive: true });
  const made = new Set<string>();
  await Promise.all(
    assetSteps.map(async (step) => {
      const target = path.join(assetsDir, step.to);
      if ("bundle" in step) await bundlePage(rootDir, step.bundle, target, made);
      else await copyChanged(path.join(rootDir, step.copy), target, step.only, made);
    }),
  );
  for (const entry of await readdir(assetsDir, { recursive: true, withFileTypes: true })) {
    const filePath = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !made.has(filePath) && !filePath.endsWith(".draft")) await rm(filePath, { force: true });
  }
  return assetsDir;
}

// A stylesheet imported by a page's script comes out beside it under the script's name.
async function bundlePage(rootDir: string, source: string, target: string, made: Set<string>): Promise<void> {
  const entryPath = path.join(rootDir, source);
  if (!existsSync(entryPath)) return;
  const result = await build({
    entryPoints: [entryPath],
    outfile: target,
    absWorkingDir: rootDir,
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    sourcemap: "linked",
    logLevel: "warning",
  });
  await mkdir(path.dirname(target), { recursive: true });
  for (const file of result.outputFiles) {
    made.add(file.path);
    // Written again only when it is another: a development server that watches the file restarts its Workers for it.
    const held = existsSync(file.path) ? await readFile(file.path) : undefined;
    if (held?.equals(file.contents) !== true) await writeWhole(file.path, file.contents);
  }
}

async function copyChanged(source: string, target: string, only: RegExp | undefined, made: Set<string>): Promise<void> {
  if (!existsSync(source)) return;
  const from = await stat(source);
  if (from.isDirectory()) {
    const names = await readdir(source);
    await Promise.all(names.map((name) => copyChanged(path.join(source, name), path.join(target, name), only, made)));
    return;
  }
  if (only !== undefined && !only.test(source)) return;
  made.add(target);
  const held = existsSync(target) ? await stat(target) : undefined;
  // Timestamps are copied with less than their full precision.
  if (held?.size === from.size && Math.abs(held.mtimeMs - from.mtimeMs) < 2) return;
  await mkdir(path.dirname(target), { recursive: true });
  const draftPath = `${target}.${process.pid}.draft`;
  await copyFile(source, draftPath);
  await utimes(draftPath, from.atime, from.mtime);
  await rename(draftPath, target);
}

/** Bundles both Workers and assembles the static files. */
export async function buildAll(rootDir: string = projectDir): Promise<readonly BundledWorker[]> {
  const [workers] = await Promise.all([bundleBoth(rootDir), buildAssets(rootDir)]);
  return workers;
}

async function bundleBoth(rootDir: string): Promise<readonly BundledWorker[]> {
  const configs = await readWorkerConfigs(rootDir);
  return Promise.all(Object.values(configs).map((config) => bundleWorker(rootDir, config)));
}

if (import.meta.main) {
  const startedMs = performance.now();
  try {
    if (process.argv[2] === "assets") await buildAssets(projectDir);
    else await buildAll();
    console.error(`built dist/ in ${Math.round(performance.now() - startedMs)} ms`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
