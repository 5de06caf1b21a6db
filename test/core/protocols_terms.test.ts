/**
 * What a request may ask of its break as a whole: lengths, slots, deduplication, floors and deals. Each term as it is
 * written in a query and as it is understood, and each contradiction with the code it is refused by.
 */
import { describe, expect, it } from "vitest";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { PLAIN_BREAK, type BreakRequest } from "../../src/protocols/break_request.ts";
import type { ParsedBreak } from "../../src/protocols/normalise_request.ts";
import { breakRequestFromJson } from "../../src/protocols/parse_json_request.ts";
import { breakRequestFromSearch } from "../../src/protocols/parse_query_request.ts";
import { BLIND_DOOR } from "../../src/protocols/request_facts.ts";
import { inOwnCurrency } from "../../src/protocols/stated_currency.ts";

/** A break of 90 s and six ads with these terms. */
const ask = (terms: string) => breakRequestFromSearch(`pub=p1&dur=90&max=6&${terms}`, BLIND_DOOR, FULL_LIMITS);

function parsed(terms: string): ParsedBreak {
  const result = ask(terms);
  if (!result.ok) throw new Error(`refused: ${result.reason.code}: ${result.reason.detail}`);
  return result.value;
}

const understood = (terms: string): BreakRequest => parsed(terms).request;

function codeOf(terms: string): string {
  const result = ask(terms);
  return result.ok ? "accepted" : result.reason.code;
}

const jsonCodeOf = (terms: object): string => {
  const result = breakRequestFromJson({ publisherId: "p1", podDurationSec: 90, ...terms }, BLIND_DOOR, FULL_LIMITS);
  return result.ok ? "accepted" : result.reason.code;
};

describe("the terms of a break", () => {
  it.each<[string, Partial<BreakRequest>]>([
    ["fill=exact", { fill: "exact" }],
    ["fill=", { fill: "flexible" }],
    ["rqddurs=30,15,30", { exactDurationsSec: [15, 30] }],
    ["rqddurs=15,120", { exactDurationsSec: [15] }],
    ["min_ad=10&rqddurs=6,15", { exactDurationsSec: [15] }],
    ["poddedupe=3,1,3", { podDedupe: [1, 3] }],
    ["poddedupe=5", { podDedupe: [5] }],
    ["bidfloor=2.5", { floors: { ...PLAIN_BREAK.floors, cpmMicros: 2_500_000 } }],
    ["mincpmpersec=0.1", { floors: { ...PLAIN_BREAK.floors, cpmMicrosPerSec: 100_000 } }],
    ["bidfloor=2.0000001", { floors: { ...PLAIN_BREAK.floors, cpmMicros: 2_000_001 } }],
    [
      "durfloors=-15:5,15-30:8.25,30-:12",
      {
        floors: {
          ...PLAIN_BREAK.floors,
          byDuration: [
            { minSec: 0, maxSec: 15, cpmMicros: 5_000_000 },
            { minSec: 15, maxSec: 30, cpmMicros: 8_250_000 },
            { minSec: 30, maxSec: 600, cpmMicros: 12_000_000 },
          ],
        },
      },
    ],
    [
      "deals=sports,news:8",
      {
        deals: [
          { id: "sports", floorCpmMicros: null },
          { id: "news", floorCpmMicros: 8_000_000 },
        ],
        dealsOnly: false,
      },
    ],
    ["private_auction=1", { deals: null, dealsOnly: true }],
    ["acat=iab1,IAB2-3&cat=IAB17,nonsense", { allowedCategories: ["IAB1", "IAB2-3"] }],
    [
      "slots=30@1:12.5,15-30,30@-1",
      {
        structuredSlots: [
          { minSec: 30, maxSec: 30, floorCpmMicros: 12_500_000, position: "first" },
          { minSec: 15, maxSec: 30, floorCpmMicros: null, position: "any" },
          { minSec: 30, maxSec: 30, floorCpmMicros: null, position: "last" },
        ],
      },
    ],
    ["slots=30@0", { structuredSlots: [{ minSec: 30, maxSec: 30, floorCpmMicros: null, position: "any" }] }],
  ])("%s are understood", (terms, expected) => {
    expect(understood(terms)).toMatchObject(expected);
  });

  it.each([
    ["bad_fill", "fill=half"],
    ["bad_ad_duration", "rqddurs=fifteen"],
    ["bad_ad_duration", "rqddurs=0"],
    ["bad_ad_duration", "rqddurs=601"],
    ["bad_ad_duration", "rqddurs=120"], // longer than the break: nothing fits
    ["bad_ad_duration", "max_ad=20&rqddurs=30"],
    ["bad_slot", "slots=long"],
    ["bad_slot", "slots=0"],
    ["bad_slot", "slots=30-15"],
    ["bad_slot", "slots=91"],
    ["bad_slot", "slots=50,50"], // together longer than the break
    ["bad_slot", "slots=10,10,10,10,10,10,10"], // seven, in a break of six ads
    ["bad_slot", "slots=30@2"], // "first or last" names no slot
    ["bad_slot", "slots=30,30@1"],
    ["bad_slot", "slots=30@1,30@1"],
    ["bad_slot", "slots=30@-1,30"],
    ["bad_floor", "slots=30:free"],
    ["bad_dedupe", "poddedupe=6"],
    ["bad_dedupe", "poddedupe=0"],
    ["bad_dedupe", "poddedupe=1,5"],
    ["bad_dedupe", "poddedupe=brand"],
    ["bad_floor", "bidfloor=-1"],
    ["bad_floor", "bidfloor=lots"],
    ["bad_floor", "bidfloor=10000.01"],
    ["bad_floor", "mincpmpersec=NaN"],
    ["bad_floor", "durfloors=30-15:5"],
    ["bad_floor", "durfloors=0-0:5"],
    ["bad_floor", "durfloors=15:5"],
    ["bad_floor", "durfloors=0-15"],
    ["bad_floor", "durfloors=0-15:5,-15:6"], // the same lengths twice
    ["bad_deal", "deals=-x"],
    ["bad_deal", "deals=a,a:5"],
    ["bad_floor", "deals=a:cheap"],
    ["bad_category", "acat=fun"],
    ["bad_id", `hid=${"h".repeat(257)}`],
    ["currency_unknown", "bidfloorcur=euro"],
    ["too_many_items", `deals=${Array.from({ length: 65 }, (_, i) => `d${i}`).join(",")}`],
    ["too_many_items", `gpp_sid=${Array.from({ length: 65 }, (_, i) => i).join(",")}`],
    ["too_many_items", `cat=${Array.from({ length: 65 }, () => "IAB1").join(",")}`],
  ])("are refused with %s: %s", (code, terms) => {
    expect(codeOf(terms)).toBe(code);
  });

  it.each([
    ["bad_slot", { slots: [{ maxSec: 15 }] }],
    ["bad_slot", { slots: [{ minSec: 15, position: "middle" }] }],
    ["bad_ad_duration", { exactDurationsSec: ["15"] }],
    ["bad_floor", { floorCpmMicros: 0.5 }],
    ["bad_floor", { durationFloors: [{ minSec: 1, cpmMicros: "5" }] }],
    ["bad_deal", { deals: ["a"] }],
    ["bad_field", { privacy: { gdpr: "yes" } }],
    ["accepted", { slots: [], deals: [], exactDurationsSec: null, privacy: null }],
  ])("give %s in JSON: %j", (code, terms) => {
    expect(jsonCodeOf(terms)).toBe(code);
  });

  it("that no ad can meet are no contradiction: the break just stays empty", () => {
    expect(codeOf("bidfloor=10000&deals=unheard-of&private_auction=1&rqddurs=89.5")).toBe("accepted");
    expect(codeOf("max_ad=20&slots=30")).toBe("accepted");
  });

  it("left as macros by a player were not said", () => {
    const macros =
      "bidfloor=[FLOOR]&bidfloorcur=%25%25CUR%25%25&rqddurs={durs}&slots=[SLOTS]&poddedupe=[DEDUPE]&fill=[FILL]" +
      "&deals=${DEALS}&private_auction=[PMP]&bcat=[BLOCKEDADCATEGORIES]&acat=[ACAT]&tz=[TZ]&hid=[HID]" +
      "&gdpr=[GDPR]&us_privacy=[USPRIVACY]&gpp=[GPPSTRING]&gpp_sid=[GPPSECTIONID]&coppa=[COPPA]&durfloors=[X]";
    expect(parsed(macros)).toEqual(parsed(""));
  });
});

