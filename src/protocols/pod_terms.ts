/**
 * What a request asks of the break as a whole: which lengths and slots, what its ads must not share, what they must pay
 * and under which deals. A term that is not understood is refused, because dropping it would sell what was not offered.
 */
import { CATALOG_LIMITS, type Limits } from "../kernel/limits.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import type { BreakRequest, DurationFloor, PodDedupe, StructuredSlot } from "./break_request.ts";
import type { RequestProblem } from "./problem.ts";
import type { RequestFacts, SlotFacts } from "./request_facts.ts";
import { distinct, isId, said } from "./spelling.ts";

/** The part of a break that is decided here. */
export type PodTerms = Pick<
  BreakRequest,
  "fill" | "exactDurationsSec" | "structuredSlots" | "podDedupe" | "floors" | "deals" | "dealsOnly"
>;

/** Lengths that were already found sound. Units: seconds. */
export interface PodLengths {
  readonly podDurationSec: number;
  readonly maxAds: number;
  readonly minAdDurationSec: number;
  readonly maxAdDurationSec: number;
}

/** OpenRTB's numbers, each with what ads of one break must not share. Source: AdCOM 1.0, Pod Deduplication Settings. */
const POD_DEDUPE: readonly PodDedupe[] = [1, 2, 3, 4, 5];
/** "No deduplication": contradicts all the others. */
const NO_DEDUPE = 5;

const POSITIONS: readonly StructuredSlot["position"][] = ["any", "first", "last"];

/**
 * The terms of a break. Refuses, in this order: list lengths; the word for fill; exact durations; slots; deduplication;
 * floors; deals.
 */
export function podTerms(facts: RequestFacts, pod: PodLengths, limits: Limits): Result<PodTerms, RequestProblem> {
  const problem =
    countProblem(facts, limits) ??
    fillProblem(facts) ??
    exactProblem(facts, pod, limits) ??
    slotProblem(facts, pod) ??
    dedupeProblem(facts) ??
    floorProblem(facts, limits) ??
    dealProblem(facts, limits);
  if (problem !== null) return refused(problem);
  const exact = facts.exactDurationsSec.filter((sec) => fits(sec, pod));
  return ok({
    fill: said(facts.fill)?.toLowerCase() === "exact" ? "exact" : "flexible",
    exactDurationsSec: exact.length === 0 ? null : distinct(exact).toSorted((a, b) => a - b),
    structuredSlots: facts.slots.map((slot) => ({ ...slot, position: positionOf(slot) ?? "any" })),
    podDedupe: POD_DEDUPE.filter((setting) => facts.podDedupe.includes(setting)),
    floors: {
      cpmMicros: facts.floorCpmMicros ?? 0,
      cpmMicrosPerSec: facts.floorCpmMicrosPerSec ?? 0,
      byDuration: durationFloors(facts, limits),
    },
    deals: facts.deals.length === 0 ? null : facts.deals,
    dealsOnly: facts.dealsOnly,
  });
}

function countProblem(facts: RequestFacts, limits: Limits): RequestProblem | null {
  const lists = [facts.exactDurationsSec, facts.podDedupe, facts.durationFloors, facts.deals, facts.slots];
  if (lists.every((list) => list.length <= limits.listItemsMax)) return null;
  const detail = `Lengths, slots, floors by duration, deals and deduplication take ${limits.listItemsMax} items each.`;
  return { code: "too_many_items", detail };
}

function fillProblem(facts: RequestFacts): RequestProblem | null {
  const word = said(facts.fill)?.toLowerCase() ?? "flexible";
  if (word === "flexible" || word === "exact") return null;
  return { code: "bad_fill", detail: 'The break is filled (fill) "flexible" or, for live, "exact".' };
}

function exactProblem(facts: RequestFacts, pod: PodLengths, limits: Limits): RequestProblem | null {
  const exact = facts.exactDurationsSec;
  if (exact.every((sec) => isLength(sec, limits)) && (exact.length === 0 || exact.some((sec) => fits(sec, pod)))) {
    return null;
  }
  const detail =
    "Exact lengths (rqddurs, exactDurationsSec) are seconds, and at least one of them is within the shortest and the " +
    "longest ad and the break.";
  return { code: "bad_ad_duration", detail };
}

function slotProblem({ slots }: RequestFacts, pod: PodLengths): RequestProblem | null {
  const wrong = lengthsWrong(slots, pod) ?? placesWrong(slots);
  if (wrong !== null) return { code: "bad_slot", detail: `Slots (slots): ${wrong}.` };
  return slots.every((slot) => isPrice(slot.floorCpmMicros)) ? null : PRICE_PROBLEM;
}

