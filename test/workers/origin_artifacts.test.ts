/**
 * Content-addressed artifacts in the real runtime: what origin stores, what makes a model set serve, and what edges are
 * handed at their desk.
 */
import { reset } from "cloudflare:test";
import { afterEach, describe, expect, test } from "vitest";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { appliedCatalogSchema, modelStateSchema } from "../../workers/origin/api_schemas.ts";
import { featureSchemaDigest } from "../../src/features/schema.ts";
import { HEADS } from "../../src/models/manifest.ts";
import { NOTHING_SERVES } from "../../src/models/serving_order.ts";
import { sha256, sha256Hex } from "../../workers/platform/digest.ts";
import { asAdmin, catalogOf, desk, originEnv, refusal, refusedAs, sendJson } from "./origin_fixture.ts";

afterEach(async () => {
  await reset();
});

const publish = async (catalog: unknown) => {
  const answer = await sendJson("PUT", "/v1/admin/catalog", catalog);
  return appliedCatalogSchema.parse(await answer.json());
};
const bytes = new TextEncoder().encode("not a graph, but bytes with a digest");
const upload = (digest: string, body: BodyInit, contentType = "application/octet-stream") =>
  asAdmin(`/v1/admin/models/${digest}`, { method: "PUT", headers: { "content-type": contentType }, body });
const schemaDigest = await featureSchemaDigest(sha256);
/** A set that serves, all of its models the same bytes. */
const setOf = (digest: string, sizeBytes: number) => {
  const artifact = { digest, sizeBytes, inputName: "x", outputName: "y" };
  const heads = HEADS.map((head) => ({ name: head.toLowerCase(), role: "head", head, ...artifact }));
  const models = [{ name: "early", role: "earlyRanker", ...artifact }, ...heads];
  return { featureSchemaDigest: schemaDigest, columns: 48, models };
};

describe("the edges' desk", () => {
  test("has nothing before the first publish", async () => {
    expect(await desk.manifest()).toEqual({ catalogDigest: null, models: NOTHING_SERVES, guaranteesDigest: null });
  });

  test("answers null for what the store lacks, and for names that are no names", async () => {
    expect(await desk.artifact("snapshot", "0".repeat(64))).toBeNull();
    expect(await desk.artifact("snapshot", "../../secrets")).toBeNull();
    expect(await desk.artifact("secrets", "0".repeat(64))).toBeNull();
  });

  test("does not hand out a snapshot that is gone or whose bytes were changed in the store", async () => {
    const { digest } = await publish(catalogOf(["spring"]));
    await originEnv.ARTIFACTS.put(`snapshots/${digest}.catalog`, "{}");
    expect(await desk.artifact("snapshot", digest)).toBeNull();
    await originEnv.ARTIFACTS.delete(`snapshots/${digest}.catalog`);
    expect(await desk.artifact("snapshot", digest)).toBeNull();
    await publish(catalogOf(["spring"]));
    expect(await desk.artifact("snapshot", digest)).not.toBeNull();
  });
});

describe("models", () => {
  test("are stored under the digest of their bytes, and serve once a set names them", async () => {
    const digest = await sha256Hex(bytes);
    expect((await upload(digest, bytes)).status).toBe(200);
    expect(await desk.artifact("model", digest)).toEqual(bytes);
    const set = setOf(digest, bytes.length);
    const answer = await sendJson("PUT", "/v1/admin/model-set", set);
    expect(answer.status).toBe(200);
    const state = modelStateSchema.parse(await (await asAdmin("/v1/admin/models")).json());
    expect(state.modelSet).toEqual(set);
    expect(state.digest).toBe((await desk.manifest()).models.live);
    expect(state.history).toHaveLength(1);
  });

  test("that no edge could serve with are refused as a set, saying why", async () => {
    const digest = await sha256Hex(bytes);
    await upload(digest, bytes);
    const whole = setOf(digest, bytes.length);
    const faults: readonly (readonly [object, string])[] = [
      [{ ...whole, featureSchemaDigest: "a".repeat(64) }, "trained on another feature schema"],
      [{ ...whole, models: whole.models.slice(1) }, "needs one early ranker and has 0"],
      [{ ...whole, models: whole.models.slice(0, -1) }, 'needs one head "conversion" and has 0'],
      [{ ...whole, models: [...whole.models, ...whole.models.slice(1)] }, 'needs one head "completedView" and has 2'],
    ];
    for (const [set, why] of faults) {
      const refused = await refusal(await sendJson("PUT", "/v1/admin/model-set", set));
      expect(refused).toMatchObject(refusedAs(422, "model_set_invalid"));
      expect(JSON.stringify(refused)).toContain(JSON.stringify(why).slice(1, -1));
    }
    expect((await desk.manifest()).models.live).toBeNull();
  });

  test("altered on the way are refused and not stored", async () => {
    const digest = await sha256Hex(bytes);
    const altered = bytes.with(3, 0);
    expect(await refusal(await upload(digest, altered))).toMatchObject(refusedAs(422, "digest_mismatch"));
    expect(await desk.artifact("model", digest)).toBeNull();
  });

  test("that are too large, of another type or under no digest are refused", async () => {
    const large = new Uint8Array(FULL_LIMITS.modelBytesMax + 1);
    expect(await refusal(await upload("b".repeat(64), large))).toMatchObject(refusedAs(413, "body_too_large"));
    expect(await refusal(await upload("b".repeat(64), "{}", "application/json"))).toMatchObject(
      refusedAs(415, "unsupported_media_type"),
    );
    expect(await refusal(await upload("latest", bytes))).toMatchObject(refusedAs(400, "bad_field"));
  });

  test("that are missing, or of another size than stated, keep a set from serving", async () => {
    const digest = await sha256Hex(bytes);
    const missing = await sendJson("PUT", "/v1/admin/model-set", setOf(digest, bytes.length));
    expect(await refusal(missing)).toMatchObject({ ...refusedAs(409, "artifact_missing"), digests: [digest] });
    await upload(digest, bytes);
    const wrongSize = await sendJson("PUT", "/v1/admin/model-set", setOf(digest, bytes.length + 1));
    expect(await refusal(wrongSize)).toMatchObject(refusedAs(409, "artifact_missing"));
    expect((await desk.manifest()).models.live).toBeNull();
  });

  test("in a set of another shape are refused with the field that is wrong", async () => {
    const answer = await sendJson("PUT", "/v1/admin/model-set", { ...setOf("b".repeat(64), 1), columns: 0 });
    const document = await refusal(answer);
    expect(document).toMatchObject(refusedAs(422, "model_set_invalid"));
    expect(document["problems"]).toMatchObject([{ path: "columns" }]);
  });
});
