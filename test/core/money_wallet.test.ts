/**
 * What a wallet bills, when it stops billing, and that it never loses sight of money a ledger has granted it.
 */
import { describe, expect, it } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { COMMITS_MAX, FORGET_AFTER_MS, SKEW_GUARD_MS, TOKEN_LIFETIME_MS } from "../../src/money/limits.ts";
import type { BillingClaim, BillVerdict, ReconcileReport } from "../../src/money/protocol.ts";
import { bill, draw } from "../../src/money/wallet.ts";
import {
  campaignsDue,
  hearLedger,
  hearUnknown,
  missLedger,
  nextRoundMs,
  report,
  tend,
} from "../../src/money/wallet_rounds.ts";
import { applyChanges, assertWalletInvariants, newWallet, type WalletState } from "../../src/money/wallet_state.ts";
import { ask, claim, INCARNATION, must, NOON_MS, WALLET } from "../money_fixture.ts";

const NOW = NOON_MS;
const EXPIRY_MS = NOW + 60_000;
/** A token that outlives every purse. */
const TIMELESS = { expiresMs: Number.MAX_SAFE_INTEGER };

function draws(state: WalletState, purseId: string, wantMicros: number, nowMs: number): void {
  applyChanges(state, must(draw(state, ask(purseId, 0, wantMicros), nowMs)).changes);
}

function reports(state: WalletState, nowMs: number): ReconcileReport {
  const sent = report(state, "coffee", nowMs);
  applyChanges(state, sent.changes);
  return sent.reply;
}

function hears(state: WalletState, sent: ReconcileReport, granted: number, nowMs: number, revision = 1): void {
  const view = { revision, multiplierPpm: 1_000_000, openUntilMs: NOW + 10_000_000 };
  const answer = { campaignId: "coffee", grantedMicros: micros(granted), ...view };
  applyChanges(state, hearLedger(state, sent, answer, nowMs).changes);
}

/** A wallet whose purse "p1" has drawn 100 micros. */
function walletWithPurse(): WalletState {
  const state = newWallet(WALLET, INCARNATION, NOW);
  draws(state, "p1", 100, NOW);
  hears(state, reports(state, NOW), 1_000, NOW);
  draws(state, "p1", 100, NOW);
  return state;
}

function bills(state: WalletState, claims: readonly BillingClaim[], nowMs: number): readonly BillVerdict[] {
  const outcome = must(bill(state, claims, nowMs));
  applyChanges(state, outcome.changes);
  assertWalletInvariants(state);
  return outcome.reply.verdicts;
}

function tends(state: WalletState, nowMs: number): void {
  applyChanges(state, tend(state, nowMs).changes);
  assertWalletInvariants(state);
}

describe("a verdict", () => {
  it("is the first that applies, in the documented order", () => {
    const state = walletWithPurse();
    const old = { priceMicros: micros(0) };
    expect(bills(state, [claim(0, old)], NOW)).toEqual(["billed"]);
    const long = { expiresMs: NOW };
    const dear = { priceMicros: micros(101) };
    const cases: readonly (readonly [BillVerdict, BillingClaim])[] = [
      ["invalid", claim(0, { campaignId: "nobody", ...long, ...dear })],
      ["invalid", claim(0, { wallet: "wallet:local:1" })],
      ["invalid", claim(0, { priceMicros: micros(-1) })],
      ["invalid", claim(COMMITS_MAX, long)],
      ["invalid", claim(0.5, long)],
      ["invalid", claim(-1, long)],
      ["duplicate", claim(0, { ...long, ...dear })],
      ["late", claim(1, { ...long, ...dear })],
      ["late", claim(2, { purseId: "stranger", ...dear })],
      ["exhausted", claim(3, dear)],
      ["billed", claim(4, { priceMicros: micros(100) })],
      ["duplicate", claim(4, { priceMicros: micros(100) })],
      ["exhausted", claim(5, { priceMicros: micros(1) })],
      ["billed", claim(COMMITS_MAX - 1, { priceMicros: micros(0) })],
    ];
    const verdicts = bills(
      state,
      cases.map(([, one]) => one),
      NOW,
    );
    expect(verdicts).toEqual(cases.map(([verdict]) => verdict));
    const counts = { late: 1, exhausted: 2, duplicates: 2, impressionsBilled: 3 };
    // 101 late, 101 exhausted and 1 exhausted: seen, and given away. Of a stranger's purse nothing is counted.
    expect(state.accounts.get("coffee")).toMatchObject({ billedMicros: 100, unbilledMicros: 203, ...counts });
  });

  it("counts what is given away once, however often the beacon comes", () => {
    const state = walletWithPurse();
    const late = claim(1, { expiresMs: NOW });
    const dear = claim(2, { priceMicros: micros(101) });
    for (let turn = 0; turn < 3; turn++) {
      expect(bills(state, [late, dear, late], NOW)).toEqual(["late", "exhausted", "late"]);
    }
    const once = { late: 1, exhausted: 1, unbilledMicros: late.priceMicros + 101, impressionsBilled: 0 };
    expect(state.accounts.get("coffee")).toMatchObject(once);
  });

  it("stays billable until the last token of the purse has expired, long after the purse itself", () => {
    const state = walletWithPurse();
    const lastMs = EXPIRY_MS + TOKEN_LIFETIME_MS - 1;
    for (const nowMs of [EXPIRY_MS, EXPIRY_MS + 60_000, lastMs]) tends(state, nowMs);
    expect(bills(state, [claim(1, TIMELESS)], lastMs)).toEqual(["billed"]);
  });

  it("is late once the purse is due to close, whether or not the alarm has come round", () => {
    const state = walletWithPurse();
    const closeMs = EXPIRY_MS + TOKEN_LIFETIME_MS + SKEW_GUARD_MS;
    expect(bills(state, [claim(1, TIMELESS)], closeMs - 1)).toEqual(["billed"]);
    expect(bills(state, [claim(2, TIMELESS)], closeMs)).toEqual(["late"]);
    tends(state, closeMs);
    expect(state.purses.get("p1")?.phase).toBe("closed");
    expect(bills(state, [claim(3, TIMELESS)], closeMs)).toEqual(["late"]);
    // The 90 micros that were not billed went free, and idle free money went back.
    expect(state.accounts.get("coffee")).toMatchObject({ billedMicros: 10, returnedMicros: 990, freeMicros: 0 });
  });
});

