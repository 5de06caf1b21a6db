/**
 * The purse and the wallet's answer to it: money is committed only when it was drawn, and only while the purse lives.
 */
import { describe, expect, it } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import type { DrawReply, DrawRequest } from "../../src/money/protocol.ts";
import {
  askFor,
  commit,
  lastReport,
  missPurse,
  newPurse,
  type Purse,
  receive,
  runsLow,
  shouldRotate,
  viewPurse,
} from "../../src/money/purse.ts";
import { bill, draw } from "../../src/money/wallet.ts";
import { hearLedger, nextRoundMs, report, tend } from "../../src/money/wallet_rounds.ts";
import { applyChanges, assertWalletInvariants, newWallet, type WalletState } from "../../src/money/wallet_state.ts";

const NOW = 5_000_000;
const WALLET = "wallet:eu:0";
const COFFEE = new Set(["coffee"]);

function reply(purse: Purse, drawn: number, change: Partial<DrawReply> = {}): DrawReply {
  const allotments = [{ campaignId: "coffee", drawnMicros: micros(drawn), multiplierPpm: 800_000 }];
  return { purseId: purse.purseId, nowMs: NOW, expiryMs: NOW + 60_000, allotments, retryAfterMs: 1_000, ...change };
}

function filled(drawn: number): Purse {
  const purse = newPurse("p1", WALLET);
  askFor(purse, COFFEE, NOW);
  receive(purse, reply(purse, drawn), NOW);
  return purse;
}

const reasonOf = (purse: Purse, campaignId: string, price: number, nowMs = NOW) => {
  const made = commit(purse, campaignId, micros(price), nowMs);
  return made.ok ? null : made.reason;
};

describe("a purse", () => {
  it("refuses commits in its documented order", () => {
    expect(reasonOf(newPurse("p1", WALLET), "coffee", -1)).toBe("price_malformed");
    expect(reasonOf(newPurse("p1", WALLET), "coffee", 1)).toBe("no_purse");
    expect(reasonOf(filled(100), "tea", 1, NOW + 58_000)).toBe("purse_expired");
    expect(reasonOf(filled(100), "tea", 1)).toBe("campaign_unknown");
    expect(reasonOf(filled(100), "coffee", 101)).toBe("short_of_money");
  });

  it("commits to the last micro and not one further", () => {
    const purse = filled(100);
    expect(reasonOf(purse, "coffee", 60)).toBe(null);
    expect(reasonOf(purse, "coffee", 41)).toBe("short_of_money");
    expect(reasonOf(purse, "coffee", 40)).toBe(null);
    expect(viewPurse(purse, NOW).has("coffee")).toBe(false);
  });

  it("stops a guard before its expiry, counted from when it asked, by its own clock", () => {
    const purse = newPurse("p1", WALLET);
    const mine = NOW - 3_600_000;
    askFor(purse, COFFEE, mine);
    receive(purse, reply(purse, 100), mine);
    expect(viewPurse(purse, mine + 57_999).get("coffee")).toEqual({ availableMicros: 100, multiplierPpm: 800_000 });
    expect(viewPurse(purse, mine + 58_000).size).toBe(0);
    expect(shouldRotate(purse, mine + 49_999)).toBe(false);
    expect(shouldRotate(purse, mine + 50_000)).toBe(true);
  });

  it("signs tokens that end before its wallet closes it", () => {
    const made = commit(filled(100), "coffee", micros(1), NOW);
    expect(made.ok && made.value).toEqual({ purseId: "p1", wallet: WALLET, expiresMs: NOW + 600_000 });
  });

  it("is not emptied by an old reply that arrives late", () => {
    const purse = filled(500);
    receive(purse, reply(purse, 100), NOW);
    expect(viewPurse(purse, NOW).get("coffee")?.availableMicros).toBe(500);
    receive(purse, reply(purse, 900, { purseId: "other" }), NOW);
    expect(viewPurse(purse, NOW).get("coffee")?.availableMicros).toBe(500);
  });

  it("asks for three seconds of what it spends, and for the price it missed", () => {
    const purse = filled(1_000_000);
    for (let i = 0; i < 40; i++) commit(purse, "coffee", micros(20_000), NOW);
    expect(askFor(purse, COFFEE, NOW + 1_000).campaigns[0]).toEqual({
      campaignId: "coffee",
      committedMicros: 800_000,
      wantMicros: 2_400_000,
      leastMicros: 20_000,
    });
    missPurse(purse, "coffee", micros(5_000_000));
    expect(askFor(purse, COFFEE, NOW + 2_000).campaigns[0]?.wantMicros).toBe(10_000_000);
    expect(askFor(purse, new Set(), NOW + 3_000).campaigns[0]?.wantMicros).toBe(0);
  });

  it("runs low only while its wallet gives what it asks", () => {
    const generous = filled(100_000);
    commit(generous, "coffee", micros(80_000), NOW);
    expect(runsLow(generous)).toBe(true);
    const meagre = filled(50_000);
    commit(meagre, "coffee", micros(50_000), NOW);
    expect(runsLow(meagre)).toBe(false);
  });
});

