/**
 * What a wallet bills, when it stops billing, and that it never loses sight of money a ledger has granted it.
 */
import { describe, expect, it } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { SKEW_GUARD_MS, TOKEN_LIFETIME_MS } from "../../src/money/limits.ts";
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
import {
  applyChanges,
  assertWalletInvariants,
  billedKey,
  newWallet,
  type WalletState,
} from "../../src/money/wallet_state.ts";

const NOW = 5_000_000;
const WALLET = "wallet:eu:0";
const EXPIRY_MS = NOW + 60_000;

function draws(state: WalletState, purseId: string, wantMicros: number, nowMs: number): void {
  const wish = { campaignId: "coffee", committedMicros: micros(0), wantMicros: micros(wantMicros) };
  const outcome = draw(state, { purseId, campaigns: [wish], closing: false }, nowMs);
  if (!outcome.ok) throw new Error(outcome.reason);
  applyChanges(state, outcome.value.changes);
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
  const state = newWallet(WALLET, NOW);
  draws(state, "p1", 100, NOW);
  hears(state, reports(state, NOW), 1_000, NOW);
  draws(state, "p1", 100, NOW);
  return state;
}

function claim(decisionId: string, change: Partial<BillingClaim> = {}): BillingClaim {
  const ids = { decisionId, slot: 1, campaignId: "coffee", lineItemId: "line", creativeId: "spot" };
  const money = { priceMicros: micros(10), purseId: "p1", wallet: WALLET };
  return { ...ids, ...money, expiresMs: EXPIRY_MS + TOKEN_LIFETIME_MS, ...change };
}

function bills(
  state: WalletState,
  claims: readonly BillingClaim[],
  nowMs: number,
  seen = new Set<string>(),
): readonly BillVerdict[] {
  const outcome = bill(state, claims, seen, nowMs);
  if (!outcome.ok) throw new Error(outcome.reason);
  applyChanges(state, outcome.value.changes);
  assertWalletInvariants(state);
  return outcome.value.reply.verdicts;
}

function tends(state: WalletState, nowMs: number): void {
  applyChanges(state, tend(state, nowMs).changes);
  assertWalletInvariants(state);
}

describe("a verdict", () => {
  it("is the first that applies, in the documented order", () => {
    const state = walletWithPurse();
    const seen = new Set([billedKey(claim("old"))]);
    const long = { expiresMs: NOW };
    const dear = { priceMicros: micros(101) };
    const cases: readonly (readonly [BillVerdict, BillingClaim])[] = [
      ["invalid", claim("old", { campaignId: "nobody", ...long, ...dear })],
      ["invalid", claim("old", { wallet: "wallet:eu:1" })],
      ["invalid", claim("old", { priceMicros: micros(-1) })],
      ["duplicate", claim("old", { ...long, ...dear })],
      ["late", claim("d1", { ...long, ...dear })],
      ["late", claim("d2", { purseId: "stranger", ...dear })],
      ["exhausted", claim("d3", dear)],
      ["billed", claim("d4", { priceMicros: micros(100) })],
      ["duplicate", claim("d4", { priceMicros: micros(100) })],
      ["exhausted", claim("d5", { priceMicros: micros(1) })],
      ["billed", claim("d6", { priceMicros: micros(0) })],
    ];
    const verdicts = bills(
      state,
      cases.map(([, one]) => one),
      NOW,
      seen,
    );
    expect(verdicts).toEqual(cases.map(([verdict]) => verdict));
    const counts = { late: 2, exhausted: 2, duplicates: 2, impressionsBilled: 2 };
    expect(state.accounts.get("coffee")).toMatchObject({ billedMicros: 100, ...counts });
  });

  it("stays billable until the last token of the purse has expired, long after the purse itself", () => {
    const state = walletWithPurse();
    const lastMs = EXPIRY_MS + TOKEN_LIFETIME_MS - 1;
    for (const nowMs of [EXPIRY_MS, EXPIRY_MS + 60_000, lastMs]) tends(state, nowMs);
    expect(bills(state, [claim("d1")], lastMs)).toEqual(["billed"]);
  });

  it("is late once the purse is due to close, whether or not the alarm has come round", () => {
    const state = walletWithPurse();
    const closeMs = EXPIRY_MS + TOKEN_LIFETIME_MS + SKEW_GUARD_MS;
    const timeless = { expiresMs: Number.MAX_SAFE_INTEGER };
    expect(bills(state, [claim("d1", timeless)], closeMs - 1)).toEqual(["billed"]);
    expect(bills(state, [claim("d2", timeless)], closeMs)).toEqual(["late"]);
    tends(state, closeMs);
    expect(state.purses.get("p1")?.phase).toBe("closed");
    expect(bills(state, [claim("d3", timeless)], closeMs)).toEqual(["late"]);
    // The 90 micros that were not billed went free, and idle free money went back.
    expect(state.accounts.get("coffee")).toMatchObject({ billedMicros: 10, returnedMicros: 990, freeMicros: 0 });
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
    const before = newWallet(WALLET, NOW);
    draws(before, "p1", 100, NOW);
    reports(before, NOW);
    const after = newWallet(WALLET, NOW + 1);
    for (const [campaignId, account] of before.accounts) after.accounts.set(campaignId, account);
    expect(campaignsDue(after, NOW + 1)).toEqual(["coffee"]);
  });

  it("is not looked for at a ledger that was never configured", () => {
    const state = newWallet(WALLET, NOW);
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
