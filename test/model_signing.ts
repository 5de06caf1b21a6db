/**
 * Two publishers whose private keys everybody may know, and envelopes signed by them, for tests in Node and in workerd.
 */
import { spellEnvelope, signedBytes } from "../src/models/envelope.ts";
import type { ModelKey, PublisherKey } from "../src/models/signing_keys.ts";

/** Trusted by the Worker under test. */
export const PUBLISHER: PublisherKey = {
  id: "test-publisher",
  publicKey: "uefQJxFRCbVfSbAT1sD4KpBIsGJLKeH74dO9reUgP1Q",
  privateKey: "FNkPu8b-lh7TnZqyc-Tt_xbNCPjYt_SUxDYhXjA7vCk",
};

/** Trusted as well: who follows when keys are rotated. */
export const NEXT_PUBLISHER: PublisherKey = {
  id: "next-publisher",
  publicKey: "5zX2TmO4uoUpiKzBnN5ryc5-MJ-aHHd_J7jX6rdRe6I",
  privateKey: "udZNqrCJfOBaDeI9XFsQTdezZKK5wDnfvnmI_AQ9Q5o",
};

/** The half of a key that verifies. */
export function publicHalf({ id, publicKey }: PublisherKey): ModelKey {
  return { id, publicKey };
}

/** The variable MODEL_KEYS of the Workers under test. */
export const MODEL_KEYS = JSON.stringify([publicHalf(PUBLISHER), publicHalf(NEXT_PUBLISHER)]);

/** An envelope around a payload, signed by each of these. */
export async function signedBy(publishers: readonly PublisherKey[], payload: Uint8Array): Promise<Uint8Array> {
  const signatures = publishers.map(async ({ id, publicKey, privateKey }) => {
    const jwk = { kty: "OKP", crv: "Ed25519", x: publicKey, d: privateKey };
    const key = await crypto.subtle.importKey("jwk", jwk, { name: "Ed25519" }, false, ["sign"]);
    // Copied, because WebCrypto wants bytes on an ArrayBuffer of their own and says so only by type.
    const signature = await crypto.subtle.sign({ name: "Ed25519" }, key, new Uint8Array(signedBytes(payload)));
    return { keyId: id, signature: new Uint8Array(signature) };
  });
  return spellEnvelope({ payload, signatures: await Promise.all(signatures) });
}
