/**
 * Two laws of the doors, held by random requests: no input makes a door throw, and the same facts give the same request
 * through the query door and the JSON door.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEVICES, GENRES, RATINGS, SURFACES } from "../../src/catalog/words.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import type { DoorFacts } from "../../src/protocols/normalise_request.ts";
import { breakRequestFromJson } from "../../src/protocols/parse_json_request.ts";
import { breakRequestFromSearch } from "../../src/protocols/parse_query_request.ts";
import { PROBLEMS } from "../../src/protocols/problem.ts";

const seed = Number(process.env["MIDROLL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/protocols_doors.test.ts`;
console.log(`random tests: seed ${seed}; repeat with: ${repeat}`);

const door: DoorFacts = {
  requestId: "door-id",
  country: "DE",
  region: "BE",
  userAgentDevice: "desktop",
  mimeTypes: null,
};

/** Facts within reach of both spellings; null leaves a fact out. */
const word = fc.string({ unit: fc.constantFrom("a", "Z", "9", "-", "_", " ", "é", "\u0007"), maxLength: 8 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const number = fc.oneof(
  fc.integer({ min: -2, max: 700 }),
  fc.integer({ min: -20, max: 7000 }).map((tenths) => tenths / 10),
);
const item = fc.oneof(word, fc.constantFrom("IAB7-39", "iab1", "a.example", "B.Example.", "seg_1"));
const lists = fc.array(
  item.filter((text) => !text.includes(",")),
  { maxLength: 66 },
);
const factsOf = fc.record({
  rid: maybe(fc.oneof(word, fc.constant("r-1"))),
  pub: maybe(fc.oneof(fc.constant("p1"), word)),
  surface: maybe(fc.oneof(word, fc.constantFrom(...SURFACES))),
  dur: maybe(number),
  max: maybe(fc.oneof(fc.integer({ min: -1, max: 18 }), number)),
  min_ad: maybe(number),
  max_ad: maybe(number),
  dev: maybe(fc.oneof(word, fc.constantFrom(...DEVICES))),
  country: maybe(fc.oneof(word, fc.constantFrom("DE", "fr", "XX", "T1"))),
  region: maybe(word),
  genre: maybe(fc.oneof(word, fc.constantFrom(...GENRES))),
  rating: maybe(fc.oneof(word, fc.constantFrom(...RATINGS))),
  lang: maybe(fc.oneof(word, fc.constantFrom("en", "pt-BR"))),
  content: maybe(word),
  vid: maybe(fc.oneof(word, fc.constantFrom("[X]", "viewer"))),
  freq: maybe(word),
  lmt: fc.boolean(),
  seg: lists,
  bcat: fc.oneof(fc.constant(["IAB7-39"]), lists),
  badv: fc.oneof(fc.constant(["a.example"]), lists),
});

type Facts = typeof factsOf extends fc.Arbitrary<infer T> ? T : never;

function asQuery(facts: Facts): string {
  const pairs = Object.entries(facts).flatMap(([name, value]) => {
    if (value === null) return [];
    const text = Array.isArray(value) ? value.join(",") : value === true ? "1" : value === false ? "0" : String(value);
    return [`${name}=${encodeURIComponent(text)}`];
  });
  return `?${pairs.join("&")}`;
}

function asJson(facts: Facts): unknown {
  return {
    requestId: facts.rid,
    publisherId: facts.pub,
    surface: facts.surface,
    podDurationSec: facts.dur,
    maxAds: facts.max,
    minAdDurationSec: facts.min_ad,
    maxAdDurationSec: facts.max_ad,
    viewer: {
      id: facts.vid,
      device: facts.dev,
      country: facts.country,
      region: facts.region,
      segments: facts.seg,
      limitAdTracking: facts.lmt,
      frequencyToken: facts.freq,
    },
    content: { id: facts.content, genre: facts.genre, rating: facts.rating, language: facts.lang },
    blockedCategories: facts.bcat,
    blockedAdvertiserDomains: facts.badv,
  };
}

describe("whatever is sent", () => {
  const generous = { ...FULL_LIMITS, urlCharsMax: 1_000_000 };

  it("the same facts give the same answer through both doors", () => {
    let accepted = 0;
    fc.assert(
      fc.property(factsOf, (facts) => {
        const byQuery = breakRequestFromSearch(asQuery(facts), door, generous);
        const byJson = breakRequestFromJson(asJson(facts), door, generous);
        expect(byQuery).toEqual(byJson);
        if (byQuery.ok) accepted += 1;
      }),
      { seed, numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(10);
  });

  it("an accepted request is inside every limit", () => {
    fc.assert(
      fc.property(factsOf, (facts) => {
        const result = breakRequestFromJson(asJson(facts), door, FULL_LIMITS);
        if (!result.ok) return;
        const { request } = result.value;
        expect(request.requestId).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect(request.publisherId).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
        expect(request.podDurationSec).toBeGreaterThan(0);
        expect(request.podDurationSec).toBeLessThanOrEqual(FULL_LIMITS.podDurationSecMax);
        expect(request.maxAds).toBeGreaterThanOrEqual(1);
        expect(request.maxAds).toBeLessThanOrEqual(FULL_LIMITS.podAdsMax);
        expect(request.minAdDurationSec).toBeLessThanOrEqual(request.maxAdDurationSec);
        expect(request.maxAdDurationSec).toBeLessThanOrEqual(request.podDurationSec);
        for (const list of [request.viewer.segments, request.blockedCategories, request.blockedAdvertiserDomains]) {
          expect(list.length).toBeLessThanOrEqual(FULL_LIMITS.listItemsMax);
          expect(new Set(list).size).toBe(list.length);
        }
      }),
      { seed, numRuns: 1000 },
    );
  });

  it("no string makes the query door throw, and every refusal has a code in the table", () => {
    const piece = fc.constantFrom(
      "pub=",
      "&",
      "=",
      "%",
      "%41",
      "%ff",
      "+",
      "dur=",
      "1",
      "é",
      "\ud800",
      ",",
      "seg=",
      "?",
    );
    const search = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(piece, { maxLength: 40 }).map((parts) => parts.join("")),
      fc.string({ unit: piece, maxLength: 40 }),
    );
    fc.assert(
      fc.property(search, (text) => {
        const result = breakRequestFromSearch(text, door, FULL_LIMITS);
        expect(result.ok || result.reason.code in PROBLEMS).toBe(true);
      }),
      { seed, numRuns: 3000 },
    );
  });

  it("no JSON value makes the JSON door throw", () => {
    const names = ["publisherId", "viewer", "content", "podDurationSec", "segments", "id", "__proto__", "maxAds"];
    const body = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom(...names), fc.jsonValue()),
      fc.record({ publisherId: fc.constant("p1"), viewer: fc.dictionary(fc.constantFrom(...names), fc.jsonValue()) }),
    );
    fc.assert(
      fc.property(body, (value) => {
        const result = breakRequestFromJson(value, door, FULL_LIMITS);
        expect(result.ok || result.reason.code in PROBLEMS).toBe(true);
      }),
      { seed, numRuns: 3000 },
    );
  });
});
