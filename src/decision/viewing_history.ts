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

/** Arranges a history. Cost: linear in it; then, for each cap asked, in what was shown under it. */
export function openHistory(
  shown: readonly FrequencyEntry[],
  catalog: Pick<CompiledCatalog, "lineItems">,
  nowMs: number,
): ViewingHistory {
  const ofLine = new Map<string, number[]>();
  const ofCampaign = new Map<string, number[]>();
  for (const { lineItemId, shownMs } of shown) {
    remember(ofLine, lineItemId, shownMs);
    const campaignId = catalog.lineItems.get(lineItemId)?.lineItem.campaignId;
    if (campaignId !== undefined) remember(ofCampaign, campaignId, shownMs);
  }
  const within = (times: readonly number[] | undefined, windowMs: number): number =>
    times === undefined ? 0 : times.filter((shownMs) => shownMs > nowMs - windowMs).length;
  const lineLeft = ({ line, lineItemId }: Offer): number => {
    const cap = line.frequencyCap;
    return cap === null ? Number.POSITIVE_INFINITY : cap.impressions - within(ofLine.get(lineItemId), cap.windowMs);
  };
  const campaigns = new Map<string, number>();
  const campaignLeft = ({ campaignId, line }: Offer): number => {
    const cap = line.campaign.campaign.frequencyCap;
    if (cap === undefined) return Number.POSITIVE_INFINITY;
    let left = campaigns.get(campaignId);
    if (left === undefined) {
      left = cap.impressions - within(ofCampaign.get(campaignId), cap.windowMinutes * MINUTE_MS);
      campaigns.set(campaignId, left);
    }
    return left;
  };
  return {
    timesLately: ({ lineItemId }) => within(ofLine.get(lineItemId), DAY_MS),
    allowance: (offer) => ({ line: lineLeft(offer), campaign: campaignLeft(offer) }),
    isCapped: (offer) => shown.length > 0 && (lineLeft(offer) <= 0 || campaignLeft(offer) <= 0),
  };
}

function remember(timesOf: Map<string, number[]>, id: string, shownMs: number): void {
  const times = timesOf.get(id);
  if (times === undefined) timesOf.set(id, [shownMs]);
  else times.push(shownMs);
}
