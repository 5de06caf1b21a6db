/**
 * How a break is understood: what each parameter means, what is assumed, what is refused with which code, and what is
 * never carried on for a viewer who limits tracking.
 */
import { describe, expect, it } from "vitest";
import { PLAIN_BREAK } from "../../src/protocols/break_request.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { withViewer } from "../../src/protocols/normalise_request.ts";
import type { ParsedBreak } from "../../src/protocols/normalise_request.ts";
import { BLIND_DOOR, type DoorFacts } from "../../src/protocols/request_facts.ts";
import { breakRequestFromJson } from "../../src/protocols/parse_json_request.ts";
import { breakRequestFromSearch } from "../../src/protocols/parse_query_request.ts";

const door: DoorFacts = {
  ...BLIND_DOOR,
  requestId: "door-id",
  country: "DE",
  region: "BE",
  userAgentDevice: "desktop",
};

function fromQuery(search: string): ParsedBreak {
  const result = breakRequestFromSearch(search, door, FULL_LIMITS);
  if (!result.ok) throw new Error(`refused: ${result.reason.code}`);
  return result.value;
}

function codeOf(search: string): string {
  const result = breakRequestFromSearch(search, door, FULL_LIMITS);
  return result.ok ? "accepted" : result.reason.code;
}

function jsonCodeOf(body: unknown): string {
  const result = breakRequestFromJson(body, door, FULL_LIMITS);
  return result.ok ? "accepted" : result.reason.code;
}

