/**
 * What is asked of the servers and what a right answer looks like. Requests are those of the seeded audience, so every
 * run asks the same; every viewer who allows it carries the signed history of one earlier break, as in real life.
 */
import { fromBase64Url } from "../src/kernel/bytes.ts";
import { decodeClaim } from "../src/money/token.ts";
import { requestOf, requestQuery, type Audience, type AudienceRequest } from "../src/simulation/viewers.ts";
import { EMPTY_ANSWER } from "./empty_worker.ts";
import type { Expectation, Harvest } from "./load/job.ts";

/** What is measured. */
export const SCENARIOS = ["emptyWorker", "decide", "vast", "impression"] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

/** One kind of request. */
export interface Scenario {
  readonly name: ScenarioName;
  readonly port: number;
  readonly messages: readonly Uint8Array[];
  readonly connections: number;
  readonly expect: Expectation;
  readonly harvest: Harvest | null;
}

/** Connections that keep one server busy; impressions wait for their batch, so that it takes more of them. */
const CONNECTIONS = 32;
const CONNECTIONS_OF_PLAYERS = 256;
/** A fixed moment: what is asked does not depend on when the benchmark runs. */
const ASKED_MS = Date.UTC(2026, 6, 1, 20);
const TOKENS_MAX = 100_000;

/** Break requests of a seeded audience of 5,000 viewers. */
export function audienceRequests(publisherIds: readonly string[], count: number): readonly AudienceRequest[] {
  const audience: Audience = { seed: "bench", size: 5_000, publisherIds };
  return Array.from({ length: count }, (_, sequence) => requestOf(audience, sequence, ASKED_MS));
}

function get(path: string): Uint8Array {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: midroll-bench\r\n\r\n`);
}

function post(path: string, body: unknown): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(body));
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: midroll-bench\r\n`;
  const about = `content-type: application/json\r\ncontent-length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head + about), bytes]);
}

/** The body of `POST /v1/decide` for a request of the audience. */
export function decideBody(asked: AudienceRequest, frequencyToken: string | null): object {
  const { vid: id, dev: device, country, region, seg: segments, lmt: limitAdTracking } = asked;
  return {
    requestId: asked.rid,
    publisherId: asked.pub,
    surface: asked.surface,
    podDurationSec: asked.dur,
    maxAds: asked.max,
    viewer: { id, device, country, region, segments, limitAdTracking, frequencyToken },
    content: { id: asked.content, genre: asked.genre, rating: asked.rating, language: asked.lang },
  };
}

/** Asks a Worker that does nothing. */
export function emptyScenario(port: number): Scenario {
  const expect = { status: 200, required: EMPTY_ANSWER, marks: {} };
  return { name: "emptyWorker", port, messages: [get("/")], connections: CONNECTIONS, expect, harvest: null };
}

/**
 * Asks for decisions as JSON. `histories`: frequency tokens by request number. `collect`: what to keep of the answers.
 */
export function decideScenario(
  edgeUrl: string,
  requests: readonly AudienceRequest[],
  histories: ReadonlyMap<number, string>,
  collect: "histories" | "impressions",
): Scenario {
  const before =
    collect === "histories" ? '"frequencyToken":"' : `"event":"impression","url":"${edgeUrl}/v1/beacon/impression?t=`;
  return {
    name: "decide",
    port: Number(new URL(edgeUrl).port),
    messages: requests.map((asked, number) => post("/v1/decide", decideBody(asked, histories.get(number) ?? null))),
    connections: CONNECTIONS,
    expect: {
      status: 200,
      required: '"tier":"',
      marks: { fullTier: '"tier":"full"', fallbackTier: '"tier":"fallback"', empty: '"ads":[]' },
    },
    harvest: { before, max: TOKENS_MAX },
  };
}

/** Asks for the same breaks as VAST. */
export function vastScenario(
  edgeUrl: string,
  requests: readonly AudienceRequest[],
  histories: ReadonlyMap<number, string>,
): Scenario {
  const query = (asked: AudienceRequest, number: number): string => {
    const history = histories.get(number);
    return requestQuery(asked) + (history === undefined ? "" : `&freq=${encodeURIComponent(history)}`);
  };
  return {
    name: "vast",
    port: Number(new URL(edgeUrl).port),
    messages: requests.map((asked, number) => get(`/v1/vast?${query(asked, number)}`)),
    connections: CONNECTIONS,
    // An answer that is empty by fault says so in a header; the name also stands in a list of exposed headers.
    expect: { status: 200, required: "</VAST>", forbidden: "\r\nmidroll-problem: ", marks: { filled: "<Ad " } },
    harvest: null,
  };
}

/** Reports impressions that were never reported before. Every one must be billed. */
export function impressionScenario(edgeUrl: string, tokens: readonly string[]): Scenario {
  return {
    name: "impression",
    port: Number(new URL(edgeUrl).port),
    messages: tokens.map((token) => get(`/v1/beacon/impression?t=${token}`)),
    connections: CONNECTIONS_OF_PLAYERS,
    expect: { status: 204, required: "midroll-verdict: billed", marks: {} },
    harvest: null,
  };
}

/** Whether a billing token is about money: house ads have no wallet and are never billed. */
export function isPaid(token: string): boolean {
  const payload = fromBase64Url(token.split(".")[0] ?? "");
  if (payload === null) return false;
  const claim = decodeClaim(payload);
  return claim.ok && claim.value.wallet !== "";
}
