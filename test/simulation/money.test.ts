/**
 * The money protocol under a network that loses, repeats and reorders everything and objects that die at the worst
 * moment: whatever happens, what is billed is what was allowed, exactly once.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ledgerStatus } from "../../src/money/ledger.ts";
import type { BillVerdict } from "../../src/money/protocol.ts";
import { CAMPAIGNS, FLIGHT_END_MS, MoneyWorld, type Step, WALLETS } from "./money_world.ts";

const SEED = Number(process.env["MONEY_SEED"] ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env["MONEY_RUNS"] ?? 150);
const any = fc.noBias(fc.nat({ max: 1_000 }));
const price = fc.oneof(fc.noBias(fc.integer({ min: 1, max: 40_000 })), fc.integer({ min: 0, max: 400_000 }));
const budget = fc.oneof(fc.integer({ min: 0, max: 300_000 }), fc.noBias(fc.integer({ min: 100_000, max: 30_000_000 })));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("tick" as const), ms: fc.nat({ max: 1_500 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("tick" as const), ms: fc.nat({ max: 700_000 }) }) },
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("ask" as const), isolate: any }) },
  { weight: 30, arbitrary: fc.record({ kind: fc.constant("commit" as const), isolate: any, campaign: any, price }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rotate" as const), isolate: any, silently: fc.boolean() }) },
  { weight: 14, arbitrary: fc.record({ kind: fc.constant("beacon" as const), token: any, batch: fc.nat({ max: 8 }) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("round" as const), wallet: any }) },
  {
    weight: 60,
    arbitrary: fc.record({
      kind: fc.constant("deliver" as const),
      message: any,
      crash: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
      keep: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("calm" as const), isolate: any }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("drop" as const), message: any }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), wallet: any }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("terms" as const), campaign: any, budget, paused: fc.boolean() }),
  },
);

/** Every beacon is answered, the flight ends, every purse closes, every ledger hears it. */
function bringToRest(world: MoneyWorld): void {
  world.drain();
  for (const claim of world.tokens) world.sendBill([claim]);
  world.drain();
  world.nowMs = Math.max(world.nowMs, FLIGHT_END_MS);
  for (let minute = 0; minute < 30; minute++) {
    world.nowMs += 60_000;
    WALLETS.forEach((_, wallet) => world.round(wallet));
    world.drain();
  }
}

describe("money under faults", () => {
  it("bills within budget, bills nothing twice, and strands nothing for ever", () => {
    let runs = 0;
    const seen: Record<BillVerdict, number> = { billed: 0, duplicate: 0, late: 0, exhausted: 0, invalid: 0 };
    fc.assert(
      fc.property(budget, fc.array(step, { minLength: 1, maxLength: 600, size: "max" }), (budgetMicros, steps) => {
        runs += 1;
        const world = new MoneyWorld(budgetMicros);
        for (const one of steps) world.step(one);
        bringToRest(world);
        for (const campaignId of CAMPAIGNS) {
          const ledger = world.ledgers.get(campaignId);
          const status = ledger === undefined ? null : ledgerStatus(ledger, world.nowMs);
          const certain = world.auditor.certainMicros(campaignId);
          const billed = Number(status?.billedMicros);
          expect(billed).toBeGreaterThanOrEqual(certain);
          expect(billed).toBeLessThanOrEqual(certain + world.auditor.doubtfulMicros(campaignId));
          expect(billed).toBeLessThanOrEqual(world.auditor.budgetMaxMicros(campaignId));
          expect(status?.outstandingMicros).toBe(0);
        }
        expect(world.auditor.verdicts.exhausted).toBe(0);
        for (const [verdict, count] of Object.entries(world.auditor.verdicts)) {
          // The keys of a record of verdicts are verdicts.
          seen[verdict as BillVerdict] += count;
        }
      }),
      { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false },
    );
    console.log(`money under faults: MONEY_SEED=${SEED} MONEY_RUNS=${RUNS} (${runs} done) ${JSON.stringify(seen)}`);
    // A run that bills nothing proves nothing.
    expect(seen.billed).toBeGreaterThan(runs * 3);
    expect(seen.duplicate).toBeGreaterThan(0);
    expect(seen.late).toBeGreaterThan(0);
  });

  it("spends a tiny budget to the last micro without faults", () => {
    const priceMicros = 25_000;
    const world = new MoneyWorld(5 * priceMicros);
    for (let second = 0; second < 60 * 20; second++) {
      world.nowMs += 1_000;
      const isolate = second % 4;
      if (second % 50 < 4) world.step({ kind: "rotate", isolate, silently: false });
      world.step({ kind: "ask", isolate });
      world.drain();
      world.step({ kind: "commit", isolate, campaign: 0, price: priceMicros });
      WALLETS.forEach((_, wallet) => world.round(wallet));
      world.drain();
      world.step({ kind: "beacon", token: world.tokens.length - 1, batch: 1 });
      world.drain();
    }
    bringToRest(world);
    expect(world.auditor.certainMicros("coffee")).toBe(5 * priceMicros);
  });
});
