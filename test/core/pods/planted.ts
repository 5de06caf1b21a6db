/** The pod solver with changes to its text, bundled for one test. The product has no switches. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { plant } from "../../../simulate/bundle.ts";
import type { Mutant } from "../../../simulate/mutants/mutant.ts";
import type { solvePod } from "../../../src/pods/solve.ts";

const root = path.resolve(import.meta.dirname, "../../..");

/** Not bugs: with these, small breaks go the way of the largest and oddest. */
export const LONG_WAY: readonly Mutant[] = [
  {
    name: "always-divided",
    file: "src/pods/explore.ts",
    find: "const QUICK_NODES = 1_000;",
    replace: "const QUICK_NODES = 2;",
    why: "a search is divided although it would be quick",
  },
  {
    name: "coarse-grid",
    file: "src/pods/table.ts",
    find: "const CELLS_MAX = 1_200;",
    replace: "const CELLS_MAX = 20;",
    why: "the table is coarse although there is room for a fine one",
  },
];

/** The solver with these changes. */
export async function solverWith(changes: readonly Mutant[]): Promise<typeof solvePod> {
  const bundled = await build({
    absWorkingDir: root,
    entryPoints: ["src/pods/solve.ts"],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "silent",
    plugins: [
      {
        name: "planted-changes",
        setup(bundler) {
          bundler.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
            const own = changes.filter((change) => path.join(root, change.file) === file);
            if (own.length === 0) return null;
            const text = await readFile(file, "utf8");
            return { contents: own.reduce((changed, change) => plant(change, changed), text), loader: "ts" };
          });
        },
      },
    ],
  });
  const text = bundled.outputFiles[0]?.text ?? "";
  const module: unknown = await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
  // The bundle exports what its entry exports.
  return (module as { solvePod: typeof solvePod }).solvePod;
}
