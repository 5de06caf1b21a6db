/** Small catalogs and requests for decision tests: everything has a default, a test states only what it is about. */
import { compileCatalog, type CompiledCatalog } from "../../../src/catalog/compiled.ts";
import { catalogSchema, type Catalog } from "../../../src/catalog/entities.ts";
import type { Scores } from "../../../src/decision/candidate.ts";
import { finish, plan, score } from "../../../src/decision/funnel.ts";
import type { Decision } from "../../../src/decision/decision.ts";
import type { FeatureMatrix } from "../../../src/decision/hydrate.ts";
import { NO_LAPSES, type Scorer } from "../../../src/decision/rank.ts";
import { explainRetrieval } from "../../../src/decision/retrieve.ts";
import type { CampaignBudget, World } from "../../../src/decision/world.ts";
import { present } from "../../../src/kernel/assert.ts";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { micros } from "../../../src/kernel/money.ts";
import { PLAIN_BREAK, type BreakRequest } from "../../../src/protocols/break_request.ts";

/** Wednesday 2026-07-01, 20:00 UTC: inside every default flight. */
export const NOW_MS = Date.UTC(2026, 6, 1, 20);

/** One ad on sale. Its advertiser, campaign, line item and creative are all named after it. */
export interface AdSketch {
  readonly id: string;
  readonly advertiser?: string;
  readonly creative?: string;
  readonly durationSec?: number;
  readonly cpmMicros?: number;
  readonly goal?: Catalog["lineItems"][number]["goal"];
  readonly categories?: readonly string[];
  readonly targeting?: object;
  readonly frequencyCap?: { readonly impressions: number; readonly windowMinutes: number };
  readonly flight?: { readonly start: string; readonly end: string };
  readonly status?: "active" | "paused" | "archived";
  /** Sold as a guaranteed deal, `deal-` and its id, with these publishers. */
  readonly guaranteedAt?: readonly string[];
  /** More of its line item, campaign and creative, as a catalog spells them. */
  readonly line?: object;
  readonly campaign?: object;
  readonly media?: string;
}

/** What a catalog says besides publisher and ads, as a catalog spells it. */
export interface MarketSketch {
  readonly deals?: readonly object[];
  readonly reserves?: readonly object[];
  readonly landscapes?: readonly object[];
  /** Competitors by advertiser. */
  readonly competitors?: Readonly<Record<string, readonly string[]>>;
}

/** A valid catalog with one publisher, "p", and these ads. */
export function catalogOf(ads: readonly AdSketch[], publisher: object = {}, market: MarketSketch = {}): Catalog {
  const advertisers = [...new Set(ads.map((ad) => ad.advertiser ?? `adv-${ad.id}`))];
  const creatives = new Map(ads.map((ad) => [ad.creative ?? `cr-${ad.id}`, ad]));
  return catalogSchema.parse({
    publishers: [{ id: "p", name: "Publisher", abandonCostMicros: 0, ...publisher }],
    advertisers: advertisers.map((id) => {
      return { id, name: id, domain: `${id}.example`, competitorIds: market.competitors?.[id] ?? [] };
    }),
    campaigns: ads.map((ad) => ({
      id: `ca-${ad.id}`,
      advertiserId: ad.advertiser ?? `adv-${ad.id}`,
      name: ad.id,
      budgetMicros: ad.goal?.kind === "house" ? 0 : 1_000_000_000,
      flight: ad.flight ?? { start: "2026-01-01T00:00:00Z", end: "2027-01-01T00:00:00Z" },
      status: ad.status ?? "active",
      ...ad.campaign,
    })),
    lineItems: ads.map((ad) => ({
      id: `li-${ad.id}`,
      campaignId: `ca-${ad.id}`,
      name: ad.id,
      creativeIds: [ad.creative ?? `cr-${ad.id}`],
      goal: ad.goal ?? { kind: "cpm", cpmMicros: ad.cpmMicros ?? 20_000_000 },
      targeting: ad.targeting ?? {},
      ...(ad.frequencyCap === undefined ? {} : { frequencyCap: ad.frequencyCap }),
      ...ad.line,
    })),
    creatives: [...creatives].map(([id, ad]) => ({
      id,
      advertiserId: ad.advertiser ?? `adv-${ad.id}`,
      name: ad.id,
      durationSec: ad.durationSec ?? 15,
      categories: ad.categories ?? ["IAB8"],
      media: [
        {
          url: ad.media ?? `media/${id}.m3u8`,
          mimeType: "application/x-mpegURL",
          width: 320,
          height: 180,
          bitrateKbps: 90,
        },
      ],
      clickThroughUrl: "https://advertiser.example/",
    })),
    deals: [
      ...ads.flatMap(({ id, cpmMicros, guaranteedAt }) =>
        guaranteedAt === undefined ? [] : [guaranteedDeal(id, cpmMicros ?? 20_000_000, guaranteedAt)],
      ),
      ...(market.deals ?? []).map((deal) => ({ name: "deal", publisherIds: ["p"], ...deal })),
    ],
    reserves: (market.reserves ?? []).map((line, at) => ({ id: `r${at}`, publisherId: "p", ...line })),
    landscapes: (market.landscapes ?? []).map((line, at) => ({ id: `l${at}`, publisherId: "p", ...line })),
  });
}

