/**
 * What the viewer was shown lately, arranged so that a cap is one look-up: by line item and by campaign.
 */
import type { CompiledCatalog, Offer } from "../catalog/compiled.ts";
import { DAY_MS, MINUTE_MS } from "../kernel/time.ts";
import type { FrequencyEntry } from "../protocols/frequency_token.ts";

/** How often the viewer may still be shown a line item, and its campaign, under their caps. Infinity: no cap. */
export interface Allowance {
  readonly line: number;
  readonly campaign: number;
}

/** One viewer's history at one moment. */
export interface ViewingHistory {
  /** Times the viewer was shown the offer's line item in the last day. */
  timesLately(offer: Offer): number;
  /** What the caps of the line item and of its campaign leave; zero or less: nothing. */
  allowance(offer: Offer): Allowance;
  /** Whether the cap of the line item or of its campaign is reached. */
  isCapped(offer: Offer): boolean;
}

/**
 * Arranges a history. Cost: linear in it; then, for each cap asked, in what was shown under it. Whose campaign the
 * line items are of is looked up when the first cap of a campaign asks.
 */
export function openHistory(
  shown: readonly FrequencyEntry[],
  catalog: Pick<CompiledCatalog, "lineItems">,
  nowMs: number,
): ViewingHistory {
  if (shown.length === 0) return NOTHING_SHOWN;
  const ofLine = timesBy(shown, ({ lineItemId }) => lineItemId);
  let ofCampaign: Times | null = null;
  const within = (times: readonly number[] | undefined, windowMs: number): number =>
    times === undefined ? 0 : times.filter((shownMs) => shownMs > nowMs - windowMs).length;
  const lineLeft = ({ lineItemId, line }: Offer): number => {
    const times = ofLine.get(lineItemId);
    const cap = line.frequencyCap;
    return cap === null ? Number.POSITIVE_INFINITY : cap.impressions - within(times, cap.windowMs);
  };
  const campaigns = new Map<string, number>();
  const campaignLeft = ({ campaignId, line }: Offer): number => {
    const cap = line.campaign.campaign.frequencyCap;
    if (cap === undefined) return Number.POSITIVE_INFINITY;
    let left = campaigns.get(campaignId);
    if (left === undefined) {
      ofCampaign ??= timesBy(shown, ({ lineItemId }) => catalog.lineItems.get(lineItemId)?.campaign.campaign.id);
      left = cap.impressions - within(ofCampaign.get(campaignId), cap.windowMinutes * MINUTE_MS);
      campaigns.set(campaignId, left);
    }
    return left;
  };
  return {
    timesLately: ({ lineItemId }) => within(ofLine.get(lineItemId), DAY_MS),
    allowance: (offer) => ({ line: lineLeft(offer), campaign: campaignLeft(offer) }),
    isCapped: (offer) => lineLeft(offer) <= 0 || campaignLeft(offer) <= 0,
  };
}

/** When something was shown, by id. Units: epoch milliseconds. */
type Times = ReadonlyMap<string, readonly number[]>;

const NOTHING_SHOWN: ViewingHistory = {
  timesLately: () => 0,
  allowance: ({ line }) => ({
    line: line.frequencyCap?.impressions ?? Number.POSITIVE_INFINITY,
    campaign: line.campaign.campaign.frequencyCap?.impressions ?? Number.POSITIVE_INFINITY,
  }),
  isCapped: () => false,
};

function timesBy(shown: readonly FrequencyEntry[], idOf: (entry: FrequencyEntry) => string | undefined): Times {
  const timesOf = new Map<string, number[]>();
  for (const entry of shown) {
    const id = idOf(entry);
    if (id === undefined) continue;
    const times = timesOf.get(id);
    if (times === undefined) timesOf.set(id, [entry.shownMs]);
    else times.push(entry.shownMs);
  }
  return timesOf;
}
