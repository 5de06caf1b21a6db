/**
 * Signing in the simulated world: the product's token spelling and claim bytes with a keyed hash for a mac, because the
 * real one is the platform's and slow. Keys rotate as the runbook says: a new key verifies everywhere before it signs.
 */
import { hash32, type RandomStream } from "../../kernel/random.ts";
import { readSigned, signedBytes, spellSigned, type TokenPurpose } from "../../kernel/signed_token.ts";
import { BILLING_TOKEN_CHARS_MAX } from "../../money/limits.ts";
import type { BillingClaim } from "../../money/protocol.ts";
import { decodeClaim, encodeClaim } from "../../money/token.ts";
import { micros } from "../../kernel/money.ts";

/** Key ids of one isolate, the signing one first. The secret of a key follows from its id; only the world knows how. */
export type Keys = readonly string[];

const MAC_BYTES = 32;

/** A billing token. */
export function sealClaim(keys: Keys, claim: BillingClaim): string {
  return seal(keys[0] ?? "", "billing", encodeClaim(claim));
}

/** The claim of a token that is genuine, or null. */
export function openClaim(keys: Keys, token: string): BillingClaim | null {
  const read = readSigned(token, BILLING_TOKEN_CHARS_MAX);
  if (read === null || !keys.includes(read.keyId)) return null;
  const genuine = macOf(read.keyId, signedBytes("billing", read.payload));
  if (!read.mac.every((byte, i) => byte === genuine[i])) return null;
  const claim = decodeClaim(read.payload);
  return claim.ok ? claim.value : null;
}

/** A token that was never minted, made from one that was: what a stranger can do without a key. */
export function forge(random: RandomStream, token: string): string {
  const read = readSigned(token, BILLING_TOKEN_CHARS_MAX);
  const decoded = read === null ? null : decodeClaim(read.payload);
  if (read === null || decoded === null || !decoded.ok) return `${token}A`;
  const claim = decoded.value;
  switch (random.below(6)) {
    case 0:
      return spellSigned({ ...read, payload: encodeClaim({ ...claim, priceMicros: micros(claim.priceMicros + 1) }) });
    case 1:
      return spellSigned({ ...read, payload: encodeClaim({ ...claim, seq: claim.seq + 1_000 }) });
    case 2:
      return spellSigned({ ...read, payload: encodeClaim({ ...claim, expiresMs: claim.expiresMs + 3_600_000 }) });
    case 3:
      return spellSigned({ ...read, keyId: "stranger", mac: macOf("guess", read.payload) });
    case 4:
      // Signed here, but for the viewer's history: a stranger may hand in any token it was given.
      return seal(read.keyId, "frequency", encodeClaim({ ...claim, seq: claim.seq + 1_000 }));
    default:
      return token.slice(0, random.below(token.length));
  }
}

function seal(keyId: string, purpose: TokenPurpose, payload: Uint8Array): string {
  return spellSigned({ payload, keyId, mac: macOf(keyId, signedBytes(purpose, payload)) });
}

/** A keyed hash of bytes, spread over the length of a mac. */
function macOf(keyId: string, bytes: Uint8Array): Uint8Array {
  let h = hash32(keyId, 0x5eed);
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  const mac = new Uint8Array(MAC_BYTES);
  for (let i = 0; i < MAC_BYTES; i += 4) {
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    mac.set([h & 255, (h >>> 8) & 255, (h >>> 16) & 255, (h >>> 24) & 255], i);
  }
  return mac;
}
