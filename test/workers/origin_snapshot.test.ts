/**
 * Catalogs that come to origin as snapshots: what the command line packs is what origin would have made of the files,
 * and what is no sound snapshot never becomes current.
 */
import { reset } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { encodeSnapshot, loadSnapshot, SNAPSHOT_MEDIA_TYPE } from "../../src/catalog/snapshot.ts";
import type { Catalog } from "../../src/catalog/entities.ts";
import { parseCatalog } from "../../src/catalog/validate.ts";
import { appliedCatalogSchema, catalogStateSchema } from "../../workers/origin/api_schemas.ts";
import { sha256Hex } from "../../workers/platform/digest.ts";
import { asAdmin, catalogOf, desk, refusal, refusedAs, sendJson } from "./origin_fixture.ts";

afterEach(async () => {
  await reset();
});

function accepted(json: unknown): Catalog {
  const parsed = parseCatalog([{ file: "catalog", json }]);
  if (!parsed.ok) throw new Error("the fixture's catalog does not validate");
  return parsed.value;
}

const send = (bytes: Uint8Array) =>
  asAdmin("/v1/admin/catalog", { method: "PUT", headers: { "content-type": SNAPSHOT_MEDIA_TYPE }, body: bytes });

test("a snapshot becomes current, is what edges fetch, and has the digest that its files would have", async () => {
  const bytes = encodeSnapshot(accepted(catalogOf(["spring", "autumn"])));
  const answer = await send(bytes);
  expect(answer.status).toBe(200);
  const applied = appliedCatalogSchema.parse(await answer.json());
  expect(applied).toEqual({ digest: await sha256Hex(bytes), campaigns: 2, lineItems: 2 });
  expect(await desk.artifact("snapshot", applied.digest)).toEqual(bytes);
  const written = await sendJson("PUT", "/v1/admin/catalog", catalogOf(["autumn", "spring"]));
  expect(appliedCatalogSchema.parse(await written.json())).toEqual(applied);
  const state = catalogStateSchema.parse(await (await asAdmin("/v1/admin/catalog")).json());
  expect(state).toMatchObject({ digest: applied.digest, campaigns: 2, lineItems: 2 });
});

test("a snapshot of which a byte was lost or changed is refused, and the current one stays", async () => {
  const sound = encodeSnapshot(accepted(catalogOf(["spring"])));
  const { digest } = appliedCatalogSchema.parse(await (await send(sound)).json());
  for (const bytes of [sound.slice(0, -1), new Uint8Array(), new TextEncoder().encode("midroll-catalog/1\n")]) {
    const document = await refusal(await send(bytes));
    expect(document).toMatchObject(refusedAs(422, "catalog_invalid"));
    expect(document["problems"]).toMatchObject([{ code: "bad_snapshot" }]);
  }
  expect((await desk.manifest()).catalogDigest).toBe(digest);
});

test("a snapshot is held against the laws between entities, like files", async () => {
  const catalog = accepted(catalogOf(["spring"]));
  const campaigns = catalog.campaigns.map((campaign) => ({ ...campaign, budgetMicros: 0 }));
  const bytes = encodeSnapshot({ ...catalog, campaigns });
  expect(loadSnapshot(bytes).ok, "it reads as a snapshot").toBe(true);
  const document = await refusal(await send(bytes));
  expect(document).toMatchObject(refusedAs(422, "catalog_invalid"));
  expect(document["problems"]).toMatchObject([{ code: "paid_goal_without_budget", path: "lineItems[0].goal.kind" }]);
  expect((await desk.manifest()).catalogDigest).toBeNull();
});

test("many bytes have the digest that they have in one piece", async () => {
  const bytes = Uint8Array.from({ length: 3 * 1024 * 1024 + 5 }, (_, at) => at % 251);
  const whole = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  expect(await sha256Hex(bytes)).toBe(Array.from(whole, (byte) => byte.toString(16).padStart(2, "0")).join(""));
});
