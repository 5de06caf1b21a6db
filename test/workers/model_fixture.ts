/** What the tests of model sets share: a set that could serve, its signed publication, and the moves of a rollout. */
import { canonicalJson, fromUtf8, toUtf8 } from "../../src/kernel/bytes.ts";
import { featureSchemaDigest } from "../../src/features/schema.ts";
import type { GateReport } from "../../src/models/gate_report.ts";
import { HEADS, type ModelSet } from "../../src/models/manifest.ts";
import type { PublisherKey } from "../../src/models/signing_keys.ts";
import { sha256, sha256Hex } from "../../workers/platform/digest.ts";
import { PUBLISHER, signedBy } from "../model_signing.ts";
import { asAdmin, sendJson } from "./origin_fixture.ts";

/** Bytes in the place of a model: origin asks for no graph, the gate before it did. */
export const MODEL = new TextEncoder().encode("not a graph, but bytes with a digest");
export const MODEL_DIGEST = await sha256Hex(MODEL);
export const WORDS = { by: "kim", why: "it is better" };

/** A set that could serve; sets of different words differ. All of its models are the same bytes. */
export async function setNamed(word: string): Promise<ModelSet> {
  const graph = { digest: MODEL_DIGEST, sizeBytes: MODEL.length, inputName: "x", outputName: "y" };
  return {
    featureSchemaDigest: await featureSchemaDigest(sha256),
    columns: 48,
    models: [
      { name: `early_${word}`, role: "earlyRanker", ...graph },
      ...HEADS.map((head) => ({ name: head.toLowerCase(), role: "head" as const, head, ...graph })),
    ],
  };
}

/** What the gate would say of a set. */
export function gateOf({ models }: ModelSet): GateReport {
  const found = { rowCost: 1, onKernel: true, runtimesApart: 0, goldenApart: 0 };
  const checked = models.map(({ name, digest }) => ({ name, digest, ...found }));
  return { checkedBy: "a test", checkedMs: 1, models: checked };
}

/** A set as it is published, and its id. */
export async function publicationOf(set: unknown, publishers: readonly PublisherKey[] = [PUBLISHER]) {
  const payload = toUtf8(canonicalJson(set));
  const envelope: unknown = JSON.parse(fromUtf8(await signedBy(publishers, payload)) ?? "");
  return { digest: await sha256Hex(payload), envelope };
}

/** Stores the bytes that all models of these sets are. */
export async function storeModel(): Promise<void> {
  const headers = { "content-type": "application/octet-stream" };
  await asAdmin(`/v1/admin/models/${MODEL_DIGEST}`, { method: "PUT", headers, body: MODEL });
}

/** Sends a publication. */
export function send(digest: string, publication: Readonly<Record<string, unknown>>): Promise<Response> {
  return sendJson("PUT", `/v1/admin/model-sets/${digest}`, { ...WORDS, ...publication });
}

/** Publishes the set of a word and gives its id. */
export async function publishSet(word: string): Promise<string> {
  const set = await setNamed(word);
  const { digest, envelope } = await publicationOf(set);
  const answer = await send(digest, { envelope, gate: gateOf(set) });
  if (!answer.ok) throw new Error(`the fixture's set is refused: ${await answer.text()}`);
  return digest;
}

/** Makes a move of the rollout. */
export function move(command: Readonly<Record<string, unknown>>): Promise<Response> {
  return sendJson("POST", "/v1/admin/rollout/moves", { ...WORDS, ...command });
}
