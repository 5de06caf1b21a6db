/**
 * What a ledger remembers, what follows from it, and the laws that hold after every command. The commands are in
 * ledger.ts, how much they grant in lease.ts.
 */
import { assert } from "../kernel/assert.ts";
import type { LocalDay } from "../kernel/local_day.ts";
import { type Micros, maxMicros, micros, minMicros, ZERO_MICROS } from "../kernel/money.ts";
import { STUCK_AFTER_MS } from "./limits.ts";
import { NEW_PACER, type Pacer } from "./pacing/pacer.ts";
import { plannedMicros } from "./pacing/plan_curve.ts";
import type { CampaignStatus, CampaignTerms, WalletShare, WriteOff } from "./protocol.ts";
import { type CampaignTotals, NO_TOTALS, spentOf, sumTotals } from "./totals.ts";

/** One holder of the campaign's money (a wallet with its storage) as the ledger knows it. Totals only grow. */
export interface LedgerShare extends CampaignTotals {
  readonly wallet: string;
  readonly incarnation: string;
  readonly grantedMicros: Micros;
  readonly heardMs: number;
  readonly writeOff: WriteOff | null;
}

/** The local day under a daily budget, and what had been billed and spent when it began. */
export interface BudgetDay extends LocalDay {
  readonly billedBeforeMicros: Micros;
  readonly spentBeforeMicros: Micros;
}

/** Smoothed spending, for the size of leases near the end of a flight. A control signal, not money. */
export interface SpendRate {
  readonly atMs: number;
  readonly spentMicros: Micros;
  readonly microsPerSec: number;
}

/** All a ledger remembers. */
export interface LedgerState {
  /** Null until origin configures the campaign. */
  readonly terms: CampaignTerms | null;
  /** What may be out: the allowance, or what was out already when a cut went below that. */
  readonly ceilingMicros: Micros;
  /** Null without a daily budget. */
  readonly day: BudgetDay | null;
  /** By `holderName`. */
  readonly shares: ReadonlyMap<string, LedgerShare>;
  readonly rate: SpendRate;
  readonly pacer: Pacer;
  readonly revision: number;
}

/** A ledger nobody has configured. */
export const NEW_LEDGER: LedgerState = {
  terms: null,
  ceilingMicros: ZERO_MICROS,
  day: null,
  shares: new Map(),
  rate: { atMs: 0, spentMicros: ZERO_MICROS, microsPerSec: 0 },
  pacer: NEW_PACER,
  revision: 0,
};

/** All holders together. */
export interface LedgerSums extends CampaignTotals {
  readonly grantedMicros: Micros;
  /** Granted − returned. */
  readonly outMicros: Micros;
  readonly writtenOffMicros: Micros;
  /** Out, and neither won nor written off: what holders could still lose or let lie. */
  readonly leasedMicros: Micros;
}

/** What a ledger calls a wallet with its storage. */
export function holderName({ wallet, incarnation }: { wallet: string; incarnation: string }): string {
  return `${wallet}/${incarnation}`;
}

/** A holder that has not been heard of. */
export function newShare(wallet: string, incarnation: string): LedgerShare {
  return { ...NO_TOTALS, wallet, incarnation, grantedMicros: ZERO_MICROS, heardMs: 0, writeOff: null };
}

/** Granted to this holder and neither billed nor returned. */
export function outstandingOf(share: LedgerShare): Micros {
  return micros(share.grantedMicros - share.returnedMicros - share.billedMicros);
}

/** The sums over all holders. Cost: holders × totals. */
export function sumShares(shares: ReadonlyMap<string, LedgerShare>): LedgerSums {
  const all = [...shares.values()];
  const totals = sumTotals(all);
  const sum = (of: (share: LedgerShare) => number): Micros =>
    micros(all.reduce((total, share) => total + of(share), 0));
  const grantedMicros = sum((share) => share.grantedMicros);
  return {
    ...totals,
    grantedMicros,
    outMicros: micros(grantedMicros - totals.returnedMicros),
    writtenOffMicros: sum((share) => (share.writeOff === null ? 0 : outstandingOf(share))),
    leasedMicros: sum((share) =>
      share.writeOff === null ? share.grantedMicros - share.returnedMicros - spentOf(share) : 0,
    ),
  };
}

/**
 * What may be out now: the budget, and under a daily budget what was billed before today plus one day's worth. What is
 * billed within a local day can therefore not exceed the daily budget: it was out, and before today it was not billed.
 */
export function allowanceMicros(terms: CampaignTerms, day: BudgetDay | null): Micros {
  if (terms.dailyBudgetMicros === null || day === null) return terms.budgetMicros;
  return minMicros(terms.budgetMicros, micros(day.billedBeforeMicros + terms.dailyBudgetMicros));
}

/** Where the campaign's money is; null before it is configured. */
export function ledgerStatus(state: LedgerState, nowMs: number): CampaignStatus | null {
  if (state.terms === null) return null;
  const { outMicros, leasedMicros, ...sums } = sumShares(state.shares);
  const outstandingMicros = micros(outMicros - sums.billedMicros - sums.writtenOffMicros);
  const { day } = state;
  return {
    ...sums,
    terms: state.terms,
    outstandingMicros,
    pendingMicros: maxMicros(ZERO_MICROS, micros(outstandingMicros - leasedMicros)),
    plannedMicros: plannedMicros(state.terms, nowMs),
    today:
      day === null || nowMs >= day.endMs
        ? null
        : { billedMicros: micros(sums.billedMicros - day.billedBeforeMicros), endMs: day.endMs },
    multiplierPpm: state.pacer.multiplierPpm,
    wallets: [...state.shares.values()].map((share) => walletShare(share, nowMs)),
  };
}

/** Whether a holder has money out and has been silent for longer than any of its purses can have lived. */
export function isStuck(share: LedgerShare, nowMs: number): boolean {
  return share.writeOff === null && outstandingOf(share) > 0 && nowMs - share.heardMs > STUCK_AFTER_MS;
}

/** When any holder was last heard; 0 before the first report. */
export function lastHeardMs(state: LedgerState): number {
  let lastMs = 0;
  for (const { heardMs } of state.shares.values()) lastMs = Math.max(lastMs, heardMs);
  return lastMs;
}

/** Throws when a law of the ledger is broken. Asserted after every command. */
export function assertLedgerInvariants(state: LedgerState): void {
  const sums = sumShares(state.shares);
  assert(sums.outMicros <= state.ceilingMicros, "ledger: granted − returned never exceeds the budget in force");
  for (const share of state.shares.values()) {
    const used = share.billedMicros + share.returnedMicros;
    assert(used <= share.grantedMicros, "ledger: no wallet bills or returns more than it was granted");
  }
}

function walletShare(share: LedgerShare, nowMs: number): WalletShare {
  const { wallet, incarnation, grantedMicros, billedMicros, returnedMicros, heardMs, writeOff } = share;
  const money = { grantedMicros, billedMicros, returnedMicros, outstandingMicros: outstandingOf(share) };
  return { wallet, incarnation, ...money, heardMs, stuck: isStuck(share, nowMs), writeOff };
}
