/**
 * The sample catalog with budgets that a benchmark cannot use up. Pacing would otherwise answer a minute of load, worth
 * months of ordinary traffic, by taking campaigns out of the auction, and the benchmark would measure ever emptier
 * decisions. Targeting, goals, prices, creatives and the number of line items stay as they are.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { readCatalog } from "../cli/catalog/read_catalog.ts";
import { renderProblems } from "../src/catalog/problem.ts";
import type { Catalog } from "../src/catalog/entities.ts";

/** More than any run can spend. Units: micros. */
const AMPLE_MICROS = 10_000_000_000_000;

/** The same catalog without want of money. */
export function withAmpleBudgets(catalog: Catalog): Catalog {
  return {
    ...catalog,
    campaigns: catalog.campaigns.map((campaign) =>
      campaign.budgetMicros === 0 ? campaign : { ...campaign, budgetMicros: AMPLE_MICROS, pacing: "asap" },
    ),
  };
}

/** A catalog from disk. Throws, with everything that is wrong with it. */
export async function catalogFrom(dir: string): Promise<Catalog> {
  const read = await readCatalog([dir]);
  if (!read.ok) throw new Error(`The catalog in ${dir} does not validate:\n${renderProblems(read.reason)}`);
  return read.value.catalog;
}

/** Writes a catalog as one file into a new directory. */
export async function writeCatalog(dir: string, catalog: Catalog): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(path.join(dir, "catalog.json"), JSON.stringify(catalog));
}
