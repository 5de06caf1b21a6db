/** What a decision reads: offers in a fixed order, everything worked out that does not depend on the request. */
import { describe, expect, it } from "vitest";
import { compileCatalog, inFlight, isCategoryBlocked } from "../../src/catalog/compiled.ts";
import type { Catalog } from "../../src/catalog/entities.ts";
import { parseCatalog } from "../../src/catalog/validate.ts";
import { InvariantBroken, present } from "../../src/kernel/assert.ts";
import { smallCatalog } from "./catalog_fixture.ts";

function accepted(json: unknown): Catalog {
  const parsed = parseCatalog([{ file: "c.json", json }]);
  if (!parsed.ok) throw new Error("the fixture must validate");
  return parsed.value;
}

function offer(creativeId: string, catalog: Catalog = accepted(smallCatalog())) {
  const { paidOffers } = compileCatalog(catalog);
  return present(
    [...paidOffers].find((candidate) => candidate.creativeId === creativeId),
    "the fixture has this creative",
  );
}

const offerIds = (json: unknown): string[] =>
  [...compileCatalog(accepted(json)).paidOffers].map(({ lineItemId, creativeId }) => `${lineItemId} ${creativeId}`);

describe("A compiled catalog", () => {
  it("lists one offer a line item and creative, by id, house offers apart", () => {
    const compiled = compileCatalog(accepted(smallCatalog()));
    expect([...compiled.paidOffers].map((o) => [o.order, o.lineItemId, o.creativeId])).toEqual([
      [0, "cars-tv", "cars-15"],
      [1, "cars-tv", "cars-30"],
    ]);
    expect([...compiled.houseOffers].map((o) => [o.order, o.lineItemId, o.creativeId])).toEqual([
      [0, "own-1", "own-6"],
    ]);
    expect(compiled.paidOffers.at(0).line).toBe(compiled.paidOffers.at(1).line);
  });

  it("comes out the same in whatever order the entities were written", () => {
    const forwards = smallCatalog();
    const backwards = {
      ...forwards,
      lineItems: forwards.lineItems.map((li) => ({ ...li, creativeIds: li.creativeIds.toReversed() })).toReversed(),
      creatives: forwards.creatives.toReversed(),
      campaigns: forwards.campaigns.toReversed(),
    };
    expect(offerIds(backwards)).toEqual(offerIds(forwards));
  });

  it("orders ids by code units, not by locale", () => {
    const catalog = smallCatalog();
    const [first] = catalog.lineItems;
    const lineItems = ["b", "B", "a", "A", "a-1", "a_1", "a1"].map((id) => ({
      ...first,
      id,
      creativeIds: ["cars-30"],
    }));
    const compiled = compileCatalog(accepted({ ...catalog, lineItems, deals: [] }));
    expect([...compiled.paidOffers].map((o) => o.lineItemId)).toEqual(["A", "B", "a", "a-1", "a1", "a_1", "b"]);
  });

  it("gives each sub-category its parent, and a blocked parent covers its children but not the reverse", () => {
    expect(offer("cars-30").categories).toEqual(["IAB2-3"]);
    expect(offer("cars-30").categoriesWithParents).toEqual(["IAB2", "IAB2-3"]);
    expect(offer("cars-15").categoriesWithParents).toEqual(["IAB2", "IAB22", "IAB22-2"]);
    expect(isCategoryBlocked(offer("cars-30"), new Set(["IAB2"]))).toBe(true);
    expect(isCategoryBlocked(offer("cars-15"), new Set(["IAB2-3"]))).toBe(false);
    expect(isCategoryBlocked(offer("cars-15"), new Set())).toBe(false);
  });

  it("knows flights as half-open spans of time, whatever zone they were written in", () => {
    const cars = offer("cars-30");
    const start = Date.UTC(2026, 0, 1);
    const end = Date.UTC(2026, 11, 31, 22);
    expect([start - 1, start, end - 1, end].map((nowMs) => inFlight(cars, nowMs))).toEqual([false, true, true, false]);
  });

  it.each([
    ["a paused line item", "lineItems", "cars-tv", "paused"],
    ["an archived line item", "lineItems", "cars-tv", "archived"],
    ["a paused campaign", "campaigns", "cars", "paused"],
    ["an archived campaign", "campaigns", "cars", "archived"],
  ] as const)("keeps the offers of %s, inactive", (_what, section, id, status) => {
    const catalog = smallCatalog();
    Object.assign(
      present(
        catalog[section].find((entity) => entity.id === id),
        "the fixture has it",
      ),
      { status },
    );
    const cars = offer("cars-30", accepted(catalog));
    expect(cars.active).toBe(false);
    expect(inFlight(cars, Date.UTC(2026, 5, 1))).toBe(false);
  });

  it("has a floor for every surface and frequency caps in milliseconds", () => {
    const catalog = smallCatalog();
    Object.assign(catalog.publishers[0] ?? {}, { surfaceFloorsCpmMicros: { pause: 0, midroll: 9 } });
    const compiled = compileCatalog(accepted(catalog));
    expect(compiled.publishers.get("demo")?.floorCpmMicros).toEqual({
      preroll: 4_000_000,
      midroll: 9,
      postroll: 4_000_000,
      pause: 0,
      home: 4_000_000,
    });
    expect(compiled.lineItems.get("cars-tv")?.frequencyCap).toEqual({ impressions: 2, windowMs: 3_600_000 });
    expect(compiled.lineItems.get("own-1")?.frequencyCap).toBeNull();
  });

  it("cannot be made of a catalog that nobody validated", () => {
    const catalog = accepted(smallCatalog());
    expect(() => compileCatalog({ ...catalog, creatives: [] })).toThrow(InvariantBroken);
    expect(() => compileCatalog({ ...catalog, campaigns: [] })).toThrow(InvariantBroken);
    expect(() => compileCatalog({ ...catalog, advertisers: [] })).toThrow(InvariantBroken);
  });
});
