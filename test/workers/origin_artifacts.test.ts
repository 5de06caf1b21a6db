/**
 * Content-addressed artifacts in the real runtime: what origin stores and what edges are handed at their desk.
 */
import { reset } from "cloudflare:test";
import { afterEach, describe, expect, test } from "vitest";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { appliedCatalogSchema } from "../../workers/origin/api_schemas.ts";
import { NOTHING_SERVES } from "../../src/models/serving_order.ts";
import { sha256Hex } from "../../workers/platform/digest.ts";
import { asAdmin, catalogOf, desk, originEnv, refusal, refusedAs, sendJson } from "./origin_fixture.ts";

afterEach(async () => {
  await reset();
});

const publish = async (catalog: unknown) => {
  const answer = await sendJson("PUT", "/v1/admin/catalog", catalog);
  return appliedCatalogSchema.parse(await answer.json());
};
const bytes = new TextEncoder().encode("not a graph, but bytes with a digest");

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

const upload = (digest: string, body: BodyInit, contentType = "application/octet-stream") =>
  asAdmin(`/v1/admin/models/${digest}`, { method: "PUT", headers: { "content-type": contentType }, body });

describe("a model", () => {
  test("is stored under the digest of its bytes, handed to edges and given back", async () => {
    const digest = await sha256Hex(bytes);
    expect((await upload(digest, bytes)).status).toBe(200);
    expect(await desk.artifact("model", digest)).toEqual(bytes);
    const answer = await asAdmin(`/v1/admin/models/${digest}`);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
  });

  test("that was altered on the way is refused and not stored", async () => {
    const digest = await sha256Hex(bytes);
    const altered = bytes.with(3, 0);
    expect(await refusal(await upload(digest, altered))).toMatchObject(refusedAs(422, "digest_mismatch"));
    expect(await desk.artifact("model", digest)).toBeNull();
    expect(await refusal(await asAdmin(`/v1/admin/models/${digest}`))).toMatchObject(refusedAs(404, "not_found"));
  });

  test("that is too large, of another type or under no digest is refused", async () => {
    const large = new Uint8Array(FULL_LIMITS.modelBytesMax + 1);
    expect(await refusal(await upload("b".repeat(64), large))).toMatchObject(refusedAs(413, "body_too_large"));
    expect(await refusal(await upload("b".repeat(64), "{}", "application/json"))).toMatchObject(
      refusedAs(415, "unsupported_media_type"),
    );
    expect(await refusal(await upload("latest", bytes))).toMatchObject(refusedAs(400, "bad_field"));
  });

  test("is asked for by digest and size before anybody uploads it", async () => {
    const digest = await sha256Hex(bytes);
    await upload(digest, bytes);
    const models = [
      { digest, sizeBytes: bytes.length },
      { digest: "b".repeat(64), sizeBytes: 1 },
    ];
    const answer = await sendJson("POST", "/v1/admin/models/missing", { models });
    expect(await answer.json()).toEqual({ missing: ["b".repeat(64)] });
    const wrongSize = await sendJson("POST", "/v1/admin/models/missing", { models: [{ digest, sizeBytes: 1 }] });
    expect(await wrongSize.json()).toEqual({ missing: [digest] });
  });
});
