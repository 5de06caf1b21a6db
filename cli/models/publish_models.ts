/**
 * Publishing a model set, in the order that is safe to break off anywhere and to repeat: the gate, the models that
 * origin lacks, the signed set, and last the label that moves to it. The same directory and key give the same bytes
 * each time.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { canonicalJson, fromUtf8, toHex, toUtf8 } from "../../src/kernel/bytes.ts";
import { calibrate } from "../../src/models/calibrate.ts";
import { gateReportSchema, type GateReport } from "../../src/models/gate_report.ts";
import { MODEL_LIMITS } from "../../src/models/limits.ts";
import type { ModelEntry, ModelSet } from "../../src/models/manifest.ts";
import type { PublisherKey } from "../../src/models/signing_keys.ts";
import { understand, type AdminClient } from "../admin_client.ts";
import { CliFault } from "../fault.ts";
import { checkModels } from "./model_check.ts";
import { openNative } from "./model_probe.ts";
import { moveTo, type Place, type Words } from "./model_moves.ts";
import { askModels, MODELS, movedSchema, short, type Order } from "./model_views.ts";
import { signSet } from "./publisher_key.ts";
import { readModel, readModelSet } from "./read_models.ts";
import { sha256 } from "../sha256.ts";

/** Golden rows of each model that go into the set: an edge asks them before the model may serve. */
const GOLDEN_ROWS_MAX = 8;
/** How far an edge lets a model be from its golden rows: workers/edge/models/self_test.ts. */
const GOLDEN_APART_MAX = 1e-4;
/** The envelope spells the set in base64, which is a third longer, and the report of the gate goes with it. */
const SET_BYTES_MAX = Math.floor(MODEL_LIMITS.envelopeBytesMax * 0.7);

/** How to publish. */
export interface PublishTerms {
  readonly key: PublisherKey;
  readonly words: Words;
  /** Where the set goes; null: live when nothing is, else it stays a candidate. */
  readonly place: Place | null;
  /** Told one line at each step. */
  readonly say: (line: string) => void;
}

/** What was published. */
export interface PublishedModels {
  /** The set's id: SHA-256 of its canonical JSON. */
  readonly digest: string;
  readonly models: readonly string[];
  readonly uploaded: readonly string[];
  readonly signedBy: string;
  readonly order: Order;
}

/**
 * Publishes the set in a directory (`sample-set.json`, `<name>/model.onnx`, `<name>/golden.json`). Throws `CliFault`:
 * what reading, the gate and origin refuse; nothing is sent before the gate has passed every model.
 */
export async function publishModels(client: AdminClient, dir: string, terms: PublishTerms): Promise<PublishedModels> {
  const { key, words, say } = terms;
  const written = await readModelSet(dir);
  const gate = await passGate(dir, written, say);
  const { payload, set } = await withGoldenRows(dir, written);
  for (const model of set.models) await askGoldenRows(dir, model);
  const digest = toHex(await sha256(payload));
  const uploaded = await uploadMissing(client, dir, set, say);
  const envelope: unknown = JSON.parse(fromUtf8(signSet(payload, key)) ?? "");
  say(`signed ${short(digest)} with ${key.id}`);
  const path = `/v1/admin/model-sets/${digest}`;
  const before = await askModels(client);
  const body = JSON.stringify({ envelope, gate, ...words });
  const registered = understand(client, path, movedSchema, await client.put(path, "application/json", body));
  say(registered.line === null ? `${short(digest)} was published before` : `registered ${short(digest)}`);
  const place: Place = terms.place ?? (before.order.live === null ? { kind: "live" } : { kind: "candidate" });
  const order =
    place.kind === "candidate" ? registered.order : await moveUp(client, digest, place, terms, registered.order);
  return { digest, models: set.models.map(({ name }) => name), uploaded, signedBy: key.id, order };
}

/** Moves the set unless it is there already. */
async function moveUp(
  client: AdminClient,
  digest: string,
  place: Exclude<Place, { readonly kind: "candidate" }>,
  { words, say }: PublishTerms,
  order: Order,
): Promise<Order> {
  if (place.kind === "live" && order.live === digest) return order;
  const moved = await moveTo(client, digest, place, words);
  say(`${short(digest)} is ${place.kind}`);
  return moved.order;
}

