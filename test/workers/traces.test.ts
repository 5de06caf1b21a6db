/**
 * From a decision to its trace and back: the edge keeps the traces of sampled requests and sends them after the answer;
 * the queue brings them to the store, once however often it delivers; the index finds each; what is too old goes. What
 * comes back decides again to the same bytes.
 */
import { createExecutionContext, createMessageBatch, getQueueResult, reset } from "cloudflare:test";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { loadSnapshot } from "../../src/catalog/snapshot.ts";
import { replay } from "../../src/decision/trace/replay.ts";
import { readTrace } from "../../src/decision/trace/codec.ts";
import { micros } from "../../src/kernel/money.ts";
import { DAY_MS } from "../../src/kernel/time.ts";
import type { Scorer } from "../../src/decision/rank.ts";
import type { LoadModelSet } from "../../workers/edge/models/model_set.ts";
import worker from "../../workers/origin/index.ts";
import type { TraceIndex } from "../../workers/origin/traces/trace_index.ts";
import { takeTraces } from "../../workers/origin/traces/trace_queue.ts";
import { traceBatchesSchema } from "../../workers/origin/traces/trace_routes.ts";
import { TraceKeeper } from "../../workers/edge/trace_keeper.ts";
import { gunzip, gzip } from "../../workers/platform/gzip.ts";
import {
  edgeWith,
  loadStandIn,
  never,
  ScriptedOrigin,
  ScriptedWallet,
  snapshotOf,
  signedWords,
  type Artifact,
} from "./edge_fixture.ts";
import { asAdmin, originEnv, refusal, refusedAs, sendJson, catalogOf } from "./origin_fixture.ts";

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await reset();
});

const EVERY = "1000000";
const OPEN_MAX = 10_000_000;
const decidedSchema = z.object({ decisionId: z.string(), ads: z.array(z.unknown()) });

/** An edge with a catalog of two campaigns, and models unless it is to fall back. */
async function openEdge(
  over: {
    models?: string;
    send?: () => Promise<unknown>;
    drawnMicros?: number;
    loadModels?: LoadModelSet;
  } = {},
) {
  const origin = new ScriptedOrigin();
  const wallet = new ScriptedWallet();
  const { drawnMicros } = over;
  if (drawnMicros !== undefined) {
    wallet.answerDraw = async (request) => {
      const rich = wallet.rich(request);
      const allotments = rich.allotments.map((line) => ({ ...line, drawnMicros: micros(drawnMicros) }));
      return { ...rich, allotments };
    };
  }
  const snapshot = await snapshotOf("spring", "autumn");
  origin.publish("catalogDigest", snapshot);
  if (over.models !== undefined) origin.goLive(await signedWords(over.models));
  const queue = over.send === undefined ? {} : { TRACES: { send: over.send } };
  const edge = edgeWith(origin, wallet, { TRACE_SAMPLE_PPM: EVERY, ...queue }, over.loadModels);
  // The first request brings catalog, models and money; what is tested comes after it.
  await edge.ask("/v1/decide", { ...asked("warm-up"), method: "POST" });
  await edge.settled();
  edge.traceMessages.length = 0;
  return { edge, snapshot, wallet };
}

