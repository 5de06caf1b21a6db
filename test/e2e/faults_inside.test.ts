/**
 * Faults behind the doors of a running Midroll: publications that arrive while viewers ask, that are broken, or whose
 * objects are gone from the store. Viewers are answered all the while, and what was won before is still billed.
 */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { adminClient, applyCatalog, type AdminClient } from "../../cli/admin_client.ts";
import { publishModels } from "../../cli/models/publish_models.ts";
import { signSet } from "../../cli/models/publisher_key.ts";
import { canonicalJson, fromUtf8, toUtf8 } from "../../src/kernel/bytes.ts";
import type { Midroll } from "../../local/bring_up.ts";
import { projectDir } from "../../local/build.ts";
import { startRuntime, type Runtime } from "../../local/runtime.ts";
import type { Catalog } from "../../src/catalog/entities.ts";
import { modelSetSchema, type ModelSet } from "../../src/models/manifest.ts";
import { readVast } from "./read_vast.ts";
import { beaconOf, decide, DEMO_BREAK, freshDir, isPaid, postDecide, raise } from "./stage.ts";
import { refusal, report, type DecidedAd } from "./stage.ts";
import { until } from "./until.ts";

const MODELS_DIR = path.join(projectDir, "models");
/** How soon a publication must be in use at every edge that has traffic. */
const PICK_UP_MS_MAX = 5_000;

const { dir, remove } = freshDir();
let midroll: Midroll;
let admin: AdminClient;

beforeAll(async () => {
  midroll = await raise(dir);
  admin = adminClient({ origin: midroll.originUrl, token: midroll.adminToken, fetch });
});
afterAll(async () => {
  await midroll?.stop();
  remove();
});

const paidAd = async (): Promise<DecidedAd> => {
  const ad = (await decide(midroll.edgeUrl, DEMO_BREAK)).ads.find(isPaid);
  if (ad === undefined) throw new Error("nobody bought a slot");
  return ad;
};

/** Viewers who ask without a pause, each after the last answer, until told to stop. */
interface Flow {
  /** When the first answer of each catalog came. Units: performance clock, milliseconds. */
  readonly firstSeenMs: ReadonlyMap<string, number>;
  readonly tiers: ReadonlySet<string>;
  stop(): Promise<{ readonly asked: number; readonly failures: readonly string[] }>;
}

