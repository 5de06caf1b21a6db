/**
 * Time that no paid ad won is filled with the publisher's own ads, so that a viewer does not stare at nothing. House
 * ads cost nothing, bill nobody, and follow the same separation rules.
 */
import { ZERO_MICROS } from "../kernel/money.ts";
import { compareOffers, type Candidate } from "./candidate.ts";
import type { Slot } from "./decision.ts";
import { conflict, type PodRules } from "./pod.ts";
import type { Rejection, RejectionReason } from "./rejection.ts";

/** The house ads of a break, and those that found no room. */
export interface HouseFill {
  readonly slots: readonly Slot[];
  readonly rejections: readonly Rejection[];
}

/** Fills what is left after the paid ads, longest first. The publisher's own ads may follow one another. */
export function fillWithHouse(paid: readonly Candidate[], house: readonly Candidate[], rules: PodRules): HouseFill {
  const slots: Slot[] = [];
  const rejections: Rejection[] = [];
  let leftMs = Math.round(rules.durationSec * 1000);
  for (const { offer } of paid) leftMs -= Math.round(offer.durationSec * 1000);
  const longestFirst = house.toSorted(
    (a, b) => b.offer.durationSec - a.offer.durationSec || compareOffers(a.offer, b.offer),
  );
  for (const candidate of longestFirst) {
    const { offer } = candidate;
    const lengthMs = Math.round(offer.durationSec * 1000);
    const reason = whyNot(candidate, paid, slots, rules) ?? (lengthMs > leftMs ? "outbid" : null);
    if (reason !== null) {
      rejections.push({ offer, reason });
      continue;
    }
    leftMs -= lengthMs;
    const position = paid.length + slots.length + 1;
    slots.push({ position, offer, bidMicros: ZERO_MICROS, priceMicros: ZERO_MICROS, scores: null });
  }
  return { slots, rejections };
}

/** Why a house ad may not join: no slot left, kept apart from a paid ad, or its creative is in the break already. */
function whyNot(
  candidate: Candidate,
  paid: readonly Candidate[],
  slots: readonly Slot[],
  rules: PodRules,
): RejectionReason | null {
  if (paid.length + slots.length >= rules.maxAds) return "outbid";
  if (slots.some((slot) => slot.offer.creativeId === candidate.offer.creativeId)) return "creative_repeated";
  for (const other of paid) {
    const reason = conflict(other, candidate, rules);
    if (reason !== null) return reason;
  }
  return null;
}
