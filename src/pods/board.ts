/**
 * A question made ready for searching: plays and classes as flat arrays of whole numbers. Gains are scaled up by a
 * power of two, so that multipliers, which are whole numbers too, are fine enough even where values are a few micros;
 * every sum on the board stays exact.
 */
import { present } from "../kernel/assert.ts";
import type { PodAd, PodRules } from "./instance.ts";
import { classesOf } from "./classes.ts";
import { adsMax, ANYWHERE, AS_FIRST, AS_LAST, playsOf, type Plays } from "./plays.ts";

/** Sums on a board stay below this: far enough inside the safe integers for multipliers to be added. */
const SCALED_MAX = 2 ** 46;
const SCALE_MAX = 2 ** 20;

/** A board. Arrays are indexed by play unless said otherwise. */
export interface Board {
  /** Its number on the whole board, where it differs after plays were left out. */
  readonly origin: Int32Array;
  /** By class: its number on the whole board. */
  readonly classOrigin: Int32Array;
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
    board.aloneGain[p] = play.aloneGain * scale;
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
  const classes = playClasses(ads, rules, plays);
  const hasClaims = board.claim.some((claim) => claim !== ANYWHERE);
  return {
    ...board,
    ...classes,
    origin: Int32Array.from({ length: count }, (_, p) => p),
    classOrigin: Int32Array.from({ length: classes.capacity.length }, (_, number) => number),
    hasClaims,
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
  { shown, list }: Plays,
): Pick<Board, "classStart" | "classOf" | "capacity" | "gapped" | "hasGaps"> {
  const ofAds = classesOf(
    shown.map((index) => present(ads[index], "an ad that has a play was handed in")),
    rules,
  );
  const capacity = [...ofAds.capacity];
  const hadOnce = (): number => capacity.push(1) - 1;
  const slotClass = rules.slots.map(hadOnce);
  const firstClass = hadOnce();
  const lastClass = hadOnce();
  const classStart = new Int32Array(list.length + 1);
  const classOf: number[] = [];
  let adNumber = -1;
  let onceClass = -1;
  list.forEach(({ ad, slot, claim }, p) => {
    if (list[p - 1]?.ad !== ad) {
      adNumber++;
      onceClass = list[p + 1]?.ad === ad ? hadOnce() : -1;
    }
    for (const number of ofAds.ofAd[adNumber] ?? []) classOf.push(number);
    if (onceClass >= 0) classOf.push(onceClass);
    if (slot !== null) classOf.push(slotClass[slot] ?? 0);
    if (claim === AS_FIRST) classOf.push(firstClass);
    if (claim === AS_LAST) classOf.push(lastClass);
    classStart[p + 1] = classOf.length;
  });
  const most = adsMax(rules);
  const gapped = new Uint8Array(capacity.length);
  ofAds.gapped.forEach((each, number) => (gapped[number] = each ? 1 : 0));
  return {
    classStart,
    classOf: Int32Array.from(classOf),
    capacity: Int32Array.from(capacity, (each) => Math.min(each, most)),
    gapped,
    hasGaps: ofAds.gapped.includes(true),
  };
}

/** The board with these of its plays alone (ascending), and for every play left its number on the old board. */
export function narrow(board: Board, plays: readonly number[]): Board {
  const count = plays.length;
  const classes = board.capacity.length;
  const members = new Int32Array(classes);
  for (const p of plays) {
    for (let at = board.classStart[p] ?? 0; at < (board.classStart[p + 1] ?? 0); at++) {
      const number = board.classOf[at] ?? 0;
      members[number] = (members[number] ?? 0) + 1;
    }
  }
  const numbers = new Int32Array(classes).fill(-1);
  const kept: number[] = [];
  for (let number = 0; number < classes; number++) {
    const binds = (members[number] ?? 0) > (board.capacity[number] ?? 0) || board.gapped[number] === 1;
    if (binds) numbers[number] = kept.push(number) - 1;
  }
  const classStart = new Int32Array(count + 1);
  const classOf: number[] = [];
  plays.forEach((p, index) => {
    for (let at = board.classStart[p] ?? 0; at < (board.classStart[p + 1] ?? 0); at++) {
      const number = numbers[board.classOf[at] ?? 0] ?? -1;
      if (number >= 0) classOf.push(number);
    }
    classStart[index + 1] = classOf.length;
  });
  return {
    ...board,
    count,
    origin: Int32Array.from(plays, (p) => board.origin[p] ?? 0),
    classOrigin: Int32Array.from(kept, (number) => board.classOrigin[number] ?? 0),
    ad: pick(board.ad, plays),
    gain: pick(board.gain, plays),
    aloneGain: pick(board.aloneGain, plays),
    lengthMs: pick(board.lengthMs, plays),
    dynamic: pick(board.dynamic, plays),
    place: pick(board.place, plays),
    claim: pick(board.claim, plays),
    side: pick(board.side, plays),
    classStart,
    classOf: Int32Array.from(classOf),
    capacity: pick(board.capacity, kept),
    gapped: pick(board.gapped, kept),
  };
}

/** The chosen entries of an array, in a new one of its kind. */
function pick<T extends Int32Array | Float64Array | Uint8Array>(from: T, at: readonly number[]): T {
  const to = from.slice(0, at.length);
  for (let i = 0; i < at.length; i++) to[i] = from[at[i] ?? 0] ?? 0;
  // `slice` gives the kind of array it was asked of.
  return to as T;
}
