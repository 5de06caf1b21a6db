/** What publisher and request together allow a break, from the whole decision's side. */
import { describe, expect, test } from "vitest";
import type { FrequencyEntry } from "../../../src/protocols/frequency_token.ts";
import { breakOf, decide, NOW_MS, shown, whyNot, type AdSketch, type Circumstances } from "./fixture.ts";

const ad = (id: string, cpm: number, over: Partial<AdSketch> = {}): AdSketch => {
  return { id, cpmMicros: cpm * 1_000_000, ...over };
};
const x = (id: string, cpm: number, over: Partial<AdSketch> = {}): AdSketch =>
  ad(id, cpm, { advertiser: "x", ...over });
const plays = async (ads: readonly AdSketch[], over: Circumstances = {}): Promise<readonly string[]> =>
  shown(await decide(ads, over));
const slot = (minSec: number, maxSec: number, position: "first" | "last" | "any" = "any") => {
  return { minSec, maxSec, floorCpmMicros: null, position };
};

describe("an advertiser", () => {
  test("is shown as often as the publisher allows, with as many ads between as it asks", async () => {
    const three = [x("a", 30), x("b", 20), ad("c", 10)];
    expect(await plays(three)).toEqual(["a", "c"]);
    expect(await plays(three, { publisher: { maxPerAdvertiser: 2 } })).toEqual(["a", "b", "c"]);
    expect(await plays(three, { publisher: { maxPerAdvertiser: 2, minGapAds: 1 } })).toEqual(["a", "c", "b"]);
  });

  test("never meets a competitor, whichever of the two names the other", async () => {
    for (const competitors of [{ "adv-a": ["adv-b"] }, { "adv-b": ["adv-a"] }]) {
      const decision = await decide([ad("a", 30), ad("b", 20), ad("c", 10)], { market: { competitors } });
      expect(shown(decision)).toEqual(["a", "c"]);
      expect(whyNot(decision, "b")).toBe("competitor_separated");
    }
  });
});

describe("a separated category", () => {
  test("is shown as often as the publisher allows, sub-categories included", async () => {
    const cars = ["IAB2-1", "IAB2-2", "IAB2"].map((category, n) => ad(`c${n}`, 30 - n, { categories: [category] }));
    expect(await plays(cars, { publisher: { separatedCategories: ["IAB2"] } })).toEqual(["c0"]);
    expect(await plays(cars, { publisher: { separatedCategories: ["IAB2"], maxPerCategory: 2 } })).toEqual([
      "c0",
      "c1",
    ]);
  });
});

describe("deduplication", () => {
  const twoAllowed = { publisher: { maxPerAdvertiser: 2 } };
  const asked = (...podDedupe: (1 | 2 | 3 | 4 | 5)[]): Circumstances => ({ ...twoAllowed, request: { podDedupe } });

  test("1: by the advertiser's domain", async () => {
    expect(await plays([x("a", 30), x("b", 20)], asked(1))).toEqual(["a"]);
    expect(await plays([x("a", 30), x("b", 20)], asked(5))).toEqual(["a", "b"]);
  });

  test("2: by category, also one that nobody separates", async () => {
    const two = [ad("a", 30, { categories: ["IAB1", "IAB9"] }), ad("b", 20, { categories: ["IAB9"] }), ad("c", 10)];
    expect(await plays(two, asked(2))).toEqual(["a", "c"]);
  });

  test("3: by creative, which holds anyway", async () => {
    const two = [x("a", 30, { creative: "one" }), x("b", 20, { creative: "one" })];
    expect(await plays(two, asked(3))).toEqual(["a"]);
    expect(await plays(two, asked())).toEqual(["a"]);
  });

  test("4: by media file", async () => {
    const two = [ad("a", 30, { media: "media/one.m3u8" }), ad("b", 20, { media: "media/one.m3u8" })];
    expect(await plays(two, asked(4))).toEqual(["a"]);
    expect(await plays(two, asked(1, 2, 3))).toEqual(["a"]);
    expect(await plays(two, asked(1, 3))).toEqual(["a", "b"]);
  });
});

const seen = (...hoursAgo: readonly number[]): readonly FrequencyEntry[] =>
  hoursAgo.map((hours) => ({ lineItemId: "li-a", shownMs: NOW_MS - hours * 3_600_000 }));

