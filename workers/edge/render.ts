/**
 * A committed decision becomes a pod document: every slot gets its signed token, and the token rides in every tracking
 * URL of the slot.
 */
import { encodeClaim } from "../../src/money/token.ts";
import { beaconUrl, trackingLinks } from "../../src/protocols/beacon_event.ts";
import { mediaUrl, type PodAd, type PodDocument } from "../../src/protocols/pod_document.ts";
import type { CommittedDecision, CommittedSlot } from "./decide.ts";
import type { Door } from "./isolate.ts";

async function renderAd(door: Door, { slot, claim }: CommittedSlot): Promise<PodAd> {
  const { env, isolate } = door;
  const token = await isolate.signer.sign("billing", encodeClaim(claim));
  const { creative } = slot.offer;
  return {
    adId: creative.id,
    sequence: slot.position,
    title: creative.name,
    advertiserDomain: slot.offer.advertiserDomain,
    durationSec: creative.durationSec,
    media: creative.media.map((file) => ({ ...file, url: mediaUrl(env.MEDIA_BASE_URL, file.url) })),
    clickThroughUrl: beaconUrl(env.PUBLIC_EDGE_URL, "click", token),
    tracking: trackingLinks(env.PUBLIC_EDGE_URL, token),
    categories: creative.categories,
    priceMicros: slot.priceMicros,
  };
}

/** The pod with signed tracking URLs. */
export async function toPodDocument(door: Door, committed: CommittedDecision): Promise<PodDocument> {
  const ads = await Promise.all(committed.slots.map((slot) => renderAd(door, slot)));
  return { decisionId: committed.decision.decisionId, ads };
}
