/** The simulated audience: who asks for which break, repeatably, in the words the edge understands. */
import { describe, expect, test } from "vitest";
import { KNOWN_SEGMENTS } from "../../src/features/schema.ts";
import { requestOf, requestQuery, viewerOf, type Audience } from "../../src/simulation/viewers.ts";

const AUDIENCE: Audience = { seed: "audience-test", size: 5_000, publisherIds: ["pub-a", "pub-b", "pub-c"] };
const NOW_MS = Date.UTC(2026, 10, 23, 20);
const requests = Array.from({ length: 2_000 }, (_, n) => requestOf(AUDIENCE, n, NOW_MS + n));

describe("a viewer", () => {
  test("is the same person whenever asked for, and another person under another number or seed", () => {
    expect(viewerOf(AUDIENCE, 7)).toEqual(viewerOf(AUDIENCE, 7));
    expect(viewerOf(AUDIENCE, 8).id).not.toBe(viewerOf(AUDIENCE, 7).id);
    expect(viewerOf({ ...AUDIENCE, seed: "other" }, 7).temper).not.toEqual(viewerOf(AUDIENCE, 7).temper);
  });

  test("beyond the audience does not exist", () => {
    expect(() => viewerOf(AUDIENCE, AUDIENCE.size)).toThrow("inside the audience");
  });

  test("lives in a region of their country and is only in segments the models know", () => {
    for (let n = 0; n < 500; n++) {
      const viewer = viewerOf(AUDIENCE, n);
      expect(viewer.region.startsWith(`${viewer.country}-`)).toBe(true);
      for (const segment of viewer.segments) expect(KNOWN_SEGMENTS).toContain(segment);
    }
  });
});

describe("a stream of requests", () => {
  test("repeats exactly for the same audience and times", () => {
    expect(Array.from({ length: 50 }, (_, n) => requestOf(AUDIENCE, n, NOW_MS + n))).toEqual(requests.slice(0, 50));
    expect(requestOf(AUDIENCE, 3, NOW_MS + 4)).not.toEqual(requests[3]);
  });

  test("names every request once and every publisher sometimes", () => {
    expect(new Set(requests.map(({ rid }) => rid)).size).toBe(requests.length);
    expect(new Set(requests.map(({ pub }) => pub))).toEqual(new Set(AUDIENCE.publisherIds));
    for (const { rid, vid } of requests) expect(`${rid}${vid}`).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  test("asks from every device, and viewers come back", () => {
    expect(new Set(requests.map(({ dev }) => dev)).size).toBe(4);
    expect(new Set(requests.map(({ vid }) => vid)).size).toBeLessThan(requests.length * 0.9);
  });

  test("says nothing of the segments of those who limit tracking", () => {
    const limited = requests.filter(({ lmt }) => lmt);
    expect(limited.length).toBeGreaterThan(100);
    expect(limited.flatMap(({ seg }) => seg)).toEqual([]);
    expect(limited.some(({ viewer }) => viewer.segments.length > 0)).toBe(true);
  });
});

describe("a query", () => {
  test("spells the request in the public words and nothing of the viewer's temper or of time", () => {
    for (const request of requests.slice(0, 200)) {
      const query = new URLSearchParams(requestQuery(request));
      const allowed = "rid pub dur max surface dev country region genre rating lang content vid seg lmt".split(" ");
      expect([...query.keys()].filter((word) => !allowed.includes(word))).toEqual([]);
      expect(query.get("pub")).toBe(request.pub);
      expect(query.get("seg") ?? "").toBe(request.seg.join(","));
      expect(query.get("lmt")).toBe(request.lmt ? "1" : null);
    }
  });
});
