/**
 * From the queue to the console: every report counts once, nothing bad blocks the queue, and a dead ledger is one
 * unknown campaign.
 */
import {
  createExecutionContext,
  createMessageBatch,
  evictDurableObject,
  getQueueResult,
  reset,
  runInDurableObject,
} from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { liveSchema } from "../../workers/origin/api_schemas.ts";
import type { Activity } from "../../workers/origin/activity/activity.ts";
import { CampaignBoard } from "../../workers/origin/money/campaign_board.ts";
import worker from "../../workers/origin/index.ts";
import { takeReports } from "../../workers/origin/activity/report_queue.ts";
import { asAdmin, catalogOf, originEnv, reportOf, sendJson } from "./origin_fixture.ts";

afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

const live = () => originEnv.ACTIVITY.getByName("live");
const feed = async (after = 0) => {
  const answer = await asAdmin(`/v1/admin/live?after=${after}`);
  expect(answer.status).toBe(200);
  return liveSchema.parse(await answer.json());
};
const deliver = async (...bodies: readonly unknown[]) => {
  const messages = bodies.map((body, i) => ({ id: `m${i}`, timestamp: new Date(0), attempts: 1, body }));
  const batch = createMessageBatch("midroll-events", messages);
  const context = createExecutionContext();
  await worker.queue(batch, originEnv);
  return getQueueResult(batch, context);
};

describe("a report", () => {
  test("shows in its second, in the last minute, and with its decisions", async () => {
    const nowMs = Date.now();
    const result = await deliver(reportOf(0, nowMs), reportOf(1, nowMs));
    expect(result.explicitAcks).toEqual(["m0", "m1"]);
    const answer = await feed();
    expect(answer.series.atSec).toEqual([Math.floor(nowMs / 1000)]);
    expect(answer.series.decisions).toEqual([6]);
    expect(answer.series.impressionsBilled).toEqual([4]);
    expect(answer.series.tiers.full).toEqual([4]);
    expect(answer.lastMinute).toMatchObject({ decisions: 6, paidMs: 90_000, isolates: 1, beacons: { billed: 4 } });
    expect(answer.decisions.map((decision) => decision.decisionId)).toEqual(["decision-0", "decision-1"]);
  });

  test("delivered again, in the same batch or a later one, counts once", async () => {
    const nowMs = Date.now();
    await deliver(reportOf(0, nowMs), reportOf(0, nowMs));
    await deliver(reportOf(0, nowMs));
    expect((await feed()).lastMinute.decisions).toBe(3);
    expect(await live().record({ reports: [reportOf(0, nowMs)], badReports: 0 })).toEqual({
      counted: 0,
      duplicates: 1,
      refused: 0,
    });
  });

  test("too old to be recognised again is not counted but noted, and so is one from the future", async () => {
    const nowMs = Date.now();
    await deliver(reportOf(0, nowMs - 600_000), reportOf(1, nowMs + 3_600_000));
    const { lastMinute } = await feed();
    expect(lastMinute).toMatchObject({ decisions: 0, faults: { stale_report: 1, future_report: 1 } });
  });

  test("that is none is acknowledged and counted, and does not keep the others out", async () => {
    const result = await deliver({ nonsense: true }, reportOf(0, Date.now()), "text", null);
    expect(result.explicitAcks).toEqual(["m0", "m1", "m2", "m3"]);
    expect((await feed()).lastMinute).toMatchObject({ decisions: 3, faults: { bad_report: 3 } });
  });

  test("comes again when the object does not answer; what is bad does not", async () => {
    const messages = [reportOf(0, 0), "nonsense"].map((body, i) => ({
      id: `m${i}`,
      timestamp: new Date(0),
      attempts: 1,
      body,
    }));
    const batch = createMessageBatch("midroll-events", messages);
    const silent = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const dead = { getByName: () => ({ ...live(), record: () => Promise.reject(new Error("the object is gone")) }) };
    await takeReports(batch, { ACTIVITY: dead });
    const result = await getQueueResult(batch, createExecutionContext());
    expect(result.retryMessages.map((message) => message.msgId)).toEqual(["m0"]);
    expect(result.explicitAcks).toEqual(["m1"]);
    expect(silent).toHaveBeenCalledOnce();
    silent.mockRestore();
  });
});

