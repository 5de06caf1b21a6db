/**
 * `midroll models export`: a published set as a directory that can be checked and published again, to the same id. All
 * of it is verified on the way: the set against its id, each model against its digest.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { featureSchemaDigest } from "../../src/features/schema.ts";
import { fromUtf8, toHex } from "../../src/kernel/bytes.ts";
import { readEnvelope } from "../../src/models/envelope.ts";
import { checkModelSet, type ModelEntry, type ModelSet } from "../../src/models/manifest.ts";
import type { AdminClient } from "../admin_client.ts";
import { CliFault } from "../fault.ts";
import { openNative } from "./model_probe.ts";
import { digestNamed, MODELS } from "./model_views.ts";
import { countOf, type Outcome } from "../outcome.ts";
import { SET_FILE } from "./read_models.ts";
import { sha256 } from "../sha256.ts";

type Golden = NonNullable<ModelEntry["golden"]>;

/** Writes a set's directory: the set, its envelope, its models and golden rows. Throws `CliFault`. */
export async function exportModels(client: AdminClient, word: string, dir: string): Promise<Outcome> {
  const digest = await digestNamed(client, word);
  const envelope = await client.bytes(`/v1/admin/model-sets/${digest}`);
  const set = await setIn(client, envelope, digest);
  await mkdir(dir, { recursive: true });
  for (const model of set.models) await exportModel(client, model, join(dir, model.name));
  await writeFile(join(dir, "envelope.dsse.json"), envelope);
  // Last: a directory without it is no set.
  await writeFile(join(dir, SET_FILE), `${JSON.stringify(set, null, 2)}\n`);
  return {
    json: { digest, dir, models: set.models.map(({ name }) => name) },
    lines: [`${digest}: ${countOf(set.models.length, "model")} in ${dir}`],
  };
}

async function exportModel(client: AdminClient, model: ModelEntry, dir: string): Promise<void> {
  const bytes = await client.bytes(`${MODELS}/${model.digest}`);
  if (toHex(await sha256(bytes)) !== model.digest) throw altered(client, `model ${model.name}`);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "model.onnx"), bytes);
  if (model.golden === undefined) return;
  const golden = { rows: model.golden.rows, expected: await ownAnswers(model, bytes, model.golden) };
  await writeFile(join(dir, "golden.json"), `${JSON.stringify(golden)}\n`);
}

/**
 * What a model says of its golden rows by itself, as `models check` wants it beside the model. In a set they are
 * calibrated, and a calibrator that is level somewhere cannot be undone: such a model is asked.
 */
async function ownAnswers(model: ModelEntry, bytes: Uint8Array, golden: Golden): Promise<readonly number[]> {
  if (model.role !== "head" || model.calibrator === undefined) return golden.expected;
  const native = await openNative(bytes, model);
  try {
    return [...(await native.ask(Float32Array.from(golden.rows.flat()), golden.rows.length))];
  } finally {
    await native.release();
  }
}

async function setIn(client: AdminClient, envelope: Uint8Array, digest: string): Promise<ModelSet> {
  const read = readEnvelope(envelope);
  if (!read.ok || toHex(await sha256(read.value.payload)) !== digest) throw altered(client, `model set ${digest}`);
  const checked = checkModelSet(JSON.parse(fromUtf8(read.value.payload) ?? "null"), await featureSchemaDigest(sha256));
  if (checked.ok) return checked.value;
  throw new CliFault("model_set_invalid", `the set is of another version: ${checked.reason.detail}`, {
    advice: "Use the midroll command of the version it was published with.",
  });
}

function altered(client: AdminClient, what: string): CliFault {
  return new CliFault("artifact_altered", `${what} of ${client.origin} is not what its digest says`, {
    advice: "Publish it again from where it was trained.",
  });
}
