/**
 * Fetches what origin has published and believes none of it unseen: bytes must have the digest that names them, and a
 * model set must come out of an envelope that a trusted key has signed.
 */
import { sha256Hex } from "../../platform/digest.ts";
import { modelKeysOf, openSet } from "../../platform/model_keys.ts";
import type { ArtifactKind, Env } from "../env.ts";

/** The store's bytes under a digest, whatever they are. Rejects when it has none. */
export async function fetchedArtifact(env: Env, kind: ArtifactKind, digest: string): Promise<Uint8Array> {
  const bytes = await env.ORIGIN.artifact(kind, digest);
  if (bytes === null) throw new Error(`${kind} ${digest} is not in the store`);
  return bytes;
}

/** What the bytes are once everything about them holds: a model set comes out of its envelope. Rejects on any other. */
export async function trustedArtifact(
  env: Env,
  kind: ArtifactKind,
  digest: string,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  if (kind === "modelSet") {
    const opened = await openSet(bytes, modelKeysOf(env.MODEL_KEYS), digest);
    if (!opened.ok) throw new Error(`model set ${digest} is refused: ${opened.reason}`);
    return opened.value;
  }
  if ((await sha256Hex(bytes)) !== digest)
    throw new Error(`${kind} ${digest} is altered: its bytes have another digest`);
  return bytes;
}
