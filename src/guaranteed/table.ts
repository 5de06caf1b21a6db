/**
 * The table as one small immutable document, named by the SHA-256 of its bytes: origin writes it after every solve,
 * edges fetch it when the manifest names another.
 */
import { z } from "zod";
import { canonicalJson, fromUtf8, toUtf8 } from "../kernel/bytes.ts";
import { CATALOG_LIMITS, FULL_LIMITS } from "../kernel/limits.ts";
import type { GuaranteeTable } from "./contract.ts";

const FORMAT = "midroll-guarantees/1";

const ppm = z.int().nonnegative();
const documentSchema = z.strictObject({
  format: z.literal(FORMAT),
  lines: z
    .array(z.strictObject({ contractId: z.string().max(FULL_LIMITS.idCharsMax), alphaPpm: ppm, zetaPpm: ppm }))
    .max(CATALOG_LIMITS.guaranteedDealsMax),
});

/** The document of a table: canonical JSON in UTF-8, so the same table always has the same name. */
export function encodeTable(table: GuaranteeTable): Uint8Array {
  return toUtf8(canonicalJson({ format: FORMAT, lines: table }));
}

/** The table in a document, or null when it is none. */
export function decodeTable(bytes: Uint8Array): GuaranteeTable | null {
  const text = fromUtf8(bytes);
  if (text === null) return null;
  try {
    const parsed = documentSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data.lines : null;
  } catch {
    return null;
  }
}
