/**
 * Time that no paid ad won is filled with the publisher's own ads, so that a viewer does not stare at nothing. House
 * ads cost nothing, bill nobody, and follow the same rules. The paid ads are held where they are; of the house ads that
 * fit beside them those are shown that fill most of the time.
 */
import type { Limits } from "../kernel/limits.ts";
import type { PodAd, PodSolution, PodWish } from "../pods/instance.ts";
import { solvePod } from "../pods/solve.ts";
import { compareOffers, type Candidate } from "./candidate.ts";
import { toMs } from "./layout.ts";
import { lossesIn } from "./loss.ts";
import type { PlacedBid, Pod } from "./pod.ts";
import { rulesFor, sketchOf, type PodQuestion, type PodTerms } from "./pod_question.ts";
import type { Rejection } from "./rejection.ts";

/** One ad of the finished break. */
export type BreakAd = { readonly paid: PlacedBid } | { readonly own: Candidate };

/** The break in order of play, and house ads that found no room. */
export interface HouseFill {
  readonly shown: readonly BreakAd[];
  readonly rejections: readonly Rejection[];
}

/** Puts house ads beside the paid ones. Cost: one more pod where there is a house ad to show. */
export function fillWithHouse(pod: Pod, house: readonly Candidate[], terms: PodTerms, limits: Limits): HouseFill {
  const paid = pod.placed.map((placed): BreakAd => ({ paid: placed }));
  if (house.length === 0) return { shown: paid, rejections: [] };
  const longestFirst = house.toSorted(
    (a, b) => b.offer.durationSec - a.offer.durationSec || compareOffers(a.offer, b.offer),
  );
  const asked = longestFirst.slice(0, limits.scoredRowsMax);
  const beyond = longestFirst.slice(limits.scoredRowsMax).map(({ offer }): Rejection => {
    return { offer, reason: "too_many_candidates" };
  });
  const question = houseQuestion(pod, asked, terms);
  const solution = heldSolution(solvePod(question.ads, question.rules), pod.placed.length);
  const all: readonly BreakAd[] = [...paid, ...asked.map((own): BreakAd => ({ own }))];
  const whyNot = lossesIn(question, solution);
  const lost = asked.flatMap(({ offer }, at): readonly Rejection[] => {
    const index = pod.placed.length + at;
    return solution.ads.includes(index) ? [] : [{ offer, reason: whyNot(index) }];
  });
  return { shown: solution.ads.flatMap((index) => all[index] ?? []), rejections: [...lost, ...beyond] };
}

/** Worth of a paid ad that is held, less its place: what is worth more plays earlier, so their order stays. */
const HELD_MICROS = 1_000_000;

/** The paid ads, above all and each where it is; then the house ads, each worth the time it fills. */
function houseQuestion({ placed, question }: Pod, house: readonly Candidate[], terms: PodTerms): PodQuestion {
  const paid = placed.map(({ index, slot }, at): PodAd | null => {
    const ad = question.ads[index];
    if (ad === undefined) return null;
    const places = slot === null ? { slots: [], dynamic: true } : { slots: [slot], dynamic: false };
    const held = { tier: 5, valueMicros: HELD_MICROS - at, firstPremiumMicros: 0, lastPremiumMicros: 0 } as const;
    return { ...ad, ...held, places, wish: heldWish(ad, at, placed.length) };
  });
  const own = house.map(({ offer }): PodAd => ({
    ...sketchOf(offer, terms),
    valueMicros: toMs(offer.durationSec),
    wish: offer.line.lineItem.slotWish,
    firstPremiumMicros: 0,
    lastPremiumMicros: 0,
    tier: 0,
    places: null,
  }));
  const rules = rulesFor([...placed.map(({ bid }) => bid), ...house], terms);
  return { ads: [...paid.filter((ad) => ad !== null), ...own], rules: { ...rules, slateMicrosPerSec: 0 } };
}

/** An ad that has its place by a wish or for a premium keeps it. */
function heldWish(ad: PodAd, at: number, count: number): PodWish {
  const isFirst = at === 0 && (ad.firstPremiumMicros > 0 || ad.wish === "first" || ad.wish === "firstOrLast");
  if (isFirst) return "first";
  const isLast = at === count - 1 && (ad.lastPremiumMicros > 0 || ad.wish === "last" || ad.wish === "firstOrLast");
  return isLast ? "last" : ad.wish;
}

/** The solution if it holds every paid ad; else, when its search ran out of nodes, the paid ads as they were. */
function heldSolution(solution: PodSolution, paid: number): PodSolution {
  if (solution.ads.filter((index) => index < paid).length === paid) return solution;
  const ads = Array.from({ length: paid }, (_, index) => index);
  return { ...solution, ads, slots: ads.map(() => null) };
}
