/**
 * The admin API in the real runtime: who is let in, what a publish does and in which order, what is refused and how.
 */
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadSnapshot } from "../../src/catalog/snapshot.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { NOTHING_SERVES } from "../../src/models/serving_order.ts";
import { appliedCatalogSchema, catalogStateSchema } from "../../workers/origin/api_schemas.ts";
import { originApp } from "../../workers/origin/app.ts";
import { campaignListSchema, campaignStatusSchema } from "../../workers/origin/money/campaign_schemas.ts";
import { sha256Hex } from "../../workers/platform/digest.ts";
import type { OriginEnv } from "../../workers/origin/env.ts";
import {
  asAdmin,
  ask,
  catalogOf,
  desk,
  ledgerWith,
  originEnv,
  refusal,
  refusedAs,
  sendJson,
  TOKEN,
} from "./origin_fixture.ts";

afterEach(async () => {
  await reset();
});

const publish = async (catalog: unknown) => {
  const answer = await sendJson("PUT", "/v1/admin/catalog", catalog);
  expect(answer.status).toBe(200);
  return appliedCatalogSchema.parse(await answer.json());
};

const statusOf = async (campaignId: string) => {
  const answer = await asAdmin(`/v1/admin/campaigns/${campaignId}`);
  return campaignStatusSchema.parse(await answer.json()).terms.status;
};

/** The application with some of its bindings replaced. */
const withBindings = (path: string, init: RequestInit, changed: Partial<OriginEnv>) =>
  originApp().request(
    `http://origin.test${path}`,
    { ...init, headers: { authorization: `Bearer ${TOKEN}`, ...init.headers } },
    { ...originEnv, ...changed },
  );

describe("the admin gate", () => {
  test("refuses a request without a token and says how to send one", async () => {
    const answer = await ask("/v1/admin/catalog");
    expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    expect(await refusal(answer)).toMatchObject(refusedAs(401, "unauthorized"));
  });

  test.each([
    ["a wrong token", "Bearer nonsense"],
    ["the beginning of the token", `Bearer ${TOKEN.slice(0, -1)}`],
    ["another scheme", `Basic ${TOKEN}`],
    ["no token after the scheme", "Bearer "],
    ["two tokens", `Bearer ${TOKEN} ${TOKEN}`],
    ["an endless token", `Bearer ${"x".repeat(5_000)}`],
  ])("refuses %s", async (_what, authorization) => {
    const answer = await ask("/v1/admin/campaigns", { headers: { authorization } });
    expect(await refusal(answer)).toMatchObject(refusedAs(401, "unauthorized"));
  });

  test("guards paths that do not exist as well, so that they tell a stranger nothing", async () => {
    expect(await refusal(await ask("/v1/admin/anything"))).toMatchObject(refusedAs(401, "unauthorized"));
    expect(await refusal(await asAdmin("/v1/admin/anything"))).toMatchObject(refusedAs(404, "not_found"));
  });

  test("lets nobody in while no token is configured", async () => {
    const { ADMIN_TOKEN: _unset, ...without } = originEnv;
    for (const bindings of [without, { ...originEnv, ADMIN_TOKEN: "" }]) {
      const headers = { authorization: "Bearer " };
      const answer = await originApp().request("http://origin.test/v1/admin/catalog", { headers }, bindings);
      expect(await refusal(answer)).toMatchObject(refusedAs(401, "unauthorized"));
    }
  });

  test("lets the operator in, and nothing behind it is cached", async () => {
    const answer = await asAdmin("/v1/admin/catalog");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(catalogStateSchema.parse(await answer.json())).toEqual({
      digest: null,
      campaigns: 0,
      lineItems: 0,
      history: [],
    });
  });
});

/** Publishes and says which ledgers were asked to take terms. */
const askedBy = async (catalog: unknown): Promise<string[]> => {
  const asked: string[] = [];
  const LEDGER: OriginEnv["LEDGER"] = {
    getByName: (name) => {
      const stub = originEnv.LEDGER.getByName(name);
      return ledgerWith({
        configure: (terms) => {
          asked.push(name);
          return stub.configure(terms);
        },
        status: () => stub.status(),
      });
    },
  };
  expect((await withBindings("/v1/admin/catalog", put(catalog), { LEDGER })).status).toBe(200);
  return asked.toSorted();
};

