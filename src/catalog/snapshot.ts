/**
 * A snapshot is the catalog as one immutable document, named by the SHA-256 of its bytes. Origin writes it once, the
 * edge reads it many times. Everything is in one canonical order, so the same content always has the same name, however
 * the operator spread it over files.
 */
import { z } from "zod";
import { canonicalJson, fromUtf8, toHex, toUtf8, type Sha256 } from "../kernel/bytes.ts";
import { FULL_LIMITS } from "../kernel/limits.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import { compareIds } from "./compiled.ts";
import { catalogSchema, type Catalog } from "./entities.ts";

/** Name and version of the document. A reader refuses every other. */
export const SNAPSHOT_FORMAT = "midroll-catalog/1";

/** Why bytes are not a snapshot, in the order checked. */
export type SnapshotRefusal = "too_large" | "not_utf8" | "not_json" | "unknown_format" | "bad_catalog";

/** The snapshot of a catalog: canonical JSON in UTF-8, every array of entities by id. */
export function encodeSnapshot(catalog: Catalog): Uint8Array {
  const sorted: Catalog = {
    publishers: byId(catalog.publishers),
    advertisers: byId(catalog.advertisers),
    campaigns: byId(catalog.campaigns),
    lineItems: byId(catalog.lineItems),
    creatives: byId(catalog.creatives),
    deals: byId(catalog.deals),
    currencies: byId(catalog.currencies),
    reserves: byId(catalog.reserves),
    landscapes: byId(catalog.landscapes),
  };
  return toUtf8(canonicalJson({ format: SNAPSHOT_FORMAT, catalog: sorted }));
}

/**
 * The catalog in a snapshot. Whoever calls has compared the digest, so the content is what origin accepted; the shape
 * is still checked, because an older edge may meet a newer document. Cross-references are not checked again.
 * Cost: linear in the bytes.
 */
export function decodeSnapshot(bytes: Uint8Array): Result<Catalog, SnapshotRefusal> {
  if (bytes.length > FULL_LIMITS.catalogBytesMax) return refused("too_large");
  const text = fromUtf8(bytes);
  if (text === null) return refused("not_utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refused("not_json");
  }
  const envelope = envelopeSchema.safeParse(json);
  if (!envelope.success) return refused("unknown_format");
  const catalog = catalogSchema.safeParse(envelope.data.catalog);
  return catalog.success ? ok(catalog.data) : refused("bad_catalog");
}

/** The name of a snapshot: SHA-256 of its bytes. Shape: 64 lower-case hexadecimal digits. */
export async function snapshotDigest(bytes: Uint8Array, sha256: Sha256): Promise<string> {
  return toHex(await sha256(bytes));
}

const envelopeSchema = z.strictObject({ format: z.literal(SNAPSHOT_FORMAT), catalog: z.unknown() });

function byId<T extends { readonly id: string }>(entities: readonly T[]): T[] {
  return entities.toSorted((a, b) => compareIds(a.id, b.id));
}
