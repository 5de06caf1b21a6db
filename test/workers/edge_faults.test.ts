/**
 * The edge with origin, wallet, queue or models ill: viewers go on getting valid breaks from what the isolate holds,
 * and no beacon is ever told that something is billed which is not.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { BillVerdict } from "../../src/money/protocol.ts";
import { edgeWith, never, ScriptedOrigin, ScriptedWallet, snapshotOf, signedWords } from "./edge_fixture.ts";

let origin: ScriptedOrigin;
let wallet: ScriptedWallet;
let edge: ReturnType<typeof edgeWith>;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  origin = new ScriptedOrigin();
  wallet = new ScriptedWallet();
  origin.publish("catalogDigest", await snapshotOf("coffee"));
  origin.goLive(await signedWords("models"));
  edge = edgeWith(origin, wallet);
});
afterEach(async () => {
  await edge.settled();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const laterBy = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1_000);

interface Decided {
  readonly tier: string;
  readonly ads: readonly { priceMicros: number; tracking: { event: string; url: string }[] }[];
}

/** A decision that must succeed. */
async function decide(): Promise<Decided> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ publisherId: "demo", podDurationSec: 30 });
  const answer = await edge.ask("/v1/decide", { method: "POST", headers, body });
  expect(answer.status).toBe(200);
  return answer.json();
}

/** The path and query of a won slot's impression beacon. */
async function wonImpression(): Promise<string> {
  const url = (await decide()).ads[0]?.tracking.find(({ event }) => event === "impression")?.url;
  return url?.replace("https://edge.test", "") ?? "nothing was won";
}

/** What a beacon is answered: status, and verdict or problem code. */
async function send(beacon: string): Promise<[number, string | null]> {
  const answer = await edge.ask(beacon);
  if (answer.status < 300) return [answer.status, answer.headers.get("midroll-verdict")];
  const { code } = await answer.json<{ code: string }>();
  return [answer.status, code];
}

/** Faults that the console has been told of. */
async function faultsReported(): Promise<Record<string, number>> {
  laterBy(2);
  await edge.ask("/v1/vast?pub=demo");
  await edge.settled();
  const all: Record<string, number> = {};
  for (const { counters } of edge.reports) {
    for (const [fault, count] of Object.entries(counters.faults)) all[fault] = (all[fault] ?? 0) + count;
  }
  return all;
}

describe("an edge whose origin is gone", () => {
  test("goes on deciding with models and money, and counts the fault", async () => {
    await decide();
    await edge.settled();
    expect(await decide()).toMatchObject({ tier: "full", ads: [{ priceMicros: expect.any(Number) }] });
    await edge.settled();
    origin.answerManifest = () => Promise.reject(new Error("connection lost"));
    origin.answerArtifact = () => Promise.reject(new Error("connection lost"));
    for (let minute = 0; minute < 5; minute++) {
      laterBy(60);
      const { tier, ads } = await decide();
      expect([tier, ads.length]).toEqual(["full", 1]);
    }
    expect(await send(await wonImpression())).toEqual([204, "billed"]);
    expect(await faultsReported()).toMatchObject({ origin_unreachable: expect.any(Number) });
  });

  test("and that never knew a catalog answers players empty breaks and servers 503 not_ready", async () => {
    origin.answerManifest = () => Promise.reject(new Error("connection lost"));
    const vast = await edge.ask("/v1/vast?pub=demo");
    expect([vast.status, vast.headers.get("midroll-problem")]).toEqual([200, "not_ready"]);
    expect(await vast.text()).not.toContain("<Ad ");
    const list = await edge.ask("/v1/asset-list?pub=demo");
    expect([list.status, await list.json()]).toEqual([200, { ASSETS: [] }]);
    const headers = { "content-type": "application/json" };
    const server = await edge.ask("/v1/decide", { method: "POST", headers, body: '{"publisherId":"demo"}' });
    expect([server.status, await server.json()]).toEqual([503, expect.objectContaining({ code: "not_ready" })]);
  });
});

describe("models that fail", () => {
  test("in the middle of a decision are replaced by the fallback tier within the same request", async () => {
    origin.goLive(await signedWords("failing"));
    await decide();
    await edge.settled();
    expect(await decide()).toMatchObject({ tier: "fallback", ads: [{ priceMicros: expect.any(Number) }] });
    expect(await faultsReported()).toMatchObject({ scoring_failed: expect.any(Number) });
  });

  test("to load leave the fallback tier to an isolate that never had any", async () => {
    origin.goLive(await signedWords("broken"));
    await decide();
    await edge.settled();
    expect(await decide()).toMatchObject({ tier: "fallback", ads: [{ priceMicros: expect.any(Number) }] });
    expect(await faultsReported()).toMatchObject({ models_unavailable: expect.any(Number) });
  });
});

describe("a wallet that is gone", () => {
  test("before the first draw leaves nothing to spend: no paid ad is shown, and the fault is counted", async () => {
    wallet.answerDraw = () => Promise.reject(new Error("object reset"));
    expect((await decide()).ads).toEqual([]);
    expect(await faultsReported()).toMatchObject({ wallet_unreachable: expect.any(Number) });
    wallet.answerDraw = async (request) => wallet.rich(request);
    laterBy(2);
    await decide();
    await edge.settled();
    expect((await decide()).ads.length, "and is drawn from again when it is back").toBe(1);
  });

  test.each<[string, () => Promise<{ verdicts: readonly BillVerdict[] }>]>([
    ["refuses every call", () => Promise.reject(new Error("object reset"))],
    ["answers for another batch", async () => ({ verdicts: [] })],
    ["never answers", () => never()],
  ])("and %s: the beacon is told 503, and bills once when the wallet is back", async (_what, answer) => {
    const beacon = await wonImpression();
    wallet.answerBill = answer;
    expect(await send(beacon)).toEqual([503, "billing_unavailable"]);
    expect(wallet.billed.size).toBe(0);
    wallet.answerBill = async (claims) => wallet.honest(claims);
    expect(await send(beacon)).toEqual([204, "billed"]);
    expect(await send(beacon)).toEqual([204, "duplicate"]);
    expect(wallet.billed.size).toBe(1);
  });

  test("after it billed, before it said so: the beacon sent again is a duplicate, and paid once", async () => {
    const beacon = await wonImpression();
    wallet.answerBill = async (claims) => {
      wallet.honest(claims);
      throw new Error("the answer was lost");
    };
    expect(await send(beacon)).toEqual([503, "billing_unavailable"]);
    wallet.answerBill = async (claims) => wallet.honest(claims);
    expect(await send(beacon)).toEqual([204, "duplicate"]);
    expect(wallet.billed.size).toBe(1);
  });

  test("that does not know a signed token says invalid, and the beacon is refused", async () => {
    const beacon = await wonImpression();
    wallet.answerBill = async (claims) => ({ verdicts: claims.map(() => "invalid" as const) });
    expect(await send(beacon)).toEqual([400, "token_invalid"]);
  });
});
