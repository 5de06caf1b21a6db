/**
 * Catalogs of any size in which the same number of line items may be shown to a probing viewer. The others are turned
 * away as in a real catalog: each by whatever its own targeting asks, most of them by several dimensions at once.
 */
import { compileCatalog, type CompiledCatalog } from "../src/catalog/compiled.ts";
import type { IndexedLine } from "../src/catalog/indexed_line.ts";
import type { Catalog, LineItem, Targeting } from "../src/catalog/entities.ts";
import { compileTargeting, firstMismatch, type TargetingFacts } from "../src/catalog/targeting.ts";
import { DEVICES, GENRES, RATINGS, SURFACES } from "../src/catalog/words.ts";
import { factsOf } from "../src/decision/facts.ts";
import { present } from "../src/kernel/assert.ts";
import { stream, type RandomStream } from "../src/kernel/random.ts";
import { PLAIN_BREAK, type BreakRequest } from "../src/protocols/break_request.ts";

/** Wednesday 2026-07-01, 20:00 UTC. */
export const NOW_MS = Date.UTC(2026, 6, 1, 20);

const PROBES = 8;
const CAMPAIGNS_PER_LINE = 1 / 20;
const CAMPAIGNS_MAX = 2_000;
const CREATIVES_PER_CAMPAIGN = 3;

const numbered = (name: string, count: number): readonly string[] => Array.from({ length: count }, (_, n) => name + n);
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Values of each dimension, how likely a line item states it, and the most values it names. */
const DIMENSIONS = [
  { name: "publishers", values: numbered("pub", 60), stated: 0.3, named: 8 },
  { name: "surfaces", values: SURFACES, stated: 0.3, named: 3 },
  { name: "devices", values: DEVICES, stated: 0.35, named: 2 },
  { name: "countries", values: [...letters].map((letter) => `A${letter}`), stated: 0.8, named: 4 },
  { name: "regions", values: numbered("R", 200), stated: 0.15, named: 20 },
  { name: "genres", values: GENRES, stated: 0.35, named: 4 },
  { name: "ratings", values: RATINGS, stated: 0.2, named: 3 },
  { name: "languages", values: ["en", "de", "fr", "es", "pt", "it"], stated: 0.3, named: 2 },
  { name: "contentCategories", values: numbered("IAB", 24).map((code) => `${code}-1`), stated: 0.2, named: 6 },
  { name: "segments", values: numbered("segment-", 300), stated: 0.4, named: 10 },
] as const;

/** Breaks of several viewers, which agree in what is scarce and differ in what is not. */
export function probes(): readonly BreakRequest[] {
  return Array.from({ length: PROBES }, (_, n) => ({
    ...PLAIN_BREAK,
    requestId: `probe-${n}`,
    publisherId: "pub0",
    surface: SURFACES[n % 2] ?? "midroll",
    podDurationSec: 120,
    maxAds: 8,
    minAdDurationSec: 0,
    maxAdDurationSec: 60,
    viewer: {
      key: null,
      device: DEVICES[n % 2] ?? null,
      country: "AA",
      region: "R0",
      segments: ["segment-0", `segment-${1 + n}`],
      limitAdTracking: false,
      consent: true,
      utcOffsetMinutes: 60 * (n % 3),
      frequency: [
        { lineItemId: "line-000001", shownMs: NOW_MS - 3_600_000 },
        { lineItemId: "line-000002", shownMs: NOW_MS - 7_200_000 },
      ],
    },
    content: { id: null, categories: ["IAB0-1"], genre: GENRES[n % 3] ?? null, rating: "TV-PG", language: "en" },
    blockedCategories: ["IAB25"],
    blockedAdvertiserDomains: ["blocked.example"],
    mimeTypes: n % 2 === 0 ? null : ["application/x-mpegURL"],
  }));
}

/** A catalog, and what its index is built from. */
export interface ProbedCatalog {
  readonly catalog: CompiledCatalog;
  readonly indexedLines: readonly IndexedLine[];
}

/** A catalog of so many line items of which exactly `eligible` may be shown to every probe, and the others to none. */
export function catalogOf(lineCount: number, eligible: number, seed: string): ProbedCatalog {
  const random = stream(seed, `catalog of ${lineCount}`);
  const facts = probes().map((probe) => factsOf(probe, NOW_MS, 0));
  const campaigns = Math.min(CAMPAIGNS_MAX, Math.max(1, Math.floor(lineCount * CAMPAIGNS_PER_LINE)));
  const lineItems = Array.from({ length: lineCount }, (_, n) => {
    // Spread evenly over the catalog: every so many line items one is eligible.
    const shown = Math.floor(((n + 1) * eligible) / lineCount) > Math.floor((n * eligible) / lineCount);
    return lineItem(n, n % campaigns, shown ? matching(random, facts) : turnedAway(random, facts), random);
  });
  const around = surroundings(campaigns);
  return {
    catalog: compileCatalog({ ...around, lineItems }),
    indexedLines: lineItems.map((line, n) => indexedLine(line, around, n % campaigns)),
  };
}

