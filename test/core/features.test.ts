/** The feature row in the domain's words: which column says what, and what is never looked at. */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GENRES, DEVICES, RATINGS, SURFACES } from "../../src/catalog/words.ts";
import { packAd, packBreak, packRow, type FeatureAd, type FeatureContext } from "../../src/features/row.ts";
import {
  AD_SPAN,
  BREAK_SPAN,
  COLUMN_COUNT,
  COLUMNS,
  CROSS_SPAN,
  featureSchemaDigest,
  featureSchemaJson,
  KNOWN_SEGMENTS,
} from "../../src/features/schema.ts";

const CONTEXT: FeatureContext = {
  device: "ctv",
  surface: "midroll",
  genre: "sports",
  rating: "TV-G",
  hour: 20,
  weekday: 6,
  podDurationSec: 120,
  segments: ["sports-fans", "foodies"],
  limitAdTracking: false,
};
const AD: FeatureAd = { durationSec: 30, categories: ["IAB17-1"] };

/** One row as column name to value. */
function rowOf(context: Partial<FeatureContext>, ad: Partial<FeatureAd> = {}, shown = 0): Record<string, number> {
  const out = new Float32Array(COLUMN_COUNT);
  packRow(packBreak({ ...CONTEXT, ...context }), packAd({ ...AD, ...ad }), shown, out, 0);
  return Object.fromEntries(COLUMNS.map(({ name }, at) => [name, out[at] ?? Number.NaN]));
}

/** The columns of a row whose name starts so, that are not zero. */
function lit(row: Record<string, number>, prefix: string): string[] {
  return Object.keys(row).filter((name) => name.startsWith(prefix) && row[name] !== 0);
}

describe("the schema", () => {
  test("names every column once and keeps the columns of a scope together, break half first", () => {
    expect(new Set(COLUMNS.map(({ name }) => name)).size).toBe(COLUMN_COUNT);
    expect([BREAK_SPAN.from, BREAK_SPAN.to, AD_SPAN.to, CROSS_SPAN.to]).toEqual([
      0,
      AD_SPAN.from,
      CROSS_SPAN.from,
      COLUMN_COUNT,
    ]);
    COLUMNS.forEach(({ scope }, at) => {
      const span = scope === "ad" ? AD_SPAN : scope === "cross" ? CROSS_SPAN : BREAK_SPAN;
      expect(at >= span.from && at < span.to, `${scope} column ${at}`).toBe(true);
    });
  });

  test("has a column for every device, surface and genre the catalog knows", () => {
    for (const device of DEVICES) expect(lit(rowOf({ device }), "device_")).toEqual([`device_${device}`]);
    for (const surface of SURFACES) expect(lit(rowOf({ surface }), "surface_")).toEqual([`surface_${surface}`]);
    for (const genre of GENRES)
      expect(lit(rowOf({ genre }), "genre_").filter((n) => n !== "genre_meets_category")).toEqual([`genre_${genre}`]);
  });

  test("keeps its digest until somebody means to change it: changing it retires every trained model", async () => {
    const digest = await featureSchemaDigest(async (bytes) => createHash("sha256").update(bytes).digest());
    expect(digest).toBe(createHash("sha256").update(featureSchemaJson()).digest("hex"));
    expect(digest).toBe("99a4a5e14b53130999a2f851d084a642259e8ed8e66e03580577846301f6db52");
  });
});

describe("the break's half of a row", () => {
  test("content matures from TV-Y to TV-MA; an unrated title stands in the middle", () => {
    expect(RATINGS.map((rating) => rowOf({ rating })["rating_maturity"])).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(rowOf({ rating: null })["rating_maturity"]).toBe(0.5);
    expect(rowOf({ rating: "constructor" })["rating_maturity"]).toBe(0.5);
  });

  test("every hour belongs to one part of the day", () => {
    const parts = Array.from({ length: 24 }, (_, hour) => lit(rowOf({ hour }), "hour_").join());
    expect(parts.filter((part, hour) => part !== parts[hour - 1])).toEqual([
      "hour_night",
      "hour_morning",
      "hour_afternoon",
      "hour_evening",
    ]);
  });

  test("Saturday and Sunday are the weekend", () => {
    const days = [0, 1, 2, 3, 4, 5, 6];
    expect(days.filter((weekday) => rowOf({ weekday })["weekend"] === 1)).toEqual([0, 6]);
  });

  test("a break's length counts up to four minutes", () => {
    expect([60, 120, 240, 600].map((podDurationSec) => rowOf({ podDurationSec })["break_length"])).toEqual([
      0.25, 0.5, 1, 1,
    ]);
  });

  test("a viewer may be in several segments; unknown ones are not seen", () => {
    expect(lit(rowOf({ segments: [...KNOWN_SEGMENTS] }), "segment_").length).toBe(KNOWN_SEGMENTS.length + 1);
    expect(lit(rowOf({ segments: ["collectors", "__proto__"] }), "segment_")).toEqual([]);
  });

  test("of a viewer who limits ad tracking neither segments nor frequency are looked at", () => {
    const asked = rowOf({ limitAdTracking: true }, {}, 5);
    const blank = rowOf({ limitAdTracking: true, segments: [] }, {}, 0);
    expect(asked).toEqual(blank);
    expect(asked["limits_ad_tracking"]).toBe(1);
  });

  test("words the schema has never heard give zeros, not errors", () => {
    const row = rowOf({ device: "fridge", surface: "hologram", genre: "opera", rating: "TV-X", segments: [] });
    expect(["device_", "surface_", "genre_", "segment_"].flatMap((prefix) => lit(row, prefix))).toEqual([]);
    expect(lit(rowOf({ device: null, genre: null }), "device_")).toEqual([]);
  });
});

