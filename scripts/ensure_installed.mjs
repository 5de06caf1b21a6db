// Runs before the npm scripts, under whatever Node the machine has: installs the pinned packages (a current Node among
// them) when they are missing or when the lockfile has changed since. Plain JavaScript without dependencies on purpose.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const lockfile = path.join(root, "package-lock.json");
// A copy of the lockfile that was installed last; npm's own record is written even by an install that failed half-way.
const installed = path.join(root, "node_modules/.midroll-installed.json");

const upToDate = existsSync(installed) && readFileSync(installed, "utf8") === readFileSync(lockfile, "utf8");

if (!upToDate) {
  console.error("Installing the pinned packages (once; about a minute) …");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  try {
    execFileSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: root,
      stdio: ["ignore", 2, 2],
      shell: process.platform === "win32",
    });
  } catch {
    console.error("The packages could not be installed. Check that the npm registry is reachable, then try again.");
    process.exit(1);
  }
  copyFileSync(lockfile, installed);
}
