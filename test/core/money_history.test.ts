/** A campaign's history: a point a minute, thinned with age, bounded, with its ends kept. And what its audit says. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { stream } from "../../src/kernel/random.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/kernel/time.ts";
import { configure, reconcile, writeOff } from "../../src/money/ledger.ts";
import { auditReport, auditTerms, auditWriteOff } from "../../src/money/ledger_audit.ts";
import {
  HISTORY_POINTS_MAX,
  type HistoryPoint,
  isPointDue,
  isThinningDue,
  outgrownPoints,
  pointOf,
} from "../../src/money/ledger_history.ts";
import { lastHeardMs, type LedgerState, ledgerStatus, NEW_LEDGER } from "../../src/money/ledger_state.ts";
import { STUCK_AFTER_MS } from "../../src/money/limits.ts";
import type { CampaignTerms, ReconcileReport } from "../../src/money/protocol.ts";
import { NO_TOTALS } from "../../src/money/totals.ts";

const START_MS = Date.UTC(2026, 10, 1);
const WALLET = { wallet: "wallet:weur:0", incarnation: "storage-1" };

const TERMS: CampaignTerms = {
  campaignId: "coffee",
  budgetMicros: micros(100_000_000),
  dailyBudgetMicros: null,
  timeZone: "UTC",
  flightStartMs: START_MS,
  flightEndMs: START_MS + 30 * DAY_MS,
  status: "active",
  pacing: "even",
  targetCostMicros: null,
  startMultiplierPpm: null,
  supplyShape: [],
};

const reportOf = (change: Partial<ReconcileReport> = {}): ReconcileReport => ({
  ...NO_TOTALS,
  ...WALLET,
  campaignId: "coffee",
  wantGrantedMicros: micros(2_000_000),
  leastMicros: micros(0),
  ...change,
});

function configured(terms = TERMS): LedgerState {
  const taken = configure(NEW_LEDGER, terms, START_MS);
  if (!taken.ok) throw new Error(taken.reason);
  return taken.value;
}

function heard(state: LedgerState, report: ReconcileReport, nowMs: number): LedgerState {
  const taken = reconcile(state, report, nowMs);
  if (!taken.ok) throw new Error(taken.reason);
  return taken.value.state;
}

function pointAt(state: LedgerState, nowMs: number): HistoryPoint {
  const status = ledgerStatus(state, nowMs);
  if (status === null) throw new Error("the ledger was configured");
  return pointOf(status, nowMs);
}

/** A ledger's store in memory, kept as the object keeps its table. */
function keep(times: readonly number[]): { readonly kept: number[]; readonly most: number } {
  let kept: number[] = [];
  let most = 0;
  let open: number | null = null;
  for (const nowMs of times) {
    if (open !== null && isPointDue(open, nowMs)) {
      const newest = kept.at(-1);
      kept.push(open);
      if (newest !== undefined && isThinningDue(newest, open)) {
        const outgrown = new Set(outgrownPoints(kept, open));
        kept = kept.filter((atMs) => !outgrown.has(atMs));
      }
      most = Math.max(most, kept.length);
    }
    open = nowMs;
  }
  return { kept, most };
}

describe("A minute of a campaign's history", () => {
  it("is kept once it is over, as it last was", () => {
    expect(isPointDue(START_MS + 1_000, START_MS + 59_999)).toBe(false);
    expect(isPointDue(START_MS + 59_999, START_MS + 60_000)).toBe(true);
    const { kept } = keep([0, 10, 20, 61, 62, 300, 301].map((sec) => START_MS + sec * 1_000));
    expect(kept.map((atMs) => (atMs - START_MS) / 1_000)).toEqual([20, 62]);
  });

  it("holds what was billed, won, planned and given away, and never less than the minute before", () => {
    const seed = "a campaign's minutes";
    const random = stream(seed, "reports");
    let state = configured();
    let totals = { committed: 0, billed: 0, late: 0 };
    let before = pointAt(state, START_MS);
    for (let minute = 1; minute <= 200; minute++) {
      const nowMs = START_MS + minute * MINUTE_MS;
      const committed = totals.committed + random.below(50_000);
      const billed = Math.min(committed, totals.billed + random.below(50_000));
      totals = { committed, billed, late: totals.late + random.below(2) };
      const granted = state.shares.get("wallet:weur:0/storage-1")?.grantedMicros ?? 0;
      state = heard(
        state,
        reportOf({
          committedMicros: micros(Math.min(committed, granted)),
          billedMicros: micros(Math.min(billed, granted)),
          late: totals.late,
          unbilledMicros: micros(totals.late * 20_000),
          wantGrantedMicros: micros(granted + 200_000),
        }),
        nowMs,
      );
      const point = pointAt(state, nowMs);
      for (const total of ["billedMicros", "spentMicros", "plannedMicros", "late", "unbilledMicros"] as const) {
        expect(point[total], `${total} in minute ${minute}, seed "${seed}"`).toBeGreaterThanOrEqual(before[total]);
      }
      expect(point.spentMicros).toBeGreaterThanOrEqual(point.billedMicros);
      expect(point.pendingMicros).toBeLessThanOrEqual(point.outstandingMicros);
      before = point;
    }
    expect(before.billedMicros).toBeGreaterThan(0);
    expect(lastHeardMs(state)).toBe(before.atMs);
  });
});

