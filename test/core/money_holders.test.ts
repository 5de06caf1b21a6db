/**
 * Who holds a campaign's money: a wallet with its storage. One that lost its storage is another holder, and one that
 * fell silent can be given up on, without a micro of the budget ever being there twice.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../src/kernel/assert.ts";
import { micros } from "../../src/kernel/money.ts";
import { MINUTE_MS } from "../../src/kernel/time.ts";
import { configure, reconcile, writeOff, type WriteOffCommand } from "../../src/money/ledger.ts";
import { type LedgerState, ledgerStatus, NEW_LEDGER, sumShares } from "../../src/money/ledger_state.ts";
import { STUCK_AFTER_MS, TOKEN_LIFETIME_MS } from "../../src/money/limits.ts";
import type { ReconcileReport } from "../../src/money/protocol.ts";
import { bill, draw } from "../../src/money/wallet.ts";
import { hearLedger, report } from "../../src/money/wallet_rounds.ts";
import { applyChanges, newWallet, type WalletState } from "../../src/money/wallet_state.ts";
import { ask, claim, INCARNATION, must, NOON_MS as NOW, reasonOf, says, terms, WALLET } from "../money_fixture.ts";
import { MONEY_SEED } from "./money_seed.ts";

const BUDGET = 1_000_000;
const base = terms({ budgetMicros: micros(BUDGET) });
const fresh = (): LedgerState => must(configure(NEW_LEDGER, base, NOW));
const after = (state: LedgerState, sent: ReconcileReport, nowMs = NOW) => must(reconcile(state, sent, nowMs));
const statusOf = (state: LedgerState, nowMs = NOW) => present(ledgerStatus(state, nowMs), "configured");

/** A ledger with one holder that has 300,000 micros. */
const lent = () => after(fresh(), says({ wantGrantedMicros: 300_000 })).state;

/** One wallet's whole way to money: draw, report, hear, draw again. */
function fund(wallet: WalletState, ledger: LedgerState, purseId: string, want: number): LedgerState {
  applyChanges(wallet, must(draw(wallet, ask(purseId, 0, want), NOW)).changes);
  const sent = report(wallet, "coffee", NOW);
  applyChanges(wallet, sent.changes);
  const answer = after(ledger, sent.reply);
  applyChanges(wallet, hearLedger(wallet, sent.reply, answer.reply, NOW).changes);
  applyChanges(wallet, must(draw(wallet, ask(purseId, 0, want), NOW)).changes);
  return answer.state;
}

const verdictsOf = (wallet: WalletState, claims: Parameters<typeof claim>[]) => {
  const outcome = must(
    bill(
      wallet,
      claims.map((one) => claim(...one)),
      NOW,
    ),
  );
  applyChanges(wallet, outcome.changes);
  return outcome.reply.verdicts;
};

describe("a wallet that lost its storage", () => {
  it("is another holder: it has no money of the old one, bills none of its impressions, and both count", () => {
    const budget = 30_000_000;
    const old = newWallet(WALLET, "old", NOW);
    let ledger = fund(old, must(configure(NEW_LEDGER, { ...base, budgetMicros: micros(budget) }, NOW)), "p1", 400_000);
    expect(verdictsOf(old, [[0, { priceMicros: micros(100_000) }]])).toEqual(["billed"]);

    const young = newWallet(WALLET, "young", NOW);
    expect(must(draw(young, ask("p1", 100_000, 400_000), NOW)).reply).toMatchObject({ allotments: [], expiryMs: 0 });
    expect(verdictsOf(young, [[0], [1]])).toEqual(["invalid", "invalid"]);
    ledger = fund(young, ledger, "p2", budget);
    const [held, got] = [old, young].map((wallet) => wallet.accounts.get("coffee")?.grantedMicros ?? 0);
    expect([held, got]).toEqual([1_000_000, 500_000]);
    expect(statusOf(ledger)).toMatchObject({ grantedMicros: 1_500_000, writtenOffMicros: 0 });
    expect(statusOf(ledger).wallets.map(({ incarnation }) => incarnation)).toEqual(["old", "young"]);
    expect(verdictsOf(young, [[1], [2, { purseId: "p2" }]])).toEqual(["late", "billed"]);
  });

  it("cannot say that it billed or returned what only the old one was granted", () => {
    const ledger = after(fresh(), says({ incarnation: "old", wantGrantedMicros: 400_000 })).state;
    const money = { billedMicros: 1, committedMicros: 1 };
    expect(reasonOf(reconcile(ledger, says({ incarnation: "young", ...money }), NOW))).toBe("totals_impossible");
    expect(reasonOf(reconcile(ledger, says({ incarnation: "young", returnedMicros: 1 }), NOW))).toBe(
      "totals_impossible",
    );
    expect(reasonOf(reconcile(ledger, says({ incarnation: "old", ...money }), NOW))).toBe(null);
  });

  it("is granted its own total, and not told of the old one's", () => {
    const ledger = after(fresh(), says({ incarnation: "old", wantGrantedMicros: 400_000 })).state;
    expect(after(ledger, says({ incarnation: "young" })).reply.grantedMicros).toBe(0);
    expect(after(ledger, says({ incarnation: "young", wantGrantedMicros: 5 })).reply.grantedMicros).toBe(5);
  });
});