function fundedWallet(granted: number): WalletState {
  const state = newWallet(WALLET, NOW);
  const first = draw(state, ask("p0", 0, 1), NOW);
  if (!first.ok) throw new Error(first.reason);
  applyChanges(state, first.value.changes);
  const sent = report(state, "coffee", NOW);
  applyChanges(state, sent.changes);
  const answer = { campaignId: "coffee", grantedMicros: micros(granted), revision: 1 };
  const view = { multiplierPpm: 900_000, openUntilMs: NOW + 10_000_000 };
  applyChanges(state, hearLedger(state, sent.reply, { ...answer, ...view }, NOW).changes);
  return state;
}

function ask(purseId: string, committed: number, want: number, least = 0): DrawRequest {
  const amounts = { committedMicros: micros(committed), wantMicros: micros(want), leastMicros: micros(least) };
  return { purseId, campaigns: [{ campaignId: "coffee", ...amounts }], closing: false };
}

function drawn(state: WalletState, request: DrawRequest, nowMs = NOW): DrawReply {
  const outcome = draw(state, request, nowMs);
  if (!outcome.ok) throw new Error(outcome.reason);
  applyChanges(state, outcome.value.changes);
  assertWalletInvariants(state);
  return outcome.value.reply;
}

const drawRefusal = (request: DrawRequest) => {
  const outcome = draw(newWallet(WALLET, NOW), request, NOW);
  return outcome.ok ? null : outcome.reason;
};

