/** The rules of retrieval, one by one: whose clock, whose agreement, which caps, who goes on when too many match. */
import { describe, expect, test } from "vitest";
import { compileCatalog } from "../../../src/catalog/compiled.ts";
import type { Catalog } from "../../../src/catalog/entities.ts";
import { factsOf } from "../../../src/decision/facts.ts";
import { retrieve } from "../../../src/decision/retrieve.ts";
import { present } from "../../../src/kernel/assert.ts";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { HOUR_MS, MINUTE_MS } from "../../../src/kernel/time.ts";
import type { BreakRequest } from "../../../src/protocols/break_request.ts";
import { breakOf, catalogOf, decide, NOW_MS, whyNot, worldOf, type AdSketch } from "./fixture.ts";

const viewer = breakOf().viewer;
const seenBy = (over: Partial<BreakRequest["viewer"]>) => ({ request: { viewer: { ...viewer, ...over } } });

/** Ids of the ads that pass, in the order in which they were looked at. */
function passing(ads: readonly AdSketch[], limits: Partial<typeof FULL_LIMITS>, request: Partial<BreakRequest> = {}) {
  return passingOf(catalogOf(ads), limits, request);
}

function passingOf(written: Catalog, limits: Partial<typeof FULL_LIMITS>, request: Partial<BreakRequest> = {}) {
  const catalog = compileCatalog(written);
  const world = worldOf(catalog, { limits: { ...FULL_LIMITS, ...limits } });
  const found = retrieve(breakOf(request), world, present(catalog.publishers.get("p"), "the fixture's publisher"));
  return { ...found, ids: found.candidates.map(({ offer }) => offer.lineItemId.slice(3)) };
}

describe("hours of the week", () => {
  // The fixture's now is a Wednesday, 20:00 UTC.
  const atNight: AdSketch = { id: "x", targeting: { dayparts: [{ days: [4], fromHour: 1, toHour: 3 }] } };
  const inTheEvening: AdSketch = { id: "x", targeting: { dayparts: [{ days: [3], fromHour: 20, toHour: 21 }] } };

  test("are the viewer's when the request says how far it is from UTC", async () => {
    expect(whyNot(await decide([atNight], seenBy({ utcOffsetMinutes: 330 })), "x")).toBeNull();
    expect(whyNot(await decide([inTheEvening], seenBy({ utcOffsetMinutes: 330 })), "x")).toBe("targeting_dayparts");
  });

  test("are else the publisher's, summer time included", async () => {
    const tokyo = { publisher: { timeZone: "Asia/Tokyo" } };
    const berlin = { publisher: { timeZone: "Europe/Berlin" } };
    const atTen: AdSketch = { id: "x", targeting: { dayparts: [{ days: [3], fromHour: 22, toHour: 23 }] } };
    expect(whyNot(await decide([{ ...atNight, targeting: dayAt(4, 5) }], tokyo), "x")).toBeNull();
    expect(whyNot(await decide([atTen], berlin), "x")).toBeNull();
    expect(whyNot(await decide([atTen], { ...berlin, world: { nowMs: Date.UTC(2026, 10, 4, 20) } }), "x")).toBe(
      "targeting_dayparts",
    );
  });

  test("are else those of UTC", async () => {
    expect(whyNot(await decide([inTheEvening]), "x")).toBeNull();
  });

  const dayAt = (day: number, hour: number) => ({ dayparts: [{ days: [day], fromHour: hour, toHour: hour + 1 }] });
});

describe("consent", () => {
  const asks: AdSketch = { id: "x", targeting: { segments: { include: ["gamers"] } } };

  test("is not missing where nothing asks for it", async () => {
    expect(whyNot(await decide([asks], seenBy({ segments: ["gamers"], consent: null })), "x")).toBeNull();
    expect(whyNot(await decide([asks], seenBy({ segments: ["gamers"], consent: true })), "x")).toBeNull();
  });

  test("is missing when it was refused, and when the viewer limits tracking", async () => {
    const refused = seenBy({ segments: ["gamers"], consent: false });
    const limited = seenBy({ consent: null, limitAdTracking: true });
    expect(whyNot(await decide([asks], refused), "x")).toBe("consent_missing");
    expect(whyNot(await decide([asks], limited), "x")).toBe("consent_missing");
  });

  test("leaves no audience to be found in an expression", () => {
    const request = breakOf({ viewer: { ...viewer, segments: ["gamers"], consent: false } });
    expect(factsOf(request, NOW_MS, 0).segments.size).toBe(0);
  });
});

