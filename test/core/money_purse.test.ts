/**
 * The purse and the wallet's answer to it: money is committed only when it was drawn, and only while the purse lives.
 */
import { describe, expect, it } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { COMMITS_MAX } from "../../src/money/limits.ts";
import type { DrawReply, DrawRequest } from "../../src/money/protocol.ts";
import {
  askFor,
  commit,
  countOpportunities,
  lastReport,
  missPurse,
  newPurse,
  nextPurse,
  type Purse,
  receive,
  runsLow,
  shouldRotate,
  viewPurse,
} from "../../src/money/purse.ts";
import { bill, draw } from "../../src/money/wallet.ts";
import { hearLedger, nextRoundMs, report, tend } from "../../src/money/wallet_rounds.ts";
import { applyChanges, assertWalletInvariants, newWallet, type WalletState } from "../../src/money/wallet_state.ts";
import { ask, claim, INCARNATION, must, NOON_MS as NOW, reasonOf, WALLET, wish } from "../money_fixture.ts";

const COFFEE = new Set(["coffee"]);

function reply(purse: Purse, drawn: number, change: Partial<DrawReply> = {}): DrawReply {
  const allotments = [{ campaignId: "coffee", drawnMicros: micros(drawn), multiplierPpm: 800_000 }];
  const times = { nowMs: NOW, expiryMs: NOW + 60_000, retryAfterMs: 1_000 };
  return { purseId: purse.purseId, incarnation: INCARNATION, allotments, ...times, ...change };
}

function filled(drawn: number): Purse {
  const purse = newPurse("p1", WALLET);
  askFor(purse, COFFEE, NOW);
  receive(purse, reply(purse, drawn), NOW);
  return purse;
}

const buy = (campaignId: string, price: number, outcomePpm = 0) => ({
  campaignId,
  priceMicros: micros(price),
  outcomePpm,
});
const refusalOf = (purse: Purse, campaignId: string, price: number, nowMs = NOW) =>
  reasonOf(commit(purse, buy(campaignId, price), nowMs));

describe("a purse", () => {
  it("refuses commits in its documented order", () => {
    expect(refusalOf(newPurse("p1", WALLET), "coffee", -1)).toBe("price_malformed");
    expect(refusalOf(newPurse("p1", WALLET), "coffee", 1)).toBe("no_purse");
    expect(refusalOf(filled(100), "tea", 1, NOW + 58_000)).toBe("purse_expired");
    expect(refusalOf(filled(100), "tea", 1)).toBe("campaign_unknown");
    expect(refusalOf(filled(100), "coffee", 101)).toBe("short_of_money");
  });

  it("commits to the last micro and not one further", () => {
    const purse = filled(100);
    expect(refusalOf(purse, "coffee", 60)).toBe(null);
    expect(refusalOf(purse, "coffee", 41)).toBe("short_of_money");
    expect(refusalOf(purse, "coffee", 40)).toBe(null);
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
    const made = commit(filled(100), buy("coffee", 1), NOW);
    expect(made.ok && made.value).toEqual({ purseId: "p1", seq: 0, wallet: WALLET, expiresMs: NOW + 600_000 });
  });

  it("numbers its commits from zero without a gap, over all campaigns, and numbers no refused one", () => {
    const purse = filled(100);
    const both = [
      { campaignId: "coffee", drawnMicros: micros(100), multiplierPpm: 1_000_000 },
      { campaignId: "tea", drawnMicros: micros(100), multiplierPpm: 1_000_000 },
    ];
    receive(purse, reply(purse, 100, { allotments: both }), NOW);
    const numbers: number[] = [];
    for (const campaignId of ["coffee", "tea", "nobody", "tea", "coffee"]) {
      const made = commit(purse, buy(campaignId, 10), NOW);
      if (made.ok) numbers.push(made.value.seq);
      expect(reasonOf(commit(purse, buy(campaignId, 1_000), NOW))).not.toBe(null);
    }
    expect(numbers).toEqual([0, 1, 2, 3]);
  });

  it("commits no more once its numbers are used up, and asks to be rotated", () => {
    const purse = filled(2 * COMMITS_MAX);
    for (let seq = 0; seq < COMMITS_MAX; seq++) {
      if (must(commit(purse, buy("coffee", 1), NOW)).seq !== seq) throw new Error(`number ${seq} was skipped`);
    }
    expect(refusalOf(purse, "coffee", 1)).toBe("purse_full");
    expect(refusalOf(purse, "nobody", 1)).toBe("purse_full");
    expect(refusalOf(purse, "coffee", 1, NOW + 58_000)).toBe("purse_expired");
    expect(shouldRotate(purse, NOW)).toBe(true);
  });

  it("reports what it won, what outcomes it expects and where it could have bid, as totals", () => {
    const purse = filled(100);
    countOpportunities(purse, ["coffee", "nobody"]);
    countOpportunities(purse, ["coffee"]);
    commit(purse, buy("coffee", 10, 250_000), NOW);
    commit(purse, buy("coffee", 10, 500_000), NOW);
    commit(purse, buy("coffee", 1_000, 500_000), NOW);
    const totals = { committedMicros: 20, impressionsCommitted: 2, outcomesPpm: 750_000, opportunities: 2 };
    expect(askFor(purse, COFFEE, NOW).campaigns).toMatchObject([totals]);
    expect(askFor(purse, COFFEE, NOW + 1).campaigns).toMatchObject([totals]);
    expect(lastReport(purse).campaigns).toMatchObject([{ ...totals, wantMicros: 0 }]);
  });

  it("is not emptied by an old reply that arrives late", () => {
    const purse = filled(500);
    receive(purse, reply(purse, 100), NOW);
    expect(viewPurse(purse, NOW).get("coffee")?.availableMicros).toBe(500);
    receive(purse, reply(purse, 900, { purseId: "other" }), NOW);
    expect(viewPurse(purse, NOW).get("coffee")?.availableMicros).toBe(500);
  });

  it("asks for three seconds of what it spends and two prices more, and for the price it missed", () => {
    const purse = filled(1_000_000);
    for (let i = 0; i < 40; i++) commit(purse, buy("coffee", 20_000), NOW);
    expect(askFor(purse, COFFEE, NOW + 1_000).campaigns[0]).toEqual({
      campaignId: "coffee",
      committedMicros: 800_000,
      wantMicros: 2_440_000,
      leastMicros: 20_000,
      impressionsCommitted: 40,
      outcomesPpm: 0,
      opportunities: 0,
    });
    missPurse(purse, "coffee", micros(5_000_000));
    expect(askFor(purse, COFFEE, NOW + 2_000).campaigns[0]?.wantMicros).toBe(11_200_000);
    expect(askFor(purse, new Set(), NOW + 3_000).campaigns[0]?.wantMicros).toBe(0);
  });

  it("hands on how it spent, but no money, no numbers, and nothing of what is wanted no longer", () => {
    const purse = filled(1_000_000);
    for (let i = 0; i < 10; i++) commit(purse, buy("coffee", 20_000), NOW);
    askFor(purse, COFFEE, NOW + 1_000);
    const next = nextPurse("p2", purse, COFFEE);
    expect(viewPurse(next, NOW).size).toBe(0);
    const first = askFor(next, COFFEE, NOW + 1_100);
    expect(first).toMatchObject({ purseId: "p2", closing: false });
    expect(first.campaigns).toEqual([wish({ wantMicros: micros(640_000), leastMicros: micros(20_000) })]);
    receive(next, reply(next, 500_000), NOW + 1_100);
    expect(must(commit(next, buy("coffee", 1), NOW + 1_100)).seq).toBe(0);
    expect(askFor(nextPurse("p3", next, new Set(["tea"])), new Set(), NOW).campaigns).toEqual([]);
  });

  it("runs low only while its wallet gives what it asks", () => {
    const generous = filled(100_000);
    commit(generous, buy("coffee", 80_000), NOW);
    expect(runsLow(generous)).toBe(true);
    const meagre = filled(50_000);
    commit(meagre, buy("coffee", 50_000), NOW);
    expect(runsLow(meagre)).toBe(false);
  });
});

