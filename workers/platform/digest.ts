/** SHA-256 by the platform, as the core's functions expect it to be handed in. */
import { toHex } from "../../src/kernel/bytes.ts";

/** Shape: 32 bytes. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** Lower-case hexadecimal digest. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  return toHex(await sha256(bytes));
}