describe("caps", () => {
  const campaignOfTwo = (cap: { impressions: number; windowMinutes: number }) => {
    const catalog = catalogOf([{ id: "a" }, { id: "b" }]);
    return compileCatalog({
      ...catalog,
      campaigns: catalog.campaigns.map((campaign) => ({ ...campaign, frequencyCap: cap })),
      advertisers: catalog.advertisers,
      lineItems: catalog.lineItems.map((line) => ({ ...line, campaignId: "ca-a", creativeIds: ["cr-a"] })),
    });
  };
  const shown = ["li-a", "li-b"].map((lineItemId, n) => ({ lineItemId, shownMs: NOW_MS - (n + 1) * HOUR_MS }));

  test("of a campaign count what its line items have shown together", () => {
    const request = breakOf({ viewer: { ...viewer, frequency: shown } });
    const reasons = (impressions: number, windowMinutes: number) => {
      const catalog = campaignOfTwo({ impressions, windowMinutes });
      const publisher = present(catalog.publishers.get("p"), "the fixture's publisher");
      return retrieve(request, worldOf(catalog), publisher).rejections.map(({ reason }) => reason);
    };
    expect(reasons(2, 180)).toEqual(["frequency_capped", "frequency_capped"]);
    expect(reasons(3, 180)).toEqual([]);
    expect(reasons(2, 90)).toEqual([]);
  });
});

test("what was found in a context is looked for again once a flight has started or ended", () => {
  const soon = { start: "2026-07-01T20:30:00Z", end: "2026-08-01T00:00:00Z" };
  const ending = { start: "2026-01-01T00:00:00Z", end: "2026-07-01T20:15:00Z" };
  const catalog = compileCatalog(
    catalogOf([
      { id: "soon", flight: soon },
      { id: "ending", flight: ending },
    ]),
  );
  const publisher = present(catalog.publishers.get("p"), "the fixture's publisher");
  const idsAt = (minutes: number) => {
    const world = worldOf(catalog, { nowMs: NOW_MS + minutes * MINUTE_MS });
    return retrieve(breakOf(), world, publisher).candidates.map(({ offer }) => offer.lineItemId);
  };
  // Back in time as well: a replay may ask of the past.
  expect([0, 15, 30, 0].map(idsAt)).toEqual([["li-ending"], [], ["li-soon"], ["li-ending"]]);
});

describe("when more match than may pass", () => {
  const ads = [5, 9, 1, 7, 3].map((cpm, n): AdSketch => ({ id: `${n}`, cpmMicros: cpm * 1_000_000 }));

  test("those that may bid most go on", () => {
    expect(passing(ads, { candidatesMax: 3 }).ids).toEqual(["1", "3", "0"]);
    expect(passing(ads, { candidatesMax: 3 }).overlooked).toBe(2);
  });

  test("equal ones go on in catalog order", () => {
    const equal = ads.map((ad) => ({ ...ad, cpmMicros: 5_000_000 }));
    expect(passing(equal, { candidatesMax: 2 }).ids).toEqual(["0", "1"]);
  });

  test("a guaranteed deal is not kept out", () => {
    const promised: AdSketch = { id: "z", cpmMicros: 1_000, guaranteedAt: ["p"] };
    expect(passing([...ads, promised], { candidatesMax: 1 }).ids).toEqual(["z", "1"]);
  });

  test("work ends after a bounded number of offers, whatever becomes of them", () => {
    const blocked = { blockedAdvertiserDomains: ads.map(({ id }) => `adv-${id}.example`) };
    expect(passing(ads, { lookedAtMax: 2 }).ids).toEqual(["1", "3"]);
    expect(passing(ads, { lookedAtMax: 2 }, blocked).rejections.length).toBeLessThanOrEqual(2);
  });

  test("ten thousand of them are no trouble", () => {
    const one = catalogOf([{ id: "0" }]);
    const lineItems = Array.from({ length: 10_000 }, (_, n) => ({ ...present(one.lineItems[0], "it"), id: `li-${n}` }));
    const found = passingOf({ ...one, lineItems }, {});
    expect(found.ids.length).toBe(FULL_LIMITS.candidatesMax);
    expect(found.overlooked).toBe(10_000 - FULL_LIMITS.candidatesMax);
  });
});

describe("lengths", () => {
  const asked = (durationSec: number, request: Partial<BreakRequest>) =>
    passing([{ id: "x", durationSec }], {}, request).ids.length === 1;

  test("an ad that fits a slot the publisher has cut needs no room in the rest", () => {
    const slot = { minSec: 20, maxSec: 30, floorCpmMicros: null, position: "first" } as const;
    expect(asked(25, { exactDurationsSec: [15] })).toBe(false);
    expect(asked(25, { exactDurationsSec: [15], structuredSlots: [slot] })).toBe(true);
    expect(asked(31, { exactDurationsSec: [15], structuredSlots: [slot] })).toBe(false);
  });

  test("exact lengths take the place of shortest and longest", () => {
    expect(asked(15, { exactDurationsSec: [15, 30], maxAdDurationSec: 10 })).toBe(true);
    expect(asked(20, { exactDurationsSec: [15, 30] })).toBe(false);
    expect(asked(90, { exactDurationsSec: [90] })).toBe(false);
  });
});
