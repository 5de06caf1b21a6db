/**
 * The publisher's key: made once, kept by whoever publishes, read from a file, the environment or the state directory.
 * Signing is Node's Ed25519. The private half is never part of a message.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { parseJson, toBase64Url } from "../../src/kernel/bytes.ts";
import { signedBytes, spellEnvelope, type VerifySignature } from "../../src/models/envelope.ts";
import { publisherKeySchema, type PublisherKey } from "../../src/models/signing_keys.ts";
import { CliFault } from "../fault.ts";

const halvesSchema = z.object({ x: z.string(), d: z.string() });

/** A fresh key. */
export function newPublisherKey(id = `m${randomBytes(4).toString("hex")}`): PublisherKey {
  const { x, d } = halvesSchema.parse(generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }));
  return { id, publicKey: x, privateKey: d };
}

/** The envelope of a model set's canonical JSON, signed by this key. Same set, same key: the same bytes. */
export function signSet(payload: Uint8Array, key: PublisherKey): Uint8Array {
  const { id, publicKey, privateKey } = key;
  const signingKey = createPrivateKey({
    format: "jwk",
    key: { kty: "OKP", crv: "Ed25519", x: publicKey, d: privateKey },
  });
  const signature = new Uint8Array(sign(null, signedBytes(payload), signingKey));
  return spellEnvelope({ payload, signatures: [{ keyId: id, signature }] });
}

/** Ed25519 as Node gives it, in the shape the core asks for. */
export const verifySignature: VerifySignature = async (publicKey, message, signature) => {
  const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) } });
  return verify(null, message, key, signature);
};

/**
 * The key to sign with: the file named by `--key`, else MIDROLL_MODEL_KEY (the file's text), else `modelKey` in
 * `<stateDir>/secrets.json`. Throws `CliFault`: `no_model_key`, `model_key_malformed`.
 */
export async function findPublisherKey(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  stateDir: string,
): Promise<PublisherKey> {
  if (file !== undefined) return parseKey(await readText(file), file);
  const given = env["MIDROLL_MODEL_KEY"];
  if (given !== undefined && given !== "") return parseKey(given, "MIDROLL_MODEL_KEY");
  const path = join(stateDir, "secrets.json");
  const text = await readText(path);
  const kept = z.object({ modelKey: z.unknown() }).safeParse(parseJson(text));
  return parseKey(JSON.stringify(kept.success ? (kept.data.modelKey ?? null) : null), `${path}, field modelKey`);
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => {
    throw new CliFault("no_model_key", `no key to sign with: ${path} cannot be read`, {
      advice: "Make one with `midroll models keygen FILE` and name it with --key FILE, or set MIDROLL_MODEL_KEY.",
    });
  });
}

function parseKey(text: string, source: string): PublisherKey {
  const key = publisherKeySchema.safeParse(parseJson(text));
  if (key.success && isWhole(key.data)) return key.data;
  throw new CliFault("model_key_malformed", `${source} holds no publisher's key`, {
    advice: "A key is JSON {id, publicKey, privateKey} as `midroll models keygen FILE` writes it.",
  });
}

/** Whether the halves belong together: else every signature would be refused elsewhere. */
function isWhole({ publicKey, privateKey }: PublisherKey): boolean {
  try {
    const jwk = { kty: "OKP", crv: "Ed25519", x: publicKey, d: privateKey };
    return createPublicKey(createPrivateKey({ format: "jwk", key: jwk })).export({ format: "jwk" }).x === publicKey;
  } catch {
    return false;
  }
}
