/**
 * A thousand varied breaks, asked through the players' doors of a running Midroll and held against the rules of the
 * trade by an auditor that knows nothing of how they were chosen. The sample catalog is given separated categories,
 * because it has none.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Midroll } from "../../local/bring_up.ts";
import type { Catalog } from "../../src/catalog/entities.ts";
import { stream, type RandomStream } from "../../src/kernel/random.ts";
import { requestOf, requestQuery, type Audience, type AudienceRequest } from "../../src/simulation/viewers.ts";
import { brokenRules, type AskedBreak, type ShownAd } from "./pod_rules.ts";
import { readVast } from "./read_vast.ts";
import { decide, freshDir, inParallel, printedSeed, raise, sampleCatalog } from "./stage.ts";

const VAST_REQUESTS = 1_000;
const ASSET_LIST_REQUESTS = 150;
const EXPLAINED_REQUESTS = 100;
const AT_ONCE = 8;
/** When the first break is asked, for the simulated audience; the edge reads its own clock. */
const FIRST_MS = Date.UTC(2026, 6, 1);

const seed = printedSeed("pods.test.ts");
const { dir, remove } = freshDir();
let midroll: Midroll;
let catalog: Catalog;
let audience: Audience;

/** Rivals that viewers of these channels never see in one break. */
const SEPARATED: Readonly<Record<string, readonly string[]>> = {
  demo: ["IAB8", "IAB2", "IAB13"],
  "sports-live": ["IAB22"],
  "kids-tv": ["IAB1", "IAB19", "IAB22-2"],
  "news-now": ["IAB13", "IAB8-18"],
};

beforeAll(async () => {
  const sample = await sampleCatalog();
  const publishers = sample.publishers.map((publisher) => ({
    ...publisher,
    separatedCategories: [...(SEPARATED[publisher.id] ?? [])],
  }));
  catalog = { ...sample, publishers };
  midroll = await raise(dir, catalog);
  audience = { seed, size: 300, publisherIds: publishers.map(({ id }) => id) };
});
afterAll(async () => {
  await midroll?.stop();
  remove();
});

/** A realistic request, and what was changed to make it an unusual one. */
interface Varied {
  readonly request: AudienceRequest;
  readonly asked: AskedBreak;
}

function pick<T>(random: RandomStream, items: readonly T[], fallback: T): T {
  return items[random.below(items.length)] ?? fallback;
}

function some(random: RandomStream, items: readonly string[], most: number): string[] {
  return Array.from({ length: random.below(most + 1) }, () => pick(random, items, "")).filter((item) => item !== "");
}

/** Break number `sequence`: a viewer of the audience, with lengths, counts and block lists that vary widely. */
function variedBreak(sequence: number): Varied {
  const random = stream(seed, `variation ${sequence}`);
  const natural = requestOf(audience, sequence, FIRST_MS + sequence * 60_000);
  const usual = random.below(4) === 0;
  const durationSec = usual ? natural.dur : pick(random, [5, 6, 12.5, 15, 20, 30, 45, 60, 90, 120, 240, 600], 60);
  const maxAds = usual ? natural.max : 1 + random.below(16);
  const minAdSec = Math.min(pick(random, [0, 0, 0, 6, 10, 15, 20], 0), durationSec);
  const maxAdSec = Math.max(minAdSec, pick(random, [durationSec, durationSec, 6, 10, 15.5, 30, 45], durationSec));
  const codes = [...new Set(catalog.creatives.flatMap(({ categories }) => categories))];
  const blockable = [...codes, ...codes.map((code) => code.split("-")[0] ?? code)];
  return {
    request: { ...natural, dur: durationSec, max: maxAds },
    asked: {
      publisherId: natural.pub,
      durationSec,
      maxAds,
      minAdSec,
      maxAdSec,
      blockedCategories: usual ? [] : some(random, blockable, 4),
      blockedDomains: usual
        ? []
        : some(
            random,
            catalog.advertisers.map(({ domain }) => domain),
            4,
          ),
    },
  };
}

function queryOf({ request, asked }: Varied): string {
  const bounds = `min_ad=${asked.minAdSec}&max_ad=${asked.maxAdSec}`;
  return `${requestQuery(request)}&${bounds}&bcat=${asked.blockedCategories.join()}&badv=${asked.blockedDomains.join()}`;
}

/** The histories of viewers, as players carry them from one break to the next. */
const histories = new Map<string, string>();

