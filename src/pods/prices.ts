/**
 * What a place in the pod costs: for a winner what its presence costs the others (Vickrey, Clarke, Groves), for a loser
 * what it would have needed. Both are the same number: the best pod without the ad against the best pod with it, when
 * its own value is left out. Below that value an ad is out, above it is in, whatever it bids itself.
 */
import { boardOf, type Board } from "./board.ts";
import type { Prices } from "./dual.ts";
import { explore, warmPrices } from "./explore.ts";
import type { PodAd, PodRules, PodSolution } from "./instance.ts";
import { ANYWHERE, AS_FIRST, AS_LAST, besideItsValue, emptyPodCost, placesOf } from "./plays.ts";
import { prepare, type Prepared } from "./prepare.ts";

/** The value that decides whether one ad is in the pod. Units: micros. */
export interface CriticalValue {
  /**
   * Above this value the ad is in the best pod, below it is not; at it, the order of ties decides. At most 0 when it is
   * in whatever it is worth. Null when no value brings it in: it fits nowhere, or a higher tier stands in its way.
   */
  readonly minToWinMicros: number | null;
  /** Whether both pods compared are proved. Otherwise the value is off by `gapMicros` at most. */
  readonly exact: boolean;
  readonly gapMicros: number;
}

/** A price for each ad of a pod. Units: micros. */
export interface WinnerPrice {
  /** Index of the ad as handed in. */
  readonly ad: number;
  /** Not negative and not above the ad's value. */
  readonly priceMicros: number;
  readonly exact: boolean;
}

/** A best gain: what was found and what nothing exceeds. Units: micros, preferences of tiers included. */
interface Gain {
  readonly found: number;
  readonly bound: number;
}

/** Prices of each winner, in order of play. Cost: a search for each, warm from the pod without it. */
export function vcgPrices(ads: readonly PodAd[], rules: PodRules, solution: PodSolution): readonly WinnerPrice[] {
  return new PodPrices(ads, rules, solution).ofWinners();
}

/** The critical value of one ad, winner or loser. For those of many ads, make one `PodPrices`. */
export function minToWin(ads: readonly PodAd[], rules: PodRules, solution: PodSolution, index: number): CriticalValue {
  return new PodPrices(ads, rules, solution).minToWin(index);
}

/** Prices around one pod; what they share is worked out once. */
export class PodPrices {
  readonly #board: Board;
  readonly #prepared: Prepared;
  readonly #solution: PodSolution;
  readonly #whole: Gain;
  /** The plays of the pod. */
  readonly #hint: readonly number[];
  readonly #warm: Prices;

  /** Requires: the solution of these ads under these rules. */
  constructor(ads: readonly PodAd[], rules: PodRules, solution: PodSolution) {
    this.#board = boardOf(ads, rules);
    this.#prepared = prepare(this.#board);
    this.#solution = solution;
    const { tierBonus } = this.#board.plays;
    const preference = solution.ads.reduce((sum, index) => sum + (tierBonus[ads[index]?.tier ?? 0] ?? 0), 0);
    const found = solution.valueMicros + emptyPodCost(rules) + preference;
    this.#whole = { found, bound: found + solution.gapMicros };
    this.#hint = this.#playsOf(solution);
    this.#warm = warmPrices(this.#prepared, found * this.#board.scale);
  }

  /** A price for each winner, in order of play. */
  ofWinners(): readonly WinnerPrice[] {
    return this.#solution.ads.map((ad) => {
      const value = this.#board.ads[ad]?.valueMicros ?? 0;
      const { minToWinMicros, exact } = this.minToWin(ad);
      return { ad, priceMicros: Math.max(0, Math.min(value, minToWinMicros ?? value)), exact };
    });
  }

  /** The critical value of one ad. */
  minToWin(index: number): CriticalValue {
    const ad = this.#board.ads[index];
    if (ad === undefined || placesOf(ad, this.#board.rules).length === 0) return NEVER;
    const wins = this.#solution.ads.includes(index);
    const plays = this.#board.plays.list.flatMap((play, number) => (play.ad === index ? [number] : []));
    if (plays.length === 0) return this.#worthSomething(index, ad);
    const without = wins ? this.#best(null, index) : this.#whole;
    const within = wins ? this.#whole : mostOf(plays.map((play) => this.#best(play, null)));
    if (within === null) return NEVER;
    const gapMicros = without.bound - without.found + within.bound - within.found;
    return { ...this.#compare(ad, without.found - (within.found - ad.valueMicros)), exact: gapMicros === 0, gapMicros };
  }

  /** An ad that gains nothing has no play; what it needs does not depend on its value, so it is asked with another. */
  #worthSomething(index: number, ad: PodAd): CriticalValue {
    const ads = this.#board.ads.with(index, { ...ad, valueMicros: 1 });
    return new PodPrices(ads, this.#board.rules, this.#solution).minToWin(index);
  }

  #best(root: number | null, without: number | null): Gain {
    const { scale, rules } = this.#board;
    const question = { root, without, hint: this.#hint, warm: this.#warm, nodesMax: rules.nodesMax };
    const { gain, bound } = explore(this.#prepared, question);
    return { found: gain / scale, bound: Math.floor(bound / scale) };
  }

  /**
   * What an ad must be worth to make good this difference, in money if tiers do not decide. An ad that is in for its
   * tier must still gain the break something, its premiums and the slate that would play instead counted.
   */
  #compare(ad: PodAd, difference: number): { readonly minToWinMicros: number | null } {
    const step = this.#board.plays.tierBonus.find((bonus) => bonus > 0);
    const tiers = step === undefined ? 0 : Math.round(difference / step);
    if (tiers === 0) return { minToWinMicros: difference };
    return { minToWinMicros: tiers > 0 ? null : -besideItsValue(ad, this.#board.rules) };
  }

  /** The plays that make up the pod. */
  #playsOf({ ads, slots }: PodSolution): readonly number[] {
    const { list } = this.#board.plays;
    return ads.flatMap((ad, at) => {
      const own = list.flatMap((play, number) => (play.ad === ad && play.slot === slots[at] ? [number] : []));
      const claim = at === 0 ? AS_FIRST : at === ads.length - 1 ? AS_LAST : ANYWHERE;
      return own.find((number) => list[number]?.claim === claim) ?? own[0] ?? [];
    });
  }
}

const NEVER: CriticalValue = { minToWinMicros: null, exact: true, gapMicros: 0 };

/** The best of several pods: of those found, and of what none exceeds. */
function mostOf(gains: readonly Gain[]): Gain | null {
  if (gains.length === 0) return null;
  return {
    found: Math.max(...gains.map(({ found }) => found)),
    bound: Math.max(...gains.map(({ bound }) => bound)),
  };
}
