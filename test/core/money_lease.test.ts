/**
 * How much a ledger lets out of its hands: never beyond the allowance, little against what remains of money and time,
 * something for the next holder, and no crumbs.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../src/kernel/assert.ts";
import { micros } from "../../src/kernel/money.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/kernel/time.ts";
import { activeHolders, leaseCapMicros, type LeaseRoom, sizeGrant, stepRate } from "../../src/money/lease.ts";
import { configure, reconcile } from "../../src/money/ledger.ts";
import { type LedgerState, NEW_LEDGER, newShare, sumShares } from "../../src/money/ledger_state.ts";
import { HOLDER_ACTIVE_MS, LEASE_FLOOR_MICROS } from "../../src/money/limits.ts";
import { must, NOON_MS as NOW, says, terms, type Said, WALLET } from "../money_fixture.ts";
import { MONEY_SEED } from "./money_seed.ts";

const base = terms();

/** What a ledger with these holders would size a grant by. */
function roomOf(state: LedgerState, allowance: number, microsPerSec: number): LeaseRoom {
  const rate = { atMs: NOW, spentMicros: micros(0), microsPerSec };
  const holders = activeHolders(state.shares.values(), NOW);
  return { terms: base, allowanceMicros: micros(allowance), sums: sumShares(state.shares), rate, holders };
}

/** What may be leased of 100 currency units when that much is won. */
const capAfter = (committed: number) =>
  leaseCapMicros(
    { ...roomOf(NEW_LEDGER, 100_000_000, 0), sums: { ...sumShares(new Map()), committedMicros: micros(committed) } },
    NOW,
  );

const holderSays = (shard: number, said: Said) => says({ wallet: `wallet:local:${shard}`, ...said });

function reported(state: LedgerState, shard: number, said: Said, nowMs = NOW) {
  return must(reconcile(state, holderSays(shard, said), nowMs));
}

describe(`a grant (MONEY_SEED=${MONEY_SEED})`, () => {
  const share = fc
    .record({ granted: fc.nat({ max: 3_000_000 }), won: fc.nat(), billed: fc.nat(), returned: fc.nat() })
    .map(({ granted, won, billed, returned }) => {
      const returnedMicros = micros(returned % (granted + 1));
      const committedMicros = micros(won % (granted - returnedMicros + 1));
      const billedMicros = micros(billed % (committedMicros + 1));
      const money = { grantedMicros: micros(granted), returnedMicros, committedMicros, billedMicros };
      return { ...newShare(WALLET, "i"), ...money, heardMs: NOW };
    });
  const rooms = fc.record({
    shares: fc.array(share, { minLength: 1, maxLength: 5 }),
    allowance: fc.nat({ max: 30_000_000 }),
    perSec: fc.double({ min: 0, max: 100_000, noNaN: true }),
    want: fc.nat({ max: 20_000_000 }),
    least: fc.nat({ max: 2_000_000 }),
    leftMs: fc.nat({ max: 2 * HOUR_MS }),
  });

  it("is within what was asked, the allowance and the cap, and is nothing rather than a crumb", () => {
    fc.assert(
      fc.property(rooms, ({ shares, allowance, perSec, want, least, leftMs }) => {
        const all = new Map(shares.map((row, index) => [`i${index}`, { ...row, incarnation: `i${index}` }]));
        const state: LedgerState = { ...NEW_LEDGER, terms: base, shares: all };
        const room = { ...roomOf(state, allowance, perSec), terms: { ...base, flightEndMs: NOW + leftMs } };
        const first = present(all.get("i0"), "there is a holder");
        const asked = says({ wantGrantedMicros: first.grantedMicros + want, leastMicros: least });
        const grant = sizeGrant(room, first, asked, NOW);
        const { outMicros, leasedMicros } = room.sums;
        expect(grant).toBeGreaterThanOrEqual(0);
        if (grant === 0) return;
        expect(grant).toBeLessThanOrEqual(want);
        expect(outMicros + grant).toBeLessThanOrEqual(allowance);
        expect(leasedMicros + grant).toBeLessThanOrEqual(Math.max(leaseCapMicros(room, NOW), least));
        expect(grant).toBeGreaterThanOrEqual(least);
      }),
      { seed: MONEY_SEED, numRuns: 1_000 },
    );
  });
});

