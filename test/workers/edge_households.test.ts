/**
 * One frequency cap for all devices of a household. The edge is the real one, and so is the object that keeps the
 * history, until a test puts one in its place that does not answer.
 */
import { reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DAY_MS } from "../../src/kernel/time.ts";
import { FREQUENCY_ENTRIES_MAX } from "../../src/protocols/frequency_token.ts";
import type { HouseholdStub } from "../../workers/edge/env.ts";
import type { Household } from "../../workers/origin/household.ts";
import { edgeWith, never, ScriptedOrigin, ScriptedWallet, snapshotFrom, signedWords } from "./edge_fixture.ts";
import { catalogOf } from "./origin_fixture.ts";

// The binding comes from origin's wrangler file; the generic env type does not know it.
const { HOUSEHOLD } = env as unknown as { readonly HOUSEHOLD: DurableObjectNamespace<Household> };

/** A catalog whose one line item may be seen once a day, at a publisher that keeps histories there. */
function cappedCatalog(frequencyStore: "token" | "household") {
  const catalog = catalogOf(["coffee"]);
  return {
    ...catalog,
    publishers: ["demo", "other"].map((id) => ({ id, name: id, frequencyStore })),
    lineItems: catalog.lineItems.map((line) => ({ ...line, frequencyCap: { impressions: 1, windowMinutes: 1440 } })),
  };
}

let edge: ReturnType<typeof edgeWith>;

async function openEdge(store: "token" | "household", households: { getByName(name: string): HouseholdStub }) {
  const origin = new ScriptedOrigin();
  origin.publish("catalogDigest", await snapshotFrom(cappedCatalog(store)));
  origin.goLive(await signedWords("models"));
  edge = edgeWith(origin, new ScriptedWallet(), { HOUSEHOLD: households });
  // The first answer loads the catalog and the money, for a viewer of its own.
  await watch({ viewerId: "somebody else" });
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(async () => {
  await edge.settled();
  vi.useRealTimers();
  vi.restoreAllMocks();
  await reset();
});

interface Viewing {
  readonly viewerId: string;
  readonly publisherId?: string;
  readonly household?: string;
  readonly token?: string | null;
  readonly coppa?: boolean;
}

/** One break on one device: how many ads, and the token to bring next time. What it left behind is awaited. */
async function watch({ viewerId, publisherId = "demo", household, token = null, coppa = false }: Viewing) {
  const viewer = { id: viewerId, householdId: household ?? null, frequencyToken: token };
  const answer = await edge.ask("/v1/decide", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ publisherId, podDurationSec: 30, viewer, privacy: { coppa } }),
  });
  expect(answer.status).toBe(200);
  const { ads, frequencyToken } = await answer.json<{ ads: unknown[]; frequencyToken: string | null }>();
  await edge.settled();
  return { ads: ads.length, token: frequencyToken };
}

/** Faults that the console has been told of. */
async function faultsReported(): Promise<Record<string, number>> {
  vi.setSystemTime(Date.now() + 2_000);
  await watch({ viewerId: "a third" });
  return Object.assign({}, ...edge.reports.map(({ counters }) => counters.faults));
}

