/**
 * A learned table as a catalog file: checked as `midroll catalog validate` would check it, written only where nothing
 * is lost, and the same bytes for the same table.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import type { Catalog, Landscape, Reserve } from "../../src/catalog/entities.ts";
import { parseCatalog } from "../../src/catalog/validate.ts";
import { catalogFault } from "../catalog/catalog_commands.ts";
import { CliFault } from "../fault.ts";

/** A table to write. */
export type LearnedTable = { readonly reserves: readonly Reserve[] } | { readonly landscapes: readonly Landscape[] };

/** What became of the file. */
export type Written = "written" | "unchanged" | "replaced";

/** Throws `CliFault` when the catalog with this table in place of its own would not be valid. */
export function checkTable(catalog: Catalog, table: LearnedTable, name: string): void {
  const parsed = parseCatalog([{ file: name, json: { ...catalog, ...table } }]);
  if (!parsed.ok) throw catalogFault(parsed.reason);
}

/** The table as a file: the same bytes for the same table. */
export function textOf(table: LearnedTable): string {
  return `${JSON.stringify(table, null, 2)}\n`;
}

/** Writes a file. Refuses to replace another content unless forced. Throws `CliFault`. */
export async function writeOnce(path: string, text: string, force: boolean): Promise<Written> {
  const before = await readFile(path, "utf8").catch(() => null);
  if (before === text) return "unchanged";
  if (before !== null && !force) {
    throw new CliFault("file_exists", `${path} is there already and says something else`, {
      advice: "Look at it first; --force replaces it.",
    });
  }
  try {
    // Beside it first: a half-written table is never under the name that a catalog reads.
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliFault("file_unwritable", `${path} cannot be written: ${why}`, { cause: error });
  }
  return before === null ? "written" : "replaced";
}