describe("a break request in a query", () => {
  it("that names only its publisher gets the defaults and what the door knows", () => {
    expect(fromQuery("pub=p1")).toEqual({
      request: {
        requestId: "door-id",
        publisherId: "p1",
        surface: "midroll",
        podDurationSec: 60,
        maxAds: 8,
        minAdDurationSec: 0,
        maxAdDurationSec: 60,
        ...PLAIN_BREAK,
        viewer: {
          key: null,
          device: "desktop",
          country: "DE",
          region: "BE",
          segments: [],
          limitAdTracking: false,
          consent: null,
          utcOffsetMinutes: null,
          frequency: [],
        },
        content: { id: null, categories: [], genre: null, rating: null, language: null },
        blockedCategories: [],
        blockedAdvertiserDomains: [],
        mimeTypes: null,
      },
      viewerId: null,
      householdId: null,
      frequencyToken: null,
      currency: null,
    });
  });

  it("that says everything is taken at its word", () => {
    const search =
      "pub=p1&dur=90.5&max=4&min_ad=6&max_ad=30&surface=preroll&dev=ctv&country=us&region=CA&genre=Sports" +
      "&rating=tv-14&lang=en-US&content=show%2F7&seg=a,b,,a&vid=viewer-9&freq=tok&rid=r-1" +
      "&bcat=iab7-39,IAB25&badv=Rival.example.";
    const { request, viewerId, frequencyToken } = fromQuery(search);
    expect(request).toMatchObject({
      requestId: "r-1",
      surface: "preroll",
      podDurationSec: 90.5,
      maxAds: 4,
      minAdDurationSec: 6,
      maxAdDurationSec: 30,
      viewer: { key: null, device: "ctv", country: "US", region: "CA", segments: ["a", "b"] },
      content: { id: "show/7", genre: "sports", rating: "TV-14", language: "en" },
      blockedCategories: ["IAB7-39", "IAB25"],
      blockedAdvertiserDomains: ["rival.example"],
    });
    expect([viewerId, frequencyToken]).toEqual(["viewer-9", "tok"]);
  });

  it.each([
    ["missing_publisher", ""],
    ["missing_publisher", "pub="],
    ["bad_id", "pub=-starts-wrong"],
    ["bad_id", "pub=a%20b"],
    ["bad_id", `pub=${"p".repeat(65)}`],
    ["bad_id", "pub=p1&rid=a.b"],
    ["bad_id", `pub=p1&content=${"c".repeat(65)}`],
    ["bad_id", `pub=p1&vid=${"v".repeat(257)}`],
    ["bad_duration", "pub=p1&dur=abc"],
    ["bad_duration", "pub=p1&dur=0"],
    ["bad_duration", "pub=p1&dur=-5"],
    ["bad_duration", "pub=p1&dur=NaN"],
    ["bad_duration", "pub=p1&dur=Infinity"],
    ["bad_duration", "pub=p1&dur=601"],
    ["bad_max_ads", "pub=p1&max=0"],
    ["bad_max_ads", "pub=p1&max=2.5"],
    ["bad_max_ads", "pub=p1&max=17"],
    ["bad_ad_duration", "pub=p1&min_ad=-1"],
    ["bad_ad_duration", "pub=p1&max_ad=0"],
    ["bad_ad_duration", "pub=p1&max_ad=9999"],
    ["bad_ad_duration", "pub=p1&min_ad=40&max_ad=30"],
    ["bad_ad_duration", "pub=p1&dur=30&min_ad=40"],
    ["too_many_items", `pub=p1&seg=${Array.from({ length: 65 }, (_, i) => `s${i}`).join(",")}`],
    ["bad_category", "pub=p1&bcat=gambling"],
    ["bad_domain", "pub=p1&badv=https://rival.example/"],
    ["malformed_query", "pub=%"],
    ["url_too_long", `pub=p1&content=${"c".repeat(5000)}`],
  ])("is refused with %s: %s", (code, search) => {
    expect(codeOf(search)).toBe(code);
  });

  it("at its very bounds is accepted", () => {
    expect(codeOf("pub=p1&dur=600&max=16&min_ad=600&max_ad=600")).toBe("accepted");
    expect(codeOf("pub=p1&dur=0.001&max=1")).toBe("accepted");
  });

  it("with words we do not know falls back instead of failing the break", () => {
    const { request } = fromQuery(
      "pub=p1&surface=sideways&dev=fridge&genre=jazz&rating=X&lang=english&country=Germany",
    );
    expect(request.surface).toBe("midroll");
    expect(request.viewer).toMatchObject({ device: "desktop", country: "DE", region: "BE" });
    expect(request.content).toEqual({ id: null, categories: [], genre: null, rating: null, language: null });
  });

  it("never pairs another country with the door's region", () => {
    expect(fromQuery("pub=p1&country=FR").request.viewer).toMatchObject({ country: "FR", region: null });
    expect(fromQuery("pub=p1&country=DE").request.viewer).toMatchObject({ country: "DE", region: "BE" });
  });

  it.each(["1", "true", "yes", "[LIMITADTRACKING]"])("with lmt=%s carries nothing of the viewer", (lmt) => {
    const parsed = fromQuery(`pub=p1&vid=me&seg=a,b&freq=tok&lmt=${lmt}`);
    expect([parsed.viewerId, parsed.frequencyToken]).toEqual([null, null]);
    expect(parsed.request.viewer).toMatchObject({ key: null, segments: [], limitAdTracking: true, frequency: [] });
    const filled = withViewer(parsed, "key", [{ lineItemId: "l", shownMs: 1 }]);
    expect(filled.viewer).toMatchObject({ key: null, frequency: [] });
  });

  it.each(["0", "false", ""])("with lmt=%s may be personal", (lmt) => {
    const parsed = fromQuery(`pub=p1&vid=me&lmt=${lmt}`);
    expect(parsed.viewerId).toBe("me");
    const filled = withViewer(parsed, "key", [{ lineItemId: "l", shownMs: 1 }]);
    expect(filled.viewer).toMatchObject({ key: "key", frequency: [{ lineItemId: "l", shownMs: 1 }] });
  });

  it.each(["[IFA]", "{ifa}", "${IFA}", "%%IFA%%", "00000000-0000-0000-0000-000000000000", "-1", "-2"])(
    "does not take the unfilled template %s for a viewer",
    (vid) => {
      expect(fromQuery(`pub=p1&vid=${encodeURIComponent(vid)}`).viewerId).toBeNull();
    },
  );

  it("never repeats the viewer's id in a refusal", () => {
    const secret = "s3cret".repeat(50);
    const result = breakRequestFromSearch(`pub=p1&vid=${secret}`, door, FULL_LIMITS);
    expect(JSON.stringify(result)).not.toContain("s3cret");
  });
});

describe("a break request in JSON", () => {
  it.each([
    ["bad_field", null],
    ["bad_field", [1]],
    ["bad_field", "pub"],
    ["missing_publisher", {}],
    ["bad_id", { publisherId: 7 }],
    ["bad_duration", { publisherId: "p1", podDurationSec: "60" }],
    ["bad_duration", { publisherId: "p1", podDurationSec: Number.POSITIVE_INFINITY }],
    ["bad_max_ads", { publisherId: "p1", maxAds: "8" }],
    ["bad_ad_duration", { publisherId: "p1", minAdDurationSec: true }],
    ["bad_field", { publisherId: "p1", viewer: { segments: "a,b" } }],
    ["bad_field", { publisherId: "p1", viewer: { limitAdTracking: "no" } }],
    ["too_many_items", { publisherId: "p1", blockedCategories: Array.from({ length: 65 }, () => "IAB1") }],
    ["accepted", { publisherId: "p1", viewer: null, content: null, maxAds: null, unknown: { deep: [1] } }],
  ])("gives %s for %j", (code, body) => {
    expect(jsonCodeOf(body)).toBe(code);
  });
});
