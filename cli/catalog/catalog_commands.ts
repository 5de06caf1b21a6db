/**
 * `midroll catalog validate` and `midroll catalog apply`: both read the same files by the same rules, so what validates
 * here is what origin takes.
 */
import { renderProblems, type CatalogProblem } from "../../src/catalog/problem.ts";
import { snapshotDigest } from "../../src/catalog/snapshot.ts";
import { CATALOG_LIMITS } from "../../src/kernel/limits.ts";
import { applySnapshot, type AdminClient } from "../admin_client.ts";
import { CliFault } from "../fault.ts";
import { countOf, type Outcome } from "../outcome.ts";
import { megabytes, packedCatalog, type PackedCatalog, type Say } from "./packed_catalog.ts";
import { sha256 } from "../sha256.ts";

/** Checks a catalog and says what it holds and which digest it would get. Throws `CliFault` `catalog_invalid`. */
export async function validateCatalog(paths: readonly string[], say: Say): Promise<Outcome> {
  const { bytes, counts, files } = await packedOrFail(paths, say);
  const digest = await snapshotDigest(bytes, sha256);
  return {
    json: { digest, files, counts, snapshotBytes: bytes.length },
    lines: [
      `valid: ${countOf(files.length, "file")}`,
      `  ${countOf(counts.publishers, "publisher")}, ${countOf(counts.advertisers, "advertiser")}, ` +
        `${countOf(counts.campaigns, "campaign")}, ${countOf(counts.lineItems, "line item")}, ` +
        `${countOf(counts.creatives, "creative")}, ${countOf(counts.deals, "deal")}`,
      `  snapshot of ${megabytes(bytes.length)}, digest ${digest}`,
    ],
  };
}

/** Checks a catalog and makes it current at origin. Throws `CliFault` before sending when it does not validate. */
export async function applyCatalogFiles(
  client: () => Promise<AdminClient>,
  paths: readonly string[],
  say: Say,
): Promise<Outcome> {
  const { bytes, files } = await packedOrFail(paths, say);
  const asked = await client();
  const applied = await applySnapshot(asked, bytes);
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

async function packedOrFail(paths: readonly string[], say: Say): Promise<PackedCatalog> {
  const packed = await packedCatalog(paths, say);
  if (packed.ok) return packed.value;
  throw catalogFault(packed.reason);
}

/** The fault of a catalog with these problems. */
export function catalogFault(problems: readonly CatalogProblem[]): CliFault {
  return new CliFault("catalog_invalid", `the catalog has ${countOf(problems.length, "problem")}`, {
    lines: [renderProblems(problems)],
    advice: "Every field is described in docs/catalog.md.",
    members: { problemCount: problems.length, problems: problems.slice(0, CATALOG_LIMITS.problemsShownMax) },
  });
}
