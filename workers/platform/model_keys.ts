/**
 * Opening signed model sets with the platform's Ed25519. Origin does it before a set may be published or promoted,
 * every edge before it loads one; both read the trusted keys from the variable MODEL_KEYS.
 */
import type { Result } from "../../src/kernel/result.ts";
import { openEnvelope, type EnvelopeRefusal } from "../../src/models/envelope.ts";
import { readModelKeys, type ModelKey } from "../../src/models/signing_keys.ts";
import { sha256 } from "./digest.ts";

const ED25519 = { name: "Ed25519" };

/** The trusted keys. Throws on a variable that holds anything else: a deployment without sound keys must say so. */
export function modelKeysOf(variable: string | undefined): readonly ModelKey[] {
  const read = readModelKeys(variable ?? "");
  if (!read.ok) throw new Error(`MODEL_KEYS: ${read.reason}`);
  return read.value;
}

/** The canonical JSON of the set of that digest, when the envelope is whole and signed by keys of the list. */
export function openSet(
  envelope: Uint8Array,
  keys: readonly ModelKey[],
  digest: string,
): Promise<Result<Uint8Array, EnvelopeRefusal>> {
  return openEnvelope(envelope, digest, keys, { sha256, verify });
}

async function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", publicKey, ED25519, false, ["verify"]);
  return crypto.subtle.verify(ED25519, key, signature, message);
}
