/**
 * Two laws of the doors, held by random requests: no input makes a door throw, and the same facts give the same request
 * through the query door and the JSON door.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEVICES, GENRES, RATINGS, SURFACES } from "../../src/catalog/words.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import type { BreakRequest } from "../../src/protocols/break_request.ts";
import { BLIND_DOOR, type DoorFacts } from "../../src/protocols/request_facts.ts";
import { breakRequestFromJson } from "../../src/protocols/parse_json_request.ts";
import { breakRequestFromSearch } from "../../src/protocols/parse_query_request.ts";
import { PROBLEMS } from "../../src/protocols/problem.ts";

const seed = Number(process.env["MIDROLL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/protocols_doors.test.ts`;
console.log(`random tests: seed ${seed}; repeat with: ${repeat}`);

const door: DoorFacts = {
  ...BLIND_DOOR,
  requestId: "door-id",
  country: "DE",
  region: "BE",
  utcOffsetMinutes: 120,
  userAgentDevice: "desktop",
};

/** Consent strings of the reference library: to purposes 1, 3 and 4; and to none. */
const TCF = [
  "CQuMEMAQuMEMAAKACAENADEgALAAAAAAAAAAAH0QAgADgPoAAAAA",
  "CQuMEMAQuMEMAAKACAENADEgAAAAAAAAAAAAAH0QAgADgPoAAAAA",
];

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
  acat: fc.oneof(fc.constant([]), fc.constant(["IAB1"])),
  cat: lists,
  hid: maybe(word),
  tz: maybe(fc.oneof(fc.integer({ min: -900, max: 900 }), number)),
  gdpr: maybe(fc.boolean()),
  gdpr_consent: maybe(fc.oneof(word, fc.constantFrom(...TCF))),
  us_privacy: maybe(fc.constantFrom("1YNN", "1yyn", "1---", "2YNN")),
  gpp: maybe(fc.constantFrom("DBABM~CQ", "DBABrw~1YNN", "nonsense")),
  gpp_sid: fc.array(fc.constantFrom(-1, 0, 2, 6, 7), { maxLength: 3 }),
  coppa: fc.boolean(),
});

/** What a request asks of the break as a whole. Prices in micros. */
const micros = fc.oneof(fc.integer({ min: 0, max: 20_000_000 }), fc.constantFrom(-1, 0, 10_000_000_001));
const length = fc.oneof(fc.constantFrom(6, 15, 20, 30), number);
const termsOf = fc.record({
  fill: maybe(fc.constantFrom("exact", "flexible", "Exact", "half")),
  exact: fc.array(length, { maxLength: 3 }),
  slots: fc.array(
    fc.record({
      min: length,
      longer: maybe(length),
      place: maybe(fc.constantFrom("1", "0", "-1")),
      floor: maybe(micros),
    }),
    { maxLength: 3 },
  ),
  dedupe: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 2 }),
  currency: maybe(fc.constantFrom("EUR", "usd", "euro")),
  floor: maybe(micros),
  perSec: maybe(micros),
  byDuration: fc.array(fc.record({ min: maybe(length), max: maybe(length), floor: micros }), { maxLength: 3 }),
  deals: fc.array(fc.record({ id: fc.constantFrom("d-1", "d_2", "-d"), floor: maybe(micros) }), { maxLength: 3 }),
  dealsOnly: fc.boolean(),
});

type Facts = typeof factsOf extends fc.Arbitrary<infer T> ? T : never;
type Terms = typeof termsOf extends fc.Arbitrary<infer T> ? T : never;

/** No terms at all, more often than chance would have it: then more requests are accepted. */
const maybeTerms = fc.oneof(fc.constant(null), termsOf);

const PLACES = { "1": "first", "0": "any", "-1": "last" } as const;
const units = (micros: number | null): string => (micros === null ? "" : (micros / 1_000_000).toFixed(6));
const after = (mark: string, text: string): string => (text === "" ? "" : mark + text);

function termsAsQuery(terms: Terms | null): string {
  if (terms === null) return "";
  const written = {
    fill: terms.fill ?? "",
    rqddurs: terms.exact.join(","),
    slots: terms.slots
      .map(({ min, longer, place, floor }) => {
        const range = longer === null ? String(min) : `${min}-${longer}`;
        return range + after("@", place ?? "") + after(":", units(floor));
      })
      .join(","),
    poddedupe: terms.dedupe.join(","),
    bidfloorcur: terms.currency ?? "",
    bidfloor: units(terms.floor),
    mincpmpersec: units(terms.perSec),
    durfloors: terms.byDuration.map(({ min, max, floor }) => `${min ?? ""}-${max ?? ""}:${units(floor)}`).join(","),
    deals: terms.deals.map(({ id, floor }) => id + after(":", units(floor))).join(","),
    private_auction: terms.dealsOnly ? "1" : "0",
  };
  return Object.entries(written)
    .map(([name, text]) => `&${name}=${encodeURIComponent(text)}`)
    .join("");
}

