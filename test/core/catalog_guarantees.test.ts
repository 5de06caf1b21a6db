/** Guaranteed deals as operators write them, and as the planner and a decision read them. */
import { describe, expect, it } from "vitest";
import { compileCatalog } from "../../src/catalog/compiled.ts";
import { expectedTraffic, reachOf } from "../../src/catalog/guarantees.ts";
import { renderProblem } from "../../src/catalog/problem.ts";
import type { TargetingFacts } from "../../src/catalog/targeting.ts";
import { parseCatalog } from "../../src/catalog/validate.ts";
import { present } from "../../src/kernel/assert.ts";
import { CATALOG_LIMITS } from "../../src/kernel/limits.ts";
import { smallCatalog } from "./catalog_fixture.ts";

const deal = {
  id: "promise",
  name: "Promise",
  kind: "guaranteed",
  publisherIds: ["demo"],
  lineItemIds: ["cars-tv"],
  cpmMicros: 20_000_000,
  impressions: 2_500,
};

function problemsOf(over: object): readonly string[] {
  const parsed = parseCatalog([{ file: "c.json", json: { ...smallCatalog(), ...over } }]);
  return parsed.ok ? [] : parsed.reason.map((problem) => `${problem.code} ${renderProblem(problem)}`);
}

function compiled(over: object = {}) {
  const parsed = parseCatalog([{ file: "c.json", json: { ...smallCatalog(), deals: [deal], ...over } }]);
  if (!parsed.ok) throw new Error(parsed.reason.map(renderProblem).join("\n"));
  return compileCatalog(parsed.value);
}

const evening: TargetingFacts = {
  publisherId: "demo",
  surface: "midroll",
  device: "ctv",
  country: null,
  region: null,
  genre: null,
  rating: null,
  language: null,
  contentCategories: new Set(),
  segments: new Set(),
  consent: true,
  hour: 20,
  weekday: 3,
};

describe("A guaranteed deal", () => {
  it("is taken when its campaign is its own, pays its price and can pay for all of it", () => {
    expect(problemsOf({ deals: [deal] })).toEqual([]);
  });

  it("has one campaign", () => {
    const catalog = smallCatalog();
    const [cars] = catalog.campaigns;
    const [tv] = catalog.lineItems;
    const campaigns = [...catalog.campaigns, { ...cars, id: "vans" }];
    const lineItems = [...catalog.lineItems, { ...tv, id: "vans-tv", campaignId: "vans" }];
    expect(problemsOf({ campaigns, lineItems, deals: [{ ...deal, lineItemIds: ["cars-tv", "vans-tv"] }] })).toEqual([
      "guarantee_over_campaigns c.json: deals[0].lineItemIds[1]: expected a line item of campaign " +
        '"cars", like the first one: a guaranteed deal has one campaign, found "vans-tv" of campaign "vans"',
    ]);
  });

  it("has all of its campaign's line items", () => {
    const catalog = smallCatalog();
    const lineItems = [...catalog.lineItems, { ...catalog.lineItems[0], id: "cars-radio" }];
    expect(problemsOf({ lineItems, deals: [deal] })).toEqual([
      'guarantee_shares_campaign c.json: deals[0].lineItemIds: expected all line items of campaign "cars" and no other ' +
        'guaranteed deal for it: all it bills counts here, found all but "cars-radio"',
    ]);
  });

  it("is one of a bounded number", () => {
    const many = Array.from({ length: CATALOG_LIMITS.guaranteedDealsMax + 1 }, (_, n) => ({ ...deal, id: `d${n}` }));
    expect(problemsOf({ deals: many })).toEqual([
      "too_many_guarantees c.json: deals[500]: expected at most 500 guaranteed deals, found 501",
    ]);
  });

  it("is known to the offers that may serve it, and to no others", () => {
    const { paidOffers, houseOffers, guarantees } = compiled();
    expect(guarantees.map(({ dealId, impressions }) => [dealId, impressions])).toEqual([["promise", 2_500]]);
    expect([...paidOffers].map(({ guarantee }) => guarantee)).toEqual([guarantees[0], guarantees[0]]);
    expect([...houseOffers].map(({ guarantee }) => guarantee)).toEqual([null]);
  });

  it("may be shown at its publishers, where any of its active line items may", () => {
    const reach = reachOf(present(compiled().guarantees[0], "the catalog has a guaranteed deal"));
    expect(reach.fromMs).toBe(Date.UTC(2026, 0, 1));
    expect(reach.admits(evening)).toBe(true);
    expect(reach.admits({ ...evening, device: "mobile" })).toBe(false);
    expect(reach.admits({ ...evening, publisherId: "other" })).toBe(false);
    const paused = smallCatalog().lineItems.map((item) => ({ ...item, status: "paused" }));
    expect(reachOf(present(compiled({ lineItems: paused }).guarantees[0], "still there")).admits(evening)).toBe(false);
  });

  it("is planned from what publishers say they expect", () => {
    const forecast = [
      { surface: "midroll", device: "ctv", breaksPerWeek: 700 },
      { surface: "pause", breaksPerWeek: 20, dayparts: [{ days: [6], fromHour: 10, toHour: 12 }] },
    ];
    const traffic = expectedTraffic(compiled({ publishers: [{ id: "demo", name: "Demo", forecast }] }));
    expect(traffic).toMatchObject([
      {
        kind: { publisherId: "demo", surface: "midroll", device: "ctv", country: null },
        hours: null,
        breaksPerWeek: 700,
      },
      { kind: { publisherId: "demo", surface: "pause", device: null }, breaksPerWeek: 20 },
    ]);
    expect(traffic[1]?.hours?.reduce((sum, hour) => sum + hour, 0)).toBe(2);
  });
});
