/**
 * `midroll catalog validate` and `midroll catalog apply`: both read the same files by the same rules, so what validates
 * here is what origin takes.
 */
import { renderProblems, type CatalogProblem } from "../src/catalog/problem.ts";
import { encodeSnapshot, snapshotDigest } from "../src/catalog/snapshot.ts";
import { CATALOG_LIMITS } from "../src/kernel/limits.ts";
import { applyCatalog, type AdminClient } from "./admin_client.ts";
import { CliFault } from "./fault.ts";
import { countOf, type Outcome } from "./outcome.ts";
import { readCatalog, type ReadCatalog } from "./read_catalog.ts";
import { sha256 } from "./sha256.ts";

/** Checks a catalog and says what it holds and which digest it would get. Throws `CliFault` `catalog_invalid`. */
export async function validateCatalog(paths: readonly string[]): Promise<Outcome> {
  const { catalog, files } = await readOrFail(paths);
  const digest = await snapshotDigest(encodeSnapshot(catalog), sha256);
  const counts = {
    publishers: catalog.publishers.length,
    advertisers: catalog.advertisers.length,
    campaigns: catalog.campaigns.length,
    lineItems: catalog.lineItems.length,
    creatives: catalog.creatives.length,
    deals: catalog.deals.length,
  };
  return {
    json: { digest, files, counts },
    lines: [
      `valid: ${countOf(files.length, "file")}`,
      `  ${countOf(counts.publishers, "publisher")}, ${countOf(counts.advertisers, "advertiser")}, ` +
        `${countOf(counts.campaigns, "campaign")}, ${countOf(counts.lineItems, "line item")}, ` +
        `${countOf(counts.creatives, "creative")}, ${countOf(counts.deals, "deal")}`,
      `  digest ${digest}`,
    ],
  };
}

/** Checks a catalog and makes it current at origin. Throws `CliFault` before sending when it does not validate. */
export async function applyCatalogFiles(
  client: () => Promise<AdminClient>,
  paths: readonly string[],
): Promise<Outcome> {
  const { catalog, files } = await readOrFail(paths);
  const asked = await client();
  const applied = await applyCatalog(asked, catalog);
  return {
    json: { origin: asked.origin, files, ...applied },
    lines: [
      `applied at ${asked.origin}: ` +
        `${countOf(applied.campaigns, "campaign")}, ${countOf(applied.lineItems, "line item")}`,
      `  digest ${applied.digest}`,
      "  the edge picks it up within 5 s",
    ],
  };
}

async function readOrFail(paths: readonly string[]): Promise<ReadCatalog> {
  const read = await readCatalog(paths);
  if (read.ok) return read.value;
  throw catalogFault(read.reason);
}

/** The fault of a catalog with these problems. */
export function catalogFault(problems: readonly CatalogProblem[]): CliFault {
  return new CliFault("catalog_invalid", `the catalog has ${countOf(problems.length, "problem")}`, {
    lines: [renderProblems(problems)],
    advice: "Every field is described in docs/catalog.md.",
    members: { problemCount: problems.length, problems: problems.slice(0, CATALOG_LIMITS.problemsShownMax) },
  });
}