function fundedWallet(granted: number): WalletState {
  const state = newWallet(WALLET, INCARNATION, NOW);
  applyChanges(state, must(draw(state, ask("p0", 0, 1), NOW)).changes);
  const sent = report(state, "coffee", NOW);
  applyChanges(state, sent.changes);
  const answer = { campaignId: "coffee", grantedMicros: micros(granted), revision: 1 };
  const view = { multiplierPpm: 900_000, openUntilMs: NOW + 10_000_000 };
  applyChanges(state, hearLedger(state, sent.reply, { ...answer, ...view }, NOW).changes);
  return state;
}

/** A draw by a purse that knows what one impression costs. */
function askAtLeast(purseId: string, want: number, least: number): DrawRequest {
  return { ...ask(purseId, 0, want), campaigns: [wish({ wantMicros: micros(want), leastMicros: micros(least) })] };
}

function drawn(state: WalletState, request: DrawRequest, nowMs = NOW): DrawReply {
  const outcome = must(draw(state, request, nowMs));
  applyChanges(state, outcome.changes);
  assertWalletInvariants(state);
  return outcome.reply;
}

const drawRefusal = (request: DrawRequest) => reasonOf(draw(newWallet(WALLET, INCARNATION, NOW), request, NOW));

describe("a wallet", () => {
  it("refuses draws in its documented order", () => {
    const many = Array.from({ length: 1_001 }, () => wish({ campaignId: "a b", committedMicros: micros(-1) }));
    expect(drawRefusal(ask("a b", 0, 0, { campaigns: many }))).toBe("purse_malformed");
    expect(drawRefusal(ask("p1", 0, 0, { incarnation: "a b", campaigns: many }))).toBe("purse_malformed");
    expect(drawRefusal(ask("p1", 0, 0, { campaigns: many }))).toBe("too_many_campaigns");
    expect(drawRefusal(ask("p1", 0, 0, { campaigns: many.slice(0, 1) }))).toBe("campaign_malformed");
    expect(drawRefusal(ask("p1", 0, -1))).toBe("amount_malformed");
  });

  it("gives nothing to a purse that was filled from another storage, and the purse commits no more", () => {
    const state = fundedWallet(5_000_000);
    const answer = drawn(state, ask("p9", 0, 300_000, { incarnation: "lost" }));
    expect(answer).toMatchObject({ incarnation: INCARNATION, expiryMs: 0, allotments: [] });
    expect(state.purses.has("p9")).toBe(false);

    const purse = newPurse("p1", WALLET);
    receive(purse, reply(purse, 300_000, { incarnation: "lost" }), NOW);
    expect(askFor(purse, COFFEE, NOW).incarnation).toBe("lost");
    receive(purse, reply(purse, 900_000), NOW);
    expect(reasonOf(commit(purse, { campaignId: "coffee", priceMicros: micros(1), outcomePpm: 0 }, NOW))).toBe(
      "purse_expired",
    );
  });

  it("gives the same totals for the same draw sent twice", () => {
    const state = fundedWallet(5_000_000);
    expect(drawn(state, ask("p1", 0, 300_000)).allotments[0]?.drawnMicros).toBe(300_000);
    expect(drawn(state, ask("p1", 0, 300_000)).allotments[0]?.drawnMicros).toBe(300_000);
    expect(drawn(state, ask("p1", 120_000, 300_000)).allotments[0]?.drawnMicros).toBe(420_000);
    expect(drawn(state, ask("p1", 0, 300_000)).allotments[0]?.drawnMicros).toBe(420_000);
  });

  it("rations what is short: a sixteenth of what is free, but no less than a starting purse", () => {
    const state = fundedWallet(4_000_000);
    expect(drawn(state, ask("p1", 0, 900_000)).allotments[0]?.drawnMicros).toBe(250_000);
    expect(drawn(state, ask("p2", 0, 900_000)).allotments[0]?.drawnMicros).toBe(234_375);
    const poor = fundedWallet(150_000);
    expect(drawn(poor, ask("p1", 0, 900_000)).allotments[0]?.drawnMicros).toBe(100_000);
    expect(drawn(poor, askAtLeast("p2", 900_000, 60_000)).allotments[0]?.drawnMicros).toBe(0);
    expect(drawn(poor, askAtLeast("p2", 900_000, 50_000)).allotments[0]?.drawnMicros).toBe(50_000);
    const scarce = fundedWallet(160_000);
    expect(drawn(scarce, askAtLeast("p1", 900_000, 40_000)).allotments[0]?.drawnMicros, "one price").toBe(40_000);
    expect(drawn(scarce, askAtLeast("p1", 900_000, 40_000)).allotments[0]?.drawnMicros, "then crumbs").toBe(47_500);
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
      const state = newWallet(WALLET, INCARNATION, NOW);
      const sent = report(state, "coffee", NOW);
      applyChanges(state, sent.changes);
      for (const answer of replies) applyChanges(state, hearLedger(state, sent.reply, answer, NOW).changes);
      expect(state.accounts.get("coffee")).toMatchObject({ grantedMicros: 30, freeMicros: 30 });
      expect(state.outlooks.get("coffee")).toMatchObject({ multiplierPpm: 200_000, openUntilMs: NOW + 1 });
    }
  });

  it("adds up what its purses report of won impressions, outcomes and opportunities, once", () => {
    const state = fundedWallet(1_000_000);
    drawn(state, ask("p1", 0, 100_000));
    drawn(state, ask("p2", 0, 100_000));
    const heard = (purseId: string, n: number) =>
      drawn(state, {
        ...ask(purseId, 0, 0),
        campaigns: [wish({ impressionsCommitted: n, outcomesPpm: 10 * n, opportunities: 100 * n })],
      });
    for (const [purseId, n] of [
      ["p1", 3],
      ["p1", 3],
      ["p2", 4],
      ["p1", 2],
      ["p1", 5],
    ] as const)
      heard(purseId, n);
    expect(state.accounts.get("coffee")).toMatchObject({
      impressionsCommitted: 9,
      outcomesPpm: 90,
      opportunities: 900,
    });
  });

  it("closes a rotated purse as soon as all it committed is billed", () => {
    const state = fundedWallet(1_000_000);
    const purse = newPurse("p1", WALLET);
    receive(purse, drawn(state, askFor(purse, COFFEE, NOW)), NOW);
    const made = must(commit(purse, buy("coffee", 30_000), NOW));
    drawn(state, lastReport(purse));
    applyChanges(state, tend(state, NOW).changes);
    expect(state.purses.get("p1")?.phase).toBe("closing");

    const outcome = must(bill(state, [claim(0, { priceMicros: micros(30_000), ...made })], NOW + 1));
    applyChanges(state, outcome.changes);
    applyChanges(state, tend(state, NOW + 2).changes);
    assertWalletInvariants(state);
    expect(state.purses.get("p1")?.phase).toBe("closed");
    expect(state.accounts.get("coffee")).toMatchObject({ billedMicros: 30_000, freeMicros: 970_000, lapsedMicros: 0 });
  });

  it("has no next round once nothing is open", () => {
    expect(nextRoundMs(newWallet(WALLET, INCARNATION, NOW), NOW)).toBe(null);
  });
});
