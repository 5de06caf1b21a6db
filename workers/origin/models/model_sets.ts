/**
 * What must be true of a model set before a label may move to it, found out from the store itself: its envelope is
 * there and signed by a trusted key, it can serve with this version's features, and every model in it is stored.
 */
import { canonicalJson, fromUtf8, parseJson } from "../../../src/kernel/bytes.ts";
import { refused, type Result } from "../../../src/kernel/result.ts";
import { featureSchemaDigest } from "../../../src/features/schema.ts";
import { readEnvelope, type EnvelopeRefusal } from "../../../src/models/envelope.ts";
import { checkModelSet, type ModelSet, type ModelSetRefusal } from "../../../src/models/manifest.ts";
import type { Lack } from "../../../src/models/rollout/move.ts";
import { sha256 } from "../../platform/digest.ts";
import { modelKeysOf, openSet } from "../../platform/model_keys.ts";
import { artifactSize, getArtifact } from "../artifacts.ts";
import { mapBounded } from "../bounded.ts";
import type { OriginEnv } from "../env.ts";

/** Bindings that answer for a set. */
type SetEnv = Pick<OriginEnv, "ARTIFACTS" | "MODEL_KEYS">;

/** Who signed an envelope. Empty: it cannot be read. */
export function keyIdsOf(envelope: Uint8Array): readonly string[] {
  const read = readEnvelope(envelope);
  return read.ok ? read.value.signatures.map(({ keyId }) => keyId) : [];
}

/** The set in an envelope of that digest. Refuses first what `openSet` refuses, then a set that cannot serve. */
export async function verifiedSet(
  env: SetEnv,
  envelope: Uint8Array,
  digest: string,
): Promise<Result<ModelSet, EnvelopeRefusal | ModelSetRefusal>> {
  const opened = await openSet(envelope, modelKeysOf(env.MODEL_KEYS), digest);
  if (!opened.ok) return opened;
  const text = fromUtf8(opened.value);
  const checked = checkModelSet(text === null ? undefined : parseJson(text), await featureSchemaDigest(sha256));
  if (!checked.ok || canonicalJson(checked.value) === text) return checked;
  // Two spellings of one set would have two ids.
  return refused({ code: "malformed", detail: "it is not spelled as canonical JSON", problems: [] });
}

/** What keeps a known set from serving. Throws `Unreachable` when the store does not answer. */
export async function lacksOf(env: SetEnv, digest: string): Promise<readonly Lack[]> {
  const envelope = await getArtifact(env.ARTIFACTS, "modelSet", digest);
  const set = envelope === null ? null : await verifiedSet(env, envelope, digest);
  if (set === null || !set.ok) return ["signature"];
  return (await missingModels(env, set.value.models)).length > 0 ? ["models"] : [];
}

/** Digests of models that are not stored with that size; each once, in order. Throws `Unreachable`. */
export async function missingModels(
  env: SetEnv,
  models: readonly { readonly digest: string; readonly sizeBytes: number }[],
): Promise<string[]> {
  const sizes = await mapBounded(models, (model) => artifactSize(env.ARTIFACTS, "model", model.digest));
  const missing = models.filter((model, index) => sizes[index] !== model.sizeBytes);
  return [...new Set(missing.map((model) => model.digest))];
}

/** The document of a stored set, whoever signed it; null: none that this version reads. Throws `Unreachable`. */
export async function storedSet(env: SetEnv, digest: string): Promise<ModelSet | null> {
  const envelope = await getArtifact(env.ARTIFACTS, "modelSet", digest);
  const read = envelope === null ? null : readEnvelope(envelope);
  const text = read?.ok ? fromUtf8(read.value.payload) : null;
  if (text === null) return null;
  const checked = checkModelSet(parseJson(text), await featureSchemaDigest(sha256));
  return checked.ok ? checked.value : null;
}

/** What a refused envelope is told. */
export const ENVELOPE_WORDS: Readonly<Record<EnvelopeRefusal, string>> = {
  envelope_malformed: "Send a DSSE envelope with payload, payloadType and signatures, in standard base64, as signed.",
  envelope_of_another_type: "The payload is of another type than application/vnd.midroll.model-set+json.",
  unsigned: "Sign the set with a publisher's key: midroll models publish does.",
  set_altered: "The set in the envelope has another digest than the address says.",
  key_unknown: "Add the public half of the key to MODEL_KEYS of both Workers, or sign with a key that is there.",
  signature_false: "The envelope was changed after it was signed, or signed by another key of the same name.",
};
