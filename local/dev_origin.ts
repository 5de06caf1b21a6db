/**
 * What origin needs to be developed under `wrangler dev`. Its wrangler.toml has a build command, for deployments, that
 * assembles the pages; but a Worker with a build command is bundled again only when what the command watches changes,
 * not when its own sources do. So while developing wrangler gets the same configuration without the command, watches
 * the sources by itself, and the pages are assembled again from here.
 */
import { watch } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { buildAssets, projectDir } from "./build.ts";
import { configPaths } from "./wrangler_config.ts";

/** Whatever a page, its script or its media may be made of. */
const PAGE_SOURCES = ["console", "player", "media", "src"];
/** Editors save in several steps. */
const SETTLE_MS = 150;

/**
 * Writes origin's configuration for `wrangler dev` and gives its path. Nothing differs from wrangler.toml but the
 * missing build command. Refuses (throws): what wrangler refuses in a configuration.
 */
export async function writeOriginConfig(): Promise<string> {
  const { unstable_readConfig } = await import("wrangler");
  const tomlPath = path.join(projectDir, configPaths.origin);
  const {
    build: _command,
    // Left out: what wrangler notes about the file itself, and an empty section that it warns of.
    configPath: _path,
    userConfigPath: _userPath,
    topLevelName: _name,
    definedEnvironments: _environments,
    targetEnvironment: _environment,
    unsafe: _unsafe,
    assets,
    ...config
  } = unstable_readConfig({ config: tomlPath });
  // Of the paths wrangler has made only `main` absolute.
  const directory = path.resolve(path.dirname(tomlPath), assets?.directory ?? ".");
  const writtenPath = path.join(projectDir, ".wrangler/dev/origin.json");
  await mkdir(path.dirname(writtenPath), { recursive: true });
  await writeFile(writtenPath, JSON.stringify({ ...config, assets: { ...assets, directory } }, null, 2));
  return writtenPath;
}

/** Assembles the pages, and again whenever their sources change, as long as this program runs. */
export async function keepPagesBuilt(): Promise<void> {
  await buildAssets(projectDir);
  let settling: NodeJS.Timeout | undefined;
  let building = Promise.resolve();
  for (const source of PAGE_SOURCES) {
    watch(path.join(projectDir, source), { recursive: true }, () => {
      clearTimeout(settling);
      settling = setTimeout(() => (building = building.then(rebuildPages)), SETTLE_MS);
    });
  }
}

async function rebuildPages(): Promise<void> {
  try {
    await buildAssets(projectDir);
  } catch (error) {
    // esbuild has said on standard error where; the pages stay as they were until the next change.
    console.error(error instanceof Error ? error.message : error);
  }
}
