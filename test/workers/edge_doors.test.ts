/**
 * What the doors make of a request before it is decided: prices in the catalog's currency, the laws' signals, and the
 * clock and place that the platform tells.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ZoneClocks } from "../../workers/edge/zone_clocks.ts";
import { edgeWith, ScriptedOrigin, ScriptedWallet, snapshotFrom, signedWords } from "./edge_fixture.ts";
import { catalogOf } from "./origin_fixture.ts";

let edge: ReturnType<typeof edgeWith>;

beforeEach(async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const origin = new ScriptedOrigin();
  const currencies = [
    { id: "EUR", ratePpm: 1_000_000 },
    { id: "GBP", ratePpm: 1_170_000 },
  ];
  origin.publish("catalogDigest", await snapshotFrom({ ...catalogOf(["coffee"]), currencies }));
  origin.goLive(await signedWords("models"));
  edge = edgeWith(origin, new ScriptedWallet());
});
afterEach(async () => {
  await edge.settled();
  vi.restoreAllMocks();
});

/** Status and problem code of a decision. */
async function decide(terms: object): Promise<[number, string | null]> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ publisherId: "demo", podDurationSec: 30, ...terms });
  const answer = await edge.ask("/v1/decide", { method: "POST", headers, body });
  const { code = null } = await answer.json<{ code?: string }>();
  return [answer.status, code];
}

describe("floors in a currency", () => {
  test("that the catalog has a rate for are taken", async () => {
    for (const currency of ["EUR", "gbp", null]) {
      expect(await decide({ floorCpmMicros: 1_000_000, currency })).toEqual([200, null]);
    }
  });

  test("that it has none for are refused to servers, and leave players an empty break that says why", async () => {
    expect(await decide({ floorCpmMicros: 1_000_000, currency: "USD" })).toEqual([422, "currency_unknown"]);
    for (const door of ["vast", "asset-list"]) {
      const answer = await edge.ask(`/v1/${door}?pub=demo&dur=30&bidfloor=1&bidfloorcur=USD`);
      expect([answer.status, answer.headers.get("midroll-problem")]).toEqual([200, "currency_unknown"]);
      expect(await answer.text()).not.toMatch(/<Ad |"URI"/);
    }
  });
});

describe("a player's contradictions", () => {
  test.each([
    ["bad_slot", "slots=20,20"],
    ["bad_ad_duration", "rqddurs=45"],
    ["bad_dedupe", "poddedupe=5,1"],
    ["bad_floor", "durfloors=30-15:2"],
    ["bad_deal", "deals=a,a"],
    ["bad_fill", "fill=brimming"],
  ])("leave a valid empty break: %s for %s", async (code, terms) => {
    const answer = await edge.ask(`/v1/vast?pub=demo&dur=30&${terms}`);
    expect([answer.status, answer.headers.get("midroll-problem")]).toEqual([200, code]);
    expect(await answer.text()).toContain("<VAST");
  });
});

describe("a viewer under a law", () => {
  test.each([
    ["lmt=1", false],
    ["coppa=1", false],
    ["gdpr=1", false],
    ["gdpr=1&gdpr_consent=garbage", false],
    ["us_privacy=1YYN", true],
    ["gdpr=0", true],
  ])("with %s gets a history to keep: %s", async (signal, kept) => {
    const answer = await edge.ask(`/v1/vast?pub=demo&dur=30&vid=me&${signal}`);
    expect(answer.headers.has("midroll-frequency")).toBe(kept);
  });
});

describe("the clocks of viewers", () => {
  const AUTUMN_MS = Date.UTC(2026, 9, 25, 1); // Berlin goes back an hour

  test("are asked of the calendar once a quarter of an hour, and never late when they change", () => {
    const clocks = new ZoneClocks();
    const calendar = vi.spyOn(Intl, "DateTimeFormat");
    for (const minutes of [-15, -10, -1]) expect(clocks.offsetMinutes("Europe/Berlin", at(minutes))).toBe(120);
    expect(calendar).toHaveBeenCalledTimes(1);
    expect(clocks.offsetMinutes("Europe/Berlin", at(0))).toBe(60);
    expect(clocks.offsetMinutes("Asia/Kolkata", at(0))).toBe(330);
    expect([clocks.offsetMinutes("Middle/Earth", at(0)), clocks.offsetMinutes("Middle/Earth", at(1))]).toEqual([
      null,
      null,
    ]);
    expect(calendar).toHaveBeenCalledTimes(4);
  });

  const at = (minutes: number): number => AUTUMN_MS + minutes * 60_000;
});