describe("an impression", () => {
  it("is billed once by its purse and number, whatever else the second beacon says", () => {
    const state = walletWithPurse();
    draws(state, "p2", 50, NOW);
    expect(bills(state, [claim(7), claim(7, { purseId: "p2" }), claim(8)], NOW)).toEqual([
      "billed",
      "billed",
      "billed",
    ]);
    const again = [
      claim(7, { decisionId: "other", slot: 3 }),
      claim(7, { priceMicros: micros(99_999) }),
      claim(7, { lineItemId: "x" }),
    ];
    expect(bills(state, again, NOW)).toEqual(["duplicate", "duplicate", "duplicate"]);
    expect(state.accounts.get("coffee")).toMatchObject({ billedMicros: 30, impressionsBilled: 3, duplicates: 3 });
  });

  it("stays a duplicate while its purse is open, closing and closed, and is late once the purse is forgotten", () => {
    const state = walletWithPurse();
    const first = claim(0, TIMELESS);
    expect(bills(state, [first], NOW)).toEqual(["billed"]);
    expect(bills(state, [first], NOW)).toEqual(["duplicate"]);
    applyChanges(state, must(draw(state, ask("p1", 20, 0, { closing: true }), NOW)).changes);
    expect(state.purses.get("p1")?.phase).toBe("closing");
    expect(bills(state, [first], NOW)).toEqual(["duplicate"]);
    const closeMs = EXPIRY_MS + TOKEN_LIFETIME_MS + SKEW_GUARD_MS;
    tends(state, closeMs);
    expect(state.purses.get("p1")?.phase).toBe("closed");
    tends(state, closeMs + FORGET_AFTER_MS - 1);
    expect(bills(state, [first], closeMs + FORGET_AFTER_MS - 1)).toEqual(["duplicate"]);
    tends(state, closeMs + FORGET_AFTER_MS);
    expect([state.purses.size, state.marks.size]).toEqual([0, 0]);
    expect(bills(state, [first], closeMs + FORGET_AFTER_MS)).toEqual(["late"]);
  });

  it("that was seen and not billed counts as given away, by its price, each time it is seen", () => {
    const state = walletWithPurse();
    bills(state, [claim(0, { priceMicros: micros(101) }), claim(1, { expiresMs: NOW })], NOW);
    expect(state.accounts.get("coffee")).toMatchObject({ unbilledMicros: 111, billedMicros: 0 });
    expect(reports(state, NOW + 1).unbilledMicros).toBe(111);
  });
});

describe("a grant whose reply was lost", () => {
  it("is asked about again, although nobody draws any more", () => {
    const state = walletWithPurse();
    hears(state, reports(state, NOW + 1_000), 1_000, NOW + 1_000, 2);
    reports(state, NOW + 2_000);
    applyChanges(state, missLedger(state, "coffee", NOW + 2_000).changes);
    const quietMs = NOW + 10 * 60_000;
    expect(campaignsDue(state, quietMs)).toEqual(["coffee"]);
    hears(state, reports(state, quietMs), 5_000, quietMs, 3);
    expect(state.accounts.get("coffee")).toMatchObject({ grantedMicros: 5_000, freeMicros: 4_900 });
    expect(campaignsDue(state, quietMs + 500)).toEqual([]);
  });

  it("is asked about again, although the memory of asking was lost as well", () => {
    const before = newWallet(WALLET, INCARNATION, NOW);
    draws(before, "p1", 100, NOW);
    reports(before, NOW);
    const after = newWallet(WALLET, INCARNATION, NOW + 1);
    for (const [campaignId, account] of before.accounts) after.accounts.set(campaignId, account);
    expect(campaignsDue(after, NOW + 1)).toEqual(["coffee"]);
  });

  it("is not looked for at a ledger that was never configured", () => {
    const state = newWallet(WALLET, INCARNATION, NOW);
    draws(state, "p1", 100, NOW);
    applyChanges(state, hearUnknown(state, reports(state, NOW), NOW).changes);
    tends(state, NOW + 10 * 60_000);
    expect(campaignsDue(state, NOW + 10 * 60_000)).toEqual([]);
  });
});

describe("a wallet at rest", () => {
  it("has no next round once it has closed, returned, reported and forgotten everything", () => {
    const state = walletWithPurse();
    let nowMs = NOW;
    let rounds = 0;
    for (let due = nextRoundMs(state, nowMs); due !== null && rounds < 200; due = nextRoundMs(state, nowMs)) {
      nowMs = Math.max(nowMs, due);
      rounds += 1;
      tends(state, nowMs);
      for (const _ of campaignsDue(state, nowMs)) hears(state, reports(state, nowMs), 1_000, nowMs, rounds + 1);
    }
    expect(nextRoundMs(state, nowMs)).toBe(null);
    expect(state.purses.size).toBe(0);
    expect(state.accounts.get("coffee")).toMatchObject({ grantedMicros: 1_000, returnedMicros: 1_000, freeMicros: 0 });
    expect(rounds).toBeLessThan(30);
  });
});
