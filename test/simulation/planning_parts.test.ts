/** The parts of a plan against what they stand for: caps against a queue that is played, traffic against its counts. */
import { describe, expect, test } from "vitest";
import { present } from "../../src/kernel/assert.ts";
import { stream } from "../../src/kernel/random.ts";
import { DAY_MS, HOUR_MS } from "../../src/kernel/time.ts";
import { HOURS_A_WEEK, hourOfWeek, hoursBetween } from "../../src/kernel/week.ts";
import { deliver } from "../../src/simulation/planning/delivery.ts";
import { shareCapped } from "../../src/simulation/planning/frequency_loss.ts";
import { BID_FACTORS, FULL_LEVEL, levelFor, valueAt, type Curve } from "../../src/simulation/planning/landscape.ts";
import { recordedTraffic, type RecordedBreak } from "../../src/simulation/planning/recorded_traffic.ts";
import { countWithLuck, quantile } from "../../src/simulation/planning/replicates.ts";
import { simulatedTraffic, toBreakRequest } from "../../src/simulation/planning/simulated_traffic.ts";
import { flightDays, wholeShape } from "../../src/simulation/planning/supply.ts";
import { sampleFlight } from "../../src/simulation/planning/traffic.ts";
import { requestOf, visitShare, viewerOf } from "../../src/simulation/viewers.ts";
import { audienceWeek, viewingWeek } from "../../src/simulation/viewing_hours.ts";

const MONDAY_MS = Date.UTC(2026, 6, 6);

/** Plays wins at random moments against "at most k in any window" and counts those turned away. */
function played(impressions: number, offered: number): number {
  const random = stream(`${impressions} ${offered}`, "wins");
  const wins = 200_000;
  let shown: number[] = [];
  let at = 0;
  let lost = 0;
  for (let n = 0; n < wins; n++) {
    at -= Math.log(1 - random.next()) / offered;
    shown = shown.filter((moment) => moment > at - 1);
    if (shown.length >= impressions) lost++;
    else shown.push(at);
  }
  return lost / wins;
}

/** A break every hour from eight to ten in the evening and one at each midnight; the first two by one viewer. */
function recording(days: number): readonly RecordedBreak[] {
  const audience = { seed: "r", size: 10, publisherIds: ["p"] };
  return Array.from({ length: days * 3 + 1 }, (_, n) => {
    const atMs = MONDAY_MS + Math.floor(n / 3) * DAY_MS + (n % 3 === 0 ? 0 : (19 + (n % 3)) * HOUR_MS);
    return { request: toBreakRequest(requestOf(audience, n, atMs)), atMs, viewerId: n < 2 ? "anna" : null };
  });
}

describe("a frequency cap", () => {
  test.each([
    [1, 0.2],
    [1, 3],
    [2, 1.5],
    [3, 0.7],
    [8, 20],
  ])("of %i a window turns away as many of %d wins as when it is played", (impressions, offered) => {
    expect(shareCapped(impressions, offered)).toBeCloseTo(played(impressions, offered), 2);
  });

  test("turns nobody away who wins nothing, and never lets more through than it allows", () => {
    expect(shareCapped(3, 0)).toBe(0);
    for (const offered of [0.1, 1, 10, 1e3, 1e12]) {
      expect(Math.min(offered, 1e9) * (1 - shareCapped(4, offered))).toBeLessThanOrEqual(4);
    }
  });
});