function indexedLine(line: LineItem, { campaigns, creatives }: Omit<Catalog, "lineItems">, at: number): IndexedLine {
  const { flight } = present(campaigns[at], "a line item has a campaign");
  return {
    ...line,
    active: true,
    flightStartMs: Date.parse(flight.start),
    flightEndMs: Date.parse(flight.end),
    guaranteed: false,
    deals: [],
    advertiserDomain: `adv-${at}.example`,
    creatives: creatives
      .slice(at * CREATIVES_PER_CAMPAIGN, (at + 1) * CREATIVES_PER_CAMPAIGN)
      .filter(({ id }) => line.creativeIds.includes(id)),
  };
}

function drawTargeting(random: RandomStream, also: (dimension: string) => readonly string[]): Targeting {
  const lists = new Map<string, object>();
  for (const { name, values, stated, named } of DIMENSIONS) {
    if (random.next() >= stated) continue;
    const needed = also(name);
    const drawn = Array.from({ length: 1 + random.below(named) }, () => values[random.below(values.length)]);
    const list = [...new Set([...drawn, ...needed])];
    lists.set(name, needed.length === 0 && random.next() < 0.1 ? { exclude: list } : { include: list });
  }
  const always = also("dayparts").length > 0;
  const fromHour = always ? 0 : random.below(18);
  const daypart = { days: always ? [0, 1, 2, 3, 4, 5, 6] : [1, 2, 3], fromHour, toHour: always ? 24 : fromHour + 6 };
  return { ...Object.fromEntries(lists), ...(random.next() < 0.25 ? { dayparts: [daypart] } : {}) };
}

function matching(random: RandomStream, facts: readonly TargetingFacts[]): Targeting {
  const valuesOf = (dimension: string): readonly string[] => [
    ...new Set(facts.flatMap((fact) => held(fact, dimension))),
  ];
  return drawTargeting(random, (dimension) => (dimension === "dayparts" ? ["always"] : valuesOf(dimension)));
}

function turnedAway(random: RandomStream, facts: readonly TargetingFacts[]): Targeting {
  for (;;) {
    const targeting = drawTargeting(random, () => []);
    const compiled = compileTargeting(targeting);
    if (facts.every((fact) => firstMismatch(compiled, fact) !== null)) return targeting;
  }
}

function held(facts: TargetingFacts, dimension: string): readonly string[] {
  const known: Readonly<Record<string, readonly (string | null)[]>> = {
    publishers: [facts.publisherId],
    surfaces: [facts.surface],
    devices: [facts.device],
    countries: [facts.country],
    regions: [facts.region],
    genres: [facts.genre],
    ratings: [facts.rating],
    languages: [facts.language],
    contentCategories: [...facts.contentCategories],
    segments: ["segment-0"],
  };
  return (known[dimension] ?? []).filter((value) => value !== null);
}

function lineItem(n: number, campaign: number, targeting: Targeting, random: RandomStream): LineItem {
  return {
    id: `line-${String(n).padStart(6, "0")}`,
    campaignId: `campaign-${campaign}`,
    name: `Line item ${n}`,
    status: "active",
    creativeIds: [`creative-${campaign}-${random.below(CREATIVES_PER_CAMPAIGN)}`],
    goal: { kind: "cpm", cpmMicros: 1_000_000 + random.below(30_000_000) },
    targeting,
    frequencyCap: { impressions: 3, windowMinutes: 1_440 },
    maxPerBreak: 1,
    slotWish: "any",
    positionPremiumPpm: { first: 0, last: 0 },
  };
}

function surroundings(campaigns: number): Omit<Catalog, "lineItems"> {
  const numbers = Array.from({ length: campaigns }, (_, n) => n);
  return {
    publishers: [publisher],
    advertisers: numbers.map((n) => ({ id: `adv-${n}`, name: `${n}`, domain: `adv-${n}.example`, competitorIds: [] })),
    campaigns: numbers.map((n) => ({
      id: `campaign-${n}`,
      advertiserId: `adv-${n}`,
      name: `Campaign ${n}`,
      status: "active",
      budgetMicros: 1_000_000_000,
      flight: { start: `2026-0${1 + (n % 6)}-01T00:00:00Z`, end: `2026-1${n % 3}-01T00:00:00Z` },
      pacing: "even",
      bidding: "full",
      timeZone: "UTC",
    })),
    creatives: numbers.flatMap((n) =>
      Array.from({ length: CREATIVES_PER_CAMPAIGN }, (_, k) => ({
        id: `creative-${n}-${k}`,
        advertiserId: `adv-${n}`,
        name: `Creative ${k}`,
        durationSec: [10, 15, 30][k] ?? 15,
        categories: [`IAB${1 + (n % 20)}-${1 + k}`],
        media: [
          {
            url: "media/x/index.m3u8",
            mimeType: "application/x-mpegURL" as const,
            width: 320,
            height: 180,
            bitrateKbps: 90,
          },
        ],
        clickThroughUrl: "https://advertiser.example/",
      })),
    ),
    deals: [],
    currencies: [],
    reserves: [],
    landscapes: [],
  };
}

const publisher: Catalog["publishers"][number] = {
  id: "pub0",
  name: "Probed",
  floorCpmMicros: 0,
  durationFloors: [],
  priceRule: "first",
  timeZone: "UTC",
  blockedCategories: ["IAB26"],
  blockedAdvertiserDomains: [],
  allowedCategories: [],
  separatedCategories: [],
  maxPerCategory: 1,
  maxPerAdvertiser: 1,
  minGapAds: 0,
  slateMicrosPerSec: 1_000,
  abandonCostMicros: 20_000,
  frequencyStore: "token",
  houseFill: true,
  forecast: [],
};
