/**
 * The pacing controller: a campaign keeps near its plan, and bids in full when there is nothing to hold back.
 */
import { describe, expect, it } from "vitest";
import { micros, ZERO_MICROS } from "../../src/kernel/money.ts";
import { NEW_PACER, plannedMicros, stepPacer } from "../../src/money/pacing.ts";
import type { CampaignTerms } from "../../src/money/protocol.ts";
import { NOON_MS as NOW, terms } from "../money_fixture.ts";

describe("pacing", () => {
  const asap = terms({ flightStartMs: NOW - 1_000, flightEndMs: NOW + 999_000 });
  const even: CampaignTerms = { ...asap, pacing: "even" };

  it("plans a straight line over the flight", () => {
    expect(plannedMicros(even, even.flightStartMs - 5)).toBe(0);
    expect(plannedMicros(even, even.flightStartMs + 250_000)).toBe(25_000_000);
    expect(plannedMicros(even, even.flightEndMs + 5)).toBe(100_000_000);
  });

  it("brings a campaign with ten times the traffic it can pay near its plan, and spends nearly all", () => {
    let pacer = NEW_PACER;
    let spent = 0;
    let deviationMax = 0;
    for (let second = 0; second < 999; second++) {
      const nowMs = NOW + second * 1_000;
      const spentMicros = micros(Math.floor(spent));
      pacer = stepPacer(pacer, even, { spentMicros, billedMicros: spentMicros, impressionsBilled: second * 50 }, nowMs);
      spent = Math.min(100_000_000, spent + (1_000_000 * pacer.multiplierPpm) / 1_000_000);
      const planned = plannedMicros(even, nowMs);
      deviationMax = Math.max(deviationMax, Math.abs(spent - planned));
    }
    expect(deviationMax).toBeLessThan(12_000_000);
    expect(spent).toBeGreaterThan(97_000_000);
  });

  it("bids in full when there is less traffic than money, and when told to spend as soon as possible", () => {
    let pacer = NEW_PACER;
    for (let second = 0; second < 100; second++) {
      const spentMicros = micros(second * 1_000);
      const reading = { spentMicros, billedMicros: spentMicros, impressionsBilled: second };
      pacer = stepPacer(pacer, even, reading, NOW + second * 1_000);
    }
    expect(pacer.multiplierPpm).toBe(1_000_000);
    const throttled = { ...NEW_PACER, multiplierPpm: 10_000, steppedMs: NOW };
    const reading = { spentMicros: micros(90_000_000), billedMicros: ZERO_MICROS, impressionsBilled: 0 };
    expect(stepPacer(throttled, asap, reading, NOW + 1_000).multiplierPpm).toBe(1_000_000);
  });

  it("does not step faster because more wallets report", () => {
    const pacer = { ...NEW_PACER, steppedMs: NOW };
    const reading = { spentMicros: micros(50_000_000), billedMicros: ZERO_MICROS, impressionsBilled: 0 };
    expect(stepPacer(pacer, even, reading, NOW + 999)).toBe(pacer);
    expect(stepPacer(pacer, even, reading, NOW + 1_000).multiplierPpm).toBeLessThan(1_000_000);
  });
});
