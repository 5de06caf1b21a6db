/**
 * What winners pay. Agreed prices are paid as agreed; everyone else by the publisher's rule:
 *
 *   first   the bid
 *   second  the least the ad could have bid and still been shown
 *   vcg     what the ads of its campaign cost all others by being there (Vickrey, Clarke, Groves)
 *
 * Both are worked out from a pod without the winner: what it takes from the others is what it must make up for. Nobody
 * bids against itself: ads of the winner's own campaign that are not shown count as absent. Premiums for a place are
 * part of the bid. A price is never below the floor of the place nor above the bid.
 *
 * Laws, where both pods are proved: the price does not move with the winner's bid; a bid below it loses. For a campaign
 * with one ad in the break the two rules agree. An ad that its tier shows, whatever it is worth, pays the floor, or
 * what viewers cost who leave during it, if that is more: for less it would not be taken.
 * Where a pod was not proved the price is still between floor and bid, but may be off by as much as the pods' gaps.
 */
import type { PriceRule } from "../catalog/words.ts";
import { present } from "../kernel/assert.ts";
import { addMicros, maxMicros, micros, minMicros, sumMicros } from "../kernel/money.ts";
import { ZERO_MICROS, type Micros } from "../kernel/money.ts";
import type { PodAd, PodRules, PodSolution } from "../pods/instance.ts";
import { besideItsValue } from "../pods/plays.ts";
import { PodPrices } from "../pods/prices.ts";
import { solvePod } from "../pods/solve.ts";
import type { Bid } from "./candidate.ts";
import { premiumAt, type PlacedBid, type Pod } from "./pod.ts";

/** What one winner pays and paid at most. Units: micros for one impression. */
export interface Charge {
  readonly bidMicros: Micros;
  readonly priceMicros: Micros;
}

/** Lowest price of a bid where it stands. Units: micros. */
export function floorAt({ floors }: Bid, slot: number | null): Micros {
  return slot === null ? floors.dynamicMicros : (floors.slotMicros[slot] ?? floors.dynamicMicros);
}

/** What each winner is charged, in the order of the pod. Cost: first price: none; else a pod for every winner. */
export function chargesOf(pod: Pod, bids: readonly Bid[], rule: PriceRule): readonly Charge[] {
  const market = new Rivalry(pod, bids);
  return pod.placed.map((placed, at): Charge => {
    const { bid, slot } = placed;
    const bidMicros = addMicros(bid.bidMicros, premiumAt(bid, at, pod.placed.length));
    if (bid.agreedMicros !== null) return { bidMicros, priceMicros: bid.agreedMicros };
    if (rule === "first") return { bidMicros, priceMicros: bidMicros };
    const least = rule === "second" ? market.leastBid(at) : market.clarkeShare(at);
    return { bidMicros, priceMicros: minMicros(bidMicros, maxMicros(floorAt(bid, slot), least)) };
  });
}

/** What winners must make up for. Each question is asked of a market in which the winner has no idle ads of its own. */
export class Rivalry {
  readonly #pod: Pod;
  readonly #bids: readonly Bid[];
  /** Prices by campaign; under "" those of the market as it is, for campaigns without idle ads. */
  readonly #prices = new Map<string, PodPrices>();

  constructor(pod: Pod, bids: readonly Bid[]) {
    this.#pod = pod;
    this.#bids = bids;
  }

