/**
 * Nonsense at the doors of a running Midroll: whoever plays gets a valid empty break, whoever integrates gets a problem
 * document with a stable code, and nobody gets money moved. docs/faults.md is the table of these answers.
 */
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Midroll } from "../../local/bring_up.ts";
import { stream } from "../../src/kernel/random.ts";
import type { BillingClaim } from "../../src/money/protocol.ts";
import { isProblemCode, PROBLEM_MEDIA_TYPE } from "../../src/protocols/problem.ts";
import { claimIn, seal, sealClaim, signingKey, tokenIn, type SigningKey } from "./forge.ts";
import { readVast } from "./read_vast.ts";
import { askLedgers, beaconOf, decide, DEMO_BREAK, freshDir, inParallel, isPaid, postDecide } from "./stage.ts";
import { printedSeed, raise, report, type CampaignMoney, type DecidedAd } from "./stage.ts";
import { until } from "./until.ts";

const seed = printedSeed("faults.test.ts");
const { dir, remove } = freshDir();
let midroll: Midroll;
let key: SigningKey;

beforeAll(async () => {
  midroll = await raise(dir);
  key = signingKey(path.join(dir, "state"));
});
afterAll(async () => {
  await midroll?.stop();
  remove();
});

const problemSchema = z.object({
  type: z.string().startsWith("urn:midroll:problem:"),
  ...{ title: z.string().min(1), status: z.int(), code: z.string(), detail: z.string().min(1) },
});

/** A refusal as a program sees it: HTTP status and code. The document must be a proper one. */
async function refusal(answer: Response): Promise<[number, string]> {
  const { status, code } = problemSchema.parse(await answer.json());
  expect(answer.headers.get("content-type")).toBe(PROBLEM_MEDIA_TYPE);
  expect(status).toBe(answer.status);
  return [status, code];
}

/** Asks a player's door; the break must be valid and empty. The problem that it names. */
async function emptyBreakBecause(door: "vast" | "asset-list", query: string): Promise<string | null> {
  const answer = await fetch(`${midroll.edgeUrl}/v1/${door}${query}`);
  expect(answer.status, query).toBe(200);
  const text = await answer.text();
  if (door === "vast") expect((await readVast(text)).ads, query).toEqual([]);
  else expect(JSON.parse(text), query).toEqual({ ASSETS: [] });
  return answer.headers.get("midroll-problem");
}

const many = (count: number, word: string): string => Array.from({ length: count }, (_, n) => `${word}${n}`).join();

const NONSENSE: readonly (readonly [what: string, query: string, code: string])[] = [
  ["a publisher nobody knows", "?pub=nobody", "unknown_publisher"],
  ["no publisher", "", "missing_publisher"],
  ["an empty publisher", "?pub=", "missing_publisher"],
  ["a publisher id that is a path", "?pub=../demo", "bad_id"],
  ["a publisher id of 65 letters", `?pub=${"x".repeat(65)}`, "bad_id"],
  ["a request id with spaces", "?pub=demo&rid=a%20b", "bad_id"],
  ["a viewer id of 257 letters", `?pub=demo&vid=${"v".repeat(257)}`, "bad_id"],
  ["a content id of 65 letters", `?pub=demo&content=${"c".repeat(65)}`, "bad_id"],
  ["a duration in words", "?pub=demo&dur=forever", "bad_duration"],
  ["no time at all", "?pub=demo&dur=0", "bad_duration"],
  ["time that runs backwards", "?pub=demo&dur=-30", "bad_duration"],
  ["more time than a break has", "?pub=demo&dur=600.1", "bad_duration"],
  ["a duration in powers of ten", "?pub=demo&dur=1e2", "bad_duration"],
  ["no ads at all", "?pub=demo&max=0", "bad_max_ads"],
  ["half an ad", "?pub=demo&max=1.5", "bad_max_ads"],
  ["seventeen ads", "?pub=demo&max=17", "bad_max_ads"],
  ["shortest ads longer than longest", "?pub=demo&min_ad=30&max_ad=15", "bad_ad_duration"],
  ["shortest ads longer than the break", "?pub=demo&dur=10&min_ad=15", "bad_ad_duration"],
  ["a blocked category in words", "?pub=demo&bcat=IAB7,cars", "bad_category"],
  ["a blocked domain that is none", "?pub=demo&badv=not%20a%20domain", "bad_domain"],
  ["65 blocked categories", `?pub=demo&bcat=${many(65, "IAB1-")}`, "too_many_items"],
  ["65 parameters", `?pub=demo&${many(65, "x=").replaceAll(",", "&")}`, "too_many_items"],
  ["half an escape", "?pub=demo&genre=%E0%A4", "malformed_query"],
  ["an escape that is none", "?pub=demo&genre=%zz", "malformed_query"],
  ["bytes that are not UTF-8", "?pub=demo&genre=%ff%fe", "malformed_query"],
  ["more URL than anybody reads", `?pub=demo&x=${"y".repeat(4_100)}`, "url_too_long"],
];

