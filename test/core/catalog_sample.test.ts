/** The sample catalog keeps its promises: it validates, is large and varied, and the demo's breaks are fought over. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCatalog } from "../../cli/catalog/read_catalog.ts";
import { sampleCatalogFiles } from "../../scripts/make_sample_catalog.ts";
import { compileCatalog, inFlight, isCategoryBlocked, type Offer } from "../../src/catalog/compiled.ts";
import { renderProblems } from "../../src/catalog/problem.ts";
import { LIST_DIMENSIONS, firstMismatch, type TargetingFacts } from "../../src/catalog/targeting.ts";
import { KNOWN_SEGMENTS } from "../../src/features/schema.ts";
import { present } from "../../src/kernel/assert.ts";

const ROOT = new URL("../../", import.meta.url);
const SAMPLE_DIR = new URL("catalog/sample/", ROOT).pathname;

const read = await readCatalog([SAMPLE_DIR]);
if (!read.ok) throw new Error(renderProblems(read.reason));
const { catalog } = read.value;
const compiled = compileCatalog(catalog);

/** Offers that may run in a mid-roll of the demo publisher on a television in this country, at this moment. */
function eligible(country: string, nowMs: number, hour: number): Offer[] {
  const facts: TargetingFacts = {
    publisherId: "demo",
    surface: "midroll",
    device: "ctv",
    country,
    region: null,
    genre: null,
    rating: null,
    language: null,
    contentCategories: new Set(),
    segments: new Set(),
    consent: true,
    hour,
    weekday: 2,
  };
  const demo = present(compiled.publishers.get("demo"), "the sample has the demo publisher");
  return [...compiled.paidOffers].filter(
    (offer) =>
      inFlight(offer, nowMs) &&
      firstMismatch(offer.line.targeting, facts) === null &&
      !isCategoryBlocked(offer, demo.blockedCategories),
  );
}

describe("The sample catalog", () => {
  it("is exactly what its script writes", () => {
    const written = sampleCatalogFiles();
    expect(readdirSync(SAMPLE_DIR).sort()).toEqual([...written.keys()].sort());
    // Names of stale files only: a diff of six thousand lines tells nobody anything. Run the script to mend it.
    const stale = [...written].filter(([name, text]) => readFileSync(join(SAMPLE_DIR, name), "utf8") !== text);
    expect(stale.map(([name]) => name)).toEqual([]);
  });

  it("has the promised numbers of everything", () => {
    expect(catalog.publishers.length).toBeGreaterThanOrEqual(3);
    expect(catalog.publishers.map(({ id }) => id)).toEqual(expect.arrayContaining(["demo", "sports-live", "kids-tv"]));
    expect(catalog.advertisers.length).toBeGreaterThanOrEqual(42);
    expect(catalog.campaigns.length).toBeGreaterThanOrEqual(60);
    expect(catalog.lineItems.length).toBeGreaterThanOrEqual(210);
    expect(catalog.deals.length).toBeGreaterThanOrEqual(4);
  });

  it("names only invented companies", () => {
    for (const { domain } of catalog.advertisers) expect(domain).toMatch(/^[a-z0-9-]+\.example$/);
    for (const { clickThroughUrl } of catalog.creatives)
      expect(new URL(clickThroughUrl).hostname).toMatch(/\.example$/);
  });

  it.each(["US", "DE"])("lets at least 40 line items of 30 advertisers fight for a demo break in %s", (country) => {
    for (const year of [2026, 2027]) {
      for (const hour of [3, 20]) {
        const offers = eligible(country, Date.UTC(year, 10, 20, hour), hour);
        expect(new Set(offers.map((offer) => offer.lineItemId)).size).toBeGreaterThanOrEqual(40);
        expect(new Set(offers.map((offer) => offer.advertiserId)).size).toBeGreaterThanOrEqual(30);
        expect(new Set(offers.map((offer) => offer.durationSec)).size).toBe(7);
      }
    }
  });

  it("varies in goals, money, flights, lengths, categories, caps and every dimension of targeting", () => {
    expect(new Set(catalog.lineItems.map(({ goal }) => goal.kind)).size).toBe(4);
    const cpms = catalog.lineItems.flatMap(({ goal }) => (goal.kind === "cpm" ? [goal.cpmMicros] : []));
    expect(Math.min(...cpms)).toBeGreaterThanOrEqual(6_000_000);
    expect(Math.max(...cpms)).toBeLessThanOrEqual(45_000_000);
    const budgets = catalog.campaigns.map(({ budgetMicros }) => budgetMicros).filter((budget) => budget > 0);
    expect([Math.min(...budgets), Math.max(...budgets)]).toEqual([5_000_000, 50_000_000_000]);
    expect(new Set(catalog.campaigns.map(({ status }) => status)).size).toBe(3);
    expect(new Set(catalog.campaigns.map(({ pacing }) => pacing)).size).toBe(2);
    expect(new Set(catalog.campaigns.map(({ flight }) => flight.start)).size).toBe(3);
    expect(new Set(catalog.creatives.map(({ durationSec }) => durationSec))).toEqual(
      new Set([6, 10, 15, 20, 30, 45, 60]),
    );
    const categories = new Set([...compiled.paidOffers].flatMap(({ categoriesWithParents }) => categoriesWithParents));
    const promised = ["IAB1", "IAB2", "IAB7", "IAB8", "IAB13", "IAB17", "IAB18", "IAB19", "IAB20", "IAB22"];
    expect(promised.filter((category) => !categories.has(category))).toEqual([]);
    expect(catalog.lineItems.filter(({ frequencyCap }) => frequencyCap !== undefined).length).toBeGreaterThan(50);
    const dimensions = new Set<string>(catalog.lineItems.flatMap(({ targeting }) => Object.keys(targeting)));
    expect(LIST_DIMENSIONS.filter((dimension) => !dimensions.has(dimension))).toEqual(["contentCategories"]);
    const segments = new Set(
      catalog.lineItems.flatMap(({ targeting }) => [
        ...(targeting.segments?.include ?? []),
        ...(targeting.segments?.exclude ?? []),
      ]),
    );
    expect(segments).toEqual(new Set(KNOWN_SEGMENTS));
  });

  it("has house line items that cost nothing, for publishers that want them", () => {
    expect(compiled.houseOffers.length).toBeGreaterThanOrEqual(3);
    expect(compiled.publishers.get("demo")?.houseFill).toBe(true);
    expect(compiled.publishers.get("film-club")?.houseFill).toBe(false);
  });

  it("plays only clips that are in the repository", () => {
    const urls = new Set(catalog.creatives.flatMap(({ media }) => media.map(({ url }) => url)));
    expect([...urls].filter((url) => !existsSync(new URL(url, ROOT)))).toEqual([]);
  });
});