  /** The least that the winner at this position could have bid and still been shown, premiums included; ≥ 0. */
  leastBid(at: number): Micros {
    const { bid, index } = this.#winner(at);
    const { question } = this.#pod;
    const { minToWinMicros } = this.#pricesAround(bid.offer.campaignId).minToWin(index);
    const least = leastValue(minToWinMicros ?? 0, question.ads[index], question.rules);
    return maxMicros(ZERO_MICROS, micros(least + this.#besidesValue(at)));
  }

  /** The winner's share, by its bid and rounded up, of the least that its campaign's winners must bid together; ≥ 0. */
  clarkeShare(at: number): Micros {
    const { bid } = this.#winner(at);
    const own = [...this.#pod.placed.keys()].filter((other) => {
      const { offer, agreedMicros } = this.#winner(other).bid;
      return offer.campaignId === bid.offer.campaignId && agreedMicros === null;
    });
    if (own.length === 1) return this.leastBid(at);
    const offered = sumMicros(own.map((other) => this.#winner(other).bid.bidMicros));
    const total = this.#leastTogether(own);
    return micros(Number((BigInt(total) * BigInt(bid.bidMicros) + BigInt(offered) - 1n) / BigInt(offered)));
  }

  /** What winners of one campaign gain the break, less what it is worth more for having them. */
  #leastTogether(own: readonly number[]): Micros {
    const { question, solution } = this.#pod;
    const { campaignId } = this.#winner(own[0] ?? 0).bid.offer;
    const agreed = (index: number): boolean => (this.#bids[index]?.agreedMicros ?? null) !== null;
    const absent = question.ads.map((ad, index) => {
      const isOwn = this.#bids[index]?.offer.campaignId === campaignId;
      return isOwn && !(agreed(index) && solution.ads.includes(index)) ? silent(ad) : ad;
    });
    const without = solvePod(absent, question.rules);
    const values = own.reduce((sum, at) => sum + (question.ads[this.#winner(at).index]?.valueMicros ?? 0), 0);
    // Where their tiers alone show them they need to be worth nothing.
    const neededMicros = sameTiers(question.ads, solution, without)
      ? without.valueMicros - (solution.valueMicros - values)
      : 0;
    return maxMicros(ZERO_MICROS, micros(own.reduce((sum, at) => sum + this.#besidesValue(at), neededMicros)));
  }

  #pricesAround(campaignId: string): PodPrices {
    const { question, solution } = this.#pod;
    const isIdle = (index: number): boolean =>
      this.#bids[index]?.offer.campaignId === campaignId && !solution.ads.includes(index);
    const key = question.ads.some((_, index) => isIdle(index)) ? campaignId : "";
    let prices = this.#prices.get(key);
    if (prices === undefined) {
      const ads = question.ads.map((ad, index) => (isIdle(index) ? silent(ad) : ad));
      prices = new PodPrices(ads, question.rules, solution);
      this.#prices.set(key, prices);
    }
    return prices;
  }

  #winner(at: number): PlacedBid {
    return present(this.#pod.placed[at], "a position of the pod has a winner");
  }

  /** What a bid holds besides its value to the pod: what viewers who leave cost, and the premium for its place. */
  #besidesValue(at: number): number {
    const { bid, index } = this.#winner(at);
    const ad = this.#pod.question.ads[index];
    const first = at === 0 ? (ad?.firstPremiumMicros ?? 0) : 0;
    const last = at === this.#pod.placed.length - 1 ? (ad?.lastPremiumMicros ?? 0) : 0;
    return bid.bidMicros - bid.valueMicros + first + last;
  }
}

/**
 * The least an ad may be worth: what it needs in the pod, but not less than what gains the break anything at all, its
 * premiums and the slate that would play instead counted. Units: micros; below zero where these are not.
 */
export function leastValue(minToWinMicros: number, ad: PodAd | undefined, rules: PodRules): number {
  return ad === undefined ? minToWinMicros : Math.max(minToWinMicros, -besideItsValue(ad, rules));
}

/** The ad as it is when it does not bid: of no length, so that it is never shown, and the others keep their numbers. */
function silent(ad: PodAd): PodAd {
  return { ...ad, durationMs: 0 };
}

/** Whether two pods of the same ads show as many of every tier above the lowest. */
function sameTiers(ads: readonly PodAd[], a: PodSolution, b: PodSolution): boolean {
  const count = ({ ads: shown }: PodSolution, tier: number): number =>
    shown.filter((index) => ads[index]?.tier === tier).length;
  return [1, 2, 3, 4, 5].every((tier) => count(a, tier) === count(b, tier));
}
