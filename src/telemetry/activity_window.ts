/**
 * The last ten minutes as the console sees them: which reports still count, how counters add up, and how per-second
 * rows become columns. Adding is commutative and associative (as long as the names fit), so the order in which a queue
 * delivers reports changes nothing. Storage belongs to origin's Activity object; this file only does the sums.
 */
import { ok, refused, type Result } from "../kernel/result.ts";
import { SECOND_MS } from "../kernel/time.ts";
import type { ActivityCounters, ActivityReport, Tier } from "./activity.ts";
import { COUNTER_NAMES_MAX } from "./activity_report.ts";

/** How far back the console looks. Units: seconds. */
export const WINDOW_SEC = 600;
/** How many decisions the console can look into. */
export const DECISIONS_KEPT_MAX = 50;
/** How far an isolate's clock may run ahead of origin's. Units: milliseconds. */
export const AHEAD_MS_MAX = 60 * SECOND_MS;
/** Where counts go whose name no longer fits. */
export const OTHER_NAME = "other";

/** Why a well-formed report is not counted, in the order checked. */
export type ReportRefusal = "stale_report" | "future_report";

/** The counters of one second. Units: epoch seconds. */
export interface SecondCounters {
  readonly atSec: number;
  readonly counters: ActivityCounters;
}

/** Per-second columns of equal length, ascending by `atSec`; a second without a report is absent. */
export interface ActivitySeries {
  readonly atSec: readonly number[];
  readonly decisions: readonly number[];
  readonly emptyDecisions: readonly number[];
  readonly slotsFilled: readonly number[];
  readonly requestedMs: readonly number[];
  readonly paidMs: readonly number[];
  readonly houseMs: readonly number[];
  readonly committedMicros: readonly number[];
  readonly impressionsBilled: readonly number[];
  readonly faults: readonly number[];
  readonly tiers: Readonly<Record<Tier, readonly number[]>>;
}

/**
 * The second a report counts in, by origin's clock: a report from a clock that runs ahead counts now. Refuses what lies
 * before the window (a redelivery could no longer be recognised) and what lies implausibly far ahead.
 */
export function secondOfReport(report: Pick<ActivityReport, "atMs">, nowMs: number): Result<number, ReportRefusal> {
  if (report.atMs <= nowMs - WINDOW_SEC * SECOND_MS) return refused("stale_report");
  if (report.atMs > nowMs + AHEAD_MS_MAX) return refused("future_report");
  return ok(Math.floor(Math.min(report.atMs, nowMs) / SECOND_MS));
}

/** The oldest second that is still shown at this time. Units: epoch seconds. */
export function windowStartSec(nowMs: number): number {
  return Math.floor(nowMs / SECOND_MS) - WINDOW_SEC + 1;
}

/** Nothing happened. */
export function emptyCounters(): ActivityCounters {
  return {
    decisions: 0,
    emptyDecisions: 0,
    slotsFilled: 0,
    requestedMs: 0,
    paidMs: 0,
    houseMs: 0,
    committedMicros: 0,
    tiers: { full: 0, reduced: 0, fallback: 0, house: 0 },
    modelSets: {},
    models: {},
    beacons: {},
    faults: {},
  };
}

/** Nothing happened but these faults. */
export function faultCounters(faults: Readonly<Record<string, number>>): ActivityCounters {
  return { ...emptyCounters(), faults };
}

/** Both together. No count is ever lost: names beyond the bound are counted as `other`. */
export function addCounters(a: ActivityCounters, b: ActivityCounters): ActivityCounters {
  return {
    decisions: a.decisions + b.decisions,
    emptyDecisions: a.emptyDecisions + b.emptyDecisions,
    slotsFilled: a.slotsFilled + b.slotsFilled,
    requestedMs: a.requestedMs + b.requestedMs,
    paidMs: a.paidMs + b.paidMs,
    houseMs: a.houseMs + b.houseMs,
    committedMicros: a.committedMicros + b.committedMicros,
    tiers: {
      full: a.tiers.full + b.tiers.full,
      reduced: a.tiers.reduced + b.tiers.reduced,
      fallback: a.tiers.fallback + b.tiers.fallback,
      house: a.tiers.house + b.tiers.house,
    },
    modelSets: addNamed(a.modelSets, b.modelSets),
    models: addNamed(a.models, b.models),
    beacons: addNamed(a.beacons, b.beacons),
    faults: addNamed(a.faults, b.faults),
  };
}

/** Counters of several reports or seconds in one. */
export function sumCounters(all: Iterable<ActivityCounters>): ActivityCounters {
  let total = emptyCounters();
  for (const counters of all) total = addCounters(total, counters);
  return total;
}

/** Rows as columns. Requires: `seconds` ascending by `atSec`. */
export function seriesOf(seconds: readonly SecondCounters[]): ActivitySeries {
  const column = (pick: (counters: ActivityCounters) => number) => seconds.map((second) => pick(second.counters));
  return {
    atSec: seconds.map((second) => second.atSec),
    decisions: column((c) => c.decisions),
    emptyDecisions: column((c) => c.emptyDecisions),
    slotsFilled: column((c) => c.slotsFilled),
    requestedMs: column((c) => c.requestedMs),
    paidMs: column((c) => c.paidMs),
    houseMs: column((c) => c.houseMs),
    committedMicros: column((c) => c.committedMicros),
    impressionsBilled: column((c) => c.beacons["billed"] ?? 0),
    faults: column((c) => Object.values(c.faults).reduce((sum, n) => sum + n, 0)),
    tiers: {
      full: column((c) => c.tiers.full),
      reduced: column((c) => c.tiers.reduced),
      fallback: column((c) => c.tiers.fallback),
      house: column((c) => c.tiers.house),
    },
  };
}

type Named = Readonly<Record<string, number>>;

/** Seconds that an earlier version wrote lack some of these. */
function addNamed(a: Named = {}, b: Named = {}): Named {
  const total = new Map<string, number>(Object.entries(a));
  for (const [name, count] of Object.entries(b)) {
    const fits = total.has(name) || total.size < COUNTER_NAMES_MAX;
    const key = fits ? name : OTHER_NAME;
    total.set(key, (total.get(key) ?? 0) + count);
  }
  return Object.fromEntries(total);
}