describe("a line item", () => {
  const creatives = { creativeIds: ["cr-a", "cr-b", "cr-c"] };
  const many = (line: object, over: Partial<AdSketch> = {}): readonly AdSketch[] => [
    x("a", 30, { line: { ...creatives, ...line }, ...over }),
    x("b", 20, { status: "paused" }),
    x("c", 10, { status: "paused" }),
  ];
  const roomy = { publisher: { maxPerAdvertiser: 5 } };
  const viewerOf = (frequency: readonly FrequencyEntry[]): Circumstances => {
    return { ...roomy, request: { viewer: { ...breakOf().viewer, frequency } } };
  };

  test("has one ad in a break, unless it allows itself more", async () => {
    expect(await plays(many({}), roomy)).toHaveLength(1);
    expect(await plays(many({ maxPerBreak: 2 }), roomy)).toHaveLength(2);
  });

  test("has no more than its cap leaves of the viewer", async () => {
    const capped = many({ maxPerBreak: 3 }, { frequencyCap: { impressions: 3, windowMinutes: 1_440 } });
    expect(await plays(capped, roomy)).toHaveLength(3);
    expect(await plays(capped, viewerOf(seen(1)))).toHaveLength(2);
    expect(await plays(capped, viewerOf(seen(1, 30)))).toHaveLength(2);
    expect(await plays(capped, viewerOf(seen(1, 2)))).toHaveLength(1);
    expect(await plays(capped, viewerOf(seen(1, 2, 3)))).toHaveLength(0);
  });

  test("has no more than its campaign's cap leaves", async () => {
    const frequencyCap = { impressions: 1, windowMinutes: 1_440 };
    const two = [x("a", 30, { campaign: { frequencyCap } }), x("b", 20, { line: { campaignId: "ca-a" } })];
    expect(await plays(two, roomy)).toEqual(["a"]);
  });
});

const wish = (slotWish: string): Partial<AdSketch> => ({ line: { slotWish } });

describe("a place", () => {
  test("that an ad insists on is its own, or it does not play", async () => {
    expect(await plays([ad("a", 30), ad("b", 10, wish("first"))])).toEqual(["b", "a"]);
    expect(await plays([ad("a", 30, wish("last")), ad("b", 10)])).toEqual(["b", "a"]);
    expect(await plays([ad("a", 30, wish("first")), ad("b", 20, wish("first"))])).toEqual(["a"]);
    const ends = [ad("a", 30, wish("firstOrLast")), ad("b", 20, wish("firstOrLast")), ad("c", 40)];
    expect(await plays(ends)).toEqual(["a", "c", "b"]);
  });
});

describe("a hybrid break", () => {
  const ads = [
    ad("six", 5, { durationSec: 6 }),
    ad("ten", 9, { durationSec: 10 }),
    ad("long", 30, { durationSec: 30 }),
  ];

  test("fills the slots that are cut with ads of their lengths, and the rest freely", async () => {
    const request = { podDurationSec: 46, structuredSlots: [slot(5, 6, "first"), slot(10, 10, "last")] };
    expect(await plays(ads, { request })).toEqual(["six", "long", "ten"]);
  });

  test("has no more time than it says: slots that ask for more are cut short", async () => {
    const request = { podDurationSec: 30, structuredSlots: [slot(5, 30), slot(5, 30)] };
    expect(await plays(ads, { request })).toEqual(["long"]);
  });

  test("of cut slots alone has no free part", async () => {
    const request = { podDurationSec: 6, maxAds: 1, structuredSlots: [slot(6, 6)] };
    expect(await plays(ads, { request })).toEqual(["six"]);
  });

  test("lets exact lengths bind the free part alone", async () => {
    const request = { podDurationSec: 66, structuredSlots: [slot(6, 6)], exactDurationsSec: [30] };
    const decision = await decide(ads, { request });
    expect(shown(decision)).toEqual(["six", "long"]);
    expect(whyNot(decision, "ten")).toBe("duration_not_allowed");
  });
});

describe("live", () => {
  const ads = [ad("dear", 30, { durationSec: 40 }), ad("a", 12, { durationSec: 30 }), ad("b", 12, { durationSec: 30 })];

  test("counts what the slate costs that plays in time without ads", async () => {
    expect(await plays(ads, { request: { fill: "flexible" } })).toEqual(["dear"]);
    expect(await plays(ads, { request: { fill: "exact" } })).toEqual(["a", "b"]);
    expect(await plays(ads, { request: { fill: "exact" }, publisher: { slateMicrosPerSec: 0 } })).toEqual(["dear"]);
  });
});

const own = (id: string, durationSec: number, over: Partial<AdSketch> = {}): AdSketch => {
  return { id, durationSec, goal: { kind: "house" }, advertiser: `us-${id}`, ...over };
};

describe("ads of the publisher's own", () => {
  test("fill as much as can be of the time that is left", async () => {
    const house = [own("h40", 40), own("h25", 25), own("h20", 20)];
    expect(await plays([ad("paid", 9, { durationSec: 10 }), ...house])).toEqual(["paid", "h25", "h20"]);
  });

  test("leave the last place to the ad that insists on it", async () => {
    const closes = ad("paid", 9, { durationSec: 10, line: { slotWish: "last" } });
    expect(await plays([closes, own("h", 20)])).toEqual(["h", "paid"]);
  });

  test("keep the rules of the break beside paid ads", async () => {
    const publisher = { separatedCategories: ["IAB8"] };
    const decision = await decide([ad("paid", 9), own("h", 20)], { publisher });
    expect(shown(decision)).toEqual(["paid"]);
    expect(whyNot(decision, "h")).toBe("category_separated");
  });

  test("never push out a paid ad", async () => {
    const decision = await decide([ad("paid", 1, { durationSec: 6 }), own("h", 60)]);
    expect(shown(decision)).toEqual(["paid"]);
  });
});
