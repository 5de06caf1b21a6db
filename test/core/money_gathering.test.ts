/**
 * How long beacons gather: a busy isolate sends few large batches, a quiet one waits no longer than ever.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gatherWindowMs } from "../../src/money/gathering.ts";
import { BILL_BATCH_CLAIMS, BILL_TAKEOVER_MS, BILL_WINDOW_MS, BILL_WINDOW_MS_MAX } from "../../src/money/limits.ts";
import { stream } from "../../src/kernel/random.ts";
import { MONEY_SEED } from "./money_seed.ts";

const NOW = 1_000_000;
/** The window after a batch that held so many claims and was begun so long ago. */
const after = (claims: number, agoMs: number) => gatherWindowMs({ openedMs: NOW - agoMs, claims }, NOW);

/** Calls a second, and how long an impression waits on average, for beacons that come by chance at a steady rate. */
function life(perSec: number): { callsPerSec: number; claimsMean: number } {
  const random = stream(String(MONEY_SEED), "beacons");
  let nowMs = NOW;
  let calls = 0;
  let claims = 0;
  let last: Parameters<typeof gatherWindowMs>[0];
  while (nowMs < NOW + 60_000) {
    nowMs += (-Math.log(1 - random.next()) * 1_000) / perSec;
    const openedMs = nowMs;
    const windowMs = gatherWindowMs(last, openedMs);
    let gathered = 1;
    for (;;) {
      const next = nowMs + (-Math.log(1 - random.next()) * 1_000) / perSec;
      if (next >= openedMs + windowMs) break;
      nowMs = next;
      gathered += 1;
    }
    nowMs = openedMs + windowMs;
    last = { openedMs, claims: gathered };
    calls += 1;
    claims += gathered;
  }
  return { callsPerSec: calls / 60, claimsMean: claims / calls };
}

describe("beacons gather", () => {
  it("for the shortest window when nothing is known, when they are rare, and when many came long ago", () => {
    expect(gatherWindowMs(undefined, NOW)).toBe(BILL_WINDOW_MS);
    expect(after(1, 20)).toBe(BILL_WINDOW_MS);
    expect(after(1, 60_000)).toBe(BILL_WINDOW_MS);
    expect(after(500, 60_000)).toBe(BILL_WINDOW_MS);
  });

  it("for as long as a good batch takes when they are many", () => {
    expect(after(100, 100)).toBe(100);
    expect(after(100, 50)).toBe(50);
    expect(after(50, 25)).toBe(50);
    expect(after(2, 20)).toBe(BILL_WINDOW_MS_MAX);
    expect(after(500, 1)).toBe(BILL_WINDOW_MS);
    expect(after(500, 0), "a clock that stood still").toBe(BILL_WINDOW_MS);
  });

  it(`within bounds whatever came before, and shorter than any takeover (MONEY_SEED=${MONEY_SEED})`, () => {
    expect(BILL_WINDOW_MS_MAX).toBeLessThan(BILL_TAKEOVER_MS);
    fc.assert(
      fc.property(fc.nat({ max: 500 }), fc.integer({ min: -10_000, max: 1e9 }), (claims, agoMs) => {
        const windowMs = after(claims, agoMs);
        expect(Number.isInteger(windowMs) && windowMs >= BILL_WINDOW_MS && windowMs <= BILL_WINDOW_MS_MAX).toBe(true);
      }),
      { seed: MONEY_SEED },
    );
  });

  it("into some ten calls a second at any rate that is worth it, where a fixed window would need fifty", () => {
    for (const perSec of [300, 1_000]) expect(life(perSec).callsPerSec, String(perSec)).toBeLessThan(12);
    expect(life(1_000).claimsMean).toBeGreaterThan(BILL_BATCH_CLAIMS / 2);
    expect(life(10).claimsMean, "a quiet isolate").toBeLessThan(2);
  });
});