describe("the ad's half of a row", () => {
  test("an ad's length is in minutes, up to two", () => {
    expect([6, 15, 60, 300].map((durationSec) => rowOf({}, { durationSec })["ad_length"])).toEqual([
      Math.fround(0.1),
      0.25,
      1,
      2,
    ]);
  });

  test("a category counts at its top level, each once, however deep and often it is written", () => {
    expect(lit(rowOf({}, { categories: ["IAB2-3", "IAB2", "IAB2-10"] }), "ad_category")).toEqual(["ad_category_iab2"]);
    expect(lit(rowOf({}, { categories: ["IAB22-1", "IAB8"] }), "ad_category")).toEqual([
      "ad_category_iab8",
      "ad_category_iab22",
    ]);
  });

  test("a category without a column of its own is other, beside those that have one", () => {
    expect(lit(rowOf({}, { categories: ["IAB10"] }), "ad_category")).toEqual(["ad_category_other"]);
    expect(lit(rowOf({}, { categories: ["IAB99", "IAB1"] }), "ad_category")).toEqual([
      "ad_category_iab1",
      "ad_category_other",
    ]);
  });
});

describe("where break and ad meet", () => {
  test("a sports fan meets a sports ad squarely, a fitness ad by the way, a bank not at all", () => {
    const met = ["IAB17-44", "IAB7", "IAB13"].map(
      (category) => rowOf({ segments: ["sports-fans"] }, { categories: [category] })["segment_meets_category"],
    );
    expect(met).toEqual([1, 0.5, 0]);
  });

  test("the strongest of several interests counts, in whatever order", () => {
    const row = rowOf({ segments: ["parents", "gamers"] }, { categories: ["IAB22", "IAB19-6"] });
    expect(row["segment_meets_category"]).toBe(1);
    expect(rowOf({ segments: ["gamers", "parents"] }, { categories: ["IAB19", "IAB22"] })).toEqual(row);
  });

  test("a bank sits well in the news and not in a cartoon", () => {
    const fits = ["news", "kids"].map((genre) => rowOf({ genre }, { categories: ["IAB13"] })["genre_meets_category"]);
    expect(fits).toEqual([1, 0]);
  });

  test("frequency counts in eighths and stops at eight", () => {
    expect([0, 1, 4, 8, 50, -1, Number.NaN].map((n) => rowOf({}, {}, n)["times_shown"])).toEqual([
      0, 0.125, 0.5, 1, 1, 0, 0,
    ]);
  });
});

/** Mostly a known word, sometimes any other. */
const word = (words: readonly string[]): fc.Arbitrary<string> => fc.oneof(fc.constantFrom(...words), fc.string());

describe("any row", () => {
  const context = fc.record<FeatureContext>({
    device: fc.option(word(DEVICES)),
    surface: word(SURFACES),
    genre: fc.option(word(GENRES)),
    rating: fc.option(word(RATINGS)),
    hour: fc.integer({ min: 0, max: 23 }),
    weekday: fc.integer({ min: 0, max: 6 }),
    podDurationSec: fc.double(),
    segments: fc.array(word(KNOWN_SEGMENTS), { maxLength: 12 }),
    limitAdTracking: fc.boolean(),
  });
  const ad = fc.record<FeatureAd>({
    durationSec: fc.double(),
    categories: fc.array(word(["IAB1", "IAB2-3", "IAB9", "IAB17", "IAB20-1"]), { maxLength: 8 }),
  });

  test("is finite and between 0 and 2, lands at its offset and touches nothing beside it", () => {
    fc.assert(
      fc.property(context, ad, fc.double(), fc.nat(3), (context, ad, shown, at) => {
        const out = new Float32Array(COLUMN_COUNT * 4).fill(-7);
        packRow(packBreak(context), packAd(ad), shown, out, at * COLUMN_COUNT);
        const row = out.subarray(at * COLUMN_COUNT, (at + 1) * COLUMN_COUNT);
        expect(row.every((value) => value >= 0 && value <= 2)).toBe(true);
        expect(out.reduce((sum, value) => sum + (value === -7 ? 1 : 0), 0)).toBe(COLUMN_COUNT * 3);
      }),
    );
  });

  test("that does not fit its matrix is a broken invariant", () => {
    const out = new Float32Array(COLUMN_COUNT);
    expect(() => packRow(packBreak(CONTEXT), packAd(AD), 0, out, 1)).toThrow("fits the matrix");
  });
});