describe("a player that sends nonsense gets a valid empty break that says why", () => {
  test.each(NONSENSE)("%s", async (_what, query, code) => {
    expect(await emptyBreakBecause("vast", query)).toBe(code);
    expect(await emptyBreakBecause("asset-list", query)).toBe(code);
  });

  test("noise of all kinds, three hundred times", async () => {
    const pieces = [
      "pub=demo",
      "&",
      "=",
      "%",
      "%00",
      "%c3%28",
      "dur=",
      "max",
      "NaN",
      "-1",
      "[object Object]",
      "<VAST>",
    ];
    pieces.push("bcat=", ",,,", "\u{1f4a5}", "'; DROP TABLE", "freq=", "a.b.c", "vid=[IFA]", "__proto__", "999999999");
    const noise = Array.from({ length: 300 }, (_, n) => {
      const random = stream(seed, `noise ${n}`);
      return Array.from({ length: 1 + random.below(12) }, () => pieces[random.below(pieces.length)]).join("");
    });
    await inParallel(noise, 8, async (query) => {
      const answer = await fetch(`${midroll.edgeUrl}/v1/vast?${query}`);
      expect(answer.status, query).toBe(200);
      const { ads } = await readVast(await answer.text());
      const code = answer.headers.get("midroll-problem");
      // Some noise is a proper request; whatever is not says why.
      if (code !== null)
        expect([isProblemCode(code), code === "internal", ads.length], query).toEqual([true, false, 0]);
    });
  });

  test("a viewer history that nobody signed is no history, and the break is filled", async () => {
    const answer = await fetch(`${midroll.edgeUrl}/v1/vast?pub=demo&dur=60&country=US&dev=ctv&vid=v&freq=forged.k.xyz`);
    expect(answer.headers.get("midroll-problem")).toBeNull();
    expect((await readVast(await answer.text())).ads.length).toBeGreaterThan(0);
  });
});

/** A body that does not say how long it is. */
function unannounced(sizeBytes: number): ReadableStream<Uint8Array> {
  let left = sizeBytes;
  return new ReadableStream({
    pull: (controller) => {
      controller.enqueue(new Uint8Array(Math.min(left, 8_192)).fill(0x20));
      left -= 8_192;
      if (left <= 0) controller.close();
    },
  });
}

