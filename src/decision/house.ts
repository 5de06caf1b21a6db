/**
 * Time that no paid ad won is filled with the publisher's own ads, so that a viewer does not stare at nothing. House
 * ads cost nothing, bill nobody, and follow the same separation rules: a break never repeats an advertiser, the
 * publisher's own house advertiser included.
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

/** Fills what is left after the paid ads, longest first. */
export function fillWithHouse(paid: readonly Candidate[], house: readonly Candidate[], rules: PodRules): HouseFill {
  const shown: Candidate[] = [...paid];
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
    const reason = whyNot(candidate, shown, rules) ?? (lengthMs > leftMs ? "outbid" : null);
    if (reason !== null) {
      rejections.push({ offer, reason });
      continue;
    }
    shown.push(candidate);
    leftMs -= lengthMs;
    slots.push({ position: shown.length, offer, bidMicros: ZERO_MICROS, priceMicros: ZERO_MICROS, scores: null });
  }
  return { slots, rejections };
}

function whyNot(candidate: Candidate, shown: readonly Candidate[], rules: PodRules): RejectionReason | null {
  if (shown.length >= rules.maxAds) return "outbid";
  for (const other of shown) {
    const reason = conflict(other, candidate, rules);
    if (reason !== null) return reason;
  }
  return null;
}
