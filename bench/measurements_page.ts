/**
 * docs/measurements.md is written by people and by benchmarks. A benchmark owns what stands between its two markers and
 * nothing else, so that an explanation beside a table survives the next run.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { projectDir } from "../local/build.ts";

const PAGE_PATH = path.join(projectDir, "docs/measurements.md");

/**
 * The page with one benchmark's section replaced; at the end when it had none. `name` stands in the markers.
 * Refuses (throws): a page with one marker of the pair, or the two in the wrong order.
 */
export function withSection(page: string, name: string, section: string): string {
  const [begin, end] = [`<!-- ${name}: begin, written by the benchmark -->`, `<!-- ${name}: end -->`];
  const block = `${begin}\n\n${section.trim()}\n\n${end}`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 && to < 0) return `${page.trimEnd()}\n\n${block}\n`;
  if (from < 0 || to < from) throw new Error(`measurements: the markers of "${name}" are not a pair`);
  return page.slice(0, from) + block + page.slice(to + end.length);
}

/** Rows as a Markdown table in the project's format: every column as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[], fill: string): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width, fill)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head, " "), line([], "-"), ...body.map((row) => line(row, " "))].join("\n");
}

/** Writes one benchmark's section into docs/measurements.md. */
export async function writeSection(name: string, section: string): Promise<void> {
  const page = await readFile(PAGE_PATH, "utf8").catch(() => "# Measurements\n");
  const draftPath = `${PAGE_PATH}.${process.pid}.draft`;
  await writeFile(draftPath, withSection(page, name, section));
  await rename(draftPath, PAGE_PATH);
}
