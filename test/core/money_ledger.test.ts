/**
 * The ledger: grants within the budget whatever wallets say and in whatever order they say it.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../src/kernel/assert.ts";
import { micros, ZERO_MICROS } from "../../src/kernel/money.ts";
import { configure, type LedgerState, ledgerStatus, NEW_LEDGER, reconcile } from "../../src/money/ledger.ts";
import { NEW_PACER, plannedMicros, stepPacer } from "../../src/money/pacing.ts";
import type { CampaignTerms, ReconcileReport } from "../../src/money/protocol.ts";

const SEED = Number(process.env["MONEY_SEED"] ?? Date.now() % 2 ** 31);
const NOW = 1_000_000;
const base: CampaignTerms = {
  campaignId: "coffee",
  budgetMicros: micros(100_000_000),
  flightStartMs: NOW - 1_000,
  flightEndMs: NOW + 999_000,
  status: "active",
  pacing: "asap",
};

function ledger(change: Partial<CampaignTerms> = {}, from: LedgerState = NEW_LEDGER): LedgerState {
  const next = configure(from, { ...base, ...change });
  if (!next.ok) throw new Error(next.reason);
  return next.value;
}

function says(change: Partial<Record<keyof ReconcileReport, number | string>> = {}): ReconcileReport {
  const amounts = {
    billedMicros: 0,
    returnedMicros: 0,
    committedMicros: 0,
    lapsedMicros: 0,
    wantGrantedMicros: 0,
    leastMicros: 0,
  };
  const counts = { impressionsBilled: 0, late: 0, exhausted: 0, duplicates: 0 };
  // Amounts here are plain numbers on purpose: a report comes from outside and is checked by the ledger.
  return { wallet: "wallet:eu:0", campaignId: "coffee", ...amounts, ...counts, ...change } as ReconcileReport;
}

function after(state: LedgerState, report: ReconcileReport, nowMs = NOW) {
  const outcome = reconcile(state, report, nowMs);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

const refusalOf = (state: LedgerState, report: ReconcileReport) => {
  const outcome = reconcile(state, report, NOW);
  return outcome.ok ? null : outcome.reason;
};

const termsRefusal = (terms: CampaignTerms, from = NEW_LEDGER) => {
  const next = configure(from, terms);
  return next.ok ? null : next.reason;
};

describe("configuring", () => {
  it("refuses in its documented order", () => {
    expect(termsRefusal({ ...base, campaignId: "a b", budgetMicros: micros(-1) })).toBe("campaign_malformed");
    expect(termsRefusal({ ...base, campaignId: "tea" }, ledger())).toBe("campaign_mismatch");
    expect(termsRefusal({ ...base, budgetMicros: micros(-1), flightEndMs: 0 })).toBe("budget_malformed");
    expect(termsRefusal({ ...base, flightEndMs: base.flightStartMs })).toBe("flight_malformed");
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
    for (const wallet of ["wallet:eu:0", "wallet:sa:0", "wallet:as:0"]) {
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

  it(`ends in the same totals whatever order reports come in (MONEY_SEED=${SEED})`, () => {
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
        expect(state.shares.get("wallet:eu:0")).toMatchObject({ lapsedMicros: Math.min(7, billed) });
      }),
      { seed: SEED },
    );
  });
});

describe("pacing", () => {
  const even: CampaignTerms = { ...base, pacing: "even" };

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
    expect(stepPacer(throttled, base, reading, NOW + 1_000).multiplierPpm).toBe(1_000_000);
  });

  it("does not step faster because more wallets report", () => {
    const pacer = { ...NEW_PACER, steppedMs: NOW };
    const reading = { spentMicros: micros(50_000_000), billedMicros: ZERO_MICROS, impressionsBilled: 0 };
    expect(stepPacer(pacer, even, reading, NOW + 999)).toBe(pacer);
    expect(stepPacer(pacer, even, reading, NOW + 1_000).multiplierPpm).toBeLessThan(1_000_000);
  });
});