async function askPlayerDoor(door: "vast" | "asset-list", varied: Varied): Promise<string> {
  const history = histories.get(varied.request.vid);
  const freq = history === undefined ? "" : `&freq=${encodeURIComponent(history)}`;
  const answer = await fetch(`${midroll.edgeUrl}/v1/${door}?${queryOf(varied)}${freq}`);
  const token = answer.headers.get("midroll-frequency");
  if (token !== null) histories.set(varied.request.vid, token);
  expect([answer.status, answer.headers.get("midroll-problem")], queryOf(varied)).toEqual([200, null]);
  return answer.text();
}

const houseAdvertisers = (): ReadonlySet<string> => {
  const house = new Set(
    catalog.lineItems.filter(({ goal }) => goal.kind === "house").map(({ campaignId }) => campaignId),
  );
  return new Set(catalog.campaigns.filter(({ id }) => house.has(id)).map(({ advertiserId }) => advertiserId));
};

/** Whether an ad is somebody's, not the house's. */
function isBought(ad: ShownAd): boolean {
  const creative = catalog.creatives.find(({ id }) => id === ad.creativeId);
  return creative !== undefined && !houseAdvertisers().has(creative.advertiserId);
}

/** Ads of these creatives, as long as the catalog says. */
const shown = (...creativeIds: readonly string[]): ShownAd[] =>
  creativeIds.map((creativeId) => {
    const durationSec = catalog.creatives.find(({ id }) => id === creativeId)?.durationSec ?? 0;
    return { creativeId, durationSec, advertiserDomain: null, categories: null };
  });

/** Ten-second creatives of a top-level category. */
const ofCategory = (code: string): string[] =>
  catalog.creatives
    .filter(({ categories, durationSec }) => durationSec === 10 && categories.some((own) => own.startsWith(code)))
    .map(({ id }) => id);

describe("the auditor", () => {
  const asked: AskedBreak = {
    publisherId: "demo",
    durationSec: 30,
    maxAds: 2,
    minAdSec: 6,
    maxAdSec: 20,
    blockedCategories: ["IAB7"],
    blockedDomains: [],
  };
  test("lets a proper break pass and names every rule that an improper one breaks", () => {
    const [car = "", rival = ""] = ofCategory("IAB2");
    const [clinic = ""] = ofCategory("IAB7");
    expect(brokenRules(asked, shown(car), catalog)).toEqual([]);
    expect(brokenRules(asked, shown(car, rival), catalog)).toEqual([expect.stringContaining("rivals of IAB2")]);
    expect(brokenRules(asked, shown(car, car), catalog).join()).toContain("is repeated");
    expect(brokenRules(asked, shown(clinic), catalog).join()).toContain("IAB7 is blocked");
    expect(brokenRules({ ...asked, maxAds: 0 }, shown(car), catalog)).toEqual(["1 ads where 0 may be"]);
    expect(brokenRules({ ...asked, durationSec: 9 }, shown(car), catalog).join()).toContain("break of 9 s");
    expect(brokenRules({ ...asked, minAdSec: 11 }, shown(car), catalog).join()).toContain("not in 11 to");
    expect(brokenRules(asked, shown("nobody"), catalog)).toEqual(["nobody: not in the catalog"]);
  });
});

