/**
 * What an operator sees and does about one campaign, in the real runtime: its history by the minute, a wallet that has
 * gone silent, giving up on its money, and the audit of it all.
 */
import { evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { MINUTE_MS } from "../../src/kernel/time.ts";
import { STUCK_AFTER_MS } from "../../src/money/limits.ts";
import type { ReconcileReport } from "../../src/money/protocol.ts";
import { NO_TOTALS } from "../../src/money/totals.ts";
import type { CampaignLedger } from "../../workers/origin/money/campaign_ledger.ts";
import {
  campaignAuditSchema,
  campaignHistorySchema,
  campaignStatusSchema,
} from "../../workers/origin/money/campaign_schemas.ts";
import { originApp } from "../../workers/origin/app.ts";
import {
  asAdmin,
  ask,
  catalogOf,
  ledgerWith,
  originEnv,
  refusal,
  refusedAs,
  sendJson,
  TOKEN,
} from "./origin_fixture.ts";

/** Half past a minute, so that a test says when a minute ends. */
const START_MS = Date.UTC(2026, 10, 1, 12, 0, 30);
const PATH = "/v1/admin/campaigns/spring";
const WALLET = { wallet: "wallet:weur:0", incarnation: "storage-1" };
const COMMAND = { ...WALLET, by: "kim", why: "the region is gone" };

// The plain shape of env.ts names what routes call; wallets call one method more.
const ledger = () => originEnv.LEDGER.getByName("spring") as unknown as DurableObjectStub<CampaignLedger>;

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** The wallet reports these totals, and asks for this much in all. */
async function report(change: Partial<ReconcileReport> = {}): Promise<void> {
  const wish = { wantGrantedMicros: micros(200_000), leastMicros: micros(0) };
  const heard = await ledger().reconcile({ ...NO_TOTALS, ...WALLET, campaignId: "spring", ...wish, ...change });
  expect(heard.ok).toBe(true);
}

const billed = (amount: number): Partial<ReconcileReport> => ({
  committedMicros: micros(amount),
  billedMicros: micros(amount),
  impressionsBilled: amount / 20_000,
  impressionsCommitted: amount / 20_000,
});

const statusNow = async () => campaignStatusSchema.parse(await (await asAdmin(PATH)).json());
const historyNow = async () => campaignHistorySchema.parse(await (await asAdmin(`${PATH}/history`)).json()).points;
const auditNow = async () => campaignAuditSchema.parse(await (await asAdmin(`${PATH}/audit`)).json()).entries;
const writeOff = (body: unknown) => sendJson("POST", `${PATH}/write-off`, body);

async function publish(change: object = {}): Promise<void> {
  const catalog = catalogOf(["spring"]);
  const campaigns = catalog.campaigns.map((campaign) => ({ ...campaign, ...change }));
  expect((await sendJson("PUT", "/v1/admin/catalog", { ...catalog, campaigns })).status).toBe(200);
}

beforeEach(async () => {
  // Only the date: a frozen setTimeout would freeze the objects' own waiting.
  vi.useFakeTimers({ toFake: ["Date"], now: START_MS });
  await publish();
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await reset();
});

describe("a campaign's history", () => {
  test("has one point a minute, each as its minute ended, and now", async () => {
    await report();
    pass(1_000);
    await report(billed(20_000));
    pass(1_000);
    await report(billed(40_000));
    pass(5 * MINUTE_MS);
    await report(billed(60_000));
    pass(1_000);
    const points = await historyNow();
    expect(points.map(({ atMs, billedMicros }) => [(atMs - START_MS) / 1_000, billedMicros])).toEqual([
      [2, 40_000],
      [302, 60_000],
      [303, 60_000],
    ]);
    expect(points[0]).toMatchObject({ spentMicros: 40_000, impressions: 2, outstandingMicros: 160_000 });
  });

  test("writes one row a minute, however many reports there are", async () => {
    await report();
    for (let i = 0; i < 30; i++) {
      await report(billed(Math.min(i, 9) * 20_000));
      pass(10_000);
    }
    const rows = await runInDurableObject(ledger(), (_ledger, state) =>
      state.storage.sql.exec("SELECT at_ms FROM history ORDER BY at_ms").toArray(),
    );
    const minutes = rows.map((row) => Math.floor(Number(row["at_ms"]) / MINUTE_MS));
    expect(minutes).toEqual([0, 1, 2, 3, 4].map((minute) => Math.floor(START_MS / MINUTE_MS) + minute));
  });

  test("loses nothing when the object is evicted in a minute that is not over", async () => {
    await report();
    pass(1_000);
    await report(billed(40_000));
    await evictDurableObject(ledger());
    pass(10 * MINUTE_MS);
    await report(billed(60_000));
    const points = await historyNow();
    expect(points.map(({ atMs, billedMicros }) => [(atMs - START_MS) / 1_000, billedMicros])).toEqual([
      [1, 40_000],
      [601, 60_000],
    ]);
  });
});

describe("a wallet that has gone silent with money", () => {
  beforeEach(async () => {
    await report();
    await report(billed(40_000));
    pass(STUCK_AFTER_MS + 1);
  });

  test("is shown as stuck, with what is outstanding there", async () => {
    const [share] = (await statusNow()).wallets;
    expect(share).toMatchObject({ ...WALLET, stuck: true, outstandingMicros: 160_000, writeOff: null });
  });

  test("is written off by an operator whose name and reason stay in the audit", async () => {
    const answer = await writeOff(COMMAND);
    expect(answer.status).toBe(200);
    const status = campaignStatusSchema.parse(await answer.json());
    expect(status).toMatchObject({ outstandingMicros: 0, writtenOffMicros: 160_000, billedMicros: 40_000 });
    expect(status.wallets[0]).toMatchObject({ stuck: false, writeOff: { by: "kim", amountMicros: 160_000 } });
    await evictDurableObject(ledger());
    const entries = await auditNow();
    expect(entries.map(({ number, kind }) => [number, kind])).toEqual([
      [2, "written_off"],
      [1, "terms_changed"],
    ]);
    expect(entries[0]).toEqual({
      ...COMMAND,
      number: 2,
      kind: "written_off",
      atMs: Date.now(),
      amountMicros: 160_000,
    });
  });

  test("comes back: what was written off is outstanding again, and the audit says so", async () => {
    await writeOff(COMMAND);
    pass(1_000);
    await report(billed(60_000));
    expect(await statusNow()).toMatchObject({ billedMicros: 60_000, outstandingMicros: 140_000, writtenOffMicros: 0 });
    expect((await auditNow())[0]).toMatchObject({ kind: "write_off_ended", ...WALLET, amountMicros: 160_000 });
  });

  test("is not written off twice", async () => {
    await writeOff(COMMAND);
    expect(await refusal(await writeOff(COMMAND))).toMatchObject(refusedAs(409, "wallet_not_stuck"));
    expect(await auditNow()).toHaveLength(2);
  });

  test.each([
    ["another field is there", { ...COMMAND, amountMicros: 5 }, 400, "bad_field"],
    ["nobody says who it is", { ...COMMAND, by: " " }, 400, "bad_field"],
    ["the reason is a novel", { ...COMMAND, why: "x".repeat(201) }, 400, "bad_field"],
    ["the name is no wallet's", { ...COMMAND, wallet: "purse" }, 400, "bad_field"],
    ["the ledger has never heard of it", { ...COMMAND, wallet: "wallet:weur:7" }, 404, "wallet_unknown"],
    ["its storage is another", { ...COMMAND, incarnation: "storage-2" }, 404, "wallet_unknown"],
  ])("is not written off when %s", async (_what, body, status, code) => {
    expect(await refusal(await writeOff(body))).toMatchObject(refusedAs(status, code));
    expect((await statusNow()).writtenOffMicros).toBe(0);
  });

  test("leaves no trace of the operator's words in the log", async () => {
    const lines: string[] = [];
    for (const level of ["log", "info", "warn", "error"] as const) {
      vi.spyOn(console, level).mockImplementation((...said: unknown[]) => void lines.push(said.join(" ")));
    }
    await writeOff(COMMAND);
    await writeOff(COMMAND);
    const LEDGER = { getByName: () => ledgerWith({}) };
    const init = {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(COMMAND),
    };
    const answer = await originApp().request(`http://origin.test${PATH}/write-off`, init, { ...originEnv, LEDGER });
    expect(await refusal(answer)).toMatchObject(refusedAs(503, "ledgers_unavailable"));
    expect(lines.join("\n")).not.toMatch(/kim|the region is gone/);
  });
});

describe("a write-off", () => {
  test("of a wallet that is alive is refused", async () => {
    await report();
    expect(await refusal(await writeOff(COMMAND))).toMatchObject(refusedAs(409, "wallet_not_stuck"));
  });

  test("of a campaign nobody published is refused before its wallet is looked for", async () => {
    const answer = await sendJson("POST", "/v1/admin/campaigns/autumn/write-off", COMMAND);
    expect(await refusal(answer)).toMatchObject(refusedAs(404, "not_found"));
  });

  test("is taken as bounded JSON from the operator and from nobody else", async () => {
    const headers = { "content-type": "application/json" };
    const send = (body: string, more = headers) =>
      asAdmin(`${PATH}/write-off`, { method: "POST", headers: more, body }).then(refusal);
    expect(await send("{")).toMatchObject(refusedAs(400, "malformed_json"));
    expect(await send(`"${"x".repeat(70_000)}"`)).toMatchObject(refusedAs(413, "body_too_large"));
    expect(await send("{}", { "content-type": "text/plain" })).toMatchObject(refusedAs(415, "unsupported_media_type"));
    const stranger = await ask(`${PATH}/write-off`, { method: "POST", headers, body: JSON.stringify(COMMAND) });
    expect(await refusal(stranger)).toMatchObject(refusedAs(401, "unauthorized"));
  });
});

describe("a campaign's audit", () => {
  test("tells what each publish changed, and nothing of a publish that changed nothing", async () => {
    await publish();
    await publish({ dailyBudgetMicros: 1_000_000, timeZone: "Europe/Berlin" });
    await publish({ dailyBudgetMicros: 1_000_000, timeZone: "Europe/Berlin", status: "paused" });
    const entries = await auditNow();
    expect(entries.map((entry) => ("changes" in entry ? entry.changes : []))).toMatchObject([
      [{ field: "status", from: "active", to: "paused" }],
      [
        { field: "dailyBudgetMicros", from: null, to: 1_000_000 },
        { field: "timeZone", from: "UTC", to: "Europe/Berlin" },
      ],
      expect.arrayContaining([{ field: "budgetMicros", from: null, to: 5_000_000 }]),
    ]);
    expect((await statusNow()).today).toEqual({ billedMicros: 0, endMs: Date.parse("2026-11-02T00:00:00+01:00") });
  });

  test("keeps the last thousand actions and their numbers", async () => {
    await runInDurableObject(ledger(), (_ledger, state) => {
      const body = JSON.stringify({ kind: "terms_changed", atMs: 1, changes: [] });
      for (let i = 0; i < 1_005; i++) state.storage.sql.exec("INSERT INTO audit (body) VALUES (?)", body);
    });
    await publish({ status: "paused" });
    const entries = await auditNow();
    expect([entries.length, entries[0]?.number, entries.at(-1)?.number]).toEqual([1_000, 1_007, 8]);
  });
});

test.each(["history", "audit"])("the %s of a campaign nobody published is not found", async (what) => {
  const answer = await asAdmin(`/v1/admin/campaigns/autumn/${what}`);
  expect(await refusal(answer)).toMatchObject(refusedAs(404, "not_found"));
});