describe("two devices of one household", () => {
  test("share a cap where the publisher keeps households' histories", async () => {
    await openEdge("household", HOUSEHOLD);
    expect((await watch({ viewerId: "tv", household: "family" })).ads).toBe(1);
    expect((await watch({ viewerId: "phone", household: "family" })).ads).toBe(0);
    expect((await watch({ viewerId: "phone", household: "neighbours" })).ads).toBe(1);
    vi.setSystemTime(Date.now() + DAY_MS + 60_000);
    expect((await watch({ viewerId: "phone", household: "family" })).ads, "a day later").toBe(1);
  });

  test("have a cap each where it does not, and no household is ever asked", async () => {
    const asked = vi.fn<(name: string) => HouseholdStub>((name) => HOUSEHOLD.getByName(name));
    await openEdge("token", { getByName: asked });
    const { ads, token } = await watch({ viewerId: "tv", household: "family" });
    expect(ads).toBe(1);
    expect((await watch({ viewerId: "tv", household: "family", token })).ads).toBe(0);
    expect((await watch({ viewerId: "phone", household: "family" })).ads).toBe(1);
    expect(asked).not.toHaveBeenCalled();
  });

  test("are strangers at two publishers, and no name gives the household away", async () => {
    const names = new Set<string>();
    await openEdge("household", { getByName: (name) => (names.add(name), HOUSEHOLD.getByName(name)) });
    expect((await watch({ viewerId: "tv", household: "family" })).ads).toBe(1);
    expect((await watch({ viewerId: "tv", household: "family", publisherId: "other" })).ads).toBe(1);
    expect([...names].map((name) => /^[0-9a-f]{64}$/.test(name))).toEqual([true, true]);
  });

  test("are never asked about a child", async () => {
    const asked = vi.fn<(name: string) => HouseholdStub>((name) => HOUSEHOLD.getByName(name));
    await openEdge("household", { getByName: asked });
    expect(await watch({ viewerId: "tv", household: "family", coppa: true })).toEqual({ ads: 1, token: null });
    expect(asked).not.toHaveBeenCalled();
  });
});

describe("a household out of reach", () => {
  test.each<[string, () => HouseholdStub]>([
    [
      "refuses every call",
      () => ({
        recent: () => Promise.reject(new Error("object reset")),
        remember: () => Promise.reject(new Error("object reset")),
      }),
    ],
    ["never answers", () => ({ recent: () => never(), remember: () => Promise.resolve() })],
    [
      "cannot even be named",
      () => {
        throw new Error("no such binding");
      },
    ],
  ])("and %s: the break is filled by the player's token, and the fault counted", async (_what, stub) => {
    await openEdge("household", { getByName: stub });
    const { ads, token } = await watch({ viewerId: "tv", household: "family" });
    expect(ads).toBe(1);
    expect((await watch({ viewerId: "tv", household: "family", token })).ads, "the token holds").toBe(0);
    expect((await watch({ viewerId: "phone", household: "family" })).ads, "the shared cap does not").toBe(1);
    expect(await faultsReported()).toMatchObject({ household_unreachable: expect.any(Number) });
  });
});

const family = () => HOUSEHOLD.getByName("f".repeat(64));
const stored = () =>
  runInDurableObject(family(), async (_household, state) => [...(await state.storage.list()).keys()]);

describe("a household's object", () => {
  test("that is only asked stores nothing", async () => {
    await openEdge("token", HOUSEHOLD);
    expect(await family().recent()).toEqual([]);
    expect(await stored()).toEqual([]);
  });

  test("keeps the newest impressions only, and forgets them all when no cap can look back at them", async () => {
    await openEdge("token", HOUSEHOLD);
    const nowMs = Date.now() - (Date.now() % 60_000);
    for (let i = 0; i < 10; i++) {
      const shown = Array.from({ length: 8 }, (_, slot) => `line-${i}-${slot}`);
      await family().remember(shown, nowMs + i * 60_000);
    }
    const recent = await family().recent();
    expect(recent).toHaveLength(FREQUENCY_ENTRIES_MAX);
    expect(recent[0]).toEqual({ lineItemId: "line-9-0", shownMs: nowMs + 9 * 60_000 });
    expect(recent.at(-1)?.lineItemId).toBe("line-2-7");
    await runInDurableObject(family(), async (_household, state) => {
      expect(await state.storage.getAlarm()).toBe(nowMs + 9 * 60_000 + 31 * DAY_MS + 60_000);
    });
    expect(await runDurableObjectAlarm(family())).toBe(true);
    expect(await family().recent()).toEqual([]);
    expect(await stored()).toEqual([]);
  });
});