/** The gate of `models check` on every model, and its findings. */
async function passGate(dir: string, set: ModelSet, say: (line: string) => void): Promise<GateReport> {
  const { json, lines } = await checkModels([dir], {});
  for (const line of lines) say(line);
  const models = z.array(z.looseObject({ cost: z.object({ rowCost: z.number() }), probe: z.looseObject({}) }));
  const checked = models.parse(json["models"]);
  const report = checked.map(({ cost, probe, ...model }, index) => ({
    ...model,
    ...probe,
    rowCost: cost.rowCost,
    digest: set.models[index]?.digest,
  }));
  return gateReportSchema.parse({ checkedBy: `midroll ${await version()}`, checkedMs: Date.now(), models: report });
}

async function version(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

const goldenSchema = z.object({ rows: z.array(z.array(z.number())).min(1), expected: z.array(z.number()) });

/** The set with golden rows in it: eight of each model, fewer where they would not fit. Those it has already stay. */
async function withGoldenRows(dir: string, written: ModelSet): Promise<{ payload: Uint8Array; set: ModelSet }> {
  const goldens = await Promise.all(written.models.map((model) => goldenOf(dir, model)));
  for (let most = GOLDEN_ROWS_MAX; most >= 1; most = Math.floor(most / 2)) {
    const models = written.models.map((model, index): ModelEntry => {
      const { rows, expected } = goldens[index] ?? { rows: [], expected: [] };
      return { ...model, golden: model.golden ?? { rows: rows.slice(0, most), expected: expected.slice(0, most) } };
    });
    const set = { ...written, models };
    const payload = toUtf8(canonicalJson(set));
    if (payload.length <= SET_BYTES_MAX) return { payload, set };
  }
  throw new CliFault("model_set_too_large", "the set does not fit an envelope even with one golden row a model", {
    advice: "Publish fewer models in one set.",
  });
}

/** The rows beside a model and what it says of them, calibrated. The gate has compared them with the model. */
async function goldenOf(dir: string, model: ModelEntry): Promise<z.output<typeof goldenSchema>> {
  const { rows, expected } = goldenSchema.parse(
    JSON.parse(await readFile(join(dir, model.name, "golden.json"), "utf8")),
  );
  const calibrator = model.role === "head" ? model.calibrator : undefined;
  return { rows, expected: expected.map((answer) => calibrate(calibrator, answer)) };
}

/** Asks a model what every edge will ask it: golden rows of another model would keep the set from serving anywhere. */
async function askGoldenRows(dir: string, model: ModelEntry): Promise<void> {
  const { rows, expected } = model.golden ?? { rows: [], expected: [] };
  const native = await openNative(await readModel(model, join(dir, model.name, "model.onnx")), model);
  try {
    const answers = await native.ask(Float32Array.from(rows.flat()), rows.length);
    const calibrator = model.role === "head" ? model.calibrator : undefined;
    const fits = expected.every((value, row) => {
      const apart = Math.abs(calibrate(calibrator, answers[row] ?? Number.NaN) - value);
      return apart <= GOLDEN_APART_MAX * Math.max(1, Math.abs(value));
    });
    if (fits) return;
  } finally {
    await native.release();
  }
  throw new CliFault("golden_mismatch", `the set's golden rows of ${model.name} are not what the model answers`, {
    advice: "Take `golden` out of sample-set.json: publish writes it from golden.json.",
  });
}

/** Sends the models that origin does not have, and gives their names. */
async function uploadMissing(
  client: AdminClient,
  dir: string,
  { models }: ModelSet,
  say: (line: string) => void,
): Promise<string[]> {
  const path = `${MODELS}/missing`;
  const wanted = models.map(({ digest, sizeBytes }) => ({ digest, sizeBytes }));
  const answer = await client.post(path, { models: wanted });
  const { missing } = understand(client, path, z.object({ missing: z.array(z.string()) }), answer);
  const uploaded: string[] = [];
  for (const model of models) {
    if (!missing.includes(model.digest)) {
      say(`  ${model.name}: stored already`);
      continue;
    }
    const bytes = await readModel(model, join(dir, model.name, "model.onnx"));
    await client.put(`${MODELS}/${model.digest}`, "application/octet-stream", bytes);
    say(`  ${model.name}: uploaded, ${bytes.length} bytes`);
    uploaded.push(model.name);
  }
  return uploaded;
}
