/**
 * The ledger: grants within the budget whatever wallets say and in whatever order they say it.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../src/kernel/assert.ts";
import { micros } from "../../src/kernel/money.ts";
import { configure, reconcile } from "../../src/money/ledger.ts";
import { type LedgerState, ledgerStatus, NEW_LEDGER } from "../../src/money/ledger_state.ts";
import type { CampaignTerms, ReconcileReport } from "../../src/money/protocol.ts";
import { INCARNATION, must, NOON_MS, reasonOf, says, terms, WALLET } from "../money_fixture.ts";
import { MONEY_SEED } from "./money_seed.ts";

const NOW = NOON_MS;
const base = terms({ flightStartMs: NOW - 1_000, flightEndMs: NOW + 999_000 });

function ledger(change: Partial<CampaignTerms> = {}, from: LedgerState = NEW_LEDGER): LedgerState {
  return must(configure(from, { ...base, ...change }, NOW));
}

const after = (state: LedgerState, report: ReconcileReport, nowMs = NOW) => must(reconcile(state, report, nowMs));
const refusalOf = (state: LedgerState, report: ReconcileReport) => reasonOf(reconcile(state, report, NOW));
const termsRefusal = (change: Partial<CampaignTerms>, from = NEW_LEDGER) =>
  reasonOf(configure(from, { ...base, ...change }, NOW));

describe("configuring", () => {
  it("refuses in its documented order", () => {
    const worst = {
      campaignId: "a b",
      budgetMicros: micros(-1),
      dailyBudgetMicros: micros(-1),
      timeZone: "Mars/Olympus",
      flightEndMs: base.flightStartMs,
      targetCostMicros: micros(-1),
      startMultiplierPpm: 9_999,
      supplyShape: [1],
    };
    const named = { ...worst, campaignId: "coffee" };
    const funded = { ...named, budgetMicros: micros(1) };
    const daily = { ...funded, dailyBudgetMicros: null };
    const local = { ...daily, timeZone: "Europe/Berlin" };
    const flown = { ...local, flightEndMs: base.flightEndMs };
    const costed = { ...flown, targetCostMicros: null };
    const aimed = { ...costed, startMultiplierPpm: 10_000 };
    expect(termsRefusal(worst)).toBe("campaign_malformed");
    expect(termsRefusal({ ...worst, campaignId: "tea" }, ledger())).toBe("campaign_mismatch");
    expect(termsRefusal(named)).toBe("budget_malformed");
    expect(termsRefusal(funded)).toBe("daily_budget_malformed");
    expect(termsRefusal(daily)).toBe("time_zone_unknown");
    expect(termsRefusal(local)).toBe("flight_malformed");
    expect(termsRefusal(flown)).toBe("target_cost_malformed");
    expect(termsRefusal(costed)).toBe("start_multiplier_malformed");
    expect(termsRefusal({ ...costed, startMultiplierPpm: 1_000_001 })).toBe("start_multiplier_malformed");
    expect(termsRefusal(aimed)).toBe("supply_shape_malformed");
    expect(termsRefusal({ ...aimed, supplyShape: Array.from({ length: 168 }, () => -1) })).toBe(
      "supply_shape_malformed",
    );
    expect(termsRefusal({ ...aimed, supplyShape: Array.from({ length: 168 }, (_, hour) => hour) })).toBe(null);
  });

  it("starts the pacing of a new flight where the terms say, and leaves one that runs alone", () => {
    const even = ledger({ pacing: "even", startMultiplierPpm: 300_000 });
    expect(ledgerStatus(even, NOW)?.multiplierPpm).toBe(300_000);
    const first = after(even, says({}));
    expect(first.reply.multiplierPpm).toBe(300_000);
    const again = ledger({ pacing: "even", startMultiplierPpm: 900_000 }, first.state);
    expect(ledgerStatus(again, NOW)?.multiplierPpm).toBe(300_000);
    expect(ledgerStatus(ledger({ pacing: "even" }), NOW)?.multiplierPpm).toBe(1_000_000);
  });

  it("cuts a budget never below what is out, and stops granting at once", () => {
    const out = after(ledger(), says({ wantGrantedMicros: 2_000_000 })).state;
    const cut = ledger({ budgetMicros: micros(500_000) }, out);
    expect(cut.ceilingMicros).toBe(2_000_000);
    const next = after(cut, says({ wantGrantedMicros: 3_000_000, billedMicros: 100_000, committedMicros: 100_000 }));
    expect(next.reply).toMatchObject({ grantedMicros: 2_000_000, openUntilMs: 0, multiplierPpm: 0 });
    const back = after(next.state, says({ returnedMicros: 1_700_000, wantGrantedMicros: 2_100_000 }));
    expect(back.state.ceilingMicros).toBe(500_000);
    expect(back.reply).toMatchObject({ grantedMicros: 2_100_000, openUntilMs: base.flightEndMs });
  });

  it("raises a budget for free", () => {
    const spent = after(ledger({ budgetMicros: micros(10_000) }), says({ wantGrantedMicros: 50_000 })).state;
    expect(ledgerStatus(spent, NOW)?.grantedMicros).toBe(10_000);
    const raised = after(ledger({ budgetMicros: micros(40_000) }, spent), says({ wantGrantedMicros: 50_000 }));
    expect(raised.reply.grantedMicros).toBe(40_000);
  });
});

describe("reconciling", () => {
  it("refuses in its documented order", () => {
    expect(refusalOf(NEW_LEDGER, says({ campaignId: "tea" }))).toBe("campaign_unknown");
    expect(refusalOf(ledger(), says({ campaignId: "tea", wallet: "x" }))).toBe("campaign_mismatch");
    expect(refusalOf(ledger(), says({ wallet: "wallet:EU:0", billedMicros: -1 }))).toBe("wallet_malformed");
    expect(refusalOf(ledger(), says({ incarnation: "", billedMicros: -1 }))).toBe("wallet_malformed");
    expect(refusalOf(ledger(), says({ billedMicros: 0.5 }))).toBe("amount_malformed");
    expect(refusalOf(ledger(), says({ billedMicros: 1, committedMicros: 1 }))).toBe("totals_impossible");
    const granted = after(ledger(), says({ wantGrantedMicros: 10 })).state;
    expect(refusalOf(granted, says({ billedMicros: 2, committedMicros: 1 }))).toBe("totals_impossible");
  });

  it("grants nothing before the flight, after it, while paused or archived", () => {
    const want = says({ wantGrantedMicros: 1_000 });
    const closed = (state: LedgerState, nowMs: number) => after(state, want, nowMs).reply;
    const nothing = { grantedMicros: 0, openUntilMs: 0, multiplierPpm: 0 };
    expect(closed(ledger(), base.flightStartMs - 1)).toMatchObject(nothing);
    expect(closed(ledger(), base.flightEndMs)).toMatchObject(nothing);
    expect(closed(ledger({ status: "paused" }), NOW)).toMatchObject(nothing);
    expect(closed(ledger({ status: "archived" }), NOW)).toMatchObject(nothing);
    expect(closed(ledger(), base.flightStartMs).grantedMicros).toBe(1_000);
    expect(closed(ledger(), base.flightEndMs - 1).grantedMicros).toBe(1_000);
  });

  it("grants once for a report that arrives three times", () => {
    let state = ledger();
    for (let i = 0; i < 3; i++) state = after(state, says({ wantGrantedMicros: 700_000 })).state;
    expect(ledgerStatus(state, NOW)?.grantedMicros).toBe(700_000);
  });

  it("keeps outstanding money under a twentieth of the budget and a quarter of the rest, but serves a tiny budget", () => {
    const greedy = says({ wantGrantedMicros: 90_000_000 });
    let state = ledger();
    for (const wallet of [WALLET, "wallet:sa:0", "wallet:as:0"]) {
      for (let i = 0; i < 10; i++) state = after(state, { ...greedy, wallet }).state;
    }
    expect(ledgerStatus(state, NOW)?.outstandingMicros).toBe(5_000_000);
    const tiny = after(ledger({ budgetMicros: micros(125_000) }), greedy);
    expect(tiny.reply.grantedMicros).toBe(125_000);
  });

  it("leaves the next wallet something of the room", () => {
    const first = after(ledger(), says({ wantGrantedMicros: 90_000_000 }));
    const second = after(first.state, says({ wallet: "wallet:sa:0", wantGrantedMicros: 90_000_000 }));
    expect([first.reply.grantedMicros, second.reply.grantedMicros]).toEqual([2_500_000, 1_250_000]);
  });

  it("grants no crumbs that cannot pay an impression", () => {
    const almost = after(ledger({ budgetMicros: micros(30_000) }), says({ wantGrantedMicros: 25_000 })).state;
    const next = after(almost, says({ wallet: "wallet:sa:0", wantGrantedMicros: 25_000, leastMicros: 20_000 }));
    expect(next.reply.grantedMicros).toBe(0);
  });

  it(`ends in the same totals whatever order reports come in (MONEY_SEED=${MONEY_SEED})`, () => {
    const grown = fc.array(fc.nat({ max: 100 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(grown, fc.infiniteStream(fc.nat()), (steps, order) => {
        let billed = 0;
        const history = steps.map((step) => {
          billed += step;
          const spent = { billedMicros: billed, committedMicros: billed + 7, lapsedMicros: Math.min(7, billed) };
          const counts = { impressionsBilled: billed, late: billed, exhausted: billed, duplicates: billed };
          return says({ ...spent, ...counts, returnedMicros: billed });
        });
        const granted = after(ledger(), says({ wantGrantedMicros: 100_000 })).state;
        const shuffled = history.map((report) => ({ report, at: order.next().value ?? 0 }));
        shuffled.sort((a, b) => a.at - b.at);
        let state = granted;
        for (const { report } of [...shuffled, ...shuffled.slice(0, 3)]) state = after(state, report).state;
        const status = present(ledgerStatus(state, NOW), "configured");
        const counts = { impressionsBilled: billed, late: billed, exhausted: billed, duplicates: billed };
        expect(status).toMatchObject({ billedMicros: billed, returnedMicros: billed, ...counts });
        expect(state.shares.get(`${WALLET}/${INCARNATION}`)).toMatchObject({ lapsedMicros: Math.min(7, billed) });
      }),
      { seed: MONEY_SEED },
    );
  });
});