describe("the week", () => {
  test("starts on Monday at midnight UTC and has its hours in a row", () => {
    expect(hourOfWeek(MONDAY_MS)).toBe(0);
    expect(hourOfWeek(MONDAY_MS - 1)).toBe(167);
    const hours = hoursBetween(MONDAY_MS + HOUR_MS / 2, MONDAY_MS + 7 * DAY_MS);
    expect(hours).toHaveLength(HOURS_A_WEEK);
    expect(hours[0]).toMatchObject({ hourOfWeek: 0, share: 0.5 });
    expect(hours.reduce((sum, { lengthMs }) => sum + lengthMs, 0)).toBe(7 * DAY_MS - HOUR_MS / 2);
  });

  test("is spread by local clocks: Japan watches when America sleeps", () => {
    const [japan, america] = [viewingWeek("JP"), viewingWeek("US")];
    expect(present(japan[12], "noon")).toBeGreaterThan(3 * present(america[12], "noon"));
    for (const week of [japan, america, audienceWeek()]) expect(week.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    // The simulated traffic counts on it when it draws who is awake.
    for (const week of [japan, america]) expect(Math.max(...week) * HOURS_A_WEEK).toBeLessThan(2.5);
  });

  test("as whole numbers keeps its shape and every hour that has supply", () => {
    const shape = wholeShape(Float64Array.from({ length: HOURS_A_WEEK }, (_, hour) => (hour === 0 ? 1e-9 : hour % 2)));
    expect(shape.slice(0, 4)).toEqual([1, 10_000, 0, 10_000]);
  });

  test("gives the days of a flight their shares, the first and last cut where the flight is", () => {
    const hours = hoursBetween(MONDAY_MS + DAY_MS / 2, MONDAY_MS + 2 * DAY_MS);
    const days = flightDays(hours, new Float64Array(HOURS_A_WEEK).fill(1 / HOURS_A_WEEK));
    expect(days.map(({ share }) => share)).toEqual([expect.closeTo(1 / 3, 9), expect.closeTo(2 / 3, 9)]);
  });
});

describe("simulated traffic", () => {
  const source = simulatedTraffic("t", ["p"], 10_000);

  test("asks at the hours of its audience, as often as it says", () => {
    const { breaks, sample } = sampleFlight(source, { startMs: MONDAY_MS, endMs: MONDAY_MS + 14 * DAY_MS }, 3_000, "t");
    expect(breaks).toBeCloseTo(140_000, 6);
    const week = audienceWeek();
    const quiet = sample.filter(({ atMs }) => (week[hourOfWeek(atMs)] ?? 0) * HOURS_A_WEEK < 0.7).length / 3_000;
    const expected = week.filter((share) => share * HOURS_A_WEEK < 0.7).reduce((a, b) => a + b, 0);
    expect(quiet).toBeCloseTo(expected, 2);
  });

  test("has the countries of its audience, each by its own clock", () => {
    const { sample } = sampleFlight(source, { startMs: MONDAY_MS, endMs: MONDAY_MS + 7 * DAY_MS }, 4_000, "t");
    const american = sample.filter(({ request }) => request.viewer.country === "US");
    expect(american.length / 4_000).toBeCloseTo(0.46, 1);
    const evening = american.filter(({ atMs }) => [1, 2, 3].includes(hourOfWeek(atMs) % 24)).length / american.length;
    const week = viewingWeek("US");
    const expected = week.filter((_, hour) => [1, 2, 3].includes(hour % 24)).reduce((a, b) => a + b, 0);
    expect(evening).toBeCloseTo(expected, 1);
  });

  test("knows how much its viewers watch: all shares of visits add up to one", () => {
    const audience = { seed: "t", size: 50, publisherIds: ["p"] };
    const shares = Array.from({ length: 50 }, (_, n) => visitShare(audience, n));
    expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    expect(shares.toSorted((a, b) => b - a)).toEqual(shares);
    expect(viewerOf(audience, 7).number).toBe(7);
  });
});

describe("recorded traffic", () => {
  test("is met again at the hours at which it was recorded, in its own volume", () => {
    const source = recordedTraffic(recording(8), null, "r");
    const span = { startMs: MONDAY_MS + 700 * DAY_MS, endMs: MONDAY_MS + 714 * DAY_MS };
    const { breaks, sample } = sampleFlight(source, span, 100, "r");
    // Eight evenings are no busier than seven: Monday was recorded twice and counts once.
    expect(breaks / 14).toBeCloseTo(3, 1);
    expect(new Set(sample.map(({ atMs }) => hourOfWeek(atMs) % 24))).toEqual(new Set([0, 20, 21]));
    expect(Math.max(...sample.map(({ viewerBreaksPerDay }) => viewerBreaksPerDay))).toBeCloseTo(2 / 8, 1);
  });

  test("shorter than a week tells hours of the day apart, not days", () => {
    const { week } = recordedTraffic(recording(2), 500, "r");
    expect(week[20]).toBeGreaterThan(0.04);
    expect(week[6 * 24 + 20]).toBe(week[20]);
    expect(week[12]).toBe(0);
  });

  test("gives nothing to a flight in hours in which nobody watched", () => {
    const source = recordedTraffic(recording(8), null, "r");
    const { breaks, sample } = sampleFlight(
      source,
      { startMs: MONDAY_MS + HOUR_MS, endMs: MONDAY_MS + 2 * HOUR_MS },
      50,
      "r",
    );
    expect([breaks, sample.length]).toEqual([0, 0]);
  });
});

describe("delivery", () => {
  /** A thousand impressions more, and a price a micro higher, at every level. */
  const levels = Float64Array.from(BID_FACTORS, (_, level) => level);
  const curve: Curve = {
    impressions: levels.map((level) => 1_000 * level),
    completedViews: levels.map((level) => 900 * level),
    clicks: levels,
    spendMicros: levels.map((level) => 1_000 * level * level),
  };

  test("finds the level at which a budget is spent, also between two", () => {
    expect(levelFor(curve.spendMicros, 9_000, FULL_LEVEL)).toBe(3);
    const between = levelFor(curve.spendMicros, 12_500, FULL_LEVEL);
    expect(between).toBe(3.5);
    expect(valueAt(curve.spendMicros, between)).toBe(12_500);
    expect(levelFor(curve.spendMicros, 1e15, FULL_LEVEL)).toBe(FULL_LEVEL);
  });

  test("of an even campaign lasts all flight at lower bids; as soon as possible it ends early at full bids", () => {
    const atFull = present(curve.spendMicros[FULL_LEVEL], "there is spend");
    const even = deliver(curve, { budgetMicros: atFull / 4, pacing: "even" });
    const asap = deliver(curve, { budgetMicros: atFull / 4, pacing: "asap" });
    expect(even.lasts).toBe(1);
    expect(asap).toMatchObject({ lasts: 0.25, level: FULL_LEVEL });
    expect(even.impressions).toBeGreaterThan(1.9 * asap.impressions);
    expect(even.spendMicros).toBeCloseTo(asap.spendMicros, 6);
  });

  test("counts with luck never fall as their mean grows, and spread like a count", () => {
    for (const luck of [-3, -1, 0, 2]) {
      let before = 0;
      for (let mean = 0; mean < 20; mean += 0.1) {
        const count = countWithLuck(mean, luck, 1);
        expect(count).toBeGreaterThanOrEqual(before);
        before = count;
      }
    }
    expect(countWithLuck(400, 1, 1)).toBeCloseTo(420.25, 9);
  });

  test("reads quantiles between neighbours, and does not stumble over infinite ones", () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([1, Infinity, Infinity], 0.9)).toBe(Infinity);
  });
});