function lengthsWrong(slots: readonly SlotFacts[], { maxAds, podDurationSec }: PodLengths): string | null {
  if (slots.length > maxAds) return `the break has at most ${maxAds} ads, so at most as many slots`;
  if (!slots.every(({ minSec, maxSec }) => minSec > 0 && minSec <= maxSec && maxSec <= podDurationSec)) {
    return "each has a length, or a shortest and a longest that is no shorter, and none outlasts the break";
  }
  const shortestSec = slots.reduce((sum, { minSec }) => sum + minSec, 0);
  return shortestSec > podDurationSec ? "together they are longer than the break" : null;
}

function placesWrong(slots: readonly SlotFacts[]): string | null {
  const places = slots.map(positionOf);
  if (places.includes(null)) return "each plays first (1), last (-1) or anywhere (0, or nothing said)";
  const inOrder = places.lastIndexOf("first") <= 0 && [-1, slots.length - 1].includes(places.indexOf("last"));
  return inOrder
    ? null
    : "they are in order of play, so only the first can play first, and only the last can play last";
}

function dedupeProblem({ podDedupe }: RequestFacts): RequestProblem | null {
  const known = podDedupe.every((number) => POD_DEDUPE.some((setting) => setting === number));
  if (known && !(podDedupe.includes(NO_DEDUPE) && podDedupe.some((number) => number !== NO_DEDUPE))) return null;
  const detail =
    "Deduplication (poddedupe, podDedupe) is 1 by advertiser domain, 2 category, 3 creative, 4 media file, " +
    "or 5 alone for none.";
  return { code: "bad_dedupe", detail };
}

function floorProblem(facts: RequestFacts, limits: Limits): RequestProblem | null {
  if (!isPrice(facts.floorCpmMicros) || !isPrice(facts.floorCpmMicrosPerSec)) return PRICE_PROBLEM;
  if (!facts.durationFloors.every(({ cpmMicros }) => isPrice(cpmMicros))) return PRICE_PROBLEM;
  const rows = durationFloors(facts, limits);
  const sound = rows.every(({ minSec, maxSec }) => minSec >= 0 && maxSec > 0 && minSec <= maxSec);
  if (sound && distinct(rows.map(({ minSec, maxSec }) => `${minSec}-${maxSec}`)).length === rows.length) return null;
  const detail =
    "Floors by duration (durfloors, durationFloors) go from a shortest to a longest length that is no shorter, " +
    "each pair once.";
  return { code: "bad_floor", detail };
}

function dealProblem({ deals }: RequestFacts, limits: Limits): RequestProblem | null {
  if (!deals.every(({ floorCpmMicros }) => isPrice(floorCpmMicros))) return PRICE_PROBLEM;
  const ids = deals.map(({ id }) => id);
  if (ids.every((id) => isId(id, limits)) && distinct(ids).length === ids.length) return null;
  const shape = `letters, digits, - and _, at most ${limits.idCharsMax} of them`;
  return { code: "bad_deal", detail: `Deals (deals) are named by their ids, ${shape}, each once.` };
}

function durationFloors(facts: RequestFacts, limits: Limits): readonly DurationFloor[] {
  return facts.durationFloors.map(({ minSec, maxSec, cpmMicros }) => ({
    minSec: minSec ?? 0,
    maxSec: maxSec ?? limits.podDurationSecMax,
    cpmMicros,
  }));
}

const PRICE_PROBLEM: RequestProblem = {
  code: "bad_floor",
  detail: `A floor is a CPM from 0 to ${CATALOG_LIMITS.priceMicrosMax / 1_000_000}; in JSON, in whole micros.`,
};

function isPrice(micros: number | null): boolean {
  return micros === null || (Number.isSafeInteger(micros) && micros >= 0 && micros <= CATALOG_LIMITS.priceMicrosMax);
}

function isLength(sec: number, limits: Limits): boolean {
  return sec > 0 && sec <= limits.podDurationSecMax;
}

function fits(sec: number, pod: PodLengths): boolean {
  return sec >= pod.minAdDurationSec && sec <= Math.min(pod.maxAdDurationSec, pod.podDurationSec);
}

function positionOf({ position }: SlotFacts): StructuredSlot["position"] | null {
  const word = position ?? "any";
  return POSITIONS.find((known) => known === word) ?? null;
}
