/**
 * `npm test`: every test. Browser tests run when there is a Chromium and say so when there is none. The last line
 * counts what passed and failed; the counts also go to .build/test-results.json.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { findChromium } from "./find_chromium.ts";

const root = path.resolve(import.meta.dirname, "..");
const resultsPath = path.join(root, ".build/test-results.json");
const resultsSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numFailedTestSuites: z.number(),
});

const chromium = findChromium();
if (chromium === null) {
  console.log(
    "Browser tests are skipped: no Chromium found. Run scripts/install_chromium.sh, or set CHROME_PATH to one.\n",
  );
}

mkdirSync(path.dirname(resultsPath), { recursive: true });
rmSync(resultsPath, { force: true });
const projects = ["core", "simulation", "workers", "e2e", ...(chromium === null ? [] : ["browser"])];
const vitest = spawnSync(
  process.execPath,
  [
    path.join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    ...projects.flatMap((name) => ["--project", name]),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${resultsPath}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: "inherit", env: { ...process.env, ...(chromium === null ? {} : { CHROME_PATH: chromium }) } },
);

const results = resultsSchema.parse(JSON.parse(readFileSync(resultsPath, "utf8")));
// A suite that did not even load counts as one failure beside its failed tests.
const failed = Math.max(results.numFailedTests, results.numFailedTestSuites > 0 ? 1 : 0);
const skipped = results.numPendingTests + (chromium === null ? 1 : 0);
console.log(`\n${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
process.exit(vitest.status ?? 1);
