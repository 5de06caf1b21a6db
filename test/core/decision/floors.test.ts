/** The lowest price of an ad: whose floor holds where several are stated. */
import { describe, expect, test } from "vitest";
import type { BreakRequest, RequestFloors } from "../../../src/protocols/break_request.ts";
import { decide, prices, shown, whyNot, type Circumstances } from "./fixture.ts";

const NONE: RequestFloors = { cpmMicros: 0, cpmMicrosPerSec: 0, byDuration: [] };
const row = (minSec: number, maxSec: number, cpmMicros: number) => ({ minSec, maxSec, cpmMicros });

/** The floor of an ad, in micros an impression, told by second price: nobody competes, so the floor is paid. */
async function floorOf(over: Circumstances, durationSec = 30): Promise<number | undefined> {
  const publisher = { priceRule: "second", ...over.publisher };
  const ads = [{ id: "x", durationSec, cpmMicros: 900_000_000 }];
  return prices(await decide(ads, { ...over, publisher }))["x"];
}
const asks = (over: Partial<RequestFloors>, more: Partial<BreakRequest> = {}): Circumstances => {
  return { request: { ...more, floors: { ...NONE, ...over } } };
};

describe("a publisher's floor", () => {
  test("is by the ad's length, else by surface, else one for all", async () => {
    const publisher = { floorCpmMicros: 3_000_000 };
    expect(await floorOf({ publisher })).toBe(3_000);
    const surface = { ...publisher, surfaceFloorsCpmMicros: { midroll: 2_000_000, preroll: 9_000_000 } };
    expect(await floorOf({ publisher: surface })).toBe(2_000);
    const length = { ...surface, durationFloors: [row(0, 15, 9_000_000), row(16, 30, 1_000_000)] };
    expect(await floorOf({ publisher: length })).toBe(1_000);
  });

  test("is the strictest of the lengths that fit", async () => {
    const durationFloors = [row(0, 30, 1_000_000), row(30, 60, 4_000_000), row(20, 40, 2_000_000)];
    expect(await floorOf({ publisher: { durationFloors } })).toBe(4_000);
  });
});

describe("a request's floor", () => {
  test("is by the ad's length, else one for all", async () => {
    expect(await floorOf(asks({ cpmMicros: 3_000_000 }))).toBe(3_000);
    expect(await floorOf(asks({ cpmMicros: 3_000_000, byDuration: [row(0, 30, 1_000_000)] }))).toBe(1_000);
    expect(await floorOf(asks({ cpmMicros: 3_000_000, byDuration: [row(0, 29, 1_000_000)] }))).toBe(3_000);
  });

  test("by second asks more of a longer ad, and is rounded up", async () => {
    expect(await floorOf(asks({ cpmMicrosPerSec: 100_000 }), 30)).toBe(3_000);
    expect(await floorOf(asks({ cpmMicrosPerSec: 100_000 }), 6)).toBe(600);
    expect(await floorOf(asks({ cpmMicrosPerSec: 1 }), 30)).toBe(1);
  });

  test("and the publisher's: the stricter holds", async () => {
    const publisher = { floorCpmMicros: 5_000_000 };
    expect(await floorOf({ ...asks({ cpmMicros: 3_000_000 }), publisher })).toBe(5_000);
    expect(await floorOf({ ...asks({ cpmMicros: 7_000_000 }), publisher })).toBe(7_000);
  });
});

describe("a learned reserve price", () => {
  const reserves = [
    { cpmMicros: 2_000_000 },
    { device: "ctv", cpmMicros: 3_000_000 },
    { device: "ctv", genre: "drama", cpmMicros: 4_000_000 },
    { surface: "preroll", device: "ctv", genre: "drama", cpmMicros: 9_000_000 },
  ];

  test("holds for the most precise kind of break", async () => {
    expect(await floorOf({ market: { reserves } })).toBe(4_000);
    const content = { id: null, categories: [], genre: null, rating: null, language: null };
    expect(await floorOf({ market: { reserves }, request: { content } })).toBe(3_000);
    expect(await floorOf({ market: { reserves }, request: { surface: "preroll" } })).toBe(9_000);
  });

  test("lowers no floor and binds no deal", async () => {
    expect(await floorOf({ market: { reserves }, publisher: { floorCpmMicros: 6_000_000 } })).toBe(6_000);
    const deals = [{ id: "d", kind: "privateAuction", cpmMicros: 1_000_000, lineItemIds: ["li-x"] }];
    expect(await floorOf({ market: { reserves, deals } })).toBe(1_000);
  });
});

const slot = (floorCpmMicros: number | null) => {
  return { minSec: 6, maxSec: 6, floorCpmMicros, position: "first" as const };
};

const cut = (floorCpmMicros: number | null, over: Partial<RequestFloors> = {}): Circumstances =>
  asks(over, { podDurationSec: 6, structuredSlots: [slot(floorCpmMicros)] });

describe("a slot that the publisher has cut", () => {
  test("has its own floor, or else that of the break", async () => {
    expect(await floorOf(cut(2_000_000, { cpmMicros: 5_000_000 }), 6)).toBe(2_000);
    expect(await floorOf(cut(null, { cpmMicros: 5_000_000 }), 6)).toBe(5_000);
  });

  test("is not sold by the second, and not below the publisher's floor", async () => {
    expect(await floorOf(cut(2_000_000, { cpmMicrosPerSec: 90_000_000 }), 6)).toBe(2_000);
    expect(await floorOf({ ...cut(2_000_000), publisher: { floorCpmMicros: 3_000_000 } }, 6)).toBe(3_000);
  });

  test("keeps out an ad that reaches only the floor of the rest", async () => {
    const request = { podDurationSec: 36, structuredSlots: [slot(8_000_000)], floors: NONE };
    const ads = [
      { id: "six", durationSec: 6, cpmMicros: 5_000_000 },
      { id: "long", durationSec: 30, cpmMicros: 30_000_000 },
    ];
    const decision = await decide(ads, { request });
    expect(shown(decision)).toEqual(["long"]);
    expect(whyNot(decision, "six")).toBe("outbid");
    expect(shown(await decide(ads, { request: { ...request, structuredSlots: [slot(5_000_000)] } }))).toEqual([
      "six",
      "long",
    ]);
  });
});

test("a floor above every bid leaves the break empty, and nothing fails", async () => {
  const decision = await decide([{ id: "x" }], { publisher: { floorCpmMicros: 10_000_000_000 } });
  expect(shown(decision)).toEqual([]);
  expect(whyNot(decision, "x")).toBe("below_floor");
});
