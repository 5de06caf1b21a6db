/**
 * `midroll models keygen`: makes a publisher's key, keeps the private half in a file, and shows what Workers are told.
 */
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import { readModelKeys } from "../../src/models/signing_keys.ts";
import { CliFault } from "../fault.ts";
import type { Outcome } from "../outcome.ts";
import { newPublisherKey } from "./publisher_key.ts";

const optionsSchema = z.object({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/)
    .optional(),
  beside: z.string().optional(),
});

/** Writes a fresh key to a file that is not there yet. Throws `CliFault`: `wrong_command`, `key_file_exists`. */
export async function makeModelKey(file: string, given: unknown): Promise<Outcome> {
  const options = optionsSchema.safeParse(given);
  if (!options.success) {
    throw new CliFault("wrong_command", "--id takes 1 to 32 letters, digits, - or _", { exitCode: 2 });
  }
  const { id, beside } = options.data;
  const others = beside === undefined ? [] : await keysIn(beside);
  const key = newPublisherKey(id);
  const modelKeys = JSON.stringify([...others, { id: key.id, publicKey: key.publicKey }]);
  const trusted = readModelKeys(modelKeys);
  if (!trusted.ok) throw new CliFault("model_keys_malformed", `no Worker would take these keys: ${trusted.reason}`);
  await writeFile(file, `${JSON.stringify(key)}\n`, { mode: 0o600, flag: "wx" }).catch((error: unknown) => {
    const there = error instanceof Error && "code" in error && error.code === "EEXIST";
    throw there
      ? new CliFault("key_file_exists", `${file} is there already`, {
          advice: "A key is never overwritten: name another file.",
        })
      : new CliFault("key_file_unwritable", `${file} cannot be written`, { cause: error });
  });
  return {
    json: { id: key.id, publicKey: key.publicKey, file, modelKeys },
    lines: [
      `key ${key.id} in ${file}: keep it where you publish from, and nowhere else`,
      "MODEL_KEYS of both Workers:",
      modelKeys,
    ],
  };
}

/** The keys that stay trusted beside a new one, from a file that holds a MODEL_KEYS. */
async function keysIn(file: string): Promise<readonly object[]> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new CliFault("model_keys_unreadable", `${file} cannot be read`);
  });
  const keys = readModelKeys(text.trim());
  if (keys.ok) return keys.value;
  throw new CliFault("model_keys_malformed", `${file} holds no MODEL_KEYS: ${keys.reason}`);
}
