/** Where a Chromium is found, and how it is started without a screen and without calling home. */
import { accessSync, constants } from "node:fs";
import path from "node:path";

/** What every start of it is given. */
export const CHROMIUM_FLAGS: readonly string[] = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Path of a Chromium: `CHROME_PATH`, else the first known name on the PATH, else null. */
export function findChromium(environment: Readonly<Record<string, string | undefined>> = process.env): string | null {
  const named = environment["CHROME_PATH"];
  const folders = (environment["PATH"] ?? "").split(path.delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const found = folders.flatMap((folder) => names.map((name) => path.join(folder, name)));
  return [...(named === undefined || named === "" ? [] : [named]), ...found].find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
