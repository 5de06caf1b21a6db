/**
 * Nonsense at the doors of a running Midroll: whoever plays gets a valid empty break, and whoever integrates a problem
 * document with a stable code. docs/faults.md is the table of these answers.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Midroll } from "../../local/bring_up.ts";
import { stream } from "../../src/kernel/random.ts";
import { isProblemCode } from "../../src/protocols/problem.ts";
import { readVast } from "./read_vast.ts";
import { beaconUrlOf, freshDir, inParallel, postDecide, printedSeed, raise, refusal } from "./stage.ts";

const seed = printedSeed("faults.test.ts");
const { dir, remove } = freshDir();
let midroll: Midroll;

beforeAll(async () => {
  midroll = await raise(dir);
});
afterAll(async () => {
  await midroll?.stop();
  remove();
});

/** What a player's door makes of a query: how many ads, and the problem it names. Expects a valid break. */
async function askPlayerDoors(query: string): Promise<[ads: number, code: string | null][]> {
  const [vast, list] = await Promise.all([
    fetch(`${midroll.edgeUrl}/v1/vast${query}`),
    fetch(`${midroll.edgeUrl}/v1/asset-list${query}`),
  ]);
  expect([vast.status, list.status], query).toEqual([200, 200]);
  const { ads } = await readVast(await vast.text());
  const { ASSETS } = assetListSchema.parse(await list.json());
  return [
    [ads.length, vast.headers.get("midroll-problem")],
    [ASSETS.length, list.headers.get("midroll-problem")],
  ];
}

const assetListSchema = z.strictObject({ ASSETS: z.array(z.object({ URI: z.url() })) });

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
    expect(await askPlayerDoors(query)).toEqual([
      [0, code],
      [0, code],
    ]);
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
    const answers = (await inParallel(noise, 8, (query) => askPlayerDoors(`?${query}`))).flat();
    // Some noise is a proper request; whatever is not says why, and is never our own fault.
    const refused = answers.filter(([, code]) => code !== null);
    expect(refused.filter(([ads, code]) => ads > 0 || !isProblemCode(code ?? "") || code === "internal")).toEqual([]);
    expect(refused.length).toBeGreaterThan(noise.length);
  });

  test("a viewer history that nobody signed is no history, and the break is filled", async () => {
    const answer = await fetch(`${midroll.edgeUrl}/v1/vast?pub=demo&dur=60&country=US&dev=ctv&vid=v&freq=forged.k.xyz`);
    expect(answer.headers.get("midroll-problem")).toBeNull();
    expect((await readVast(await answer.text())).ads.length).toBeGreaterThan(0);
  });
});

/** A body that does not say how long it is, and does not end either. */
function unannounced(sizeBytes: number): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(sizeBytes).fill(0x20)) });
}

function sendBody(body: NonNullable<RequestInit["body"]>, type = "application/json"): Promise<Response> {
  const headers = { "content-type": type };
  // Node asks for `duplex` beside a body that is a stream.
  return fetch(`${midroll.edgeUrl}/v1/decide`, { method: "POST", headers, body, duplex: "half" });
}

describe("a server that sends nonsense to /v1/decide gets a problem document", () => {
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
    expect(await refusal(await sendBody('{"publisherId":'))).toEqual([400, "malformed_json"]);
    expect(await refusal(await sendBody(""))).toEqual([400, "malformed_json"]);
    expect(await refusal(await sendBody(Uint8Array.of(0x22, 0xff, 0x22)))).toEqual([400, "malformed_json"]);
  });

  test("a body of another type, or of none: 415 unsupported_media_type", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/xml"]) {
      expect(await refusal(await sendBody('{"publisherId":"demo"}', type))).toEqual([415, "unsupported_media_type"]);
    }
    const untyped = { method: "POST", body: Uint8Array.of(0x7b, 0x7d) };
    expect(await refusal(await fetch(`${midroll.edgeUrl}/v1/decide`, untyped))).toEqual([
      415,
      "unsupported_media_type",
    ]);
  });

  test("a body larger than 64 KiB, announced or not: 413 body_too_large", async () => {
    expect(await refusal(await sendBody(" ".repeat(64 * 1024 + 1)))).toEqual([413, "body_too_large"]);
    expect(await refusal(await sendBody(unannounced(64 * 1024 + 1)))).toEqual([413, "body_too_large"]);
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
    expect(await refusal(await fetch(beaconUrlOf(midroll.edgeUrl, "start", "x".repeat(5_000))))).toEqual([
      414,
      "url_too_long",
    ]);
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
