/**
 * The sums behind the ops console: which reports still count, and that neither order nor grouping of their delivery
 * changes a total.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ActivityCounters } from "../../src/telemetry/activity.ts";
import { COUNTER_NAMES_MAX, parseActivityReport } from "../../src/telemetry/activity_report.ts";
import {
  addCounters,
  AHEAD_MS_MAX,
  emptyCounters,
  faultCounters,
  OTHER_NAME,
  secondOfReport,
  seriesOf,
  sumCounters,
  WINDOW_SEC,
  windowStartSec,
} from "../../src/telemetry/activity_window.ts";

const NOW_MS = 1_800_000_000_500;
const count = fc.nat(1_000_000);
const named = fc.dictionary(fc.constantFrom("billed", "late", "start", "complete"), count);
const counters: fc.Arbitrary<ActivityCounters> = fc.record({
  decisions: count,
  emptyDecisions: count,
  slotsFilled: count,
  requestedMs: count,
  paidMs: count,
  houseMs: count,
  committedMicros: count,
  tiers: fc.record({ full: count, reduced: count, fallback: count, house: count }),
  modelSets: named,
  models: named,
  beacons: named,
  faults: named,
});

describe("adding counters", () => {
  test("does not care about order or grouping", () => {
    fc.assert(
      fc.property(counters, counters, counters, (a, b, c) => {
        expect(addCounters(a, b)).toEqual(addCounters(b, a));
        expect(addCounters(addCounters(a, b), c)).toEqual(addCounters(a, addCounters(b, c)));
        expect(addCounters(a, emptyCounters())).toEqual(a);
      }),
    );
  });

  test("keeps every count when more names arrive than fit: the rest is `other`", () => {
    const total = sumCounters([many("a"), many("b"), many("c")]).faults;
    expect(Object.values(total).reduce((sum, n) => sum + n, 0)).toBe(150);
    expect(Object.keys(total)).toHaveLength(COUNTER_NAMES_MAX + 1);
    expect(total[OTHER_NAME]).toBe(150 - COUNTER_NAMES_MAX);
  });
});

describe("the second a report counts in", () => {
  test("is its own second while its clock is behind origin's", () => {
    expect(secondOfReport({ atMs: NOW_MS - 2_000 }, NOW_MS)).toEqual({ ok: true, value: 1_799_999_998 });
  });

  test("is origin's present second while its clock runs ahead", () => {
    expect(secondOfReport({ atMs: NOW_MS + AHEAD_MS_MAX }, NOW_MS)).toEqual({ ok: true, value: 1_800_000_000 });
  });

  test("does not exist for a report from before the window, or from far ahead", () => {
    expect(secondOfReport({ atMs: NOW_MS - WINDOW_SEC * 1_000 }, NOW_MS)).toEqual({
      ok: false,
      reason: "stale_report",
    });
    expect(secondOfReport({ atMs: NOW_MS - WINDOW_SEC * 1_000 + 1 }, NOW_MS).ok).toBe(true);
    expect(secondOfReport({ atMs: NOW_MS + AHEAD_MS_MAX + 1 }, NOW_MS)).toEqual({ ok: false, reason: "future_report" });
  });

  test("is never older than the window shows, except for its first partial second", () => {
    const oldest = secondOfReport({ atMs: NOW_MS - WINDOW_SEC * 1_000 + 1 }, NOW_MS);
    expect(oldest.ok && oldest.value).toBeGreaterThanOrEqual(windowStartSec(NOW_MS) - 1);
  });
});

describe("columns", () => {
  test("are of equal length and carry billed impressions and all faults together", () => {
    const busy = { ...emptyCounters(), decisions: 7, beacons: { billed: 3, late: 1 }, faults: { a: 2, b: 3 } };
    const series = seriesOf([
      { atSec: 10, counters: busy },
      { atSec: 12, counters: { ...emptyCounters(), tiers: { full: 1, reduced: 2, fallback: 3, house: 4 } } },
    ]);
    expect(series.atSec).toEqual([10, 12]);
    expect(series.decisions).toEqual([7, 0]);
    expect(series.impressionsBilled).toEqual([3, 0]);
    expect(series.faults).toEqual([5, 0]);
    expect(series.tiers).toEqual({ full: [0, 1], reduced: [0, 2], fallback: [0, 3], house: [0, 4] });
  });
});

describe("a report from the queue", () => {
  const report = {
    isolate: "i-1",
    sequence: 0,
    atMs: NOW_MS,
    counters: { ...emptyCounters(), decisions: 1 },
    decisions: [
      {
        decisionId: "d-1",
        atMs: NOW_MS,
        publisherId: "demo",
        surface: "midroll",
        podDurationSec: 20,
        tier: "full",
        modelSetDigest: null,
        slots: [
          {
            slot: 1,
            lineItemId: "l",
            creativeId: "c",
            campaignId: "k",
            durationSec: 15,
            bidMicros: 9,
            priceMicros: 8,
            floorMicros: 1,
            valueMicros: 7,
            neededBidMicros: 2,
            dealId: null,
            scores: { click: 0.1 },
          },
        ],
        rejections: [
          {
            lineItemId: "m",
            creativeId: "n",
            stage: "targeting",
            reason: "country",
            seatNonBid: 2,
            bidMicros: null,
            valueMicros: null,
            floorMicros: null,
            neededBidMicros: null,
            dealId: null,
            scores: null,
          },
        ],
      },
    ],
  };

  const lostBy = (change: object) => {
    const [decision] = report.decisions;
    const rejections = decision?.rejections.map((rejection) => ({ ...rejection, ...change }));
    return { ...report, decisions: [{ ...decision, rejections }] };
  };

  test("is taken as it is", () => {
    expect(parseActivityReport(report)).toEqual({ ok: true, value: report });
  });

  test("is taken from a newer edge too, without the fields this origin does not know", () => {
    expect(parseActivityReport({ ...report, novelty: 1 })).toEqual({ ok: true, value: report });
  });

  test.each([
    ["nothing", null],
    ["a negative count", { ...report, counters: { ...report.counters, decisions: -1 } }],
    ["a count that is no whole number", { ...report, counters: { ...report.counters, paidMs: 0.5 } }],
    ["too many names", { ...report, counters: { ...report.counters, faults: manyNames(COUNTER_NAMES_MAX + 1) } }],
    ["a name that is no word", { ...report, counters: { ...report.counters, faults: { "a b": 1 } } }],
    ["too many decisions", { ...report, decisions: Array.from({ length: 51 }, () => report.decisions[0]) }],
    ["an unknown tier", { ...report, decisions: [{ ...report.decisions[0], tier: "best" }] }],
    ["a loser without a creative", lostBy({ creativeId: null })],
    ["a bid below nothing", lostBy({ bidMicros: -1 })],
    ["no isolate", { ...report, isolate: "" }],
  ])("is refused with %s", (_what, value) => {
    expect(parseActivityReport(value)).toEqual({ ok: false, reason: "bad_report" });
  });
});

function manyNames(length: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length }, (_, i) => [`name${i}`, 1]));
}

function many(prefix: string): ActivityCounters {
  return faultCounters(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${prefix}${i}`, 1])));
}
