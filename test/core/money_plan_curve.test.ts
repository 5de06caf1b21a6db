/** Laws of the plan curve: exact at both ends, never falling, money follows supply, no hour lost to a change of clocks. */
import { describe, expect, test } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { stream } from "../../src/kernel/random.ts";
import { DAY_MS, HOUR_MS } from "../../src/kernel/time.ts";
import { HOURS_A_WEEK } from "../../src/kernel/week.ts";
import { plannedMicros, plannedShare } from "../../src/money/pacing/plan_curve.ts";

const SEED = process.env["SEED"] ?? "plan-1";
/** Monday 23 November 2026, 00:00 UTC. */
const MONDAY_MS = Date.UTC(2026, 10, 23);

const flat = { budgetMicros: micros(1_000_000_007), flightStartMs: MONDAY_MS, flightEndMs: MONDAY_MS + 7 * DAY_MS };

describe("the plan curve", () => {
  test("is flat without a shape", () => {
    const terms = { ...flat, supplyShape: [] };
    expect(plannedMicros(terms, MONDAY_MS + 3.5 * DAY_MS)).toBe(500_000_003);
    expect(plannedShare(terms, MONDAY_MS + 3.5 * DAY_MS)).toBe(0.5);
  });

  test("puts the money where the supply is", () => {
    // All supply on Tuesday, three times as much before noon as after.
    const supplyShape = Array.from({ length: HOURS_A_WEEK }, (_, hour) =>
      hour < 24 || hour >= 48 ? 0 : hour < 36 ? 3 : 1,
    );
    const terms = { ...flat, budgetMicros: micros(1_000), supplyShape };
    const at = (hours: number): number => plannedMicros(terms, MONDAY_MS + hours * HOUR_MS);
    expect([at(24), at(30), at(36), at(48), at(100)]).toEqual([0, 375, 750, 1_000, 1_000]);
  });

  test("starts its week on Monday, UTC, wherever the flight starts", () => {
    const supplyShape = Array.from({ length: HOURS_A_WEEK }, (_, hour) => (hour === 0 ? 1 : 0));
    const friday = {
      ...flat,
      flightStartMs: MONDAY_MS + 4 * DAY_MS,
      flightEndMs: MONDAY_MS + 11 * DAY_MS,
      supplyShape,
    };
    expect(plannedShare(friday, MONDAY_MS + 7 * DAY_MS)).toBe(0);
    expect(plannedShare(friday, MONDAY_MS + 7 * DAY_MS + HOUR_MS)).toBe(1);
  });

  test("falls back to a flat line when the shape says nothing about the flight", () => {
    const [half, nine] = [MONDAY_MS + 3.5 * DAY_MS, [1, 2, 3]];
    const zeros = Array.from({ length: HOURS_A_WEEK }, () => 0);
    const elsewhere = zeros.map((_, hour) => (hour === 100 ? 5 : 0));
    const short = { ...flat, flightEndMs: MONDAY_MS + 2 * HOUR_MS };
    expect(plannedShare({ ...flat, supplyShape: nine }, half)).toBe(0.5);
    expect(plannedShare({ ...flat, supplyShape: zeros }, half)).toBe(0.5);
    expect(plannedMicros({ ...short, supplyShape: elsewhere }, MONDAY_MS + HOUR_MS)).toBe(500_000_003);
    expect(plannedShare({ ...short, supplyShape: elsewhere }, MONDAY_MS + HOUR_MS)).toBe(0.5);
  });

  test("is exact at both ends and never falls, for any flight, shape and budget", () => {
    const random = stream(SEED, "plan curves");
    for (let n = 0; n < 200; n++) {
      const flightStartMs = MONDAY_MS - random.below(400 * DAY_MS);
      const flightEndMs = flightStartMs + 1 + random.below(300 * DAY_MS);
      const supplyShape =
        random.below(4) === 0 ? [] : Array.from({ length: HOURS_A_WEEK }, () => random.below(1_000_001));
      const budgetMicros = micros(random.below(2 ** 31) * random.below(2 ** 21));
      const terms = { budgetMicros, flightStartMs, flightEndMs, supplyShape };
      const times = Array.from({ length: 30 }, () => flightStartMs + random.below(flightEndMs - flightStartMs + 1));
      const planned = times.sort((a, b) => a - b).map((at) => plannedMicros(terms, at));
      const why = `SEED=${SEED}, curve ${n}`;
      expect(planned, why).toEqual(planned.toSorted((a, b) => a - b));
      expect([plannedMicros(terms, flightStartMs), plannedMicros(terms, flightEndMs)], why).toEqual([0, budgetMicros]);
      expect([plannedMicros(terms, 0), plannedMicros(terms, flightEndMs + 1)], why).toEqual([0, budgetMicros]);
      for (const [i, at] of times.entries()) {
        expect(Math.abs(plannedShare(terms, at) * budgetMicros - (planned[i] ?? 0)), why).toBeLessThan(
          1 + budgetMicros / 1e9,
        );
      }
    }
  });

  test("has no step where clocks change in Europe", () => {
    const flightStartMs = Date.UTC(2026, 9, 24);
    const terms = { ...flat, flightStartMs, flightEndMs: flightStartMs + 2 * DAY_MS, supplyShape: [] };
    const hours = Array.from({ length: 48 }, (_, hour) => flightStartMs + hour * HOUR_MS);
    const steps = hours.map((at) => plannedMicros(terms, at + HOUR_MS) - plannedMicros(terms, at));
    expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(1);
  });
});
