/** The pod against brute force: on small breaks every subset is tried, and none may be worth more. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Bid } from "../../../src/decision/candidate.ts";
import { choosePod, conflict, type PodRules } from "../../../src/decision/pod.ts";
import { bidsOf } from "./fixture.ts";

const SEED = 20261123;

const ad = fc.record({
  advertiser: fc.constantFrom("a", "b", "c", "d", "e"),
  durationSec: fc.constantFrom(6, 10, 15, 20, 30, 45),
  categories: fc.uniqueArray(fc.constantFrom("IAB2", "IAB2-3", "IAB8", "IAB13"), { minLength: 1, maxLength: 2 }),
  valueMicros: fc.integer({ min: 1, max: 1_000 }),
});
const rules = fc.record({
  durationSec: fc.constantFrom(15, 30, 60, 90),
  maxAds: fc.integer({ min: 1, max: 5 }),
  separated: fc.subarray(["IAB2", "IAB13"]),
});

const toRules = (drawn: { durationSec: number; maxAds: number; separated: string[] }): PodRules => ({
  durationSec: drawn.durationSec,
  maxAds: drawn.maxAds,
  separatedCategories: new Set(drawn.separated),
  nodesMax: 1_000_000,
});

/** Best total over all subsets that obey the rules. */
function bruteForce(bids: readonly Bid[], within: PodRules): number {
  let best = 0;
  for (let subset = 0; subset < 1 << bids.length; subset++) {
    const chosen = bids.filter((_, index) => (subset >> index) & 1);
    if (obeys(chosen, within)) best = Math.max(best, total(chosen));
  }
  return best;
}

const total = (bids: readonly Bid[]): number => bids.reduce((sum, bid) => sum + bid.valueMicros, 0);

function obeys(chosen: readonly Bid[], within: PodRules): boolean {
  const seconds = chosen.reduce((sum, bid) => sum + bid.offer.durationSec, 0);
  const apart = chosen.every((a, i) => chosen.slice(i + 1).every((b) => conflict(a, b, within) === null));
  return chosen.length <= within.maxAds && seconds <= within.durationSec && apart;
}

describe("a pod", () => {
  test("is worth as much as the best of all subsets, and says that it is proved", () => {
    fc.assert(
      fc.property(fc.array(ad, { minLength: 0, maxLength: 9 }), rules, (ads, drawn) => {
        const within = toRules(drawn);
        const bids = bidsOf(ads.map((sketch, index) => ({ ...sketch, id: `n${index}` })));
        const pod = choosePod(bids, within);
        expect(obeys(pod.bids, within)).toBe(true);
        expect(total(pod.bids)).toBe(bruteForce(bids, within));
        expect(pod.certificate.proved).toBe(true);
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  test("does not depend on the order in which bids arrive", () => {
    fc.assert(
      fc.property(fc.array(ad, { minLength: 2, maxLength: 12 }), rules, fc.nat(), (ads, drawn, turn) => {
        const within = toRules(drawn);
        const bids = bidsOf(ads.map((sketch, index) => ({ ...sketch, id: `n${index}` })));
        const at = turn % bids.length;
        const turned = [...bids.slice(at), ...bids.slice(0, at)].toReversed();
        const ids = (pool: readonly Bid[]) => choosePod(pool, within).bids.map((bid) => bid.offer.lineItemId);
        expect(ids(turned)).toEqual(ids(bids));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test("keeps a winner whose bid rises", () => {
    fc.assert(
      fc.property(fc.array(ad, { minLength: 1, maxLength: 9 }), rules, fc.nat(), (ads, drawn, pick) => {
        const within = toRules(drawn);
        const sketches = ads.map((sketch, index) => ({ ...sketch, id: `n${index}` }));
        const before = choosePod(bidsOf(sketches), within).bids;
        const winner = before[pick % Math.max(before.length, 1)]?.offer.lineItemId;
        if (winner === undefined) return;
        const raised = sketches.map((s) => (`li-${s.id}` === winner ? { ...s, valueMicros: s.valueMicros + 500 } : s));
        expect(choosePod(bidsOf(raised), within).bids.map((bid) => bid.offer.lineItemId)).toContain(winner);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test("says so when the node bound was reached, and still fits the break", () => {
    const many = Array.from({ length: 40 }, (_, n) => ({
      id: `n${n}`,
      durationSec: 6 + (n % 7),
      valueMicros: 1_000 + ((n * 37) % 101),
    }));
    const within = { durationSec: 61, maxAds: 9, separatedCategories: new Set<string>(), nodesMax: 12 };
    const pod = choosePod(bidsOf(many), within);
    expect(pod.certificate.proved).toBe(false);
    expect(obeys(pod.bids, within)).toBe(true);
  });
});