describe("Thinning a history", () => {
  it("leaves minutes for six hours, ten minutes for two days, hours for a month, then days", () => {
    const nowMs = START_MS + 60 * DAY_MS;
    const times = Array.from({ length: 60 * 24 * 60 }, (_, i) => START_MS + (i + 1) * MINUTE_MS - 1);
    const outgrown = new Set(outgrownPoints(times, nowMs));
    const kept = times.filter((atMs) => !outgrown.has(atMs));
    const between = (fromAgeMs: number, toAgeMs: number): number =>
      kept.filter((atMs) => nowMs - atMs > fromAgeMs && nowMs - atMs <= toAgeMs).length;
    expect(between(0, 6 * HOUR_MS)).toBe(360);
    expect(between(6 * HOUR_MS, 2 * DAY_MS)).toBe(42 * 6);
    expect(between(2 * DAY_MS, 30 * DAY_MS)).toBe(28 * 24);
    // Thirty whole days, and the first point of all.
    expect(between(30 * DAY_MS, 61 * DAY_MS)).toBe(31);
  });

  it("keeps both ends and the order, takes nothing twice, and stays within its bound", () => {
    const anyTimes = fc
      .uniqueArray(fc.integer({ min: 0, max: 3 * 365 * 24 * 60 }), { minLength: 1, maxLength: 400 })
      .map((minutes) => minutes.toSorted((a, b) => a - b).map((minute) => START_MS + minute * MINUTE_MS));
    fc.assert(
      fc.property(anyTimes, fc.integer({ min: 0, max: 100 * 24 * 60 }), (times, laterMin) => {
        const nowMs = (times.at(-1) ?? 0) + laterMin * MINUTE_MS;
        const outgrown = new Set(outgrownPoints(times, nowMs));
        const kept = times.filter((atMs) => !outgrown.has(atMs));
        expect([kept[0], kept.at(-1)]).toEqual([times[0], times.at(-1)]);
        expect(outgrownPoints(kept, nowMs)).toEqual([]);
        // A point goes only when a later one of the same day stays for it.
        for (const gone of outgrown) {
          const stands = kept.find((atMs) => atMs > gone);
          expect(stands !== undefined && Math.floor(stands / DAY_MS) === Math.floor(gone / DAY_MS)).toBe(true);
        }
      }),
      { seed: 2026, numRuns: 300 },
    );
  });

  it("bounds the points of a campaign that runs for years, and keeps the first of them", () => {
    const { kept, most } = keep(Array.from({ length: 8 * 365 * 4 }, (_, i) => START_MS + i * 6 * HOUR_MS));
    expect(most).toBeLessThanOrEqual(HISTORY_POINTS_MAX + 60);
    expect(kept[0]).toBe(START_MS);
    const busy = keep(Array.from({ length: 40 * 24 * 60 }, (_, i) => START_MS + i * MINUTE_MS));
    expect(busy.most).toBeLessThanOrEqual(360 + 60 + 42 * 6 + 28 * 24 + 12);
    const tooMany = Array.from({ length: 5 * HISTORY_POINTS_MAX }, (_, i) => START_MS + i * DAY_MS);
    const left = tooMany.length - outgrownPoints(tooMany, tooMany.at(-1) ?? 0).length;
    expect(left).toBe(HISTORY_POINTS_MAX);
  });
});

describe("A campaign's audit", () => {
  it("names the terms that changed, and says nothing of those that did not", () => {
    expect(auditTerms(TERMS, { ...TERMS }, START_MS)).toEqual([]);
    const changed = { ...TERMS, budgetMicros: micros(5), status: "paused" as const, supplyShape: Array(168).fill(1) };
    expect(auditTerms(TERMS, changed, START_MS)).toEqual([
      {
        kind: "terms_changed",
        atMs: START_MS,
        changes: [
          { field: "budgetMicros", from: 100_000_000, to: 5 },
          { field: "status", from: "active", to: "paused" },
          { field: "supplyShape", from: "flat", to: "a shape of 168 hours" },
        ],
      },
    ]);
    const [first] = auditTerms(null, TERMS, START_MS);
    expect(first).toMatchObject({ kind: "terms_changed" });
    expect(JSON.stringify(first)).toContain('{"field":"budgetMicros","from":null,"to":100000000}');
  });

  it("names who wrote money off, how much and why, and when the wallet came back", () => {
    const lent = heard(configured(), reportOf(), START_MS + 1_000);
    const nowMs = START_MS + 2_000 + STUCK_AFTER_MS;
    const command = { ...WALLET, by: "kim", why: "the region is gone" };
    const given = writeOff(lent, command, nowMs);
    if (!given.ok) throw new Error(given.reason);
    const amountMicros = ledgerStatus(given.value, nowMs)?.writtenOffMicros;
    expect(amountMicros).toBeGreaterThan(0);
    expect(auditWriteOff(given.value, command, nowMs)).toEqual([
      { kind: "written_off", atMs: nowMs, ...command, amountMicros },
    ]);
    expect(auditReport(lent, reportOf(), nowMs)).toEqual([]);
    expect(auditReport(given.value, reportOf(), nowMs + 1)).toEqual([
      { kind: "write_off_ended", atMs: nowMs + 1, ...WALLET, amountMicros },
    ]);
    expect(auditReport(heard(given.value, reportOf(), nowMs + 1), reportOf(), nowMs + 2)).toEqual([]);
  });
});
