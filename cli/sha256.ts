/** SHA-256 as Node gives it, in the shape the core asks for (`Sha256`). */
import { createHash } from "node:crypto";

/** The digest of bytes. Shape: 32 bytes. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
