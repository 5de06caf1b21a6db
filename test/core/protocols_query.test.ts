/**
 * How raw text from a client is read: the query string, strictly, and the user agent, as far as four device classes go.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { deviceFromUserAgent } from "../../src/protocols/device_class.ts";
import { parseQuery } from "../../src/protocols/query.ts";

const seed = Number(process.env["MIDROLL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/protocols_query.test.ts`;
console.log(`random tests: seed ${seed}; repeat with: ${repeat}`);

describe("a query string", () => {
  it("decodes escapes and plus signs, and the first of two equal names wins", () => {
    const result = parseQuery("?a=b+c%20d&e=%F0%9F%98%80&a=later&&flag", FULL_LIMITS);
    expect(result.ok && [...result.value]).toEqual([
      ["a", "b c d"],
      ["e", "😀"],
      ["flag", ""],
    ]);
  });

  it.each([
    ["half an escape", "a=%2"],
    ["letters that are no hex", "a=%zz"],
    ["an overlong slash", "a=%C0%AF"],
    ["an encoded surrogate", "a=%ED%A0%80"],
    ["a cut sequence", "a=%F0%9F"],
    ["a malformed name", "%ff=1"],
    ["a surrogate standing alone", "a=\ud800"],
  ])("with %s is refused", (_what, search) => {
    expect(parseQuery(search, FULL_LIMITS)).toEqual({ ok: false, reason: "malformed_query" });
  });

  it("is bounded in length and in number of parameters", () => {
    const long = parseQuery(`a=${"x".repeat(FULL_LIMITS.urlCharsMax)}`, FULL_LIMITS);
    expect(long).toEqual({ ok: false, reason: "url_too_long" });
    const many = Array.from({ length: FULL_LIMITS.listItemsMax + 1 }, (_, i) => `p${i}=1`).join("&");
    expect(parseQuery(many, FULL_LIMITS)).toEqual({ ok: false, reason: "too_many_items" });
  });

  it("reads every string as the URL Standard does, or refuses it", () => {
    fc.assert(
      fc.property(fc.webQueryParameters(), (search) => {
        const ours = parseQuery(search, FULL_LIMITS);
        const theirs = new URLSearchParams(search);
        const firsts = [...new Set(theirs.keys())].map((name) => [name, theirs.get(name)]);
        expect(ours.ok ? [...ours.value] : ours.reason).toEqual(ours.ok ? firsts : "too_many_items");
      }),
      { seed, numRuns: 200 },
    );
  });
});

describe("a user agent", () => {
  it.each([
    ["ctv", "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 Version/6.0 TV Safari/538.1"],
    ["ctv", "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/94.0 Safari/537.36 WebAppManager"],
    ["ctv", "Roku/DVP-12.5 (12.5.0.4178-CV)"],
    ["ctv", "AppleTV11,1/11.1"],
    ["ctv", "Mozilla/5.0 (Linux; Android 9; AFTT Build/PS7233) AppleWebKit/537.36 Chrome/70 Mobile Safari/537.36"],
    ["ctv", "Mozilla/5.0 (Linux; Android 12; BRAVIA 4K VH2) AppleWebKit/537.36 Chrome/112.0 Safari/537.36"],
    ["ctv", "Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 Version/13.0 Safari/605.1.15"],
    ["ctv", "Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 Chrome/90.0 Safari/537.36 CrKey/1.56"],
    ["mobile", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1"],
    ["mobile", "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"],
    ["tablet", "Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) Version/12.1 Mobile/15E148 Safari/604.1"],
    ["tablet", "Mozilla/5.0 (Linux; Android 13; SM-X900) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"],
    ["desktop", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"],
    ["desktop", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1.15"],
    ["desktop", "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"],
    [null, "curl/8.5.0"],
    [null, ""],
    [null, null],
  ])("is a %s: %s", (device, agent) => {
    expect(deviceFromUserAgent(agent)).toBe(device);
  });

  it("is only read as far as its bound", () => {
    expect(deviceFromUserAgent(`${"x".repeat(1000)} iPhone`)).toBeNull();
  });
});