describe("a server that sends nonsense to /v1/decide gets a problem document", () => {
  const send = (body: RequestInit["body"], type = "application/json"): Promise<Response> =>
    fetch(`${midroll.edgeUrl}/v1/decide`, {
      ...{ method: "POST", headers: { "content-type": type }, body },
      // Node asks for this beside a body that is a stream.
      ...{ duplex: "half" },
    });

  test.each<[string, number, string, unknown]>([
    ["a publisher nobody knows", 422, "unknown_publisher", { publisherId: "nobody" }],
    ["no publisher", 400, "missing_publisher", {}],
    ["a publisher that is a number", 400, "bad_id", { publisherId: 7 }],
    ["a duration in words", 400, "bad_duration", { publisherId: "demo", podDurationSec: "sixty" }],
    ["a viewer who is a list", 400, "bad_field", { publisherId: "demo", viewer: [] }],
    ["half an ad", 400, "bad_max_ads", { publisherId: "demo", maxAds: 0.5 }],
    ["a blocked category in words", 400, "bad_category", { publisherId: "demo", blockedCategories: ["cars"] }],
    ["65 segments", 400, "too_many_items", { publisherId: "demo", viewer: { segments: Array(65).fill("s") } }],
    ["a list", 400, "bad_field", []],
    ["nothing", 400, "bad_field", null],
  ])("%s: %i %s", async (_what, status, code, body) => {
    expect(await refusal(await postDecide(midroll.edgeUrl, body))).toEqual([status, code]);
  });

  test("a body that is not JSON, or JSON that is not UTF-8: 400 malformed_json", async () => {
    expect(await refusal(await send('{"publisherId":'))).toEqual([400, "malformed_json"]);
    expect(await refusal(await send(""))).toEqual([400, "malformed_json"]);
    expect(await refusal(await send(Uint8Array.of(0x22, 0xff, 0x22)))).toEqual([400, "malformed_json"]);
  });

  test("a body of another type, or of none: 415 unsupported_media_type", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/xml"]) {
      expect(await refusal(await send('{"publisherId":"demo"}', type))).toEqual([415, "unsupported_media_type"]);
    }
    const untyped = { method: "POST", body: Uint8Array.of(0x7b, 0x7d) };
    expect(await refusal(await fetch(`${midroll.edgeUrl}/v1/decide`, untyped))).toEqual([
      415,
      "unsupported_media_type",
    ]);
  });

  test("a body larger than 64 KiB, announced or not: 413 body_too_large", async () => {
    expect(await refusal(await send(" ".repeat(64 * 1024 + 1)))).toEqual([413, "body_too_large"]);
    expect(await refusal(await send(unannounced(96 * 1024)))).toEqual([413, "body_too_large"]);
  });
});

/** A paid ad of a fresh decision. */
async function wonAd(): Promise<DecidedAd> {
  const ad = (await decide(midroll.edgeUrl, DEMO_BREAK)).ads.find(isPaid);
  if (ad === undefined) throw new Error("nobody bought a slot");
  return ad;
}

const beaconTo = (event: string, token: string): string =>
  `${midroll.edgeUrl}/v1/beacon/${event}?t=${encodeURIComponent(token)}`;

type Money = Pick<CampaignMoney, "billedMicros" | "impressionsBilled" | "duplicates" | "late" | "exhausted">;

async function moneyOf(campaignId: string): Promise<Money> {
  const status = (await askLedgers(midroll)).get(campaignId);
  if (status === undefined) throw new Error(`no campaign ${campaignId}`);
  const { billedMicros, impressionsBilled, duplicates, late, exhausted } = status;
  return { billedMicros, impressionsBilled, duplicates, late, exhausted };
}

/** What a campaign's ledger holds once a beacon that is certainly refused has reached it: all before it are in. */
async function settledMoneyOf(claim: BillingClaim): Promise<Money> {
  const before = (await moneyOf(claim.campaignId)).late;
  const marker = sealClaim(claim, key, { purseId: "marker", decisionId: crypto.randomUUID() });
  expect(await report(beaconTo("impression", marker))).toEqual({ status: 204, verdict: "late" });
  return until(async () => {
    const money = await moneyOf(claim.campaignId);
    // The marker itself is not part of what is told.
    return money.late > before ? { met: { ...money, late: money.late - 1 } } : { unmet: money };
  }, 30_000);
}

