/**
 * What the viewer was shown lately, arranged so that a cap is one look-up: by line item and by campaign.
 */
import type { CompiledCatalog, Offer } from "../catalog/compiled.ts";
import type { Campaign } from "../catalog/entities.ts";
import { DAY_MS, MINUTE_MS } from "../kernel/time.ts";
import type { FrequencyEntry } from "../protocols/frequency_token.ts";

/** One viewer's history at one moment. */
export interface ViewingHistory {
  /** Times the viewer was shown the offer's line item in the last day. */
  timesLately(offer: Offer): number;
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
  const capped = new Map<string, boolean>();
  const isCampaignCapped = (campaignId: string, { impressions, windowMinutes }: FrequencyCap): boolean => {
    let known = capped.get(campaignId);
    if (known === undefined) {
      ofCampaign ??= timesBy(shown, ({ lineItemId }) => catalog.lineItems.get(lineItemId)?.campaign.campaign.id);
      known = within(ofCampaign.get(campaignId), windowMinutes * MINUTE_MS) >= impressions;
      capped.set(campaignId, known);
    }
    return known;
  };
  return {
    timesLately: ({ lineItemId }) => within(ofLine.get(lineItemId), DAY_MS),
    isCapped: ({ lineItemId, campaignId, line }) => {
      const times = ofLine.get(lineItemId);
      const cap = times === undefined ? null : line.frequencyCap;
      if (cap !== null && within(times, cap.windowMs) >= cap.impressions) return true;
      const ofAll = line.campaign.campaign.frequencyCap;
      return ofAll !== undefined && isCampaignCapped(campaignId, ofAll);
    },
  };
}

type FrequencyCap = NonNullable<Campaign["frequencyCap"]>;
/** When something was shown, by id. Units: epoch milliseconds. */
type Times = ReadonlyMap<string, readonly number[]>;

const NOTHING_SHOWN: ViewingHistory = { timesLately: () => 0, isCapped: () => false };

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
