/** With how much effort a break is decided: what is asked in which order, and how a set that fails comes back. */
import { describe, expect, test } from "vitest";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { afterFailure, chooseTier, HEALTHY, type ModelHealth, type TierFacts } from "../../../src/decision/tier.ts";

const NOW_MS = 1_800_000_000_000;
const { reducedInFlight, fallbackInFlight } = FULL_LIMITS;
const at = (facts: Partial<TierFacts>) =>
  chooseTier({ stopped: false, health: HEALTHY, inFlight: 1, nowMs: NOW_MS, ...facts }, FULL_LIMITS);

describe("the tier", () => {
  test.each([
    ["full with a healthy set and little to do", {}, "full"],
    ["full at the last decision that fits", { inFlight: reducedInFlight }, "full"],
    ["reduced beyond it", { inFlight: reducedInFlight + 1 }, "reduced"],
    ["reduced at the last decision that fits there", { inFlight: fallbackInFlight }, "reduced"],
    ["fallback beyond it", { inFlight: fallbackInFlight + 1 }, "fallback"],
    ["fallback without a set", { health: null }, "fallback"],
    ["fallback while models are stopped", { stopped: true }, "fallback"],
    ["fallback while the set rests", { health: { failures: 3, restsUntilMs: NOW_MS + 1 } }, "fallback"],
    ["full as soon as its rest is over", { health: { failures: 3, restsUntilMs: NOW_MS } }, "full"],
  ])("is %s", (_what, facts, tier) => {
    expect(at(facts)).toBe(tier);
  });

  test("comes back by itself when the isolate has less to do", () => {
    expect([300, 200, 50].map((inFlight) => at({ inFlight }))).toEqual(["fallback", "reduced", "full"]);
  });
});

/** A set after so many failures in a row. */
function after(failures: number): ModelHealth {
  let health = HEALTHY;
  for (let n = 0; n < failures; n++) health = afterFailure(health, NOW_MS);
  return health;
}

describe("a set that fails", () => {
  test("is asked again after one failure and after two, and rests after the third", () => {
    expect([1, 2, 3].map((failures) => at({ health: after(failures) }))).toEqual(["full", "full", "fallback"]);
  });

  test("rests a second, then twice as long each time, never more than about half a minute", () => {
    const rests = [3, 4, 5, 6, 7, 8, 9, 100].map((failures) => after(failures).restsUntilMs - NOW_MS);
    expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000]);
  });
});
