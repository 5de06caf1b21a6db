/**
 * The store of immutable things, each under the SHA-256 of its bytes; a model set lies in its signed envelope, under
 * the SHA-256 of what the envelope holds. What is written is compared with its name before and what is read is compared
 * after, so a changed byte anywhere shows as a missing artifact and never as another one.
 */
import { readEnvelope } from "../../src/models/envelope.ts";
import { sha256Hex } from "../platform/digest.ts";
import { reach } from "./unreachable.ts";

/** Kinds of artifact. */
export const ARTIFACT_KINDS = ["snapshot", "model", "modelSet", "guarantees"] as const;
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

const DIGEST = /^[0-9a-f]{64}$/;

/** Whether a word can name an artifact: 64 lower-case hexadecimal digits. */
export function isDigest(word: string): boolean {
  return DIGEST.test(word);
}

/** Whether a word names a kind of artifact. */
export function isArtifactKind(word: string): word is ArtifactKind {
  return ARTIFACT_KINDS.some((kind) => kind === word);
}

/** Key in the store. */
function artifactKey(kind: ArtifactKind, digest: string): string {
  switch (kind) {
    case "snapshot":
      return `snapshots/${digest}.catalog`;
    case "model":
      return `models/${digest}.onnx`;
    case "modelSet":
      return `model-sets/${digest}.dsse.json`;
    case "guarantees":
      return `guarantees/${digest}.json`;
  }
}

/**
 * Stores bytes under their digest. Storing them again mends what was damaged in the store, and replaces the signature
 * of a model set. Requires: the digest is theirs. Throws `Unreachable`.
 */
export async function putArtifact(
  bucket: R2Bucket,
  kind: ArtifactKind,
  digest: string,
  bytes: Uint8Array,
): Promise<void> {
  const written = kind === "modelSet" ? await sha256Hex(bytes) : digest;
  // The store compares the hash once more and refuses what was changed on the way.
  await reach("storage_unavailable", "The artifact store did not take the bytes.", () =>
    bucket.put(artifactKey(kind, digest), bytes, { sha256: written }),
  );
}

/** The bytes, or null when the store does not have them or has other bytes under that name. Throws `Unreachable`. */
export async function getArtifact(bucket: R2Bucket, kind: ArtifactKind, digest: string): Promise<Uint8Array | null> {
  const stored = await reach("storage_unavailable", "The artifact store did not answer.", async () => {
    const found = await bucket.get(artifactKey(kind, digest));
    return found === null ? null : new Uint8Array(await found.arrayBuffer());
  });
  return stored !== null && (await digestOf(kind, stored)) === digest ? stored : null;
}

/** The digest under which bytes of a kind are stored; null: an envelope that cannot be read. */
async function digestOf(kind: ArtifactKind, bytes: Uint8Array): Promise<string | null> {
  if (kind !== "modelSet") return sha256Hex(bytes);
  const envelope = readEnvelope(bytes);
  return envelope.ok ? sha256Hex(envelope.value.payload) : null;
}

/** Size of a stored artifact in bytes, or null. Throws `Unreachable`. */
export async function artifactSize(bucket: R2Bucket, kind: ArtifactKind, digest: string): Promise<number | null> {
  const found = await reach("storage_unavailable", "The artifact store did not answer.", () =>
    bucket.head(artifactKey(kind, digest)),
  );
  return found === null ? null : found.size;
}
