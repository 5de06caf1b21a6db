/**
 * The fleet at toy size: the same seed is the same fleet, its market is the one it says, and the laws that make the money
 * protocol scale hold: what is written does not grow with the rate, and a multiplier is never older than its way.
 */
import { describe, expect, test } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { stream } from "../../src/kernel/random.ts";
import { MINUTE_MS, SECOND_MS } from "../../src/kernel/time.ts";
import { BILL_BATCH_CLAIMS } from "../../src/money/limits.ts";
import type { DrawReply, DrawRequest, ReconcileReply, ReconcileReport } from "../../src/money/protocol.ts";
import { NO_TOTALS } from "../../src/money/totals.ts";
import { billCallsPerSec, priceOf, usagePerSec, walletsMet } from "../../src/simulation/fleet/cost.ts";
import { LagTrace } from "../../src/simulation/fleet/lag_trace.ts";
import { drawPrice, expectedSpend, USUAL_LANDSCAPE, winChance } from "../../src/simulation/fleet/landscape.ts";
import { type FlightWish, measureFlight, measureRate, measureWallet } from "../../src/simulation/fleet/measure.ts";
import { fleetSizeOf } from "../../src/simulation/fleet/scenario.ts";

const TOY: FlightWish = {
  seed: "toy",
  isolates: 6,
  wallets: 2,
  decisionsPerIsolate: 30,
  pacing: "even",
  flightMs: 10 * MINUTE_MS,
  supplyFactor: 4,
};

describe("a market", () => {
  test("costs what its landscape says, at full bids and at half", () => {
    const random = stream("market", "prices");
    const count = 60_000;
    for (const ppm of [1_000_000, 500_000]) {
      let spent = 0;
      for (let i = 0; i < count; i++) spent += drawPrice(random, USUAL_LANDSCAPE, ppm) ?? 0;
      expect(spent / count / expectedSpend(USUAL_LANDSCAPE, ppm)).toBeCloseTo(1, 1);
    }
  });

  test("is won by half at the median of the rivals, and by nobody who bids nothing", () => {
    expect(winChance(USUAL_LANDSCAPE, USUAL_LANDSCAPE.rivalMicros)).toBeCloseTo(0.5, 10);
    expect(winChance(USUAL_LANDSCAPE, 0)).toBe(0);
  });
});

describe("a flight", () => {
  const figures = measureFlight(TOY);

  test("is the same for the same seed and another for another", () => {
    expect(measureFlight(TOY)).toEqual(figures);
    expect(measureFlight({ ...TOY, seed: "elsewhere" })).not.toEqual(figures);
  });

  test("bills, loses to unseen slots or leaves unspent the whole budget, and bills all that was seen", () => {
    expect(figures.utilisation + figures.unseen + figures.unspent).toBeCloseTo(1, 10);
    expect(figures.unbillable).toBe(0);
    expect(figures.unspent).toBeLessThan(0.01);
  });

  test("as soon as possible has time to spend again what nobody saw", () => {
    const asap = measureFlight({ ...TOY, pacing: "asap", flightMs: 50 * MINUTE_MS });
    expect(asap.utilisation).toBeGreaterThan(0.995);
  });
});

describe("a rate of decisions", () => {
  const slow = measureRate("rate", 3_000, 15 * SECOND_MS, 20 * SECOND_MS);
  const fast = measureRate("rate", 30_000, 15 * SECOND_MS, 20 * SECOND_MS);

  test("brings isolates and wallets, not writes of an object: a ledger makes 4 a second, a wallet 25 and its alarm", () => {
    expect(fast.isolates).toBe(10 * slow.isolates);
    for (const { rates } of [slow, fast]) {
      expect(rates.ledgerRows).toBeLessThanOrEqual(4);
      expect(rates.busiestWalletRows).toBeLessThanOrEqual(30);
    }
  });

  test("finds every isolate under a new multiplier some seconds after a commit", () => {
    expect(fast.lagsMs.length).toBeGreaterThan(50);
    expect(Math.max(...fast.lagsMs)).toBeLessThan(6 * SECOND_MS);
  });

  test("has a wallet in each region as soon as it has as many isolates, and then one for 32 isolates", () => {
    expect(fleetSizeOf(1_000)).toEqual({ isolates: 4, wallets: 4 });
    expect(fleetSizeOf(30_000)).toEqual({ isolates: 100, wallets: 8 });
    expect(fleetSizeOf(1_000_000)).toEqual({ isolates: 3_334, wallets: 105 });
  });
});

test("campaigns of one wallet report in step, so that many ring its alarm hardly more often than one", () => {
  expect(alarms(40)).toBeLessThan(4 * alarms(1));
});