describe("a wallet", () => {
  it("refuses draws in its documented order", () => {
    const many = Array.from({ length: 1_001 }, () => ({
      campaignId: "a b",
      committedMicros: micros(-1),
      wantMicros: micros(0),
    }));
    expect(drawRefusal({ purseId: "a b", campaigns: many, closing: false })).toBe("purse_malformed");
    expect(drawRefusal({ purseId: "p1", campaigns: many, closing: false })).toBe("too_many_campaigns");
    expect(drawRefusal({ purseId: "p1", campaigns: many.slice(0, 1), closing: false })).toBe("campaign_malformed");
    expect(drawRefusal(ask("p1", 0, -1))).toBe("amount_malformed");
  });

  it("gives the same totals for the same draw sent twice", () => {
    const state = fundedWallet(5_000_000);
    expect(drawn(state, ask("p1", 0, 300_000)).allotments[0]?.drawnMicros).toBe(300_000);
    expect(drawn(state, ask("p1", 0, 300_000)).allotments[0]?.drawnMicros).toBe(300_000);
    expect(drawn(state, ask("p1", 120_000, 300_000)).allotments[0]?.drawnMicros).toBe(420_000);
    expect(drawn(state, ask("p1", 0, 300_000)).allotments[0]?.drawnMicros).toBe(420_000);
  });

  it("rations what is short: a quarter of what is free, but no less than a starting purse", () => {
    const state = fundedWallet(1_000_000);
    expect(drawn(state, ask("p1", 0, 900_000)).allotments[0]?.drawnMicros).toBe(250_000);
    expect(drawn(state, ask("p2", 0, 900_000)).allotments[0]?.drawnMicros).toBe(187_500);
    const poor = fundedWallet(150_000);
    expect(drawn(poor, ask("p1", 0, 900_000)).allotments[0]?.drawnMicros).toBe(100_000);
    expect(drawn(poor, ask("p2", 0, 900_000, 60_000)).allotments[0]?.drawnMicros).toBe(0);
    expect(drawn(poor, ask("p2", 0, 900_000, 50_000)).allotments[0]?.drawnMicros).toBe(50_000);
  });

  it("never revives a purse it has forgotten", () => {
    const state = fundedWallet(1_000_000);
    expect(drawn(state, ask("ghost", 10, 900_000))).toMatchObject({ expiryMs: 0, allotments: [] });
    expect(state.purses.has("ghost")).toBe(false);
  });

  it("gives an expired purse nothing and tells it so", () => {
    const state = fundedWallet(1_000_000);
    drawn(state, ask("p1", 0, 100_000));
    const late = drawn(state, ask("p1", 0, 500_000), NOW + 60_000);
    expect(late.expiryMs).toBeLessThanOrEqual(late.nowMs);
    expect(late.allotments[0]?.drawnMicros).toBe(100_000);
  });

  it("takes of two ledger replies the larger grant and the newer view, in either order", () => {
    const old = {
      campaignId: "coffee",
      grantedMicros: micros(10),
      revision: 5,
      multiplierPpm: 100_000,
      openUntilMs: 0,
    };
    const young = { ...old, grantedMicros: micros(30), revision: 6, multiplierPpm: 200_000, openUntilMs: NOW + 1 };
    for (const replies of [
      [old, young],
      [young, old],
      [young, young],
    ]) {
      const state = newWallet(WALLET, NOW);
      const sent = report(state, "coffee", NOW);
      applyChanges(state, sent.changes);
      for (const answer of replies) applyChanges(state, hearLedger(state, sent.reply, answer, NOW).changes);
      expect(state.accounts.get("coffee")).toMatchObject({ grantedMicros: 30, freeMicros: 30 });
      expect(state.outlooks.get("coffee")).toMatchObject({ multiplierPpm: 200_000, openUntilMs: NOW + 1 });
    }
  });

  it("closes a rotated purse as soon as all it committed is billed", () => {
    const state = fundedWallet(1_000_000);
    const purse = newPurse("p1", WALLET);
    receive(purse, drawn(state, askFor(purse, COFFEE, NOW)), NOW);
    const made = commit(purse, "coffee", micros(30_000), NOW);
    if (!made.ok) throw new Error(made.reason);
    drawn(state, lastReport(purse));
    applyChanges(state, tend(state, NOW).changes);
    expect(state.purses.get("p1")?.phase).toBe("closing");

    const ids = { decisionId: "d1", slot: 1, campaignId: "coffee", lineItemId: "l", creativeId: "c" };
    const outcome = bill(state, [{ ...ids, priceMicros: micros(30_000), ...made.value }], new Set(), NOW + 1);
    if (!outcome.ok) throw new Error(outcome.reason);
    applyChanges(state, outcome.value.changes);
    applyChanges(state, tend(state, NOW + 2).changes);
    assertWalletInvariants(state);
    expect(state.purses.get("p1")?.phase).toBe("closed");
    expect(state.accounts.get("coffee")).toMatchObject({ billedMicros: 30_000, freeMicros: 970_000, lapsedMicros: 0 });
  });

  it("has no next round once nothing is open", () => {
    expect(nextRoundMs(newWallet(WALLET, NOW), NOW)).toBe(null);
  });
});
