/**
 * The ledger: where a campaign's budget lives. It grants money to wallets and hears back cumulative totals of what they
 * billed and returned. A pure state machine: state and command in, new state and reply out; the Durable Object around
 * it only stores. Law: what is out (granted − returned, over all wallets) never exceeds the ceiling in force.
 */
import { assert } from "../kernel/assert.ts";
import { type Micros, maxMicros, micros, ZERO_MICROS } from "../kernel/money.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import {
  isId,
  isWhole,
  LEASE_FLOOR_MICROS,
  OUTSTANDING_BUDGET_PARTS,
  OUTSTANDING_REMAINING_PARTS,
  parseWalletName,
  WALLETS_MAX,
} from "./limits.ts";
import { NEW_PACER, type Pacer, plannedMicros, stepPacer } from "./pacing.ts";
import type { CampaignStatus, CampaignTerms, ReconcileReply, ReconcileReport } from "./protocol.ts";

/** One wallet's totals as the ledger knows them. Each only grows. */
export interface LedgerShare {
  readonly wallet: string;
  readonly grantedMicros: Micros;
  readonly billedMicros: Micros;
  readonly returnedMicros: Micros;
  readonly committedMicros: Micros;
  readonly lapsedMicros: Micros;
  readonly impressionsBilled: number;
  readonly late: number;
  readonly exhausted: number;
  readonly duplicates: number;
  readonly heardMs: number;
}

/** All a ledger remembers. */
export interface LedgerState {
  /** Null until origin configures the campaign. */
  readonly terms: CampaignTerms | null;
  /** The budget in force: the asked budget, or what is out when a cut went below that. */
  readonly ceilingMicros: Micros;
  readonly shares: ReadonlyMap<string, LedgerShare>;
  readonly pacer: Pacer;
  readonly revision: number;
}

/** A ledger nobody has configured. */
export const NEW_LEDGER: LedgerState = {
  terms: null,
  ceilingMicros: ZERO_MICROS,
  shares: new Map(),
  pacer: NEW_PACER,
  revision: 0,
};

/** Why terms are not taken, in the order checked. */
export type ConfigureRefusal = "campaign_malformed" | "campaign_mismatch" | "budget_malformed" | "flight_malformed";

/** Why a report is not taken, in the order checked. */
export type ReconcileRefusal =
  | "campaign_unknown"
  | "campaign_mismatch"
  | "wallet_malformed"
  | "amount_malformed"
  | "totals_impossible"
  | "too_many_wallets";

/**
 * Sets or changes the campaign's terms. A raise is free; a cut stops grants at once and never goes below what is out.
 * Refuses (in order): malformed id, another campaign's terms, malformed budget, a flight that does not start before it
 * ends.
 */
export function configure(state: LedgerState, terms: CampaignTerms): Result<LedgerState, ConfigureRefusal> {
  if (!isId(terms.campaignId)) return refused("campaign_malformed");
  if (state.terms !== null && state.terms.campaignId !== terms.campaignId) return refused("campaign_mismatch");
  if (!isWhole(terms.budgetMicros)) return refused("budget_malformed");
  const flightKnown = Number.isSafeInteger(terms.flightStartMs) && Number.isSafeInteger(terms.flightEndMs);
  if (!flightKnown || terms.flightStartMs >= terms.flightEndMs) return refused("flight_malformed");

  const ceilingMicros = maxMicros(terms.budgetMicros, sumShares(state).outMicros);
  const next = { ...state, terms, ceilingMicros, revision: state.revision + 1 };
  assertLedgerInvariants(next);
  return ok(next);
}

/**
 * Takes a wallet's totals (the maximum of old and new) and grants towards the total it wants. Repeated, lost and
 * reordered reports are harmless. Refuses in the order of `ReconcileRefusal`.
 */