describe("publishing a catalog", () => {
  test("makes it current under the digest of its snapshot, which the edge can fetch", async () => {
    const applied = await publish(catalogOf(["spring", "autumn"]));
    expect(applied).toMatchObject({ campaigns: 2, lineItems: 2 });
    expect(await desk.manifest()).toEqual({
      catalogDigest: applied.digest,
      models: NOTHING_SERVES,
      guaranteesDigest: null,
    });
    const bytes = await desk.artifact("snapshot", applied.digest);
    expect(bytes).not.toBeNull();
    expect(await sha256Hex(bytes ?? new Uint8Array())).toBe(applied.digest);
    const snapshot = loadSnapshot(bytes ?? new Uint8Array());
    expect(snapshot.ok && [...snapshot.value.campaigns.keys()]).toEqual(["autumn", "spring"]);
  });

  test("gives every campaign's ledger its terms", async () => {
    await publish(catalogOf(["spring", "autumn"], 7_000_000));
    const list = campaignListSchema.parse(await (await asAdmin("/v1/admin/campaigns")).json());
    expect(list.unknown).toEqual([]);
    expect(list.campaigns.map((campaign) => campaign.terms)).toEqual(
      ["autumn", "spring"].map((campaignId) => ({
        campaignId,
        budgetMicros: 7_000_000,
        flightStartMs: Date.UTC(2026, 0, 1),
        flightEndMs: Date.UTC(2030, 0, 1),
        status: "active",
        pacing: "even",
        dailyBudgetMicros: null,
        timeZone: "UTC",
        targetCostMicros: null,
        startMultiplierPpm: null,
        supplyShape: [],
      })),
    );
  });

  test("gives the ledger a daily budget, its zone, a target cost and a supply shape as the catalog has them", async () => {
    const goal = {
      dailyBudgetMicros: 1_000_000,
      timeZone: "America/New_York",
      targetCostMicros: 250_000,
      supplyShape: Array.from({ length: 168 }, (_, hour) => hour),
    };
    const catalog = catalogOf(["spring"]);
    await publish({ ...catalog, campaigns: catalog.campaigns.map((campaign) => ({ ...campaign, ...goal })) });
    const answer = await asAdmin("/v1/admin/campaigns/spring");
    expect(campaignStatusSchema.parse(await answer.json()).terms).toMatchObject(goal);
  });

  test("twice is once: the same digest, one line of history", async () => {
    const first = await publish(catalogOf(["spring"]));
    const { creatives, ...rest } = catalogOf(["spring"]);
    const second = await publish({ creatives, ...rest });
    expect(second).toEqual(first);
    const state = catalogStateSchema.parse(await (await asAdmin("/v1/admin/catalog")).json());
    expect(state.history).toHaveLength(1);
  });

  test("keeps the history, newest first, and going back is one more line", async () => {
    const first = await publish(catalogOf(["spring"]));
    const second = await publish(catalogOf(["spring", "autumn"]));
    await publish(catalogOf(["spring"]));
    const state = catalogStateSchema.parse(await (await asAdmin("/v1/admin/catalog")).json());
    expect(state).toMatchObject({ digest: first.digest, campaigns: 1, lineItems: 1 });
    expect(state.history.map((line) => line.digest)).toEqual([first.digest, second.digest, first.digest]);
    expect(state.history.map((line) => line.version)).toEqual([3, 2, 1]);
  });

  test("archives campaigns that are gone, and a campaign that returns is active again", async () => {
    await publish(catalogOf(["spring", "autumn"]));
    await publish(catalogOf(["spring"]));
    expect(await statusOf("autumn")).toBe("archived");
    await publish(catalogOf(["spring", "autumn"]));
    expect(await statusOf("autumn")).toBe("active");
  });

  test("asks the ledgers whose terms are new, and all of them when it is published once more", async () => {
    const { campaigns, ...rest } = catalogOf(["autumn", "spring"]);
    expect(await askedBy({ ...rest, campaigns })).toEqual(["autumn", "spring"]);
    const dearer = campaigns.map((each) => (each.id === "spring" ? { ...each, budgetMicros: 9_000_000 } : each));
    expect(await askedBy({ ...rest, campaigns: dearer })).toEqual(["spring"]);
    expect(await askedBy({ ...rest, campaigns: dearer })).toEqual(["autumn", "spring"]);
    expect(await askedBy({ ...rest, campaigns })).toEqual(["spring"]);
  });

  test("asks a ledger again that took terms of a publish which came to nothing", async () => {
    await publish(catalogOf(["autumn", "spring"]));
    const broken = await withBindings("/v1/admin/catalog", put(catalogOf(["autumn", "spring"], 9_000_000)), {
      LEDGER: ledgersWithout("autumn"),
    });
    expect(broken.status).toBe(503);
    expect(await askedBy(catalogOf(["autumn", "spring", "winter"]))).toEqual(["autumn", "spring", "winter"]);
  });

  test("a catalog that does not validate is refused with every problem, and changes nothing", async () => {
    const good = await publish(catalogOf(["spring"]));
    const { creatives: _missing, ...rest } = catalogOf(["spring"]);
    const answer = await sendJson("PUT", "/v1/admin/catalog", { ...rest, creatives: [] });
    const document = await refusal(answer);
    expect(document).toMatchObject(refusedAs(422, "catalog_invalid"));
    expect(document["problemCount"]).toBeGreaterThan(0);
    expect(JSON.stringify(document["problems"])).toContain("lineItems[0].creativeIds[0]");
    expect((await desk.manifest()).catalogDigest).toBe(good.digest);
  });

  test("a dry run names the digest and publishes nothing", async () => {
    const answer = await sendJson("POST", "/v1/admin/catalog/validate", catalogOf(["spring"]));
    const dry = appliedCatalogSchema.parse(await answer.json());
    expect((await desk.manifest()).catalogDigest).toBeNull();
    expect(await publish(catalogOf(["spring"]))).toEqual(dry);
  });

  test.each([
    ["no JSON", "application/json", "{", 400, "malformed_json"],
    ["bytes that are no UTF-8", "application/json", new Uint8Array([0x22, 0xff, 0x22]), 400, "malformed_json"],
    ["another content type", "text/plain", "{}", 415, "unsupported_media_type"],
    ["no content type", "", "{}", 415, "unsupported_media_type"],
  ])("refuses %s", async (_what, contentType, body, status, code) => {
    const answer = await asAdmin("/v1/admin/catalog", {
      method: "PUT",
      headers: { "content-type": contentType },
      body,
    });
    expect(await refusal(answer)).toMatchObject(refusedAs(status, code));
  });

  test("stops reading a body without a length at the first byte too many", async () => {
    const chunk = new Uint8Array(1024 * 1024).fill(0x20);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += chunk.length;
        controller.enqueue(chunk);
        if (sent > 4 * FULL_LIMITS.catalogBytesMax) controller.close();
      },
    });
    const headers = { "content-type": "application/json" };
    const answer = await withBindings("/v1/admin/catalog", { method: "PUT", headers, body }, {});
    expect(await refusal(answer)).toMatchObject(refusedAs(413, "body_too_large"));
    expect(sent).toBeLessThan(FULL_LIMITS.catalogBytesMax + 4 * chunk.length);
  });
});

