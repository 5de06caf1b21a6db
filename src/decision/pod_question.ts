/**
 * A break and its ads in the words of src/pods: what each ad is worth there and where it may play, and what publisher
 * and request together allow. Paid and house ads become the same kind of question.
 */
import type { Offer } from "../catalog/compiled.ts";
import { minMicros, subtractMicros, micros } from "../kernel/money.ts";
import type { PodAd, PodPlaces, PodRules, PodTier } from "../pods/instance.ts";
import type { PodDedupe } from "../protocols/break_request.ts";
import type { AuctionTerms } from "./auction.ts";
import type { Bid } from "./candidate.ts";
import { toMs } from "./layout.ts";
import { openHistory, type ViewingHistory } from "./viewing_history.ts";
import type { World } from "./world.ts";

/** What the pods of one break are asked under. */
export interface PodTerms {
  readonly auction: AuctionTerms;
  readonly history: ViewingHistory;
  readonly nodesMax: number;
}

/** A question for src/pods. */
export interface PodQuestion {
  readonly ads: readonly PodAd[];
  readonly rules: PodRules;
}

/** Guaranteed deals stand above every deal tier of a catalog. */
const GUARANTEED_TIER = 5;
/** Tiers of the catalog, below that one. */
const DEAL_TIERS: readonly PodTier[] = [0, 1, 2, 3, 4];
/**
 * Most that one ad counts with, premiums included, and most that an empty break costs: ads dearer than that are equals.
 * The sums of six tiers of sixteen such ads stay exact. Units: micros.
 */
const AD_MICROS_MAX = micros(50_000_000);
const EMPTY_MICROS_MAX = 40_000_000;

/** Terms of one break. */
export function podTerms(auction: AuctionTerms, world: Pick<World, "nowMs" | "catalog" | "limits">): PodTerms {
  const history = openHistory(auction.request.viewer.frequency, world.catalog, world.nowMs);
  return { auction, history, nodesMax: world.limits.podNodesMax };
}

/** The question which of these bids fill the break. */
export function questionOf(bids: readonly Bid[], terms: PodTerms): PodQuestion {
  return { ads: bids.map((bid) => adOf(bid, terms)), rules: rulesFor(bids, terms) };
}

/** A bid as an ad of the pod. */
export function adOf(bid: Bid, terms: PodTerms): PodAd {
  const { offer, deal, premiums } = bid;
  const valueMicros = minMicros(bid.valueMicros, AD_MICROS_MAX);
  const room = subtractMicros(AD_MICROS_MAX, valueMicros);
  const firstPremiumMicros = minMicros(premiums.firstMicros, room);
  return {
    ...sketchOf(offer, terms),
    valueMicros,
    wish: offer.line.lineItem.slotWish,
    firstPremiumMicros,
    lastPremiumMicros: minMicros(premiums.lastMicros, subtractMicros(room, firstPremiumMicros)),
    tier: offer.guarantee === null ? (DEAL_TIERS[deal?.tier ?? 0] ?? 0) : GUARANTEED_TIER,
    places: placesOf(bid),
  };
}

/** Where a bid reaches the floor; null: everywhere. Whether its length fits there, the pod sees itself. */
function placesOf({ bidMicros, agreedMicros, floors }: Bid): PodPlaces | null {
  if (agreedMicros !== null) return null;
  const dynamic = bidMicros >= floors.dynamicMicros;
  const slots = floors.slotMicros.flatMap((floor, index) => (bidMicros >= floor ? [index] : []));
  return dynamic && slots.length === floors.slotMicros.length ? null : { slots, dynamic };
}

/** What the pod needs to know of an offer, whoever pays for it. Its id keeps catalog order. */
export function sketchOf(offer: Offer, { auction, history }: PodTerms) {
  const dedupeKeys = dedupeKeysOf(offer, auction.request.podDedupe);
  return {
    id: `${offer.lineItemId} ${offer.creativeId}`,
    durationMs: toMs(offer.durationSec),
    advertiser: offer.advertiserId,
    creative: offer.creativeId,
    categories: offer.categoriesWithParents,
    dedupeKeys,
    // One ad of an advertiser is within every cap that let it in.
    ...(auction.publisher.publisher.maxPerAdvertiser === 1 ? UNCAPPED : capOf(offer, history, dedupeKeys)),
  };
}

const UNCAPPED = { capKey: null, capMax: Number.POSITIVE_INFINITY };
/** How the key of a line item begins. */
export const LINE_KEY = "line ";

/**
 * What the line item allows itself in a break and what caps leave of the viewer's allowance. A pod counts one cap an
 * ad: where the campaign is capped too, the line item is held to one by a key of its own.
 */
function capOf(offer: Offer, history: ViewingHistory, dedupeKeys: string[]): Pick<PodAd, "capKey" | "capMax"> {
  const left = history.allowance(offer);
  const lineKey = `${LINE_KEY}${offer.lineItemId}`;
  if (!Number.isFinite(left.campaign)) {
    return { capKey: lineKey, capMax: Math.max(1, Math.min(offer.line.lineItem.maxPerBreak, left.line)) };
  }
  dedupeKeys.push(lineKey);
  return { capKey: `campaign ${offer.campaignId}`, capMax: Math.max(1, left.campaign) };
}

/** What two ads of the break must not share. Source: AdCOM 1.0, List: Pod Deduplication Settings; 5 asks for none. */
function dedupeKeysOf(offer: Offer, settings: readonly PodDedupe[]): string[] {
  const keys: string[] = [];
  for (const setting of settings) {
    if (setting === 1) keys.push(`domain ${offer.advertiserDomain}`);
    else if (setting === 2) keys.push(...offer.categories.map((category) => `category ${category}`));
    else if (setting === 3) keys.push(`creative ${offer.creativeId}`);
    else if (setting === 4) keys.push(...new Set(offer.creative.media.map(({ url }) => `file ${url}`)));
  }
  return keys;
}

/** What publisher and request together allow a pod of these candidates. */
export function rulesFor(candidates: readonly { readonly offer: Offer }[], terms: PodTerms): PodRules {
  const { layout, publisher, slateMicrosPerSec } = terms.auction;
  const { maxPerAdvertiser, maxPerCategory, minGapAds } = publisher.publisher;
  const allMs = layout.slots.reduce((sum, slot) => sum + slot.maxDurationMs, layout.dynamicMs);
  return {
    durationMs: layout.dynamicMs,
    maxAds: layout.dynamicAdsMax,
    slots: layout.slots,
    exactDurationsMs: layout.exactDurationsMs,
    maxPerAdvertiser,
    separatedCategories: publisher.separatedCategories,
    maxPerCategory,
    exclusions: exclusionsAmong(candidates),
    minGapAds,
    slateMicrosPerSec: Math.min(slateMicrosPerSec, Math.floor((EMPTY_MICROS_MAX * 1000) / Math.max(1, allMs))),
    nodesMax: terms.nodesMax,
  };
}

/** Pairs of advertisers among these that must not meet; each as whoever named the other wrote it down. */
function exclusionsAmong(candidates: readonly { readonly offer: Offer }[]): readonly (readonly [string, string])[] {
  const advertisers = new Map(candidates.map(({ offer }) => [offer.advertiserId, offer.line.campaign.advertiser]));
  return [...advertisers.values()].flatMap(({ id, competitorIds }) =>
    competitorIds.filter((rival) => advertisers.has(rival)).map((rival) => [id, rival] as const),
  );
}
