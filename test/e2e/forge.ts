/**
 * Tokens as a forger, an old friend or a broken client would send them. Signing is written down here a second time,
 * with Node's own HMAC, so that the edge's signer is not its own judge.
 */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { fromBase64Url, toBase64Url } from "../../src/kernel/bytes.ts";
import type { BillingClaim } from "../../src/money/protocol.ts";
import { decodeClaim, encodeClaim } from "../../src/money/token.ts";

/** A signing key: its id and 32 bytes in base64url. */
export interface SigningKey {
  readonly id: string;
  readonly key: string;
}

const secretsSchema = z.object({ billingKeys: z.array(z.object({ id: z.string(), key: z.string() })).min(1) });

/** The key with which a Midroll of this state directory signs. */
export function signingKey(stateDir: string): SigningKey {
  const [first] = secretsSchema.parse(
    JSON.parse(readFileSync(path.join(stateDir, "secrets.json"), "utf8")),
  ).billingKeys;
  if (first === undefined) throw new Error("no billing key");
  return first;
}

/** Bytes under a signature. Shape: `<payload>.<key id>.<mac>`, payload and mac in base64url. */
export function seal(payload: Uint8Array, { id, key }: SigningKey, purpose = "billing"): string {
  const mac = createHmac("sha256", Buffer.from(key, "base64url"))
    .update(`midroll/${purpose}\0`)
    .update(payload)
    .digest();
  return `${toBase64Url(payload)}.${id}.${mac.toString("base64url")}`;
}

/** A genuine signature under a claim that Midroll itself never made. */
export function sealClaim(claim: BillingClaim, key: SigningKey, changed: Partial<BillingClaim>): string {
  return seal(encodeClaim({ ...claim, ...changed }), key);
}

/** The token in a beacon's URL. */
export function tokenIn(url: string): string {
  return new URL(url).searchParams.get("t") ?? "";
}

/** What a beacon's token says. Throws when it is no claim. */
export function claimIn(url: string): BillingClaim {
  const payload = fromBase64Url(tokenIn(url).split(".")[0] ?? "");
  const claim = payload === null ? null : decodeClaim(payload);
  if (claim === null || !claim.ok) throw new Error(`no claim in ${url}`);
  return claim.value;
}
