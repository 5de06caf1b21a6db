/**
 * What the tests of origin share: the Worker under test with its real objects, a small catalog, one activity report.
 */
import { env, exports } from "cloudflare:workers";
import { PROBLEM_MEDIA_TYPE } from "../../src/protocols/problem.ts";
import type { ActivityReport } from "../../src/telemetry/activity.ts";
import { emptyCounters } from "../../src/telemetry/activity_window.ts";
import { problemSchema } from "../../workers/origin/api_schemas.ts";
import type { LedgerStub, OriginEnv } from "../../workers/origin/env.ts";
import type { EdgeDesk } from "../../workers/edge/env.ts";

/** The bindings of the Worker under test. The test runtime's own type does not know them by name. */
export const originEnv = env as unknown as OriginEnv;

/** The token that vitest.config.ts configures. */
export const TOKEN = "test-admin-token";

/** What the named and default exports of the Worker under test are to a test. */
const origin = exports as unknown as {
  readonly default: { fetch(request: Request): Promise<Response> };
  readonly EdgeDesk: Omit<EdgeDesk, "artifact"> & {
    artifact(kind: string, digest: string): Promise<Uint8Array | null>;
  };
};

/** Edges' desk, as an edge calls it. */
export const desk = origin.EdgeDesk;

/** A request to the Worker, without a token. */
export function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return origin.default.fetch(new Request(`http://origin.test${path}`, init));
}

/** A request to the Worker by its operator. */
export function asAdmin(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${TOKEN}`);
  return ask(path, { ...init, headers });
}

/** A JSON body sent by the operator. */
export function sendJson(method: string, path: string, body: unknown): Promise<Response> {
  return asAdmin(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

/** A refused request: the problem document, with what HTTP said beside it. */
export async function refusal(answer: Response): Promise<Readonly<Record<string, unknown>>> {
  const document = problemSchema.parse(await answer.json());
  return { ...document, httpStatus: answer.status, mediaType: answer.headers.get("content-type") };
}

/** What `refusal` gives for a problem of this code. */
export function refusedAs(status: number, code: string) {
  return { status, code, httpStatus: status, mediaType: PROBLEM_MEDIA_TYPE };
}

const gone = () => Promise.reject(new Error("the object is gone"));

/** A ledger that answers these calls; all others find the object gone. */
export function ledgerWith(answers: Partial<LedgerStub>): LedgerStub {
  return { configure: gone, status: gone, history: gone, audit: gone, writeOff: gone, ...answers };
}

/** A catalog of one publisher and these campaigns, each with one line item. */
export function catalogOf(campaignIds: readonly string[], budgetMicros = 5_000_000) {
  return {
    publishers: [{ id: "demo", name: "Demo Channel" }],
    advertisers: [{ id: "acme", name: "Acme", domain: "acme.example" }],
    campaigns: campaignIds.map((id) => ({
      id,
      advertiserId: "acme",
      name: `Campaign ${id}`,
      budgetMicros,
      flight: { start: "2026-01-01T00:00:00Z", end: "2030-01-01T00:00:00Z" },
    })),
    lineItems: campaignIds.map((id) => ({
      id: `line-${id}`,
      campaignId: id,
      name: `Line of ${id}`,
      creativeIds: ["spot"],
      goal: { kind: "cpm", cpmMicros: 4_000_000 },
    })),
    creatives: [
      {
        id: "spot",
        advertiserId: "acme",
        name: "Spot",
        durationSec: 10,
        categories: ["IAB2"],
        media: [{ url: "ads/10a/ad.mp4", mimeType: "video/mp4", width: 320, height: 180, bitrateKbps: 80 }],
        clickThroughUrl: "https://acme.example/",
      },
    ],
  };
}

/** One isolate's report with one decision in it. */
export function reportOf(sequence: number, atMs: number): ActivityReport {
  return {
    isolate: "isolate-1",
    sequence,
    atMs,
    counters: {
      ...emptyCounters(),
      decisions: 3,
      requestedMs: 60_000,
      paidMs: 45_000,
      tiers: { full: 2, reduced: 0, fallback: 1, house: 0 },
      beacons: { billed: 2 },
    },
    decisions: [
      {
        decisionId: `decision-${sequence}`,
        atMs,
        publisherId: "demo",
        surface: "midroll",
        podDurationSec: 20,
        tier: "full",
        modelSetDigest: null,
        slots: [],
        rejections: [],
      },
    ],
  };
}
