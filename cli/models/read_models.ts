/** Model sets and models from disk: whole, of this version's columns, and the files that the set names. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { featureSchemaDigest } from "../../src/features/schema.ts";
import { parseJson, toHex } from "../../src/kernel/bytes.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { checkModelSet, type ModelEntry, type ModelSet } from "../../src/models/manifest.ts";
import { CliFault } from "../fault.ts";
import { sha256 } from "../sha256.ts";

/** Where a directory says which models it holds. */
export const SET_FILE = "sample-set.json";

/** The set that a directory describes. Throws `CliFault`: `model_set_unreadable`, `model_set_invalid`. */
export async function readModelSet(dir: string): Promise<ModelSet>;
/** The same, or null when the directory describes none. */
export async function readModelSet(dir: string, asked: "if there"): Promise<ModelSet | null>;
export async function readModelSet(dir: string, asked?: "if there"): Promise<ModelSet | null> {
  const path = join(dir, SET_FILE);
  const advice = `Point it at a directory with ${SET_FILE} and one folder a model, such as models/.`;
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (asked === "if there" && codeOf(error) === "ENOENT") return null;
    throw new CliFault("model_set_unreadable", `${path} cannot be read: ${codeOf(error)}`, { advice });
  });
  if (text === null) return null;
  const checked = checkModelSet(parseJson(text), await featureSchemaDigest(sha256));
  if (checked.ok) return checked.value;
  const { code, detail, problems } = checked.reason;
  throw new CliFault("model_set_invalid", `${path} cannot serve: ${detail}`, {
    advice: code === "feature_schema_differs" ? "Train again: the models read columns of another version." : advice,
    lines: problems.slice(0, 10).map((problem) => `  ${problem.path}: ${problem.expected}`),
  });
}

/** The bytes of one model of a set. Throws `CliFault`: `model_unreadable`, `model_too_large`, `model_altered`. */
export async function readModel(model: ModelEntry, path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new CliFault("model_unreadable", `${path} cannot be read: ${codeOf(error)}`);
  });
  if (bytes.length > FULL_LIMITS.modelBytesMax) {
    const most = FULL_LIMITS.modelBytesMax;
    throw new CliFault("model_too_large", `${path} has ${bytes.length} bytes; a model may have ${most}`);
  }
  const digest = toHex(await sha256(bytes));
  if (digest === model.digest && bytes.length === model.sizeBytes) return bytes;
  throw new CliFault("model_altered", `${path} is not the file that sample-set.json names`, {
    advice: "Train again, or restore the file: the set and its models belong together.",
    lines: [`  expected ${model.digest}, ${model.sizeBytes} bytes`, `  found    ${digest}, ${bytes.length} bytes`],
  });
}

/** The shortest true account of an error: a system code where there is one. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
