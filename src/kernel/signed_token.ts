/**
 * The spelling of a signed token and what its signature covers: `<payload>.<key id>.<mac>`, payload and mac in
 * base64url. Pure, so that the Workers sign with the platform's HMAC and a simulated world with its own; whether a mac
 * is genuine is all they decide for themselves.
 */
import { fromBase64Url, toBase64Url, toUtf8 } from "./bytes.ts";

/** What a token is for. A token of one purpose never passes for another: the purpose is signed too. */
export type TokenPurpose = "billing" | "frequency";

/** A token taken apart; nothing is checked yet but its shape. */
export interface SignedToken {
  readonly payload: Uint8Array;
  readonly keyId: string;
  readonly mac: Uint8Array;
}

const MAC_BYTES = 32;

/** The token's text. */
export function spellSigned({ payload, keyId, mac }: SignedToken): string {
  return `${toBase64Url(payload)}.${keyId}.${toBase64Url(mac)}`;
}

/** The parts of a token, or null when it is overlong or not of this shape. */
export function readSigned(text: string, charsMax: number): SignedToken | null {
  if (text.length > charsMax) return null;
  const [payloadText, keyId, macText, ...more] = text.split(".");
  if (payloadText === undefined || keyId === undefined || macText === undefined || more.length > 0) return null;
  const payload = fromBase64Url(payloadText);
  const mac = fromBase64Url(macText);
  if (payload === null || mac === null || mac.length !== MAC_BYTES) return null;
  return { payload, keyId, mac };
}

/** What the mac covers: the purpose, a separator that no purpose contains, the payload. */
export function signedBytes(purpose: TokenPurpose, payload: Uint8Array): Uint8Array {
  const domain = toUtf8(`midroll/${purpose}\u0000`);
  const out = new Uint8Array(domain.length + payload.length);
  out.set(domain);
  out.set(payload, domain.length);
  return out;
}
