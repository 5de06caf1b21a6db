/**
 * The recording half of the traces benchmark: asks a running Midroll for varied breaks, waits until every trace has
 * been filed, and replays them all here.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { adminClient, applyCatalog, type AdminClient } from "../cli/admin_client.ts";
import { CliFault } from "../cli/fault.ts";
import { replayDecisions } from "../cli/decisions/replay_command.ts";
import { SAMPLE_CATALOG_DIR, type Midroll } from "../local/bring_up.ts";
import { startRuntime } from "../local/runtime.ts";
import type { AudienceRequest } from "../src/simulation/viewers.ts";
import { catalogFrom } from "./ample_catalog.ts";
import type { Generator } from "./load/start_generator.ts";
import { audienceRequests, decideBody, decideScenario } from "./scenarios.ts";

/** What one recording came to. */
export interface Recorded {
  readonly asked: number;
  /** Traces that the edge counted as lost, too large or dropped. */
  readonly dropped: number;
  readonly traces: number;
  readonly same: number;
  readonly differing: number;
  readonly unreadable: number;
  readonly tiers: Readonly<Record<string, number>>;
  readonly storedBytes: number;
  readonly batches: number;
  readonly replayMs: number;
}

const FILED_WAIT_MS = 30_000;
const POLL_MS = 250;

const replayedSchema = z.object({
  traces: z.number(),
  same: z.number(),
  differing: z.number(),
  unreadable: z.number(),
  tiers: z.record(z.string(), z.number()),
});
const batchesSchema = z.object({ batches: z.array(z.object({ traces: z.number(), sizeBytes: z.number() })) });
const liveSchema = z.object({ lastMinute: z.object({ faults: z.record(z.string(), z.number()) }) });

/** A Midroll that has no models: every decision is of the fallback tier. Waits for its first paid one. */
export async function startWithoutModels(stateDir: string): Promise<Midroll> {
  const vars = { TRACE_SAMPLE_PPM: "1000000" };
  const runtime = await startRuntime({ edgePort: 0, originPort: 0, stateDir, vars });
  const catalog = await catalogFrom(SAMPLE_CATALOG_DIR);
  await applyCatalog(adminClient({ origin: runtime.originUrl, token: runtime.adminToken, fetch }), catalog);
  const [asked] = audienceRequests([catalog.publishers[0]?.id ?? ""], 1);
  for (const endMs = Date.now() + FILED_WAIT_MS; Date.now() < endMs; await sleep(POLL_MS)) {
    if (asked !== undefined && (await ask(runtime.edgeUrl, asked)).includes('"tier":"fallback"')) break;
  }
  return { ...runtime, catalog };
}

async function ask(edgeUrl: string, asked: AudienceRequest): Promise<string> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(decideBody(asked, null));
  return (await fetch(`${edgeUrl}/v1/decide`, { method: "POST", headers, body })).text();
}

/** Asks for so many breaks, half of them by viewers with a history, and replays what was recorded. */
export async function recordAndReplay(
  midroll: Midroll,
  generator: Generator,
  count: number,
  say: (line: string) => void,
): Promise<Recorded> {
  const client = adminClient({ origin: midroll.originUrl, token: midroll.adminToken, fetch });
  const publisherIds = midroll.catalog.publishers.map(({ id }) => id);
  const half = audienceRequests(publisherIds, Math.ceil(count / 2));
  const before = await filed(client);
  const first = await load(generator, midroll.edgeUrl, half, new Map());
  const second = await load(generator, midroll.edgeUrl, half, new Map(first.harvested));
  const asked = first.right + second.right;
  const stored = await waitUntilFiled(client, before.traces + asked);
  const faults = liveSchema.parse(await client.get("/v1/admin/live")).lastMinute.faults;
  const dropped = ["trace_lost", "trace_too_large", "trace_dropped"].reduce(
    (sum, name) => sum + (faults[name] ?? 0),
    0,
  );
  say(`replaying ${stored.traces}`);
  const startedMs = performance.now();
  const replayed = replayedSchema.parse(await replayAll(client, say));
  return { asked, dropped, ...replayed, ...stored, replayMs: performance.now() - startedMs };
}

async function load(
  generator: Generator,
  edgeUrl: string,
  requests: readonly AudienceRequest[],
  histories: ReadonlyMap<number, string>,
) {
  const { name: _, ...scenario } = decideScenario(edgeUrl, requests, histories, "histories");
  const result = await generator.run({ ...scenario, firstMessage: 0, timing: { kind: "once" } });
  if (Object.keys(result.errors).length > 0) throw new Error(`wrong answers: ${JSON.stringify(result.errors)}`);
  return result;
}

async function filed(client: AdminClient) {
  const { batches } = batchesSchema.parse(await client.get("/v1/admin/traces/batches"));
  return {
    batches: batches.length,
    traces: batches.reduce((sum, { traces }) => sum + traces, 0),
    storedBytes: batches.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

/** What is filed once all is, or once nothing more has come for the longest wait. */
async function waitUntilFiled(client: AdminClient, expected: number) {
  let stored = await filed(client);
  for (let endMs = Date.now() + FILED_WAIT_MS; stored.traces < expected && Date.now() < endMs;) {
    await sleep(POLL_MS);
    const next = await filed(client);
    if (next.traces > stored.traces) endMs = Date.now() + FILED_WAIT_MS;
    stored = next;
  }
  return stored;
}

async function replayAll(client: AdminClient, progress: (line: string) => void): Promise<unknown> {
  try {
    const door = { client: async () => client, nowMs: Date.now(), progress };
    return (await replayDecisions(door, { since: "1d" })).json;
  } catch (error) {
    if (!(error instanceof CliFault) || error.code !== "replay_differs") throw error;
    for (const line of error.lines) progress(line);
    return error.members;
  }
}
