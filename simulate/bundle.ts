/**
 * The simulator as one file, with or without a planted bug. The product has no switches: a bug is planted by changing
 * the text of one source file on its way into the bundle.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { build, type Plugin } from "esbuild";
import type { Mutant } from "./mutants/mutant.ts";

const projectDir = path.resolve(import.meta.dirname, "..");
const ENTRY = "src/simulation/money/run_seed.ts";

/** Bundles the simulator into a file. Throws in plain words when a mutant's text is not there exactly once. */
export async function bundleSimulator(outFile: string, mutant: Mutant | null): Promise<void> {
  const bundled = await build({
    absWorkingDir: projectDir,
    entryPoints: [ENTRY],
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2024",
    write: false,
    logLevel: "silent",
    plugins: mutant === null ? [] : [planting(mutant)],
  });
  await writeFile(outFile, bundled.outputFiles[0]?.text ?? "");
}

/** The product's text with the bug in it. */
export function plant(mutant: Mutant, text: string): string {
  const parts = text.split(mutant.find);
  if (parts.length !== 2) {
    const times = parts.length - 1;
    throw new Error(
      `The mutant "${mutant.name}" no longer fits ${mutant.file}: its text is there ${times} times. Mend it.`,
    );
  }
  return parts.join(mutant.replace);
}

function planting(mutant: Mutant): Plugin {
  const target = path.join(projectDir, mutant.file);
  return {
    name: "planted-bug",
    setup(bundler) {
      bundler.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
        if (file !== target) return null;
        return { contents: plant(mutant, await readFile(file, "utf8")), loader: "ts" };
      });
    },
  };
}