function termsAsJson(terms: Terms | null): object {
  if (terms === null) return {};
  return {
    fill: terms.fill,
    exactDurationsSec: terms.exact,
    slots: terms.slots.map(({ min, longer, place, floor }) => ({
      minSec: min,
      maxSec: longer,
      position: place === null ? null : PLACES[place],
      floorCpmMicros: floor,
    })),
    podDedupe: terms.dedupe,
    currency: terms.currency,
    floorCpmMicros: terms.floor,
    floorCpmMicrosPerSec: terms.perSec,
    durationFloors: terms.byDuration.map(({ min, max, floor }) => ({ minSec: min, maxSec: max, cpmMicros: floor })),
    deals: terms.deals.map(({ id, floor }) => ({ id, floorCpmMicros: floor })),
    dealsOnly: terms.dealsOnly,
  };
}

function asQuery(facts: Facts): string {
  const pairs = Object.entries(facts).flatMap(([name, value]) => {
    if (value === null) return [];
    const text = Array.isArray(value) ? value.join(",") : value === true ? "1" : value === false ? "0" : String(value);
    return [`${name}=${encodeURIComponent(text)}`];
  });
  return `?${pairs.join("&")}`;
}

function asJson(facts: Facts): object {
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
      householdId: facts.hid,
      utcOffsetMinutes: facts.tz,
      limitAdTracking: facts.lmt,
      frequencyToken: facts.freq,
    },
    privacy: {
      gdpr: facts.gdpr,
      gdprConsent: facts.gdpr_consent,
      usPrivacy: facts.us_privacy,
      gpp: facts.gpp,
      gppSections: facts.gpp_sid,
      coppa: facts.coppa,
    },
    content: {
      id: facts.content,
      categories: facts.cat,
      genre: facts.genre,
      rating: facts.rating,
      language: facts.lang,
    },
    blockedCategories: facts.bcat,
    blockedAdvertiserDomains: facts.badv,
    allowedCategories: facts.acat,
  };
}

/** Every term is one that a break of this length can keep. */
function expectTermsWithin(request: BreakRequest): void {
  const { podDurationSec, minAdDurationSec, maxAdDurationSec, structuredSlots, floors, deals } = request;
  for (const sec of request.exactDurationsSec ?? []) {
    expect(sec).toBeGreaterThanOrEqual(minAdDurationSec);
    expect(sec).toBeLessThanOrEqual(maxAdDurationSec);
  }
  expect(request.exactDurationsSec?.length).not.toBe(0);
  expect(structuredSlots.length).toBeLessThanOrEqual(request.maxAds);
  expect(structuredSlots.reduce((sum, { minSec }) => sum + minSec, 0)).toBeLessThanOrEqual(podDurationSec);
  const prices = [floors.cpmMicros, floors.cpmMicrosPerSec, ...floors.byDuration.map(({ cpmMicros }) => cpmMicros)];
  prices.push(...(deals ?? []).map(({ floorCpmMicros }) => floorCpmMicros ?? 0));
  for (const price of prices) expect(Number.isSafeInteger(price) && price >= 0).toBe(true);
  expect(request.viewer.consent !== false || request.viewer.segments.length === 0).toBe(true);
}

describe("whatever is sent", () => {
  const generous = { ...FULL_LIMITS, urlCharsMax: 1_000_000 };

  it("the same facts give the same answer through both doors", () => {
    let accepted = 0;
    fc.assert(
      fc.property(factsOf, maybeTerms, (facts, terms) => {
        const byQuery = breakRequestFromSearch(asQuery(facts) + termsAsQuery(terms), door, generous);
        const byJson = breakRequestFromJson({ ...asJson(facts), ...termsAsJson(terms) }, door, generous);
        expect(byQuery).toEqual(byJson);
        if (byQuery.ok) accepted += 1;
      }),
      { seed, numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(10);
  });

  it("an accepted request is inside every limit", () => {
    fc.assert(
      fc.property(factsOf, maybeTerms, (facts, terms) => {
        const result = breakRequestFromJson({ ...asJson(facts), ...termsAsJson(terms) }, door, FULL_LIMITS);
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
        expectTermsWithin(request);
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
