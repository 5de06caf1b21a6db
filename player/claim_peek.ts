/**
 * The demo lets an operator see what a beacon pays: the billing token in its URL is signed, not secret, so its payload
 * can be read without the key. Nothing here can be believed the way the edge believes a verified token.
 */
import { fromBase64Url } from "../src/kernel/bytes.ts";
import type { BillingClaim } from "../src/money/protocol.ts";
import { decodeClaim } from "../src/money/token.ts";

/** What the token of a beacon URL claims, or null when it carries none that can be read. */
export function peekClaim(beaconUrl: string): BillingClaim | null {
  const token = new URL(beaconUrl).searchParams.get("t");
  if (token === null) return null;
  for (const part of token.split(".")) {
    const bytes = fromBase64Url(part);
    const claim = bytes === null ? null : decodeClaim(bytes);
    if (claim?.ok === true) return claim.value;
  }
  return null;
}
