/**
 * Signs what leaves in URLs and comes back: HMAC-SHA-256 by WebCrypto, whose `verify` compares in constant time; the
 * token's spelling is kernel/signed_token.ts. The first key signs, all verify: a new key joins as the second, becomes
 * the first when every isolate has it, and the old one is dropped when its last token has expired.
 */
import { z } from "zod";
import { fromBase64Url } from "../../../src/kernel/bytes.ts";
import { readSigned, signedBytes, spellSigned, type TokenPurpose } from "../../../src/kernel/signed_token.ts";
import { BILLING_TOKEN_CHARS_MAX } from "../../../src/money/limits.ts";
import { FREQUENCY_TOKEN_CHARS_MAX } from "../../../src/protocols/frequency_token.ts";

const CHARS_MAX: Readonly<Record<TokenPurpose, number>> = {
  billing: BILLING_TOKEN_CHARS_MAX,
  frequency: FREQUENCY_TOKEN_CHARS_MAX,
};
const KEY_BYTES_MIN = 16;
const ALGORITHM = { name: "HMAC", hash: "SHA-256" };

const keysSchema = z
  .array(z.strictObject({ id: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/), key: z.string() }))
  .min(1)
  .max(8);

/** Signs and verifies with the keys of one secret. */
export class TokenSigner {
  readonly #secrets: ReadonlyMap<string, Uint8Array>;
  readonly #signingId: string;
  readonly #keys = new Map<string, CryptoKey>();

  /**
   * Keys from JSON `[{id, key}]`, keys in base64url. Throws on anything else, on a key shorter than 16 bytes and on an
   * id used twice: a deployment without sound keys must not come up. The message never quotes the secret.
   */
  constructor(billingKeys: string) {
    const keys = parseKeys(billingKeys);
    this.#secrets = new Map(keys.map(({ id, bytes }) => [id, bytes]));
    if (this.#secrets.size !== keys.length) throw new Error("BILLING_KEYS: key ids must differ");
    this.#signingId = keys[0]?.id ?? "";
  }

  /** The token of these bytes. */
  async sign(purpose: TokenPurpose, payload: Uint8Array): Promise<string> {
    const key = await this.#key(this.#signingId);
    if (key === null) throw new Error("BILLING_KEYS: no key to sign with");
    const mac = await crypto.subtle.sign(ALGORITHM, key, signedBytes(purpose, payload));
    return spellSigned({ payload, keyId: this.#signingId, mac: new Uint8Array(mac) });
  }

  /** The bytes of a token, or null: overlong, malformed, of an unknown key, of another purpose, or forged. */
  async verify(purpose: TokenPurpose, token: string): Promise<Uint8Array | null> {
    const read = readSigned(token, CHARS_MAX[purpose]);
    if (read === null) return null;
    const { payload, keyId, mac } = read;
    const key = await this.#key(keyId);
    if (key === null) return null;
    const genuine = await crypto.subtle.verify(ALGORITHM, key, mac, signedBytes(purpose, payload));
    return genuine ? payload : null;
  }

  /** The imported key, kept once imported. What is kept is the key, not the promise, which belongs to one request. */
  async #key(id: string): Promise<CryptoKey | null> {
    const held = this.#keys.get(id);
    if (held !== undefined) return held;
    const bytes = this.#secrets.get(id);
    if (bytes === undefined) return null;
    const key = await crypto.subtle.importKey("raw", bytes, ALGORITHM, false, ["sign", "verify"]);
    this.#keys.set(id, key);
    return key;
  }
}

function parseKeys(billingKeys: string): { id: string; bytes: Uint8Array }[] {
  let json: unknown;
  try {
    json = JSON.parse(billingKeys);
  } catch {
    throw new Error('BILLING_KEYS: expected JSON [{"id","key"}]');
  }
  const parsed = keysSchema.safeParse(json);
  if (!parsed.success) throw new Error('BILLING_KEYS: expected 1 to 8 objects {"id","key"}, ids of 1 to 32 letters');
  return parsed.data.map(({ id, key }) => {
    const bytes = fromBase64Url(key);
    if (bytes === null || bytes.length < KEY_BYTES_MIN) {
      throw new Error(`BILLING_KEYS: key "${id}" must be at least ${KEY_BYTES_MIN} bytes in base64url`);
    }
    return { id, bytes };
  });
}