describe("a beacon moves money only when it is genuine, new and in time", () => {
  let url: string;
  let claim: BillingClaim;
  beforeAll(async () => {
    url = beaconOf(await wonAd(), "impression");
    claim = claimIn(url);
  });

  const refusedBeacon = async (event: string, token: string): Promise<[number, string]> =>
    refusal(await fetch(beaconTo(event, token)));

  test("no token, a forged one, or one of another key: 400 token_invalid", async () => {
    expect(await refusal(await fetch(`${midroll.edgeUrl}/v1/beacon/impression`))).toEqual([400, "token_invalid"]);
    const strange = { ...key, key: Buffer.alloc(32, 7).toString("base64url") };
    const forged = ["", "forged", "a.b.c", "....", "x".repeat(3_000), `${tokenIn(url)}.more`];
    forged.push(sealClaim(claim, strange, {}), sealClaim(claim, { ...key, id: "other" }, {}));
    for (const token of forged) expect(await refusedBeacon("impression", token)).toEqual([400, "token_invalid"]);
  });

  test("a genuine token with any letter altered: 400 token_invalid", async () => {
    const token = tokenIn(url);
    const altered = Array.from(
      token,
      (letter, at) => token.slice(0, at) + (letter === "A" ? "B" : "A") + token.slice(at + 1),
    );
    const answers = await inParallel(altered, 8, (each) => refusedBeacon("impression", each));
    expect(answers.filter(([status, code]) => status !== 400 || code !== "token_invalid")).toEqual([]);
  });

  test("a token that was signed for another purpose, or says nothing: 400 token_invalid", async () => {
    const { frequencyToken } = await decide(midroll.edgeUrl, { ...DEMO_BREAK, viewer: { id: "viewer-1" } });
    const [payload = ""] = tokenIn(url).split(".");
    const elsewhere = seal(Buffer.from(payload, "base64url"), key, "frequency");
    const empty = seal(new Uint8Array(), key);
    for (const token of [frequencyToken ?? "", elsewhere, empty]) {
      expect(await refusedBeacon("impression", token)).toEqual([400, "token_invalid"]);
    }
  });

  test("an event nobody knows: 404 beacon_unknown_event, whatever the token", async () => {
    for (const event of ["applause", "Impression", "constructor"]) {
      expect(await refusedBeacon(event, tokenIn(url))).toEqual([404, "beacon_unknown_event"]);
    }
  });

  test("signed claims on money that is not there are refused or heard, and never billed", async () => {
    const before = await settledMoneyOf(claim);
    const changed = (change: Partial<BillingClaim>): string =>
      beaconTo("impression", sealClaim(claim, key, { ...change, decisionId: crypto.randomUUID() }));
    const late = { status: 204, verdict: "late" };
    expect(await report(changed({ expiresMs: Date.now() - 1 })), "expired").toEqual(late);
    expect(await report(changed({ purseId: "nobodys-purse" })), "closed or unknown purse").toEqual(late);
    const dear = { priceMicros: 9_000_000_000_000 as BillingClaim["priceMicros"] };
    expect(await report(changed(dear)), "more than its purse holds").toEqual({ status: 204, verdict: "exhausted" });
    const invalid = { status: 400, verdict: null };
    expect(await report(changed({ campaignId: "cmp-nobody" })), "unknown campaign").toEqual(invalid);
    expect(await report(changed({ wallet: "wallet:mars:7" })), "another region's wallet").toEqual(invalid);

    const after = await settledMoneyOf(claim);
    expect(after).toEqual({ ...before, late: before.late + 3, exhausted: before.exhausted + 1 });
  });

  test("ten players that send one beacon at once, and again, are billed once", async () => {
    const ad = await wonAd();
    const own = claimIn(beaconOf(ad, "impression"));
    const before = await settledMoneyOf(own);
    const tenTimes = (): Promise<{ verdict: string | null }[]> =>
      Promise.all(Array.from({ length: 10 }, () => report(beaconOf(ad, "impression"))));
    const verdicts = [...(await tenTimes()), ...(await tenTimes())].map(({ verdict }) => verdict);
    expect(verdicts.filter((verdict) => verdict === "billed")).toHaveLength(1);
    expect(verdicts.filter((verdict) => verdict === "duplicate")).toHaveLength(19);
    const after = await settledMoneyOf(own);
    expect(after).toMatchObject({
      billedMicros: before.billedMicros + ad.priceMicros,
      impressionsBilled: before.impressionsBilled + 1,
    });
    expect(after.duplicates).toBeGreaterThanOrEqual(before.duplicates + 19);
  });

  test("house ads are heard and never billed", async () => {
    const all = [...new Set(midroll.catalog.creatives.flatMap(({ categories }) => categories))];
    const houseLines = new Set(
      midroll.catalog.lineItems.filter(({ goal }) => goal.kind === "house").map(({ id }) => id),
    );
    const blockedCategories = [...new Set(all.map((code) => code.split("-")[0] ?? code))].filter(
      (code) => code !== "IAB1",
    );
    const { ads } = await decide(midroll.edgeUrl, { ...DEMO_BREAK, podDurationSec: 7, blockedCategories });
    const house = ads.filter((ad) => houseLines.has(ad.lineItemId));
    expect(house.map((ad) => ad.priceMicros)).toEqual([0]);
    for (const ad of house) {
      expect(await report(beaconOf(ad, "impression"))).toEqual({ status: 204, verdict: "counted" });
      expect(await moneyOf(ad.campaignId)).toMatchObject({ billedMicros: 0, impressionsBilled: 0 });
    }
  });

  test("only the impression costs: all other events are counted", async () => {
    const ad = await wonAd();
    const own = claimIn(beaconOf(ad, "impression"));
    const before = await settledMoneyOf(own);
    for (const event of ["start", "firstQuartile", "midpoint", "thirdQuartile", "complete", "skip", "error"]) {
      expect(await report(beaconOf(ad, event)), event).toEqual({ status: 204, verdict: "counted" });
    }
    expect(await settledMoneyOf(own)).toEqual({ ...before, late: before.late + 1 });
  });

  test("a click leads on to the advertiser, and a forged one leads nowhere", async () => {
    const ad = await wonAd();
    const answer = await fetch(ad.clickThroughUrl, { redirect: "manual" });
    const creative = midroll.catalog.creatives.find(({ id }) => id === ad.adId);
    expect([answer.status, answer.headers.get("location")]).toEqual([302, creative?.clickThroughUrl]);
    const forged = await fetch(beaconTo("click", "forged"), { redirect: "manual" });
    expect(forged.headers.get("location")).toBeNull();
    expect(await refusal(forged)).toEqual([400, "token_invalid"]);
  });

  test("a page's image gets a pixel, and sendBeacon's POST is as good as a GET", async () => {
    const ad = await wonAd();
    const image = await fetch(beaconOf(ad, "impression"), { headers: { accept: "image/avif,image/*,*/*;q=0.8" } });
    expect([image.status, image.headers.get("content-type")]).toEqual([200, "image/gif"]);
    expect((await image.arrayBuffer()).byteLength).toBe(43);
    const posted = await report(beaconOf(ad, "impression"), { method: "POST", body: "ignored" });
    expect(posted).toEqual({ status: 204, verdict: "duplicate" });
  });
});