function guaranteedDeal(id: string, cpmMicros: number, publisherIds: readonly string[]) {
  const lineItemIds = [`li-${id}`];
  return { id: `deal-${id}`, name: id, kind: "guaranteed", publisherIds, lineItemIds, cpmMicros, impressions: 1_000 };
}

/** A mid-roll break of 60 s for up to four ads on a television. */
export function breakOf(over: Partial<BreakRequest> = {}): BreakRequest {
  return {
    ...PLAIN_BREAK,
    requestId: "r-1",
    publisherId: "p",
    surface: "midroll",
    podDurationSec: 60,
    maxAds: 4,
    minAdDurationSec: 0,
    maxAdDurationSec: 60,
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
    ...over,
  };
}

/** Ample money at full pace for every campaign, unless stated otherwise. */
export function worldOf(catalog: CompiledCatalog, over: Partial<World> = {}): World {
  const ample: CampaignBudget = { availableMicros: micros(10_000_000), multiplierPpm: 1_000_000 };
  return {
    decisionId: "d-1",
    nowMs: NOW_MS,
    catalogDigest: "0".repeat(64),
    catalog,
    budgets: new Map([...catalog.campaigns.keys()].map((id) => [id, ample])),
    guarantees: [],
    limits: FULL_LIMITS,
    ...over,
  };
}

const column = (matrix: FeatureMatrix, value: number): Float32Array => new Float32Array(matrix.rowCount).fill(value);

/** A scorer that says the same of every row. */
export function steadyScorer(
  scores: Scores = { completedView: 0.9, click: 0.01, abandon: 0.02, conversion: 0.005 },
): Scorer {
  return {
    tier: "full",
    modelSetDigest: null,
    rank: async (matrix) => column(matrix, 0),
    score: async (matrix) => ({
      heads: {
        completedView: column(matrix, scores.completedView),
        click: column(matrix, scores.click),
        abandon: column(matrix, scores.abandon),
        conversion: column(matrix, scores.conversion),
      },
      lapses: NO_LAPSES,
    }),
  };
}

/** What a test changes about the usual break. */
export interface Circumstances {
  readonly request?: Partial<BreakRequest>;
  readonly world?: Partial<World>;
  readonly publisher?: object;
  readonly scorer?: Scorer;
  readonly market?: MarketSketch;
}

/** A break up to where the pod is chosen. */
export async function scoredBreak(ads: readonly AdSketch[], over: Circumstances = {}) {
  const compiled = compileCatalog(catalogOf(ads, over.publisher, over.market));
  const publisher = present(compiled.publishers.get("p"), "the fixture has a publisher");
  const scoringPlan = plan(breakOf(over.request), worldOf(compiled, over.world), publisher);
  return { scoringPlan, scoring: await score(scoringPlan, over.scorer ?? steadyScorer()) };
}

/** One decision from end to end, with the fates of offers that retrieval did not look at, as an explanation has them. */
export async function decide(ads: readonly AdSketch[], over: Circumstances = {}): Promise<Decision> {
  const { scoringPlan, scoring } = await scoredBreak(ads, over);
  const decision = finish(scoringPlan, scoring);
  const { request, world, publisher } = scoringPlan;
  return { ...decision, rejections: [...decision.rejections, ...explainRetrieval(request, world, publisher)] };
}

/** The ids of the ads in the break, in order of play. */
export function shown(decision: Decision): readonly string[] {
  return decision.slots.map((slot) => slot.offer.lineItemId.slice(3));
}

/** Why one ad is not in the break. */
export function whyNot(decision: Decision, id: string): string | null {
  return decision.rejections.find(({ offer }) => offer.lineItemId === `li-${id}`)?.reason ?? null;
}

/** What each ad in the break pays. Units: micros for one impression. */
export function prices(decision: Decision): Readonly<Record<string, number>> {
  return Object.fromEntries(decision.slots.map((slot) => [slot.offer.lineItemId.slice(3), slot.priceMicros]));
}