describe("the feed", () => {
  test("after a `seq` tells only what changed since", async () => {
    const nowMs = Date.now();
    await deliver(reportOf(0, nowMs - 5_000));
    const first = await feed();
    const idle = await feed(first.seq);
    expect(idle.series.atSec).toEqual([]);
    expect(idle.decisions).toEqual([]);
    expect(idle.lastMinute.decisions).toBe(3);
    await deliver(reportOf(1, nowMs));
    const second = await feed(first.seq);
    expect(second.series.atSec).toEqual([Math.floor(nowMs / 1000)]);
    expect(second.decisions.map((decision) => decision.decisionId)).toEqual(["decision-1"]);
    expect(second.restarted).toBe(false);
  });

  test("says when the state was lost, and then tells everything", async () => {
    await deliver(reportOf(0, Date.now()));
    const answer = await feed(Date.now() + 1_000_000);
    expect(answer.restarted).toBe(true);
    expect(answer.decisions).toHaveLength(1);
    expect((await feed(5)).restarted).toBe(true);
  });

  test("keeps fifty decisions, the newest, and ten minutes of seconds", async () => {
    const startMs = Date.now();
    const reports = Array.from({ length: 60 }, (_, i) => reportOf(i, startMs - 60_000 + i * 1_000));
    await deliver(...reports);
    const answer = await feed();
    expect(answer.series.atSec).toHaveLength(60);
    expect(answer.decisions).toHaveLength(50);
    expect(answer.decisions[0]?.decisionId).toBe("decision-59");
    expect(answer.decisions.at(-1)?.decisionId).toBe("decision-10");
    vi.useFakeTimers({ toFake: ["Date"], now: startMs + 595_000 });
    await deliver(reportOf(100, startMs + 595_000));
    const later = await feed();
    expect(later.series.atSec).toHaveLength(5);
    await runInDurableObject(liveStub(), (_instance: Activity, state) => {
      const rows = state.storage.sql.exec("SELECT COUNT(*) AS held FROM seconds").one();
      expect(rows["held"]).toBe(5);
    });
  });

  test("survives a restart of its object", async () => {
    await deliver(reportOf(0, Date.now()));
    const before = await feed();
    await evictDurableObject(liveStub());
    const after = await feed();
    expect(after.series).toEqual(before.series);
    expect(after.decisions).toEqual(before.decisions);
    expect(after.seq).toBe(before.seq);
  });

  test("lists every campaign of the current catalog with its names and its money", async () => {
    expect((await feed()).campaigns).toEqual([]);
    await sendJson("PUT", "/v1/admin/catalog", catalogOf(["spring", "autumn"]));
    const answer = await feed();
    expect(answer.catalogDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(answer.campaigns).toMatchObject([
      { campaignId: "autumn", name: "Campaign autumn", advertiserName: "Acme", lineItems: 1, house: false },
      { campaignId: "spring", status: { terms: { budgetMicros: 5_000_000 }, billedMicros: 0 } },
    ]);
  });

  test("refuses an `after` that is no number", async () => {
    const answer = await asAdmin("/v1/admin/live?after=yesterday");
    expect(answer.status).toBe(400);
    expect(z.object({ code: z.string() }).parse(await answer.json()).code).toBe("bad_field");
  });
});

describe("the board of campaigns", () => {
  test("asks the ledgers once a second however many consoles watch", async () => {
    let nowMs = 0;
    let asked = 0;
    const board = new CampaignBoard(
      () => {
        asked++;
        return Promise.resolve(null);
      },
      () => nowMs,
    );
    await Promise.all([board.statuses(["a", "b"]), board.statuses(["a", "b"])]);
    expect(asked).toBe(2);
    nowMs = 999;
    await board.statuses(["a", "b"]);
    expect(asked).toBe(2);
    nowMs = 1_000;
    await board.statuses(["a", "b"]);
    expect(asked).toBe(4);
  });

  test("shows a ledger that fails as unknown, and never asks more than six at once", async () => {
    let open = 0;
    let mostOpen = 0;
    const ids = Array.from({ length: 20 }, (_, i) => `c${i}`);
    const board = new CampaignBoard(
      async (id) => {
        mostOpen = Math.max(mostOpen, ++open);
        await Promise.resolve();
        open--;
        if (id === "c7") throw new Error("gone");
        return null;
      },
      () => 0,
    );
    const sweep = await board.statuses(ids);
    expect(sweep.statuses).toHaveLength(20);
    expect(mostOpen).toBe(6);
  });
});

/** The Activity object with the platform's own stub type, which reaching into an object needs. */
function liveStub(): DurableObjectStub<Activity> {
  return live() as unknown as DurableObjectStub<Activity>;
}