function asked(requestId: string): RequestInit {
  const body = { publisherId: "demo", requestId, podDurationSec: 30, viewer: { id: "somebody", device: "ctv" } };
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

async function decide(edge: Awaited<ReturnType<typeof openEdge>>["edge"], requestId: string) {
  const answer = await edge.ask("/v1/decide", asked(requestId));
  expect(answer.status).toBe(200);
  return decidedSchema.parse(await answer.json());
}

async function linesOf(messages: readonly Uint8Array[]): Promise<readonly string[]> {
  const texts = await Promise.all(messages.map((message) => gunzip(message, OPEN_MAX)));
  return texts.flatMap((text) => (text ?? "").split("\n").filter((line) => line !== ""));
}

/** What deciding again from a line gives: null when it is the same bytes. */
async function differenceIn(line: string, { bytes }: Artifact) {
  const read = readTrace(line);
  const catalog = loadSnapshot(bytes);
  if (!read.ok || !catalog.ok) throw new Error("trace or catalog cannot be read");
  const replayed = await replay(read.value, catalog.value);
  return replayed.ok ? replayed.value.difference : replayed.reason;
}

/** Models that score only when `of` decisions wait for them: all of these have then been planned on the same money. */
function meetingModels() {
  const meeting = { of: 1, waiting: [] as (() => void)[] };
  const loadModels: LoadModelSet = async (digest, steps) => {
    const set = await loadStandIn(digest, steps);
    const full: Scorer = {
      ...set.full,
      score: async (matrix) => {
        await new Promise<void>((resolve) => {
          meeting.waiting.push(resolve);
          if (meeting.waiting.length >= meeting.of) for (const go of meeting.waiting.splice(0)) go();
        });
        return set.full.score(matrix);
      },
    };
    return { ...set, full };
  };
  return { meeting, loadModels };
}

const gone = () => Promise.reject(new Error("the index is gone"));

const IDS = Array.from({ length: 1_000 }, (_, n) => `request-${n}`);

/** Which requests leave traces when the share is so written. */
function idsSampled(share: string): readonly string[] {
  const keeper = new TraceKeeper({ fault: () => undefined });
  const door = { env: { TRACE_SAMPLE_PPM: share, TRACES: { send: never } }, nowMs: 0, waitUntil: () => undefined };
  return IDS.filter((id) => keeper.witnessFor(door, id) !== null);
}

let delivered = 0;
async function deliver(...bodies: readonly unknown[]) {
  const messages = bodies.map((body) => ({ id: `m${delivered++}`, timestamp: new Date(0), attempts: 1, body }));
  const batch = createMessageBatch("midroll-traces", messages);
  const context = createExecutionContext();
  await worker.queue(batch, originEnv);
  return getQueueResult(batch, context);
}

const batches = async (query = "") => {
  const answer = await asAdmin(`/v1/admin/traces/batches${query}`);
  expect(answer.status).toBe(200);
  return traceBatchesSchema.parse(await answer.json());
};
const traceOf = (decisionId: string) => asAdmin(`/v1/admin/traces/decisions/${decisionId}`);
const storedKeys = async () => (await originEnv.TRACES.list()).objects.map(({ key }) => key);
const indexStub = () => originEnv.TRACE_INDEX.getByName("traces") as unknown as DurableObjectStub<TraceIndex>;

/** Messages as an edge sends them, with the ids of their decisions. */
async function messagesOf(count: number) {
  const { edge, snapshot } = await openEdge();
  const ids = Array.from({ length: count }, (_, n) => `r-${n}`);
  const decided = await Promise.all(ids.map((id) => decide(edge, id)));
  await edge.settled();
  const lines = await linesOf(edge.traceMessages);
  const messages = await Promise.all(lines.map((line) => gzip(`${line}\n`)));
  return { messages, decisionIds: decided.map(({ decisionId }) => decisionId), snapshot };
}

describe("at the edge", () => {
  test.each([
    ["models", "a set of models", "full"],
    ["no models", undefined, "fallback"],
    ["models that fail at every row", "failing", "fallback"],
  ])("a decision with %s leaves a trace that decides again to the same bytes", async (_, models, tier) => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { edge, snapshot } = await openEdge(models === undefined ? {} : { models });
    const decided = await Promise.all(["r-1", "r-2", "r-3"].map((id) => decide(edge, id)));
    await edge.settled();
    expect(edge.traceMessages).toHaveLength(1);
    const lines = await linesOf(edge.traceMessages);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject(
      decided.map(({ decisionId }) => ({ decisionId, scores: { tier }, droppedSlots: [] })),
    );
    for (const line of lines) {
      expect(await differenceIn(line, snapshot)).toBeNull();
      expect(line).not.toContain("somebody");
    }
  });

  test.each(["0", "", "all", "-1", "0.5", "1000001"])("a share of %j is none", (share) => {
    expect(idsSampled(share)).toEqual([]);
  });

  test("a share is the same share at every edge", () => {
    expect(idsSampled("500000")).toEqual(idsSampled("500000"));
    expect(idsSampled("500000").length).toBeGreaterThan(IDS.length / 3);
    expect(idsSampled("500000").length).toBeLessThan((2 * IDS.length) / 3);
    expect(idsSampled(EVERY)).toEqual(IDS);
  });

  test("money that went to a faster decision is told beside the decision, which replays all the same", async () => {
    const { meeting, loadModels } = meetingModels();
    const { edge, snapshot, wallet } = await openEdge({ models: "models", drawnMicros: 4_000, loadModels });
    meeting.of = 2;
    wallet.answerDraw = async (request) => ({ ...wallet.rich(request), allotments: [] });
    const both = await Promise.all([decide(edge, "r-1"), decide(edge, "r-2")]);
    await edge.settled();
    const lines = await linesOf(edge.traceMessages);
    const dropped = z.object({ droppedSlots: z.array(z.number()) });
    expect(both.map(({ ads }) => ads.length).sort()).toEqual([0, 1]);
    expect(lines.map((line) => dropped.parse(JSON.parse(line)).droppedSlots.length).sort()).toEqual([0, 1]);
    for (const line of lines) expect(await differenceIn(line, snapshot)).toBeNull();
  });

  test("a queue that fails, fails no answer, and what is lost is counted", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { edge } = await openEdge({ send: () => Promise.reject(new Error("the queue is gone")) });
    const before = edge.reports.length;
    expect((await decide(edge, "r-1")).ads.length).toBeGreaterThan(0);
    await edge.settled();
    await decide(edge, "r-2");
    await edge.settled();
    const lost = edge.reports
      .slice(before)
      .reduce((sum, { counters }) => sum + (counters.faults["trace_lost"] ?? 0), 0);
    expect(lost).toBeGreaterThan(0);
  });

  test("many decisions at once go together, and none is left out", async () => {
    const { edge } = await openEdge();
    const ids = Array.from({ length: 100 }, (_, n) => `r-${n}`);
    const decided = await Promise.all(ids.map((id) => decide(edge, id)));
    await edge.settled();
    const lines = await linesOf(edge.traceMessages);
    expect(new Set(lines.map((line) => JSON.parse(line).decisionId))).toEqual(
      new Set(decided.map(({ decisionId }) => decisionId)),
    );
    expect(edge.traceMessages.length).toBeLessThan(ids.length / 2);
  });
});

