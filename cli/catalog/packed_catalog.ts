/**
 * A catalog as it is sent to origin: files packed into a snapshot, or a snapshot that was kept. Both are checked here
 * by the rules that origin has, while there still are file names to say where something is wrong.
 */
import { readFile } from "node:fs/promises";
import { checkSnapshot } from "../../src/catalog/check_snapshot.ts";
import type { Catalog } from "../../src/catalog/entities.ts";
import type { CatalogProblem } from "../../src/catalog/problem.ts";
import { encodeSnapshot } from "../../src/catalog/snapshot.ts";
import { endOf } from "../../src/catalog/steps.ts";
import { CATALOG_LIMITS, FULL_LIMITS } from "../../src/kernel/limits.ts";
import { ok, refused, type Result } from "../../src/kernel/result.ts";
import { CliFault } from "../fault.ts";
import { countOf } from "../outcome.ts";
import { readCatalog } from "./read_catalog.ts";

/** Snapshots that were fetched from the store have this ending. */
const SNAPSHOT_ENDING = ".catalog";

/** Catalogs of so many line items take long enough that people want to see what happens. */
const LARGE_LINE_ITEMS = 10_000;

/** How many there are of each kind. */
export type CatalogCounts = Readonly<Record<CountedKind, number>>;
type CountedKind = "publishers" | "advertisers" | "campaigns" | "lineItems" | "creatives" | "deals";

/** A catalog ready to be sent. */
export interface PackedCatalog {
  readonly bytes: Uint8Array;
  readonly counts: CatalogCounts;
  readonly files: readonly string[];
}

/** Takes a line that tells how far things are. */
export type Say = (line: string) => void;

/**
 * The snapshot of all these directories and files together, or of one file that is a snapshot. Refuses with everything
 * that is wrong. Throws `CliFault` `catalog_too_large`.
 */
export async function packedCatalog(
  paths: readonly string[],
  say: Say,
): Promise<Result<PackedCatalog, readonly CatalogProblem[]>> {
  const [first = ""] = paths;
  if (paths.length === 1 && first.endsWith(SNAPSHOT_ENDING)) return keptSnapshot(first);
  const read = await readCatalog(paths);
  if (!read.ok) return read;
  const { catalog, files } = read.value;
  const counts = countsOf(catalog);
  const large = counts.lineItems >= LARGE_LINE_ITEMS;
  if (large)
    say(`… ${countOf(counts.lineItems, "line item")} in ${countOf(files.length, "file")} are in order; packing`);
  const bytes = encodeSnapshot(catalog);
  if (large) say(`… packed into ${megabytes(bytes.length)}`);
  if (bytes.length > FULL_LIMITS.catalogBytesMax) throw tooLarge(bytes.length);
  return ok({ bytes, counts, files });
}

async function keptSnapshot(file: string): Promise<Result<PackedCatalog, readonly CatalogProblem[]>> {
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) {
    return refused([{ file, path: "", code: "unreadable_file", expected: "a readable file", found: "nothing there" }]);
  }
  const checked = endOf(checkSnapshot(bytes));
  if (!checked.ok) return refused(checked.reason.map((problem) => ({ ...problem, file })));
  const { publishers, advertisers, campaigns, lineItems, creatives, deals } = checked.value;
  const counts = {
    publishers: publishers.size,
    advertisers: advertisers.size,
    campaigns: campaigns.size,
    lineItems: lineItems.length,
    creatives: creatives.length,
    deals: deals.length,
  };
  return ok({ bytes, counts, files: [file] });
}

function countsOf(catalog: Catalog): CatalogCounts {
  return {
    publishers: catalog.publishers.length,
    advertisers: catalog.advertisers.length,
    campaigns: catalog.campaigns.length,
    lineItems: catalog.lineItems.length,
    creatives: catalog.creatives.length,
    deals: catalog.deals.length,
  };
}

function tooLarge(bytes: number): CliFault {
  const most = megabytes(FULL_LIMITS.catalogBytesMax);
  return new CliFault("catalog_too_large", `the catalog packs into ${megabytes(bytes)}; an edge holds ${most}`, {
    advice:
      `Take out what has ended (archived line items, creatives nobody uses); ` +
      `${CATALOG_LIMITS.entitiesMax.lineItems} line items with short targetings fit.`,
  });
}

/** `12.3 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
