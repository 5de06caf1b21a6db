/**
 * Chooses which bids fill the break: the set of largest total value that fits the time and the slot count and keeps
 * competitors apart. Branch and bound, with the table of pod_bound.ts as bound; the number of nodes is bounded too, and
 * when that is reached the best set so far stands and the certificate says that it is not proved.
 */
import { compareOffers, type Bid, type Candidate } from "./candidate.ts";
import type { PodCertificate } from "./decision.ts";
import { podBound, type AdvertiserGroup, type TimedBid } from "./pod_bound.ts";
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

/** Bids by advertiser, of whom only one may show: advertisers and their bids in the order of their values. */
function groupByAdvertiser(bids: readonly Bid[]): readonly AdvertiserGroup[] {
  const groups = new Map<string, TimedBid[]>();
  for (const bid of bids.toSorted(byValue)) {
    const timed = { bid, lengthMs: Math.round(bid.offer.durationSec * 1000) };
    const group = groups.get(bid.offer.advertiserId);
    if (group === undefined) groups.set(bid.offer.advertiserId, [timed]);
    else group.push(timed);
  }
  return [...groups.values()];
}

/** A branch of the search: show this bid of the group at hand, or (null) pass the group over. */
interface Branch {
  readonly timed: TimedBid | null;
  readonly boundMicros: number;
}

/**
 * The set of largest total value. Depth first, one advertiser at a time, the branch that promises most first; a branch
 * whose bound does not beat the best set so far is left. Requires: every bid has positive value.
 * Cost: the table of `podBound`, then ≤ `nodesMax` nodes.
 */
export function choosePod(offered: readonly Bid[], rules: PodRules): Pod {
  const durationMs = Math.round(rules.durationSec * 1000);
  const groups = groupByAdvertiser(offered.filter((bid) => bid.offer.durationSec * 1000 <= durationMs));
  const bound = podBound(groups, durationMs, rules.maxAds);
  let best: readonly Bid[] = [];
  let bestValue = 0;
  let nodes = 0;
  const chosen: Bid[] = [];

  const branchesAt = (group: number, slots: number, leftMs: number): readonly Branch[] => {
    const skip: Branch = { timed: null, boundMicros: bound.best(group + 1, slots, leftMs) };
    const shows = (groups[group] ?? [])
      .filter(
        ({ bid, lengthMs }) => lengthMs <= leftMs && !chosen.some((other) => conflict(other, bid, rules) !== null),
      )
      .map((timed): Branch => {
        const rest = bound.best(group + 1, slots - 1, leftMs - timed.lengthMs);
        return { timed, boundMicros: timed.bid.valueMicros + rest };
      });
    return [...shows, skip].sort((a, b) => b.boundMicros - a.boundMicros);
  };
  const search = (group: number, leftMs: number, value: number): void => {
    if (value > bestValue) {
      bestValue = value;
      best = [...chosen];
    }
    const slots = rules.maxAds - chosen.length;
    if (group === groups.length || slots === 0) return;
    for (const { timed, boundMicros } of branchesAt(group, slots, leftMs)) {
      if (value + boundMicros <= bestValue || nodes >= rules.nodesMax) return;
      nodes++;
      if (timed === null) search(group + 1, leftMs, value);
      else {
        chosen.push(timed.bid);
        search(group + 1, leftMs - timed.lengthMs, value + timed.bid.valueMicros);
        chosen.pop();
      }
    }
  };
  search(0, durationMs, 0);
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