describe("from the queue to the store", () => {
  test("one delivery is one batch, and every decision in it is found and decides again", async () => {
    const { messages, decisionIds, snapshot } = await messagesOf(3);
    expect((await deliver(...messages)).explicitAcks).toHaveLength(3);
    const [key = ""] = await storedKeys();
    expect(await storedKeys()).toHaveLength(1);
    expect(key).toMatch(/^traces\/\d{4}-\d\d-\d\d\/\d\d\/[0-9a-f]{32}\.jsonl\.gz$/);
    for (const decisionId of decisionIds) {
      const answer = await traceOf(decisionId);
      expect(answer.status).toBe(200);
      expect(await differenceIn(await answer.text(), snapshot)).toBeNull();
    }
    const listed = await batches();
    expect(listed).toMatchObject({ batches: [{ key, traces: 3 }], next: null });
    const bytes = await (await asAdmin(`/v1/admin/traces/batches/${listed.batches[0]?.batch}`)).bytes();
    expect(bytes).toHaveLength(messages.reduce((sum, message) => sum + message.length, 0));
    expect(bytes).toHaveLength(listed.batches[0]?.sizeBytes ?? 0);
  });

  test("delivered again, in the same company or another, a message is filed once", async () => {
    const { messages, decisionIds } = await messagesOf(4);
    const [a, b, c, d] = messages;
    await deliver(a, b);
    await deliver(a, b);
    await deliver(b, b, c);
    await deliver(c, d, a);
    expect((await batches()).batches.map(({ traces }) => traces)).toEqual([2, 1, 1]);
    expect(await storedKeys()).toHaveLength(3);
    for (const decisionId of decisionIds) expect((await traceOf(decisionId)).status).toBe(200);
  });

  test("what is no message of traces is dropped and keeps no other out", async () => {
    const silent = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { messages } = await messagesOf(1);
    const nonsense = [null, "text", { format: 1 }, new Uint8Array([1, 2, 3]), await gzip("no trace\n"), await gzip("")];
    const half = messages[0]?.slice(0, 200);
    const result = await deliver(...nonsense, half, ...messages);
    expect(result.explicitAcks).toHaveLength(8);
    expect((await batches()).batches).toMatchObject([{ traces: 1 }]);
    expect(silent).toHaveBeenCalledTimes(7);
  });

  test("comes again when the index does not answer; then it is filed once", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { messages } = await messagesOf(1);
    const bodies = messages.map((body, n) => ({ id: `m${n}`, timestamp: new Date(0), attempts: 1, body }));
    const batch = createMessageBatch("midroll-traces", bodies);
    const index = { unknown: async (digests: readonly string[]) => [...digests], file: gone };
    const dead = { getByName: () => ({ ...index, find: gone, list: gone, keyOf: gone }) };
    await takeTraces(batch, { TRACES: originEnv.TRACES, TRACE_INDEX: dead });
    expect((await getQueueResult(batch, createExecutionContext())).retryMessages).toHaveLength(1);
    await deliver(...messages);
    expect((await batches()).batches).toHaveLength(1);
    expect(await storedKeys()).toHaveLength(1);
  });

  test("after the retention it is gone from the index and from the store", async () => {
    const { messages, decisionIds } = await messagesOf(1);
    await deliver(...messages);
    await originEnv.TRACES.put("traces/2020-01-01/00/orphan.jsonl.gz", "left by a delivery that died");
    const nowMs = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: nowMs + 6 * DAY_MS });
    await runDurableObjectAlarm(indexStub());
    expect((await traceOf(decisionIds[0] ?? "")).status).toBe(200);
    expect(await storedKeys()).toHaveLength(1);
    vi.useFakeTimers({ toFake: ["Date"], now: nowMs + 8 * DAY_MS });
    await runDurableObjectAlarm(indexStub());
    expect(await refusal(await traceOf(decisionIds[0] ?? ""))).toMatchObject(refusedAs(404, "trace_not_kept"));
    expect(await storedKeys()).toEqual([]);
    expect((await batches()).batches).toEqual([]);
    await runInDurableObject(indexStub(), (_instance: TraceIndex, state) => {
      for (const table of ["batches", "messages", "decisions"]) {
        expect(state.storage.sql.exec(`SELECT COUNT(*) AS kept FROM ${table}`).one()["kept"]).toBe(0);
      }
      expect(state.storage.sql.exec("SELECT decisions FROM held").one()["decisions"]).toBe(0);
    });
  });
});