export function reconcile(
  state: LedgerState,
  report: ReconcileReport,
  nowMs: number,
): Result<{ readonly state: LedgerState; readonly reply: ReconcileReply }, ReconcileRefusal> {
  const terms = state.terms;
  if (terms === null) return refused("campaign_unknown");
  if (report.campaignId !== terms.campaignId) return refused("campaign_mismatch");
  if (typeof report.wallet !== "string" || parseWalletName(report.wallet) === null) return refused("wallet_malformed");
  if (!amountsOf(report).every(isWhole)) return refused("amount_malformed");
  const known = state.shares.get(report.wallet);
  const heard = hear(known ?? emptyShare(report.wallet), report, nowMs);
  if (heard.billedMicros + heard.returnedMicros > heard.grantedMicros) return refused("totals_impossible");
  if (heard.billedMicros + heard.lapsedMicros > heard.committedMicros) return refused("totals_impossible");
  if (known === undefined && state.shares.size >= WALLETS_MAX) return refused("too_many_wallets");

  const shares = new Map(state.shares).set(report.wallet, heard);
  const before = sumShares({ shares });
  const open = openUntilMs(terms, before.outMicros, nowMs);
  const grantMicros = open > 0 ? sizeGrant(terms, before, heard, report) : ZERO_MICROS;
  shares.set(report.wallet, { ...heard, grantedMicros: micros(heard.grantedMicros + grantMicros) });
  const spentMicros = micros(before.committedMicros - before.lapsedMicros);
  const next: LedgerState = {
    terms,
    ceilingMicros: maxMicros(terms.budgetMicros, before.outMicros),
    shares,
    pacer: open > 0 ? stepPacer(state.pacer, terms, { ...before, spentMicros }, nowMs) : state.pacer,
    revision: state.revision + 1,
  };
  assertLedgerInvariants(next);
  return ok({
    state: next,
    reply: {
      campaignId: terms.campaignId,
      grantedMicros: micros(heard.grantedMicros + grantMicros),
      revision: next.revision,
      multiplierPpm: open > 0 ? next.pacer.multiplierPpm : 0,
      openUntilMs: open,
    },
  });
}

/** Where the campaign's money is; null before it is configured. */
export function ledgerStatus(state: LedgerState, nowMs: number): CampaignStatus | null {
  if (state.terms === null) return null;
  const sums = sumShares(state);
  return {
    terms: state.terms,
    grantedMicros: sums.grantedMicros,
    billedMicros: sums.billedMicros,
    returnedMicros: sums.returnedMicros,
    outstandingMicros: sums.outstandingMicros,
    plannedMicros: plannedMicros(state.terms, nowMs),
    multiplierPpm: state.pacer.multiplierPpm,
    impressionsBilled: sums.impressionsBilled,
    late: sums.late,
    exhausted: sums.exhausted,
    duplicates: sums.duplicates,
    wallets: [...state.shares.values()].map(({ wallet, grantedMicros, billedMicros, returnedMicros, heardMs }) => ({
      wallet,
      grantedMicros,
      billedMicros,
      returnedMicros,
      heardMs,
    })),
  };
}

/** Throws when a law of the ledger is broken. Asserted after every command. */
export function assertLedgerInvariants(state: LedgerState): void {
  const sums = sumShares(state);
  assert(sums.outMicros <= state.ceilingMicros, "ledger: granted − returned never exceeds the budget in force");
  assert(sums.billedMicros <= sums.outMicros, "ledger: billed money was granted and not returned");
  for (const share of state.shares.values()) {
    const spent = share.billedMicros + share.returnedMicros;
    assert(spent <= share.grantedMicros, "ledger: no wallet bills or returns more than it was granted");
  }
}

interface LedgerSums {
  readonly grantedMicros: Micros;
  readonly billedMicros: Micros;
  readonly returnedMicros: Micros;
  readonly committedMicros: Micros;
  readonly lapsedMicros: Micros;
  /** Granted − returned. */
  readonly outMicros: Micros;
  /** Granted − returned − billed: at wallets and purses. */
  readonly outstandingMicros: Micros;
  readonly impressionsBilled: number;
  readonly late: number;
  readonly exhausted: number;
  readonly duplicates: number;
}