describe("what may be leased", () => {
  it("is a twentieth of the allowance and a quarter of the rest, and never too little for an impression", () => {
    expect(capAfter(0)).toBe(5_000_000);
    expect(capAfter(80_000_000)).toBe(5_000_000);
    expect(capAfter(92_000_000)).toBe(2_000_000);
    expect(capAfter(99_000_000)).toBe(LEASE_FLOOR_MICROS);
  });

  it("shrinks towards the end of the flight to twice what is likely to be spent until then", () => {
    const room = roomOf(NEW_LEDGER, 1_000_000_000, 100_000);
    const before = (leftMs: number) => leaseCapMicros(room, base.flightEndMs - leftMs);
    expect(before(HOUR_MS)).toBe(50_000_000);
    expect(before(MINUTE_MS)).toBe(12_000_000);
    expect(before(10 * SECOND_MS)).toBe(2_000_000);
    expect(before(0)).toBe(LEASE_FLOOR_MICROS);
    let last = Number.POSITIVE_INFINITY;
    for (let leftMs = HOUR_MS; leftMs >= 0; leftMs -= 7 * SECOND_MS) {
      expect(before(leftMs)).toBeLessThanOrEqual(last);
      last = before(leftMs);
    }
  });

  it("does not shrink for a campaign of which nobody knows yet how fast it spends", () => {
    expect(leaseCapMicros(roomOf(NEW_LEDGER, 1_000_000_000, 0), base.flightEndMs - MINUTE_MS)).toBe(50_000_000);
  });

  it("keeps seconds of spending leased when little of the budget remains, so that holders do not starve", () => {
    const spent = { ...sumShares(new Map()), committedMicros: micros(96_000_000) };
    const room = { ...roomOf(NEW_LEDGER, 100_000_000, 100_000), sums: spent };
    expect(leaseCapMicros(room, NOW), "a quarter of the rest is 1.00").toBe(1_500_000);
    expect(leaseCapMicros(room, base.flightEndMs - 6 * SECOND_MS), "until the flight's end").toBe(1_200_000);
  });

  it("is shared: with several holders about, none takes all of it", () => {
    let state = must(configure(NEW_LEDGER, base, NOW));
    const greedy = { wantGrantedMicros: 90_000_000 };
    const first = [0, 1, 2, 3].map((shard) => {
      const { state: next, reply } = reported(state, shard, greedy);
      state = next;
      return reply.grantedMicros;
    });
    expect(first).toEqual([2_500_000, 1_250_000, 1_000_000, 250_000]);
    const alone = reported(must(configure(NEW_LEDGER, base, NOW)), 0, greedy, NOW);
    const later = NOW + HOLDER_ACTIVE_MS + 1;
    const seen = must(reconcile(alone.state, holderSays(1, greedy), later));
    expect(seen.reply.grantedMicros, "a silent holder is not shared with").toBe(1_250_000);
  });

  it("leaves out what is won and waits for its beacon: a hundred holders of won money do not starve the next", () => {
    let state = must(configure(NEW_LEDGER, base, NOW));
    let granted = 0;
    for (let round = 0; round < 30; round++) {
      const won = { committedMicros: granted, impressionsCommitted: round };
      const next = reported(state, 0, { ...won, wantGrantedMicros: granted + 2_000_000 });
      state = next.state;
      granted = next.reply.grantedMicros;
    }
    expect(granted, "nothing billed, far more out than may be leased").toBe(60_000_000);
    let held = must(configure(NEW_LEDGER, base, NOW));
    let kept = 0;
    for (let round = 0; round < 30; round++) {
      const next = reported(held, 0, { wantGrantedMicros: kept + 2_000_000 });
      held = next.state;
      kept = next.reply.grantedMicros;
    }
    expect(kept, "nothing won").toBe(5_000_000);
  });
});

describe("the spending rate", () => {
  it("follows a steady rate, and forgets a faster one within half a minute", () => {
    let rate = stepRate(NEW_LEDGER.rate, micros(0), NOW);
    let spent = 0;
    const run = (perSec: number, seconds: number, from: number) => {
      for (let second = 1; second <= seconds; second++) {
        spent += perSec;
        rate = stepRate(rate, micros(spent), from + second * SECOND_MS);
      }
    };
    run(50_000, 60, NOW);
    expect(rate.microsPerSec).toBeGreaterThan(49_000);
    expect(rate.microsPerSec).toBeLessThanOrEqual(50_000);
    run(1_000, 60, NOW + MINUTE_MS);
    expect(rate.microsPerSec).toBeLessThan(1_200);
  });

  it("does not depend on how many holders report within a second", () => {
    const rate = stepRate(stepRate(NEW_LEDGER.rate, micros(0), NOW), micros(10_000), NOW + SECOND_MS);
    expect(stepRate(rate, micros(90_000), NOW + SECOND_MS + 999)).toBe(rate);
  });
});