describe("the routes", () => {
  test("list batches by time, page by page", async () => {
    const index = originEnv.TRACE_INDEX.getByName("traces");
    for (let n = 1; n <= 5; n++) {
      const messages = [{ digest: `digest-${n}`, offset: 0, size: 1, decisionIds: [`d-${n}`] }];
      await index.file({ key: `key-${n}`, fromMs: n * 1_000, untilMs: n * 1_000 + 500, sizeBytes: 1, messages });
    }
    const keys = async (query: string) => (await batches(query)).batches.map(({ key }) => key);
    expect(await keys("?since=2400")).toEqual(["key-2", "key-3", "key-4", "key-5"]);
    expect(await keys("?since=2501&until=4000")).toEqual(["key-3"]);
    const first = await batches("?limit=3");
    expect(first.batches).toHaveLength(3);
    expect(await keys(`?limit=3&after=${first.next}`)).toEqual(["key-4", "key-5"]);
  });

  test("answer nobody without the token, and refuse what is no question", async () => {
    for (const path of ["decisions/d", "batches", "batches/1"]) {
      const answer = await worker.fetch(
        new Request(`http://origin.test/v1/admin/traces/${path}`),
        originEnv,
        createExecutionContext(),
      );
      expect(answer.status).toBe(401);
    }
    expect(await refusal(await traceOf("d-unknown"))).toMatchObject(refusedAs(404, "trace_not_kept"));
    expect(await refusal(await asAdmin("/v1/admin/traces/batches/7"))).toMatchObject(refusedAs(404, "trace_not_kept"));
    for (const path of ["batches/seven", "batches?since=yesterday", "batches?limit=0"]) {
      expect(await refusal(await asAdmin(`/v1/admin/traces/${path}`))).toMatchObject(refusedAs(400, "bad_field"));
    }
  });

  test("give a snapshot by its digest, also one that is no longer current", async () => {
    const digests: string[] = [];
    for (const names of [["spring"], ["autumn"]]) {
      const answer = await sendJson("PUT", "/v1/admin/catalog", catalogOf(names));
      digests.push(z.object({ digest: z.string() }).parse(await answer.json()).digest);
    }
    for (const digest of digests) {
      const bytes = await (await asAdmin(`/v1/admin/catalog/snapshots/${digest}`)).bytes();
      expect(loadSnapshot(bytes).ok).toBe(true);
    }
    const unknown = await asAdmin(`/v1/admin/catalog/snapshots/${"0".repeat(64)}`);
    expect(await refusal(unknown)).toMatchObject(refusedAs(404, "not_found"));
  });
});
