/**
 * From the traffic that is expected in a week to the supply of guaranteed deals until their flights end. Breaks in
 * which the same contracts may be shown are one node, whatever else is different about them: the serving rule could not
 * tell them apart either. Time enters twice, as the hour of the week and as which flights run. Hours of the week are on
 * the viewers' clocks while flights end at one moment for all; how often each hour still comes is counted in UTC, which
 * is off by the viewers' distance from UTC at the two ends of a flight and by nothing in between.
 */
import type { TargetingFacts } from "../catalog/targeting.ts";
import { HOUR_MS, utcHour, utcWeekday } from "../kernel/time.ts";
import { HOURS_A_WEEK } from "../kernel/week.ts";
import type { SupplyNode } from "./contract.ts";

const WEEK_MS = HOURS_A_WEEK * HOUR_MS;

/** Part of the expected supply that is not planned with: delivery runs ahead of an even one by about as much. */
const RESERVE = 0.1;

/** What a kind of break is, but for its hour. */
export type BreakKind = Omit<TargetingFacts, "hour" | "weekday">;

/** Breaks of one kind as they come, week after week. */
export interface Traffic {
  readonly kind: BreakKind;
  /** Hours they fall in, evenly. Shape: 168 bytes, `[weekday × 24 + hour]`, 0 = Sunday; null: all hours. */
  readonly hours: Uint8Array | null;
  readonly breaksPerWeek: number;
}

/** When and where a contract may be shown. Units: epoch milliseconds, half-open. */
export interface Eligibility {
  readonly contractId: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** Every list of hours that `admits` asks; same shape as those of `Traffic`. */
  readonly hourMasks: readonly Uint8Array[];
  admits(facts: TargetingFacts): boolean;
}

/** Hours of the week in which every contract's answer is the same. */
type HourClass = readonly number[];

/**
 * Supply from now to the end of the last flight, as nodes of distinct sets of contracts. Traffic in which no contract
 * may be shown is left out. Cost: kinds of traffic × (contracts + flights) × classes of hours.
 */
export function expectSupply(
  traffic: readonly Traffic[],
  contracts: readonly Eligibility[],
  nowMs: number,
): readonly SupplyNode[] {
  const classes = hourClasses([
    ...contracts.flatMap(({ hourMasks }) => hourMasks),
    ...traffic.flatMap(({ hours }) => (hours === null ? [] : [hours])),
  ]);
  const periods = periodsOf(contracts, nowMs).map((period) => {
    const msAtHour = weeklyMs(period.fromMs, period.untilMs);
    return { live: period.live, msOfClass: classes.map((hours) => total(hours, (hour) => msAtHour[hour] ?? 0)) };
  });
  const nodes = new Map<string, { contractIds: readonly string[]; breaks: number }>();
  for (const row of traffic) {
    const hoursCovered = row.hours === null ? HOURS_A_WEEK : total([...row.hours], (covered) => covered);
    classes.forEach((hours, index) => {
      if (!covers(row, hours)) return;
      const admitted = contracts.filter((contract) => contract.admits(factsAt(row.kind, hours[0] ?? 0)));
      for (const { live, msOfClass } of periods) {
        const contractIds = admitted.filter((contract) => live.has(contract)).map(({ contractId }) => contractId);
        const breaks = (row.breaksPerWeek * (msOfClass[index] ?? 0)) / (hoursCovered * HOUR_MS);
        if (contractIds.length === 0 || breaks === 0) continue;
        const key = contractIds.join(" ");
        nodes.set(key, { contractIds, breaks: breaks + (nodes.get(key)?.breaks ?? 0) });
      }
    });
  }
  return [...nodes.values()];
}

/**
 * Supply to plan with on a schedule. A forecast that is too high is dear, because breaks that were left to open demand
 * cannot be had back; one that is too low only delivers early, and the next solve knows.
 */
export function withReserve(supply: readonly SupplyNode[]): readonly SupplyNode[] {
  return supply.map((node) => ({ ...node, breaks: node.breaks * (1 - RESERVE) }));
}

/** Hours grouped by what all masks say of them. */
function hourClasses(masks: readonly Uint8Array[]): readonly HourClass[] {
  const distinct = [...new Set(masks.map((mask) => mask.join("")))];
  const classes = new Map<string, number[]>();
  for (let hour = 0; hour < HOURS_A_WEEK; hour++) {
    const key = distinct.map((mask) => mask.charAt(hour)).join("");
    classes.set(key, [...(classes.get(key) ?? []), hour]);
  }
  return [...classes.values()];
}

/** The future cut at every start and end of a flight: in each piece the same contracts run. */
function periodsOf(contracts: readonly Eligibility[], nowMs: number) {
  const cuts = new Set([nowMs, ...contracts.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs])]);
  const ordered = [...cuts].filter((ms) => ms >= nowMs).sort((a, b) => a - b);
  return ordered.slice(0, -1).map((fromMs, index) => {
    const live = new Set(contracts.filter((contract) => contract.fromMs <= fromMs && fromMs < contract.untilMs));
    return { fromMs, untilMs: ordered[index + 1] ?? fromMs, live };
  });
}

/** How long each hour of the week lasts within a period. Shape: 168 numbers. Units: milliseconds. */
function weeklyMs(fromMs: number, untilMs: number): readonly number[] {
  const weeks = Math.floor((untilMs - fromMs) / WEEK_MS);
  const msAtHour = Array.from({ length: HOURS_A_WEEK }, () => weeks * HOUR_MS);
  for (let atMs = fromMs + weeks * WEEK_MS; atMs < untilMs;) {
    const nextMs = Math.min(untilMs, (Math.floor(atMs / HOUR_MS) + 1) * HOUR_MS);
    const hour = utcWeekday(atMs) * 24 + utcHour(atMs);
    msAtHour[hour] = (msAtHour[hour] ?? 0) + nextMs - atMs;
    atMs = nextMs;
  }
  return msAtHour;
}

function covers({ hours }: Traffic, [first]: HourClass): boolean {
  return hours === null || hours[first ?? 0] === 1;
}

function factsAt(kind: BreakKind, hour: number): TargetingFacts {
  return { ...kind, hour: hour % 24, weekday: Math.floor(hour / 24) };
}

function total(items: readonly number[], of: (item: number) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