describe("varied breaks", () => {
  test(`${VAST_REQUESTS} VAST answers parse, fit their break and keep every rule`, async () => {
    const breaks = Array.from({ length: VAST_REQUESTS }, (_, sequence) => variedBreak(sequence));
    const answers = await inParallel(breaks, AT_ONCE, async (varied) => ({
      varied,
      vast: await readVast(await askPlayerDoor("vast", varied)),
    }));
    const broken = answers.flatMap(({ varied, vast }) =>
      brokenRules(varied.asked, vast.ads, catalog).map((problem) => `${problem} in ${queryOf(varied)}`),
    );
    expect(broken).toEqual([]);

    const pods = answers.map(({ vast }) => vast.ads.filter(isBought));
    const winners = new Set(pods.flat().map((ad) => ad.creativeId));
    const sold = pods.filter((ads) => ads.length > 0).length;
    console.log(`${sold} breaks sold, ${pods.flat().length} bought ads of ${winners.size} creatives`);
    expect(sold).toBeGreaterThanOrEqual(VAST_REQUESTS / 2);
    expect(winners.size).toBeGreaterThanOrEqual(40);
    expect(pods.filter((ads) => ads.length >= 3).length).toBeGreaterThanOrEqual(VAST_REQUESTS / 10);
    const impressions = answers.flatMap(({ vast }) => vast.impressionUrls);
    expect(new Set(impressions).size, "every impression has a token of its own").toBe(impressions.length);
  });

  const assetListSchema = z.strictObject({
    ASSETS: z.array(
      z.strictObject({
        URI: z.url().regex(/\.m3u8$/),
        DURATION: z.number().positive(),
        "X-AD-CREATIVE-SIGNALING": z.object({
          payload: z.tuple([
            z.object({
              identifiers: z.tuple([z.object({ value: z.string() })]),
              tracking: z.array(z.object({ type: z.string(), urls: z.array(z.url()).min(1) })).min(1),
            }),
          ]),
        }),
      }),
    ),
  });

  test(`${ASSET_LIST_REQUESTS} asset lists hold playlists, fit their break and keep every rule`, async () => {
    const breaks = Array.from({ length: ASSET_LIST_REQUESTS }, (_, n) => variedBreak(VAST_REQUESTS + n));
    const broken: string[] = [];
    let filled = 0;
    await inParallel(breaks, AT_ONCE, async (varied) => {
      const { ASSETS } = assetListSchema.parse(JSON.parse(await askPlayerDoor("asset-list", varied)));
      const ads = ASSETS.map((asset) => ({
        creativeId: asset["X-AD-CREATIVE-SIGNALING"].payload[0].identifiers[0].value,
        durationSec: asset.DURATION,
        advertiserDomain: null,
        categories: null,
      }));
      if (ads.length > 0) filled += 1;
      broken.push(...brokenRules(varied.asked, ads, catalog).map((problem) => `${problem} in ${queryOf(varied)}`));
    });
    expect(broken).toEqual([]);
    expect(filled).toBeGreaterThanOrEqual(ASSET_LIST_REQUESTS / 2);
  });

  test(`${EXPLAINED_REQUESTS} explained decisions tell the one fate of every offer in the catalog`, async () => {
    const breaks = Array.from({ length: EXPLAINED_REQUESTS }, (_, n) => variedBreak(2 * VAST_REQUESTS + n));
    const reasons = new Map<string, number>();
    await inParallel(breaks, AT_ONCE, async ({ request, asked }) => {
      const decided = await decide(midroll.edgeUrl, bodyOf(request, asked), "?explain=1");
      const { slots = [], rejections = [] } = decided.explanation ?? {};
      const fates = [...slots, ...rejections].map(({ lineItemId, creativeId }) => `${lineItemId} ${creativeId}`);
      expect(fates.sort()).toEqual(offersFor(asked.publisherId));
      expect(slots.map(({ creativeId }) => creativeId)).toEqual(decided.ads.map(({ adId }) => adId));
      for (const { reason } of rejections) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      const ads = decided.ads.map((ad) => ({ creativeId: ad.adId, ...ad }));
      expect(brokenRules(asked, ads, catalog)).toEqual([]);
    });
    // The rules had something to do: a test that no break can fail would prove nothing.
    const met = ["category_blocked", "advertiser_blocked", "advertiser_repeated", "category_separated"];
    expect(met.filter((reason) => (reasons.get(reason) ?? 0) === 0)).toEqual([]);
  });
});

/** The request in the words of `/v1/decide`. */
function bodyOf(request: AudienceRequest, asked: AskedBreak) {
  return {
    publisherId: asked.publisherId,
    surface: request.surface,
    podDurationSec: asked.durationSec,
    maxAds: asked.maxAds,
    minAdDurationSec: asked.minAdSec,
    maxAdDurationSec: asked.maxAdSec,
    viewer: { device: request.dev, country: request.country, region: request.region, segments: request.seg },
    content: { genre: request.genre, rating: request.rating, language: request.lang },
    blockedCategories: asked.blockedCategories,
    blockedAdvertiserDomains: asked.blockedDomains,
  };
}

/** Every line item with each of its creatives, house ones only where the publisher wants them. In order. */
function offersFor(publisherId: string): string[] {
  const houseFill = catalog.publishers.find(({ id }) => id === publisherId)?.houseFill ?? true;
  return catalog.lineItems
    .filter(({ goal }) => houseFill || goal.kind !== "house")
    .flatMap(({ id, creativeIds }) => creativeIds.map((creativeId) => `${id} ${creativeId}`))
    .sort();
}