const put = (catalog: unknown): RequestInit => ({
  method: "PUT",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(catalog),
});

/** All ledgers as they are, except one that does not answer. */
const ledgersWithout = (deadId: string): OriginEnv["LEDGER"] => ({
  getByName: (name) => (name === deadId ? deadLedger : originEnv.LEDGER.getByName(name)),
});
const deadLedger = ledgerWith({});

describe("when a ledger does not answer", () => {
  beforeEach(() => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test("the catalog is not published, the campaigns are named, and the same publish later succeeds", async () => {
    const catalog = catalogOf(["spring", "autumn"]);
    const answer = await withBindings("/v1/admin/catalog", put(catalog), { LEDGER: ledgersWithout("autumn") });
    const document = await refusal(answer);
    expect(document).toMatchObject(refusedAs(503, "ledgers_unavailable"));
    expect(document).toMatchObject({ campaigns: ["autumn"], published: false });
    expect((await desk.manifest()).catalogDigest).toBeNull();
    const applied = await publish(catalog);
    expect((await desk.manifest()).catalogDigest).toBe(applied.digest);
  });

  test("a removed campaign it kept alive is archived by publishing again", async () => {
    await publish(catalogOf(["spring", "autumn"]));
    const answer = await withBindings("/v1/admin/catalog", put(catalogOf(["spring"])), {
      LEDGER: ledgersWithout("autumn"),
    });
    const document = await refusal(answer);
    expect(document).toMatchObject(refusedAs(503, "ledgers_unavailable"));
    expect(document).toMatchObject({ campaigns: ["autumn"], published: true });
    await publish(catalogOf(["spring"]));
    expect(await statusOf("autumn")).toBe("archived");
  });

  test("its campaign is listed as unknown and the others are as they are", async () => {
    await publish(catalogOf(["spring", "autumn"]));
    const answer = await withBindings("/v1/admin/campaigns", {}, { LEDGER: ledgersWithout("autumn") });
    const list = campaignListSchema.parse(await answer.json());
    expect(list.unknown).toEqual(["autumn"]);
    expect(list.campaigns.map((campaign) => campaign.terms.campaignId)).toEqual(["spring"]);
  });
});

describe("two publishers at once", () => {
  test("the second is told to come again, until the first is done or its claim has run out", async () => {
    const registry = originEnv.REGISTRY.getByName("catalog");
    expect(await registry.claim("somebody", Date.now())).toBe(true);
    const answer = await sendJson("PUT", "/v1/admin/catalog", catalogOf(["spring"]));
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(await refusal(answer)).toMatchObject(refusedAs(409, "publish_in_progress"));
    expect(await registry.claim("another", Date.now() + 61_000)).toBe(true);
    await registry.release("another");
    await publish(catalogOf(["spring"]));
  });
});

describe("a campaign", () => {
  test("nobody ever published is not found", async () => {
    expect(await refusal(await asAdmin("/v1/admin/campaigns/nothing"))).toMatchObject(refusedAs(404, "not_found"));
  });

  test("id that is no id is refused", async () => {
    expect(await refusal(await asAdmin("/v1/admin/campaigns/%20"))).toMatchObject(refusedAs(400, "bad_field"));
  });
});
