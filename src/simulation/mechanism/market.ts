/**
 * Random markets for one break: a publisher with its rules, a dozen ads that want it, a request. Drawn from a seed, so
 * that a market in which a law is broken can be drawn again. Small enough to decide a hundred thousand of them, crowded
 * enough that ads are in each other's way.
 */
import { catalogSchema, type Catalog } from "../../catalog/entities.ts";
import type { PriceRule, SlotWish } from "../../catalog/words.ts";
import { stream, type RandomStream } from "../../kernel/random.ts";
import { PLAIN_BREAK, type BreakRequest } from "../../protocols/break_request.ts";

/** One break and everything that wants it. */
export interface Market {
  readonly seed: string;
  readonly catalog: Catalog;
  readonly request: BreakRequest;
  readonly priceRule: PriceRule;
}

/** What a market may be asked to have. */
export interface MarketWishes {
  /** Null: drawn. */
  readonly priceRule: PriceRule | null;
}

const ADS_MAX = 14;
const SECONDS = [6, 10, 15, 15, 15, 20, 30, 30, 45, 60] as const;
const CATEGORIES = ["IAB2", "IAB2-3", "IAB8", "IAB8-5", "IAB13", "IAB17", "IAB19"] as const;
const MEDIA = { url: "media/x.mp4", mimeType: "video/mp4", width: 320, height: 180, bitrateKbps: 90 };

/** The market of a seed. */
export function drawMarket(seed: string, { priceRule }: MarketWishes = { priceRule: null }): Market {
  const random = stream(seed, "market");
  const rule = priceRule ?? pick(random, ["first", "second", "vcg"] as const);
  const count = 1 + random.below(ADS_MAX);
  const ads = Array.from({ length: count }, (_, n) => drawAd(random, n));
  const advertisers = [...new Set(ads.map(({ advertiser }) => advertiser))];
  const catalog = catalogSchema.parse({
    publishers: [drawPublisher(random, rule)],
    advertisers: advertisers.map((id) => ({
      id,
      name: id,
      domain: `${id}.example`,
      competitorIds: chance(random, 0.1) ? advertisers.filter((other) => other !== id).slice(0, 1) : [],
    })),
    campaigns: ads.map(({ id, advertiser }) => ({
      id: `ca-${id}`,
      advertiserId: advertiser,
      name: id,
      budgetMicros: 1_000_000_000,
      flight: { start: "2026-01-01T00:00:00Z", end: "2027-01-01T00:00:00Z" },
    })),
    lineItems: ads.map(({ id, lineItem }) => ({
      id: `li-${id}`,
      campaignId: `ca-${id}`,
      name: id,
      creativeIds: [`cr-${id}`],
      ...lineItem,
    })),
    creatives: ads.map(({ id, advertiser, durationSec, categories }) => ({
      id: `cr-${id}`,
      advertiserId: advertiser,
      name: id,
      durationSec,
      categories,
      media: [MEDIA],
      clickThroughUrl: "https://advertiser.example/",
    })),
    deals: ads.flatMap(({ id, cpmMicros }) => (chance(random, 0.15) ? [drawDeal(random, id, cpmMicros)] : [])),
  });
  return { seed, catalog, request: drawRequest(random), priceRule: rule };
}

/** The same market with another bid of one line item. Units: micros CPM. */
export function withBid(market: Market, lineItemId: string, cpmMicros: number): Market {
  const lineItems = market.catalog.lineItems.map((line) =>
    line.id === lineItemId ? { ...line, goal: { kind: "cpm" as const, cpmMicros } } : line,
  );
  return { ...market, catalog: { ...market.catalog, lineItems } };
}