describe("floors in another currency", () => {
  const RATES = new Map([
    ["EUR", 1_080_001],
    ["USD", 1_000_000],
  ]);
  const convert = (terms: string, rates = RATES) => {
    const { request, currency } = parsed(terms);
    return inOwnCurrency(request, currency, rates);
  };

  it("become the catalog's own everywhere, and never sink", () => {
    const terms = "bidfloorcur=eur&bidfloor=1&mincpmpersec=0.000001&durfloors=0-15:2&slots=30:3&deals=a:4,b";
    expect(convert(terms)).toMatchObject({
      ok: true,
      value: {
        floors: {
          cpmMicros: 1_080_001,
          cpmMicrosPerSec: 2, // 1.080001 of the smallest amounts, rounded up
          byDuration: [{ cpmMicros: 2_160_002 }],
        },
        structuredSlots: [{ floorCpmMicros: 3_240_003 }],
        deals: [{ floorCpmMicros: 4_320_004 }, { floorCpmMicros: null }],
      },
    });
  });

  it("stay as they are in the catalog's own, named or not", () => {
    expect(convert("bidfloor=1.5&bidfloorcur=USD")).toEqual(convert("bidfloor=1.5"));
  });

  it("are refused when the catalog has no rate, whatever they are", () => {
    expect(convert("bidfloor=1&bidfloorcur=JPY")).toEqual({ ok: false, reason: "currency_unknown" });
    expect(convert("bidfloorcur=JPY")).toEqual({ ok: false, reason: "currency_unknown" });
  });

  it("are exact at the largest price and the largest rate", () => {
    const result = convert("bidfloor=10000&bidfloorcur=BIG", new Map([["BIG", 1_000_000_000]]));
    expect(result.ok && result.value.floors.cpmMicros).toBe(10_000_000_000_000);
  });
});
