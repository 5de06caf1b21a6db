/**
 * Keys of model sets. Whoever publishes holds the private half; both Workers are told the public halves, two of them
 * while one follows the other. Ed25519 (RFC 8032); keys are 32 bytes, spelled in base64url.
 */
import { z } from "zod";
import { ok, refused, type Result } from "../kernel/result.ts";

/** Keys a deployment may trust at once: the present one, the next one, and room for two publishers. */
const KEYS_MAX = 4;

const keyId = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/, "1 to 32 letters, digits, - or _");
const keyBytes = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "32 bytes in base64url without padding");

/** The half that verifies. */
const modelKeySchema = z.strictObject({ id: keyId, publicKey: keyBytes });
/** Both halves: the publisher's secret. */
export const publisherKeySchema = z.strictObject({ ...modelKeySchema.shape, privateKey: keyBytes });

export type ModelKey = z.output<typeof modelKeySchema>;
export type PublisherKey = z.output<typeof publisherKeySchema>;

const modelKeysSchema = z
  .array(modelKeySchema)
  .max(KEYS_MAX)
  .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, "different ids");

/** The keys in a variable: JSON `[{id, publicKey}]`; empty text: none. Refuses anything else, saying what is wrong. */
export function readModelKeys(text: string): Result<readonly ModelKey[], string> {
  if (text === "") return ok([]);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refused('expected JSON [{"id","publicKey"}]');
  }
  const parsed = modelKeysSchema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  return refused(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not allowed"}`);
}
