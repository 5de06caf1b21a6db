/**
 * What the viewer was shown lately, arranged so that a cap is one look-up: by line item and by campaign.
 */
import type { CompiledCatalog, Offer } from "../catalog/compiled.ts";
import { DAY_MS, MINUTE_MS } from "../kernel/time.ts";
import type { FrequencyEntry } from "../protocols/frequency_token.ts";

/** One viewer's history at one moment. */
export interface ViewingHistory {
  /** Times the viewer was shown the offer's line item in the last day. */
  timesLately(offer: Offer): number;
  /** Whether the cap of the line item or of its campaign is reached. */
  isCapped(offer: Offer): boolean;
}

/** Arranges a history. Cost: linear in it; then, for each cap asked, in what was shown under it. */
export function openHistory(
  shown: readonly FrequencyEntry[],
  catalog: Pick<CompiledCatalog, "lineItems">,
  nowMs: number,
): ViewingHistory {
  if (shown.length === 0) return NOTHING_SHOWN;
  const ofLine = new Map<string, number[]>();
  const ofCampaign = new Map<string, number[]>();
  for (const { lineItemId, shownMs } of shown) {
    remember(ofLine, lineItemId, shownMs);
    const campaignId = catalog.lineItems.get(lineItemId)?.lineItem.campaignId;
    if (campaignId !== undefined) remember(ofCampaign, campaignId, shownMs);
  }
  const within = (times: readonly number[] | undefined, windowMs: number): number =>
    times === undefined ? 0 : times.filter((shownMs) => shownMs > nowMs - windowMs).length;
  const campaigns = new Map<string, boolean>();
  const isCampaignCapped = ({ campaignId, line }: Offer): boolean => {
    let capped = campaigns.get(campaignId);
    if (capped === undefined) {
      const cap = line.campaign.campaign.frequencyCap;
      const windowMs = (cap?.windowMinutes ?? 0) * MINUTE_MS;
      capped = cap !== undefined && within(ofCampaign.get(campaignId), windowMs) >= cap.impressions;
      campaigns.set(campaignId, capped);
    }
    return capped;
  };
  return {
    timesLately: ({ lineItemId }) => within(ofLine.get(lineItemId), DAY_MS),
    isCapped: (offer) => {
      const cap = offer.line.frequencyCap;
      if (cap !== null && within(ofLine.get(offer.lineItemId), cap.windowMs) >= cap.impressions) return true;
      return ofCampaign.has(offer.campaignId) && isCampaignCapped(offer);
    },
  };
}

const NOTHING_SHOWN: ViewingHistory = { timesLately: () => 0, isCapped: () => false };

function remember(timesOf: Map<string, number[]>, id: string, shownMs: number): void {
  const times = timesOf.get(id);
  if (times === undefined) timesOf.set(id, [shownMs]);
  else times.push(shownMs);
}