function sumShares(state: Pick<LedgerState, "shares">): LedgerSums {
  const shares = [...state.shares.values()];
  const total = (of: (share: LedgerShare) => number): Micros =>
    micros(shares.reduce((sum, share) => sum + of(share), 0));
  const grantedMicros = total((share) => share.grantedMicros);
  const billedMicros = total((share) => share.billedMicros);
  const returnedMicros = total((share) => share.returnedMicros);
  return {
    grantedMicros,
    billedMicros,
    returnedMicros,
    committedMicros: total((share) => share.committedMicros),
    lapsedMicros: total((share) => share.lapsedMicros),
    outMicros: micros(grantedMicros - returnedMicros),
    outstandingMicros: micros(grantedMicros - returnedMicros - billedMicros),
    impressionsBilled: total((share) => share.impressionsBilled),
    late: total((share) => share.late),
    exhausted: total((share) => share.exhausted),
    duplicates: total((share) => share.duplicates),
  };
}

function inFlight(terms: CampaignTerms, nowMs: number): boolean {
  return terms.flightStartMs <= nowMs && nowMs < terms.flightEndMs;
}

/** Until when wallets may allot; zero asks them to give back what they hold free. */
function openUntilMs(terms: CampaignTerms, outMicros: Micros, nowMs: number): number {
  if (terms.status !== "active" || !inFlight(terms, nowMs)) return 0;
  return outMicros > terms.budgetMicros ? 0 : terms.flightEndMs;
}

/**
 * How much more to grant now: never beyond the budget, outstanding money kept small against budget and remainder but
 * not below the lease floor, and at most half of the room to one wallet so that the next one finds some.
 */
function sizeGrant(terms: CampaignTerms, sums: LedgerSums, share: LedgerShare, report: ReconcileReport): Micros {
  const askedMicros = report.wantGrantedMicros - share.grantedMicros;
  const leftMicros = terms.budgetMicros - sums.outMicros;
  if (askedMicros <= 0 || leftMicros <= 0) return ZERO_MICROS;
  const remainingMicros = terms.budgetMicros - sums.billedMicros;
  const shareOfBudget = Math.floor(terms.budgetMicros / OUTSTANDING_BUDGET_PARTS);
  const shareOfRemaining = Math.floor(remainingMicros / OUTSTANDING_REMAINING_PARTS);
  const capMicros = Math.max(Math.min(shareOfBudget, shareOfRemaining), LEASE_FLOOR_MICROS, report.leastMicros);
  const roomMicros = Math.min(leftMicros, capMicros - sums.outstandingMicros);
  const fairMicros = Math.max(Math.ceil(roomMicros / 2), LEASE_FLOOR_MICROS, report.leastMicros);
  const grantMicros = Math.min(askedMicros, fairMicros, roomMicros);
  return grantMicros <= 0 || grantMicros < report.leastMicros ? ZERO_MICROS : micros(grantMicros);
}

function hear(share: LedgerShare, report: ReconcileReport, nowMs: number): LedgerShare {
  return {
    wallet: share.wallet,
    grantedMicros: share.grantedMicros,
    billedMicros: maxMicros(share.billedMicros, report.billedMicros),
    returnedMicros: maxMicros(share.returnedMicros, report.returnedMicros),
    committedMicros: maxMicros(share.committedMicros, report.committedMicros),
    lapsedMicros: maxMicros(share.lapsedMicros, report.lapsedMicros),
    impressionsBilled: Math.max(share.impressionsBilled, report.impressionsBilled),
    late: Math.max(share.late, report.late),
    exhausted: Math.max(share.exhausted, report.exhausted),
    duplicates: Math.max(share.duplicates, report.duplicates),
    heardMs: Math.max(share.heardMs, nowMs),
  };
}

function emptyShare(wallet: string): LedgerShare {
  return {
    wallet,
    grantedMicros: ZERO_MICROS,
    billedMicros: ZERO_MICROS,
    returnedMicros: ZERO_MICROS,
    committedMicros: ZERO_MICROS,
    lapsedMicros: ZERO_MICROS,
    impressionsBilled: 0,
    late: 0,
    exhausted: 0,
    duplicates: 0,
    heardMs: 0,
  };
}

function amountsOf(report: ReconcileReport): number[] {
  const { billedMicros, returnedMicros, committedMicros, lapsedMicros, wantGrantedMicros, leastMicros } = report;
  const counts = [report.impressionsBilled, report.late, report.exhausted, report.duplicates];
  return [billedMicros, returnedMicros, committedMicros, lapsedMicros, wantGrantedMicros, leastMicros, ...counts];
}
