/**
 * Catalog files from disk: directories mean all their `.json` files in order of name, files mean themselves. What
 * cannot be read or is not JSON becomes a problem like any other, so that one run shows everything that is wrong.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Catalog } from "../../src/catalog/entities.ts";
import type { CatalogProblem, CatalogProblemCode } from "../../src/catalog/problem.ts";
import { parseCatalog, type CatalogFile } from "../../src/catalog/validate.ts";
import { CATALOG_LIMITS } from "../../src/kernel/limits.ts";
import { ok, refused, type Result } from "../../src/kernel/result.ts";

/** A catalog as read and the files it came from. */
export interface ReadCatalog {
  readonly catalog: Catalog;
  readonly files: readonly string[];
}

/**
 * The catalog of all these directories and files together. Refuses with unreadable files first; only when all could be
 * read is their content judged.
 */
export async function readCatalog(paths: readonly string[]): Promise<Result<ReadCatalog, readonly CatalogProblem[]>> {
  const read = await readCatalogFiles(paths);
  if (!read.ok) return read;
  const parsed = parseCatalog(read.value);
  if (!parsed.ok) return parsed;
  return ok({ catalog: parsed.value, files: read.value.map(({ file }) => file) });
}

/** The JSON of all these directories and files, not judged yet. Refuses with every file that cannot be read. */
export async function readCatalogFiles(
  paths: readonly string[],
): Promise<Result<readonly CatalogFile[], readonly CatalogProblem[]>> {
  const problems: CatalogProblem[] = [];
  const files: CatalogFile[] = [];
  for (const path of await listFiles(paths, problems)) {
    const read = await readJson(path);
    if (read.ok) files.push({ file: path, json: read.value });
    else problems.push(read.reason);
  }
  return problems.length > 0 ? refused(problems) : ok(files);
}

async function listFiles(paths: readonly string[], problems: CatalogProblem[]): Promise<string[]> {
  const listed: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch(() => null);
    if (found === null) problems.push(problem(path, "unreadable_file", "a file or directory", "nothing there"));
    else if (!found.isDirectory()) listed.push(path);
    else {
      const names = (await readdir(path)).filter((name) => name.endsWith(".json")).sort();
      if (names.length === 0) problems.push(problem(path, "no_files", "a directory with .json files", "none"));
      listed.push(...names.map((name) => join(path, name)));
    }
  }
  if (listed.length > CATALOG_LIMITS.filesMax) {
    const expected = `at most ${CATALOG_LIMITS.filesMax} files`;
    problems.push(problem("catalog", "too_many_files", expected, String(listed.length)));
    return [];
  }
  return listed;
}

async function readJson(path: string): Promise<Result<unknown, CatalogProblem>> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > CATALOG_LIMITS.fileBytesMax) {
      const expected = `a file of at most ${CATALOG_LIMITS.fileBytesMax} bytes`;
      return refused(problem(path, "unreadable_file", expected, `${size} bytes`));
    }
    text = await readFile(path, "utf8");
  } catch (error) {
    return refused(problem(path, "unreadable_file", "a readable file", reasonOf(error)));
  }
  try {
    return ok(JSON.parse(text.replace(/^\uFEFF/, "")));
  } catch (error) {
    return refused(problem(path, "bad_json", "JSON", reasonOf(error)));
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function problem(file: string, code: CatalogProblemCode, expected: string, found: string): CatalogProblem {
  return { file, path: "", code, expected, found };
}
