/**
 * Chooses which bids fill the break: the set of largest total value that fits the time and the slot count and keeps
 * competitors apart. Branch and bound, bounded by nodes; when the bound is hit the best set so far stands and the
 * certificate says that it is not proved.
 */
import { compareOffers, type Bid, type Candidate } from "./candidate.ts";
import type { PodCertificate } from "./decision.ts";
import type { RejectionReason } from "./rejection.ts";

/** What a break allows. Units: seconds. */
export interface PodRules {
  readonly durationSec: number;
  readonly maxAds: number;
  /** At most one ad of each of these categories. */
  readonly separatedCategories: ReadonlySet<string>;
  readonly nodesMax: number;
}

/** The chosen bids in order of play. */
export interface Pod {
  readonly bids: readonly Bid[];
  readonly certificate: PodCertificate;
}

/** Larger value first, then catalog order: an explicit total order, so that ties never depend on who came first. */
function byValue(a: Bid, b: Bid): number {
  return b.valueMicros - a.valueMicros || compareOffers(a.offer, b.offer);
}

/** Why two ads may not share a break, or null when they may. */
export function conflict(a: Candidate, b: Candidate, rules: PodRules): RejectionReason | null {
  if (a.offer.creativeId === b.offer.creativeId) return "creative_repeated";
  if (a.offer.advertiserId === b.offer.advertiserId) return "advertiser_repeated";
  if (rules.separatedCategories.size === 0) return null;
  for (const category of a.offer.categoriesWithParents) {
    if (rules.separatedCategories.has(category) && b.offer.categoriesWithParents.includes(category)) {
      return "category_separated";
    }
  }
  return null;
}

/** Durations as whole milliseconds, so that sums are exact. */
const toMs = (seconds: number): number => Math.round(seconds * 1000);

/**
 * Best value that the bids from `from` on could still add, ignoring separation: fill the time in order of value per
 * second and cut the last ad, or take the best value for every slot left, whichever is less. Never below the truth.
 */
function upperBound(bids: readonly Bid[], ms: readonly number[], from: number, leftMs: number, slots: number): number {
  let byTime = 0;
  let largest = 0;
  let time = leftMs;
  for (let i = from; i < bids.length; i++) {
    const value = bids[i]?.valueMicros ?? 0;
    const length = ms[i] ?? 0;
    if (length > leftMs) continue;
    if (value > largest) largest = value;
    if (time <= 0) continue;
    byTime += length <= time ? value : Math.ceil((value * time) / length);
    time -= length;
  }
  return Math.min(byTime, largest * slots);
}

/** Value per second: which bids fill time best. */
function density(bid: Bid): number {
  return bid.valueMicros / bid.offer.durationSec;
}

/** The set of largest total value. Requires: every bid has positive value. Cost: ≤ `nodesMax` × bids. */
export function choosePod(offered: readonly Bid[], rules: PodRules): Pod {
  const bids = offered.toSorted((a, b) => density(b) - density(a) || byValue(a, b));
  const ms = bids.map((bid) => toMs(bid.offer.durationSec));
  let best: readonly Bid[] = [];
  let bestValue = 0;
  let nodes = 0;
  const chosen: Bid[] = [];

  const search = (from: number, leftMs: number, value: number): void => {
    if (value > bestValue) {
      bestValue = value;
      best = [...chosen];
    }
    const slots = rules.maxAds - chosen.length;
    if (slots === 0) return;
    for (let i = from; i < bids.length; i++) {
      const bid = bids[i];
      const length = ms[i] ?? 0;
      if (bid === undefined || length > leftMs || chosen.some((other) => conflict(other, bid, rules) !== null))
        continue;
      if (nodes >= rules.nodesMax || value + upperBound(bids, ms, i, leftMs, slots) <= bestValue) return;
      nodes++;
      chosen.push(bid);
      search(i + 1, leftMs - length, value + bid.valueMicros);
      chosen.pop();
    }
  };
  search(0, toMs(rules.durationSec), 0);
  return { bids: best.toSorted(byValue), certificate: { proved: nodes < rules.nodesMax, nodes } };
}

/** Why a bid is not in the chosen pod. */
export function whyNotChosen(bid: Bid, pod: Pod, rules: PodRules): RejectionReason {
  for (const winner of pod.bids) {
    const reason = conflict(winner, bid, rules);
    if (reason !== null) return reason;
  }
  return "outbid";
}
