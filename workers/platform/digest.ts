/** SHA-256 by the platform, as the core's functions expect it to be handed in. */
import { toHex } from "../../src/kernel/bytes.ts";
import { nextTurn } from "./in_turns.ts";

/** Bytes that are hashed before others have their turn: a few milliseconds' worth on a slow machine. */
const TURN_BYTES = 1024 * 1024;

/** Shape: 32 bytes. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** Lower-case hexadecimal digest. Many bytes are hashed in turns with other work of the isolate. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  if (bytes.length <= TURN_BYTES) return toHex(await sha256(bytes));
  const stream = new crypto.DigestStream("SHA-256");
  const writer = stream.getWriter();
  for (let from = 0; from < bytes.length; from += TURN_BYTES) {
    await writer.write(bytes.subarray(from, from + TURN_BYTES));
    await nextTurn();
  }
  await writer.close();
  return toHex(new Uint8Array(await stream.digest));
}