describe("requests for what is not there", () => {
  test.each([
    ["GET", "/v1/decide", "POST"],
    ["POST", "/v1/vast", "GET"],
    ["DELETE", "/v1/asset-list", "GET"],
    ["PUT", "/v1/beacon/impression", "GET, POST"],
    ["POST", "/readyz", "GET"],
  ])("%s %s: 405 method_not_allowed, with what is allowed", async (method, door, allowed) => {
    const answer = await fetch(midroll.edgeUrl + door, { method });
    expect(answer.headers.get("allow")).toBe(allowed);
    expect(await refusal(answer)).toEqual([405, "method_not_allowed"]);
  });

  test("a route nobody knows: 404 not_found", async () => {
    for (const route of ["/", "/v1", "/v1/vast/", "/v1/admin/catalog", "/v1/beacon/", "/%00"]) {
      expect(await refusal(await fetch(midroll.edgeUrl + route)), route).toEqual([404, "not_found"]);
    }
  });

  test("a beacon URL that is too long: 414 url_too_long", async () => {
    expect(await refusal(await fetch(beaconTo("start", "x".repeat(5_000))))).toEqual([414, "url_too_long"]);
  });
});

describe("pages of other sites", () => {
  const headers = { origin: "https://player.example", "access-control-request-method": "GET" };

  test("may ask for breaks and read what the answer's headers say, but never with a visitor's cookies", async () => {
    const preflight = await fetch(`${midroll.edgeUrl}/v1/decide`, { method: "OPTIONS", headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-methods")).toBe("GET,POST");
    const answer = await fetch(`${midroll.edgeUrl}/v1/vast?pub=nobody`, { headers });
    const exposed = answer.headers.get("access-control-expose-headers")?.toLowerCase().split(/,\s*/);
    expect(exposed).toEqual(["midroll-decision", "midroll-frequency", "midroll-problem", "midroll-verdict"]);
    for (const { headers: sent } of [preflight, answer]) {
      expect(sent.get("access-control-allow-origin")).toBe("*");
      expect(sent.get("access-control-allow-credentials")).toBeNull();
      expect(sent.get("set-cookie")).toBeNull();
    }
  });

  test("may not read the admin API", async () => {
    const admin = `${midroll.originUrl}/v1/admin/campaigns`;
    const authorization = `Bearer ${midroll.adminToken}`;
    for (const answer of [
      await fetch(admin, { method: "OPTIONS", headers }),
      await fetch(admin, { headers: { ...headers, authorization } }),
    ]) {
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    }
  });
});