function flowOfViewers(edgeUrl: string): Flow {
  const firstSeenMs = new Map<string, number>();
  const tiers = new Set<string>();
  const failures: string[] = [];
  const ending = new AbortController();
  let asked = 0;
  const viewer = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      asked += 1;
      try {
        const { catalogDigest, tier, ads } = await decide(edgeUrl, DEMO_BREAK);
        if (!firstSeenMs.has(catalogDigest)) firstSeenMs.set(catalogDigest, performance.now());
        tiers.add(tier);
        if (ads.length === 0) failures.push("an empty break");
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const viewers = [viewer(), viewer(), viewer()];
  const stop = async (): Promise<{ asked: number; failures: readonly string[] }> => {
    ending.abort();
    await Promise.all(viewers);
    return { asked, failures };
  };
  return { firstSeenMs, tiers, stop };
}

/** The catalog without one advertiser: his campaigns, line items, creatives and deals. */
function without(advertiserId: string, catalog: Catalog): Catalog {
  const campaigns = catalog.campaigns.filter((campaign) => campaign.advertiserId !== advertiserId);
  const kept = new Set(campaigns.map(({ id }) => id));
  const lineItems = catalog.lineItems.filter(({ campaignId }) => kept.has(campaignId));
  const lines = new Set(lineItems.map(({ id }) => id));
  const deals = catalog.deals
    .map((deal) => ({ ...deal, lineItemIds: deal.lineItemIds.filter((id) => lines.has(id)) }))
    .filter((deal) => deal.lineItemIds.length > 0);
  const creatives = catalog.creatives.filter((creative) => creative.advertiserId !== advertiserId);
  const advertisers = catalog.advertisers.filter(({ id }) => id !== advertiserId);
  return { ...catalog, advertisers, campaigns, lineItems, creatives, deals };
}

describe("a catalog that is applied while viewers ask", () => {
  test("decides within five seconds, fails no request, and what was won under the old one is billed", async () => {
    const won = await paidAd();
    const flow = flowOfViewers(midroll.edgeUrl);
    const { digest } = await applyCatalog(admin, without(won.advertiserId, midroll.catalog));
    const appliedMs = performance.now();
    const seenMs = await until(() => {
      const seen = flow.firstSeenMs.get(digest);
      return seen === undefined ? { unmet: [...flow.firstSeenMs.keys()] } : { met: seen };
    }, 2 * PICK_UP_MS_MAX);
    const { asked, failures } = await flow.stop();
    console.log(`in use ${Math.round(seenMs - appliedMs)} ms after it was applied; ${asked} requests meanwhile`);
    expect(seenMs - appliedMs).toBeLessThanOrEqual(PICK_UP_MS_MAX);
    expect(failures).toEqual([]);
    expect(flow.firstSeenMs.size).toBe(2);

    const later = await decide(midroll.edgeUrl, DEMO_BREAK);
    expect(later.ads.map((ad) => ad.advertiserId)).not.toContain(won.advertiserId);
    expect(await report(beaconOf(won, "impression"))).toEqual({ status: 204, verdict: "billed" });
    const click = await fetch(won.clickThroughUrl, { redirect: "manual" });
    expect(await refusal(click), "its advertiser is gone").toEqual([404, "not_found"]);
  });

  test("is refused whole when a line item names a creative that is not there, and the old one goes on", async () => {
    const before = await decide(midroll.edgeUrl, DEMO_BREAK);
    const [first, ...others] = midroll.catalog.lineItems;
    const broken = { ...midroll.catalog, lineItems: [{ ...first, creativeIds: ["cr-nobody-made"] }, ...others] };
    await expect(admin.put("/v1/admin/catalog", "application/json", JSON.stringify(broken))).rejects.toMatchObject({
      code: "catalog_invalid",
      lines: [expect.stringContaining("cr-nobody-made")],
    });
    expect(await admin.get("/v1/admin/catalog")).toMatchObject({ digest: before.catalogDigest });
    expect((await decide(midroll.edgeUrl, DEMO_BREAK)).catalogDigest).toBe(before.catalogDigest);
  });
});

const readySchema = z.object({ ready: z.literal(true), modelSetDigest: z.string() });

const liveModelSet = async (edgeUrl: string): Promise<string> => {
  const answer = await fetch(`${edgeUrl}/readyz`);
  return readySchema.parse(await answer.json()).modelSetDigest;
};

const liveSchema = z.object({ lastMinute: z.object({ faults: z.record(z.string(), z.number()) }) });

/** Waits until the console counts a fault within the last minute. */
async function untilCounted(fault: string): Promise<void> {
  await until(async () => {
    const { faults } = liveSchema.parse(await admin.get("/v1/admin/live")).lastMinute;
    return (faults[fault] ?? 0) > 0 ? { met: faults } : { unmet: faults };
  }, 30_000);
}

const WORDS = { by: "a test", why: "to see what happens" };

/** The models of the checkout, live. */
const publishSample = () =>
  publishModels(admin, MODELS_DIR, {
    key: midroll.modelKey,
    words: WORDS,
    place: { kind: "live" },
    say: () => undefined,
  });

/** The sample model set with these bytes in place of the early ranker, live, as if they had passed the gate. */
async function publishWithRanker(bytes: Uint8Array): Promise<void> {
  const set: ModelSet = modelSetSchema.parse(
    JSON.parse(readFileSync(path.join(MODELS_DIR, "sample-set.json"), "utf8")),
  );
  const digest = createHash("sha256").update(bytes).digest("hex");
  await admin.put(`/v1/admin/models/${digest}`, "application/octet-stream", bytes);
  const models = set.models.map((model) =>
    model.role === "earlyRanker" ? { ...model, digest, sizeBytes: bytes.length } : model,
  );
  const payload = toUtf8(canonicalJson({ ...set, models }));
  const id = createHash("sha256").update(payload).digest("hex");
  const envelope: unknown = JSON.parse(fromUtf8(signSet(payload, midroll.modelKey)) ?? "");
  const found = { rowCost: 1, onKernel: false, runtimesApart: 0, goldenApart: 0 };
  const gate = { checkedBy: "a test", checkedMs: 0, models: models.map((model) => ({ ...found, ...model })) };
  const publication = JSON.stringify({ envelope, gate, ...WORDS });
  await admin.put(`/v1/admin/model-sets/${id}`, "application/json", publication);
  await admin.post("/v1/admin/rollout/moves", { kind: "live", digest: id, ...WORDS });
}

describe("a model that is broken", () => {
  test("is refused by its digest when its bytes were changed on the way", async () => {
    const bytes = readFileSync(path.join(MODELS_DIR, "click/model.onnx"));
    const digest = createHash("sha256").update(bytes).digest("hex");
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await expect(
      admin.put(`/v1/admin/models/${digest}`, "application/octet-stream", new Uint8Array(bytes)),
    ).rejects.toMatchObject({ code: "digest_mismatch" });
  });

  test("does not displace the models that work: they go on scoring, and the fault is counted", async () => {
    const working = await liveModelSet(midroll.edgeUrl);
    const flow = flowOfViewers(midroll.edgeUrl);
    await publishWithRanker(new TextEncoder().encode("this was an ONNX graph once"));
    await untilCounted("models_unavailable");
    const { failures } = await flow.stop();
    expect(failures).toEqual([]);
    expect([...flow.tiers]).toEqual(["full"]);
    expect(await liveModelSet(midroll.edgeUrl)).toBe(working);
    expect(await publishSample()).toMatchObject({ digest: working });
  });
});

describe("a store that has lost its objects", () => {
  let bare: Runtime;
  let won: DecidedAd;
  beforeAll(async () => {
    won = await paidAd();
    await midroll.stop();
    rmSync(path.join(dir, "state/storage/r2"), { recursive: true });
    bare = await startRuntime({
      edgePort: Number(new URL(midroll.edgeUrl).port),
      originPort: Number(new URL(midroll.originUrl).port),
      stateDir: path.join(dir, "state"),
    });
  });
  afterAll(async () => {
    await bare?.stop();
  });

  test("leaves a new edge without a catalog: players get empty breaks, money owed is still taken", async () => {
    const vast = await fetch(`${bare.edgeUrl}/v1/vast?pub=demo`);
    expect([vast.status, vast.headers.get("midroll-problem")]).toEqual([200, "not_ready"]);
    expect((await readVast(await vast.text())).ads).toEqual([]);
    const list = await fetch(`${bare.edgeUrl}/v1/asset-list?pub=demo`);
    expect([list.status, list.headers.get("midroll-problem")]).toEqual([200, "not_ready"]);
    expect(await list.json()).toEqual({ ASSETS: [] });
    expect(await refusal(await postDecide(bare.edgeUrl, DEMO_BREAK))).toEqual([503, "not_ready"]);
    expect(await refusal(await fetch(`${bare.edgeUrl}/readyz`))).toEqual([503, "not_ready"]);
    expect((await fetch(`${bare.edgeUrl}/healthz`)).status).toBe(200);
    expect(await report(beaconOf(won, "impression"))).toEqual({ status: 204, verdict: "billed" });
    await untilCounted("catalog_unavailable");
  });

  test("is mended by applying catalog and models again: nothing has to be restarted", async () => {
    await applyCatalog(admin, midroll.catalog);
    await publishSample();
    const decided = await until(async () => {
      const answer = await decide(bare.edgeUrl, DEMO_BREAK);
      return answer.tier === "full" && answer.ads.some(isPaid) ? { met: answer } : { unmet: answer.tier };
    }, 30_000);
    expect(decided.ads.length).toBeGreaterThan(0);
  });
});
