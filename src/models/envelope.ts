/**
 * A model set under signature: a DSSE envelope (Dead Simple Signing Envelope 1.0) whose payload is the canonical JSON
 * of the set. The SHA-256 of the payload is the set's id; signatures cover the payload and its type, never the JSON
 * around them. The envelope itself has exactly one spelling and every signature in it must hold, so no byte of it can
 * change unnoticed.
 */
import { z } from "zod";
import {
  canonicalJson,
  fromBase64,
  fromBase64Url,
  fromUtf8,
  parseJson,
  toBase64,
  toHex,
  toUtf8,
  type Sha256,
} from "../kernel/bytes.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import type { ModelKey } from "./signing_keys.ts";

/** What the payload of an envelope is. */
const SET_PAYLOAD_TYPE = "application/vnd.midroll.model-set+json";
const SIGNATURES_MAX = 4;

/** One signature by the key of that id. Shape: 64 bytes. */
export interface SetSignature {
  readonly keyId: string;
  readonly signature: Uint8Array;
}

/** What an envelope holds, before anything is said about its truth. */
export interface OpenedEnvelope {
  readonly payload: Uint8Array;
  readonly signatures: readonly SetSignature[];
}

/** Whether an Ed25519 signature is of this message by this key (32 bytes), as the platform says it. */
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => Promise<boolean>;

/** Why an envelope is not opened, in the order checked. */
export type EnvelopeRefusal =
  | "envelope_malformed"
  | "envelope_of_another_type"
  | "unsigned"
  | "set_altered"
  | "key_unknown"
  | "signature_false";

const envelopeSchema = z.strictObject({
  payload: z.string(),
  payloadType: z.string(),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })).max(SIGNATURES_MAX),
});

/** The bytes that are signed: DSSE's pre-authentication encoding of the payload and its type. */
export function signedBytes(payload: Uint8Array, payloadType: string = SET_PAYLOAD_TYPE): Uint8Array {
  const type = toUtf8(payloadType);
  const head = toUtf8(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `);
  const out = new Uint8Array(head.length + payload.length);
  out.set(head);
  out.set(payload, head.length);
  return out;
}

/** The one spelling of an envelope. */
export function spellEnvelope({ payload, signatures }: OpenedEnvelope): Uint8Array {
  const spelled = signatures.map(({ keyId, signature }) => ({ keyid: keyId, sig: toBase64(signature) }));
  return toUtf8(canonicalJson({ payload: toBase64(payload), payloadType: SET_PAYLOAD_TYPE, signatures: spelled }));
}

/** What is inside an envelope. Refuses the first three of `EnvelopeRefusal`; no signature is verified. */
export function readEnvelope(bytes: Uint8Array): Result<OpenedEnvelope, EnvelopeRefusal> {
  const text = fromUtf8(bytes);
  const parsed = envelopeSchema.safeParse(text === null ? undefined : parseJson(text));
  if (!parsed.success || canonicalJson(parsed.data) !== text) return refused("envelope_malformed");
  const payload = fromBase64(parsed.data.payload);
  if (payload === null) return refused("envelope_malformed");
  const signatures: SetSignature[] = [];
  for (const { keyid, sig } of parsed.data.signatures) {
    const signature = fromBase64(sig);
    if (signature === null) return refused("envelope_malformed");
    signatures.push({ keyId: keyid, signature });
  }
  if (parsed.data.payloadType !== SET_PAYLOAD_TYPE) return refused("envelope_of_another_type");
  if (signatures.length === 0) return refused("unsigned");
  return ok({ payload, signatures });
}

/**
 * The bytes of the model set in an envelope, once everything about it holds: it is the set of that digest, and every
 * signature is genuine and of a key in the list. Refuses in the order of `EnvelopeRefusal`.
 */
export async function openEnvelope(
  bytes: Uint8Array,
  digest: string,
  keys: readonly ModelKey[],
  platform: { readonly sha256: Sha256; readonly verify: VerifySignature },
): Promise<Result<Uint8Array, EnvelopeRefusal>> {
  const read = readEnvelope(bytes);
  if (!read.ok) return read;
  const { payload, signatures } = read.value;
  if (toHex(await platform.sha256(payload)) !== digest) return refused("set_altered");
  const message = signedBytes(payload);
  for (const { keyId, signature } of signatures) {
    const publicKey = fromBase64Url(keys.find(({ id }) => id === keyId)?.publicKey ?? "");
    if (publicKey === null || publicKey.length === 0) return refused("key_unknown");
    if (!(await platform.verify(publicKey, message, signature))) return refused("signature_false");
  }
  return ok(payload);
}