describe("the lag of a commit", () => {
  test("ends when the last isolate holds a multiplier that was stepped with it, not one that is only newer", () => {
    const trace = new LagTrace("coffee", ["here"]);
    for (const isolate of ["here", "there"]) trace.joins(isolate);
    const round = (wallet: string, isolate: string, ppm: number, commits: number): void => {
      const sent = report(wallet);
      trace.drawn(wallet, draw(`${isolate}.0`, commits), answer(`${isolate}.0`));
      trace.reported(sent);
      const reply = view(ppm);
      trace.answered(sent, reply, 0);
      trace.heard(wallet, reply);
      const filling = answer(`${isolate}.0`);
      trace.drawn(wallet, draw(`${isolate}.0`, commits), filling);
      trace.filled(isolate, filling);
    };
    trace.committed("here", "here.0", 100);
    round("wallet:eu:0", "there", 900_000, 0);
    trace.look(200);
    expect(trace.lagsMs).toEqual([]);
    round("wallet:as:0", "here", 800_000, 1);
    trace.look(300);
    expect(trace.lagsMs).toEqual([]);
    round("wallet:eu:0", "there", 800_000, 0);
    trace.look(400);
    expect(trace.lagsMs).toEqual([300]);
  });
});

const NO_COMMITS = {
  campaignId: "coffee",
  committedMicros: micros(0),
  outcomesPpm: 0,
  opportunities: 0,
  wantMicros: micros(0),
};
const NO_WISH = { incarnation: "i", campaignId: "coffee", wantGrantedMicros: micros(0), leastMicros: micros(0) };
const NO_GRANT = { campaignId: "coffee", grantedMicros: micros(0), revision: 1, openUntilMs: 1 };

/** How often the alarm of a wallet with so many campaigns rings in a second. */
function alarms(campaigns: number): number {
  return measureWallet("step", { isolates: 2, campaigns, calls: 8 }, 10 * SECOND_MS, 20 * SECOND_MS).alarmsRung;
}

const draw = (purseId: string, impressionsCommitted: number): DrawRequest => ({
  purseId,
  incarnation: "i",
  campaigns: [{ ...NO_COMMITS, impressionsCommitted }],
  closing: false,
});
const answer = (purseId: string): DrawReply => ({
  purseId,
  incarnation: "i",
  nowMs: 0,
  expiryMs: 1,
  allotments: [],
  retryAfterMs: 0,
});
const report = (wallet: string): ReconcileReport => ({ ...NO_TOTALS, ...NO_WISH, wallet });
const view = (multiplierPpm: number): ReconcileReply => ({ ...NO_GRANT, multiplierPpm });

describe("cost", () => {
  test("is what the price list says of each kind", () => {
    const cost = priceOf({ requests: 2_000_000, rowsWritten: 3_000_000, rowsRead: 4_000_000, gbSeconds: 5_000_000 });
    expect(cost).toEqual({ requests: 0.3, rowsWritten: 3, rowsRead: 0.004, gbSeconds: 62.5, total: 65.804 });
  });

  test("of a deployment is that of its wallets and its campaigns", () => {
    const none = { draws: 0, reports: 0, ledgerRows: 0, walletRows: 0, alarmsSet: 0, alarmsRung: 0 };
    const ofWallet = { ...none, walletRows: 25, alarmsSet: 2, alarmsRung: 2, busiestWalletRows: 27 };
    const ofCampaign = { ...none, draws: 64, reports: 8, ledgerRows: 4, busiestWalletRows: 0 };
    const usage = usagePerSec({
      isolates: 64,
      wallets: 8,
      campaigns: 10,
      beaconsPerIsolateSec: 1_000,
      ofWallet,
      ofCampaign,
    });
    // Each isolate sends batches to the one wallet of its region.
    expect(usage.requests).toBeCloseTo(64 + 64 * billCallsPerSec(1_000) + 80 + 16, 6);
    expect(usage.rowsWritten).toBe(8 * 27 + 40);
    expect(usage.gbSeconds).toBeCloseTo(0.128 * 18, 10);
  });

  test("meets one wallet where a region has one, and no more than a data centre uses", () => {
    expect([1, 8, 16, 105].map(walletsMet)).toEqual([1, 1, 2, 4]);
  });

  test("counts a batch a beacon where beacons are rare, and batches of about a hundred where they are many", () => {
    expect(billCallsPerSec(0)).toBe(0);
    expect(billCallsPerSec(0.5)).toBeLessThan(0.6);
    expect(900 / billCallsPerSec(900)).toBeGreaterThan(BILL_BATCH_CLAIMS * 0.8);
    expect(billCallsPerSec(900), "a busy isolate calls seldom").toBeLessThan(billCallsPerSec(60));
  });
});
