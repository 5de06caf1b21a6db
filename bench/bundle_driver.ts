/** A Worker of bench/workerd/ as one module. */
import path from "node:path";
import { build } from "esbuild";
import { projectDir } from "../local/build.ts";

/** The bundle of `bench/workerd/<name>.ts`. */
export async function bundleDriver(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(projectDir, `bench/workerd/${name}.ts`)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    keepNames: true,
    logLevel: "warning",
  });
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error(`esbuild made no ${name}`);
  return bundle.text;
}