/** The same market written down in another order. */
export function shuffled(market: Market): Market {
  const random = stream(market.seed, "shuffle");
  const { catalog } = market;
  const mix = <T>(list: readonly T[]): T[] =>
    list
      .map((item) => ({ item, key: random.next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
  return {
    ...market,
    catalog: {
      ...catalog,
      advertisers: mix(catalog.advertisers),
      campaigns: mix(catalog.campaigns),
      lineItems: mix(catalog.lineItems),
      creatives: mix(catalog.creatives),
      deals: mix(catalog.deals),
    },
  };
}

/** The same market with one more ad that may not be shown: its flight is over, and it bids more than anyone. */
export function withStranger(market: Market): Market {
  const { catalog } = market;
  const [advertiser] = catalog.advertisers;
  const [creative] = catalog.creatives;
  const stranger = {
    advertisers: [{ id: "adv-stranger", name: "stranger", domain: "stranger.example" }],
    campaigns: [
      {
        id: "ca-stranger",
        advertiserId: "adv-stranger",
        name: "stranger",
        budgetMicros: 1_000_000_000,
        flight: { start: "2025-01-01T00:00:00Z", end: "2026-01-01T00:00:00Z" },
      },
    ],
    lineItems: [
      {
        id: "li-0-stranger",
        campaignId: "ca-stranger",
        name: "stranger",
        creativeIds: ["cr-stranger"],
        goal: { kind: "cpm", cpmMicros: 900_000_000 },
      },
    ],
    creatives: [{ ...creative, id: "cr-stranger", advertiserId: "adv-stranger" }],
  };
  const more = catalogSchema.parse({ ...stranger, publishers: catalog.publishers });
  return {
    ...market,
    catalog: {
      ...catalog,
      advertisers: advertiser === undefined ? catalog.advertisers : [...catalog.advertisers, ...more.advertisers],
      campaigns: [...catalog.campaigns, ...more.campaigns],
      lineItems: [...catalog.lineItems, ...more.lineItems],
      creatives: [...catalog.creatives, ...more.creatives],
    },
  };
}

function drawPublisher(random: RandomStream, priceRule: PriceRule): object {
  return {
    id: "p",
    name: "Publisher",
    priceRule,
    floorCpmMicros: chance(random, 0.5) ? 0 : random.below(15) * 1_000_000,
    durationFloors: chance(random, 0.2) ? [{ minSec: 20, maxSec: 60, cpmMicros: random.below(20) * 1_000_000 }] : [],
    separatedCategories: chance(random, 0.6) ? ["IAB2", "IAB8"].slice(0, 1 + random.below(2)) : [],
    maxPerAdvertiser: chance(random, 0.8) ? 1 : 2,
    maxPerCategory: chance(random, 0.8) ? 1 : 2,
    minGapAds: chance(random, 0.8) ? 0 : 1 + random.below(2),
    abandonCostMicros: chance(random, 0.5) ? 0 : random.below(60_000),
    houseFill: false,
  };
}

function drawAd(random: RandomStream, n: number) {
  const id = `n${n}`;
  const cpmMicros = 1_000_000 + random.below(59_000) * 1_000;
  const wish: SlotWish = chance(random, 0.85) ? "any" : pick(random, ["first", "last", "firstOrLast"] as const);
  return {
    id,
    advertiser: `adv-${random.below(9)}`,
    durationSec: pick(random, SECONDS),
    cpmMicros,
    categories: distinct(Array.from({ length: 1 + random.below(3) }, () => pick(random, CATEGORIES))),
    lineItem: {
      goal: { kind: "cpm", cpmMicros },
      slotWish: wish,
      positionPremiumPpm: { first: chance(random, 0.9) ? 0 : random.below(400_000), last: 0 },
    },
  };
}

function drawDeal(random: RandomStream, adId: string, cpmMicros: number): object {
  const kind = pick(random, ["fixed", "preferred", "privateAuction"] as const);
  const share = 0.3 + random.next();
  return {
    id: `deal-${adId}`,
    name: adId,
    kind,
    publisherIds: ["p"],
    lineItemIds: [`li-${adId}`],
    cpmMicros: Math.max(1, Math.round(cpmMicros * share)),
    ...(chance(random, 0.3) ? { tier: random.below(4) } : {}),
  };
}

function drawRequest(random: RandomStream): BreakRequest {
  const podDurationSec = pick(random, [15, 30, 60, 60, 90, 120, 180] as const);
  return {
    ...PLAIN_BREAK,
    requestId: "r-1",
    publisherId: "p",
    surface: "midroll",
    podDurationSec,
    maxAds: 1 + random.below(8),
    minAdDurationSec: 0,
    maxAdDurationSec: podDurationSec,
    fill: chance(random, 0.8) ? "flexible" : "exact",
    floors: {
      cpmMicros: chance(random, 0.8) ? 0 : random.below(10) * 1_000_000,
      cpmMicrosPerSec: chance(random, 0.9) ? 0 : random.below(600_000),
      byDuration: [],
    },
    podDedupe: chance(random, 0.85) ? [] : [2],
    viewer: {
      key: null,
      device: "ctv",
      country: "US",
      region: null,
      segments: [],
      limitAdTracking: false,
      consent: null,
      utcOffsetMinutes: null,
      frequency: [],
    },
    content: { id: null, categories: [], genre: "drama", rating: "TV-PG", language: "en" },
    blockedCategories: [],
    blockedAdvertiserDomains: [],
    mimeTypes: null,
  };
}

function chance(random: RandomStream, share: number): boolean {
  return random.next() < share;
}

function pick<T>(random: RandomStream, from: readonly [T, ...T[]] | readonly T[]): T {
  const drawn = from[random.below(from.length)] ?? from[0];
  if (drawn === undefined) throw new RangeError("nothing to pick from");
  return drawn;
}

function distinct<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}