describe("writing off", () => {
  const command: WriteOffCommand = { wallet: WALLET, incarnation: INCARNATION, by: "ops", why: "region is gone" };
  const silentMs = NOW + STUCK_AFTER_MS + 1;

  it("refuses in its documented order", () => {
    const refusal = (state: LedgerState, change: Partial<WriteOffCommand>, nowMs = silentMs) =>
      reasonOf(writeOff(state, { ...command, ...change }, nowMs));
    expect(refusal(NEW_LEDGER, { by: "" })).toBe("campaign_unknown");
    expect(refusal(lent(), { by: " ", incarnation: "x" })).toBe("words_malformed");
    expect(refusal(lent(), { why: "x".repeat(201), incarnation: "x" })).toBe("words_malformed");
    expect(refusal(lent(), { incarnation: "x" }, NOW)).toBe("wallet_unknown");
    expect(refusal(lent(), {}, silentMs - 1)).toBe("wallet_not_stuck");
    const idle = after(lent(), says({ returnedMicros: 300_000 })).state;
    expect(refusal(idle, {}), "it holds nothing").toBe("wallet_not_stuck");
    const gone = must(writeOff(lent(), command, silentMs));
    expect(refusal(gone, {}), "once is enough").toBe("wallet_not_stuck");
    expect(refusal(lent(), {})).toBe(null);
  });

  it("is possible only after the holder must have closed its last purse", () => {
    expect(STUCK_AFTER_MS).toBeGreaterThan(TOKEN_LIFETIME_MS + 2 * MINUTE_MS);
    expect(statusOf(lent(), silentMs - 1).wallets).toMatchObject([{ stuck: false }]);
    expect(statusOf(lent(), silentMs).wallets).toMatchObject([{ stuck: true }]);
  });

  it("takes the money out of what is outstanding, but does not let it out again", () => {
    const gone = must(writeOff(lent(), command, silentMs));
    const told = { by: "ops", why: "region is gone", atMs: silentMs, amountMicros: 300_000 };
    expect(statusOf(gone, silentMs)).toMatchObject({
      outstandingMicros: 0,
      writtenOffMicros: 300_000,
      wallets: [{ stuck: false, writeOff: told }],
    });
    let state = gone;
    for (let i = 0; i < 20; i++) {
      state = after(state, says({ incarnation: "young", wantGrantedMicros: 5_000_000 }), silentMs).state;
    }
    expect(statusOf(state, silentMs).grantedMicros).toBe(BUDGET);
    expect(state.shares.get(`${WALLET}/young`)?.grantedMicros).toBe(700_000);
  });

  it("is taken back by the holder's next word, and what it bills then counts", () => {
    const gone = must(writeOff(lent(), command, silentMs));
    const back = after(gone, says({ billedMicros: 40_000, committedMicros: 40_000 }), silentMs + 1).state;
    expect(statusOf(back, silentMs)).toMatchObject({
      billedMicros: 40_000,
      outstandingMicros: 260_000,
      writtenOffMicros: 0,
      wallets: [{ writeOff: null }],
    });
  });

  it(`never lets out more than the budget, whoever comes back when (MONEY_SEED=${MONEY_SEED})`, () => {
    const step = fc.record({
      holder: fc.nat({ max: 4 }),
      want: fc.nat({ max: 400_000 }),
      spend: fc.nat({ max: 100_000 }),
      giveUp: fc.boolean(),
      waitMs: fc.oneof(fc.nat({ max: 1_000 }), fc.nat({ max: 2 * STUCK_AFTER_MS })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
        let state = fresh();
        let nowMs = NOW;
        const granted = [0, 0, 0, 0, 0];
        const billed = [0, 0, 0, 0, 0];
        for (const { holder, want, spend, giveUp, waitMs } of steps) {
          nowMs += waitMs;
          const incarnation = `i${holder}`;
          if (giveUp) {
            const given = writeOff(state, { ...command, incarnation }, nowMs);
            if (given.ok) state = given.value;
          } else {
            const had = granted[holder] ?? 0;
            const total = Math.min((billed[holder] ?? 0) + spend, had);
            billed[holder] = total;
            const money = { billedMicros: total, committedMicros: total, wantGrantedMicros: had + want };
            const next = after(state, says({ incarnation, ...money }), nowMs);
            state = next.state;
            granted[holder] = next.reply.grantedMicros;
          }
          const out = granted.reduce((sum, one) => sum + one, 0);
          expect(out).toBeLessThanOrEqual(BUDGET);
          const status = statusOf(state, nowMs);
          expect(status.billedMicros + status.outstandingMicros + status.writtenOffMicros).toBe(out);
          expect(sumShares(state.shares).outMicros).toBe(out);
        }
      }),
      { seed: MONEY_SEED },
    );
  });
});
