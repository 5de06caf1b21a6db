/**
 * A question made ready for searching: plays and classes as flat arrays of whole numbers. Gains are scaled up by a
 * power of two, so that multipliers, which are whole numbers too, are fine enough even where values are a few micros;
 * every sum on the board stays exact.
 */
import type { PodAd, PodRules } from "./instance.ts";
import { classesOf } from "./classes.ts";
import { adsMax, ANYWHERE, AS_FIRST, AS_LAST, playsOf, premiumOf, type Plays } from "./plays.ts";

/** Sums on a board stay below this: far enough inside the safe integers for multipliers to be added. */
const SCALED_MAX = 2 ** 46;
const SCALE_MAX = 2 ** 20;

/** A board. Arrays are indexed by play unless said otherwise. */
export interface Board {
  readonly ads: readonly PodAd[];
  readonly rules: PodRules;
  readonly plays: Plays;
  readonly count: number;
  /** The ad's index as handed in. */
  readonly ad: Int32Array;
  /** Gain × scale. */
  readonly gain: Float64Array;
  /** What a pod of this play alone gains, first and last as its ad then is. × scale. */
  readonly aloneGain: Float64Array;
  readonly scale: number;
  /** Time it takes of the dynamic part; 0 in a structured slot. Units: milliseconds. */
  readonly lengthMs: Float64Array;
  /** 1 in the dynamic part, 0 in a structured slot. */
  readonly dynamic: Uint8Array;
  /** Order of places: structured slots before, the dynamic part, structured slots after. */
  readonly place: Int32Array;
  readonly claim: Uint8Array;
  readonly hasClaims: boolean;
  /** Classes of play p: `classOf[classStart[p]]` up to `classOf[classStart[p + 1] - 1]`. */
  readonly classStart: Int32Array;
  readonly classOf: Int32Array;
  /** By class: most of its plays in a pod. */
  readonly capacity: Int32Array;
  /** By class: whether its members need a gap between them. */
  readonly gapped: Uint8Array;
  readonly hasGaps: boolean;
  /** Number of the ad's advertiser among those excluded by some pair; −1 when by none. */
  readonly side: Int32Array;
  /** By such number: the numbers that may not be shown with it. */
  readonly rivals: readonly (readonly number[])[];
  /** Most ads of the dynamic part that can fit. */
  readonly dynamicMax: number;
}

/** Makes a question ready. Cost: linear in ads and their words, and one sort. */
export function boardOf(ads: readonly PodAd[], rules: PodRules): Board {
  const plays = playsOf(ads, rules);
  const count = plays.list.length;
  const scale = scaleFor(plays.objectiveMax);
  const before = rules.slots.filter((slot) => slot.side === "before").length;
  const board = {
    ad: new Int32Array(count),
    gain: new Float64Array(count),
    aloneGain: new Float64Array(count),
    lengthMs: new Float64Array(count),
    dynamic: new Uint8Array(count),
    place: new Int32Array(count),
    claim: new Uint8Array(count),
    side: new Int32Array(count).fill(-1),
  };
  const { sideOf, rivals } = rivalries(rules);
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let p = 0; p < count; p++) {
    const play = plays.list[p];
    const ad = play === undefined ? undefined : ads[play.ad];
    if (play === undefined || ad === undefined) continue;
    board.ad[p] = play.ad;
    board.gain[p] = play.gain * scale;
    const premiums = ad.firstPremiumMicros + ad.lastPremiumMicros;
    board.aloneGain[p] = (play.gain - premiumOf(ad, play.claim) + premiums) * scale;
    board.claim[p] = play.claim;
    if (play.slot === null) {
      board.lengthMs[p] = ad.durationMs;
      board.dynamic[p] = 1;
      board.place[p] = before;
      if (ad.durationMs < shortestMs) shortestMs = ad.durationMs;
    } else board.place[p] = play.slot < before ? play.slot : play.slot + 1;
    if (sideOf.size > 0) board.side[p] = sideOf.get(ad.advertiser) ?? -1;
  }
  const dynamicMax = Math.min(rules.maxAds, Math.floor(rules.durationMs / shortestMs));
  const hasClaims = board.claim.some((claim) => claim !== ANYWHERE);
  return {
    ...board,
    hasClaims,
    ...playClasses(ads, rules, plays),
    ads,
    rules,
    plays,
    count,
    scale,
    rivals,
    dynamicMax,
  };
}

/** The largest power of two that keeps sums below `SCALED_MAX`. */
function scaleFor(objectiveMax: number): number {
  let scale = 1;
  while (scale < SCALE_MAX && objectiveMax * scale * 2 < SCALED_MAX) scale *= 2;
  return scale;
}

/** Pairs of different advertisers, by numbers. */
function rivalries(rules: PodRules): { sideOf: ReadonlyMap<string, number>; rivals: readonly (readonly number[])[] } {
  const sideOf = new Map<string, number>();
  const rivals: number[][] = [];
  const numberOf = (advertiser: string): number => {
    const known = sideOf.get(advertiser);
    if (known !== undefined) return known;
    sideOf.set(advertiser, rivals.length);
    rivals.push([]);
    return rivals.length - 1;
  };
  for (const [one, other] of rules.exclusions) {
    if (one === other) continue;
    const [a, b] = [numberOf(one), numberOf(other)];
    rivals[a]?.push(b);
    rivals[b]?.push(a);
  }
  return { sideOf, rivals };
}

/** Classes of plays: those of their ads, and that a slot, an ad, the first and the last place are each had once. */
function playClasses(
  ads: readonly PodAd[],
  rules: PodRules,
  { list }: Plays,
): Pick<Board, "classStart" | "classOf" | "capacity" | "gapped" | "hasGaps"> {
  const ofAds = classesOf(
    ads,
    list.map(({ ad }) => ad),
    rules,
  );
  const { capacity, gapped } = ofAds;
  const once = (): number => {
    gapped.push(false);
    return capacity.push(1) - 1;
  };
  const playsOfAd = new Map<number, number>();
  for (const { ad } of list) playsOfAd.set(ad, (playsOfAd.get(ad) ?? 0) + 1);
  const onceOf = new Map<number | string, number>();
  const numberOf = (name: number | string): number => {
    const known = onceOf.get(name);
    if (known !== undefined) return known;
    const number = once();
    onceOf.set(name, number);
    return number;
  };
  const classStart = new Int32Array(list.length + 1);
  const classOf: number[] = [];
  list.forEach(({ ad, slot, claim }, p) => {
    for (const number of ofAds.ofAd.get(ad) ?? []) classOf.push(number);
    if ((playsOfAd.get(ad) ?? 0) > 1) classOf.push(numberOf(ad));
    if (slot !== null) classOf.push(numberOf(`slot ${slot}`));
    if (claim === AS_FIRST) classOf.push(numberOf("first"));
    if (claim === AS_LAST) classOf.push(numberOf("last"));
    classStart[p + 1] = classOf.length;
  });
  const most = adsMax(rules);
  return {
    classStart,
    classOf: Int32Array.from(classOf),
    capacity: Int32Array.from(capacity, (each) => Math.min(each, most)),
    gapped: Uint8Array.from(gapped, Number),
    hasGaps: gapped.includes(true),
  };
}
