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
  const ad = new Int32Array(count);
  const gain = new Float64Array(count);
  const aloneGain = new Float64Array(count);
  const lengthMs = new Float64Array(count);
  const dynamic = new Uint8Array(count);
  const place = new Int32Array(count);
  const claim = new Uint8Array(count);
  const side = new Int32Array(count).fill(-1);
  const { sideOf, rivals } = rivalries(rules);
  let hasClaims = false;
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let p = 0; p < count; p++) {
    const play = plays.list[p];
    const shown = play === undefined ? undefined : ads[play.ad];
    if (play === undefined || shown === undefined) continue;
    ad[p] = play.ad;
    gain[p] = play.gain * scale;
    aloneGain[p] = play.aloneGain * scale;
    claim[p] = play.claim;
    if (play.claim !== ANYWHERE) hasClaims = true;
    if (play.slot === null) {
      lengthMs[p] = shown.durationMs;
      dynamic[p] = 1;
      place[p] = before;
      if (shown.durationMs < shortestMs) shortestMs = shown.durationMs;
    } else place[p] = play.slot < before ? play.slot : play.slot + 1;
    if (sideOf.size > 0) side[p] = sideOf.get(shown.advertiser) ?? -1;
  }
  const dynamicMax = Math.min(rules.maxAds, Math.floor(rules.durationMs / shortestMs));
  const { classStart, classOf, capacity, gapped, hasGaps } = playClasses(ads, rules, plays);
  return {
    origin: upTo(count),
    classOrigin: upTo(capacity.length),
    ads,
    rules,
    plays,
    count,
    ad,
    gain,
    aloneGain,
    scale,
    lengthMs,
    dynamic,
    place,
    claim,
    hasClaims,
    classStart,
    classOf,
    capacity,
    gapped,
    hasGaps,
    side,
    rivals,
    dynamicMax,
  };
}

/** The whole numbers from 0 up to, not including, `count`. */
export function upTo(count: number): Int32Array {
  const numbers = new Int32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
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
    classOf: new Int32Array(classOf),
    capacity: new Int32Array(capacity.map((each) => Math.min(each, most))),
    gapped,
    hasGaps: ofAds.gapped.includes(true),
  };
}

/** The board with these of its plays alone (ascending), and for every play left its number on the old board. */
export function narrow(board: Board, plays: ArrayLike<number>): Board {
  const count = plays.length;
  const classes = board.capacity.length;
  const members = new Int32Array(classes);
  for (let i = 0; i < count; i++) {
    const p = plays[i] ?? 0;
    const end = board.classStart[p + 1] ?? 0;
    for (let at = board.classStart[p] ?? 0; at < end; at++) {
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
  for (let i = 0; i < count; i++) {
    const p = plays[i] ?? 0;
    const end = board.classStart[p + 1] ?? 0;
    for (let at = board.classStart[p] ?? 0; at < end; at++) {
      const number = numbers[board.classOf[at] ?? 0] ?? -1;
      if (number >= 0) classOf.push(number);
    }
    classStart[i + 1] = classOf.length;
  }
  // Written out, so that all boards are of one shape to the engine.
  return {
    origin: pick(board.origin, plays),
    classOrigin: pick(board.classOrigin, kept),
    ads: board.ads,
    rules: board.rules,
    plays: board.plays,
    count,
    ad: pick(board.ad, plays),
    gain: pick(board.gain, plays),
    aloneGain: pick(board.aloneGain, plays),
    scale: board.scale,
    lengthMs: pick(board.lengthMs, plays),
    dynamic: pick(board.dynamic, plays),
    place: pick(board.place, plays),
    claim: pick(board.claim, plays),
    hasClaims: board.hasClaims,
    classStart,
    classOf: new Int32Array(classOf),
    capacity: pick(board.capacity, kept),
    gapped: pick(board.gapped, kept),
    hasGaps: board.hasGaps,
    side: pick(board.side, plays),
    rivals: board.rivals,
    dynamicMax: board.dynamicMax,
  };
}

/** The chosen entries of an array, in a new one of its kind. */
function pick<T extends Int32Array | Float64Array | Uint8Array>(from: T, at: ArrayLike<number>): T {
  const to = from.slice(0, at.length);
  for (let i = 0; i < at.length; i++) to[i] = from[at[i] ?? 0] ?? 0;
  // `slice` gives the kind of array it was asked of.
  return to as T;
}
