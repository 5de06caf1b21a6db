/**
 * The ledger: where a campaign's budget lives. It grants money to wallets and hears back cumulative totals of what they
 * billed and returned. A pure state machine: state and command in, new state and reply out; the Durable Object around
 * it only stores. Law: what is out (granted − returned, over all wallets) never exceeds the ceiling in force.
 */
import { isTimeZone, localDayOf } from "../kernel/local_day.ts";
import { CATALOG_LIMITS } from "../kernel/limits.ts";
import { type Micros, maxMicros, micros, ZERO_MICROS } from "../kernel/money.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import { HOURS_A_WEEK } from "../kernel/week.ts";
import { activeHolders, heardMeanMs, sizeGrant, stepRate } from "./lease.ts";
import {
  allowanceMicros,
  assertLedgerInvariants,
  type BudgetDay,
  holderName,
  isStuck,
  type LedgerShare,
  type LedgerState,
  type LedgerSums,
  newShare,
  outstandingOf,
  sumShares,
} from "./ledger_state.ts";
import {
  MULTIPLIER_PPM_MAX,
  MULTIPLIER_PPM_MIN,
  isId,
  isWhole,
  isWords,
  parseWalletName,
  WALLETS_MAX,
} from "./limits.ts";
import { type Pacer, stepPacer, warmPacer } from "./pacing/pacer.ts";
import type { CampaignTerms, ReconcileReply, ReconcileReport } from "./protocol.ts";
import { maxTotals, pickTotals, spentOf, TOTALS } from "./totals.ts";

/** Why terms are not taken, in the order checked. */
export type ConfigureRefusal =
  | "campaign_malformed"
  | "campaign_mismatch"
  | "budget_malformed"
  | "daily_budget_malformed"
  | "time_zone_unknown"
  | "flight_malformed"
  | "target_cost_malformed"
  | "start_multiplier_malformed"
  | "supply_shape_malformed";

/** Why a report is not taken, in the order checked. */
export type ReconcileRefusal =
  | "campaign_unknown"
  | "campaign_mismatch"
  | "wallet_malformed"
  | "amount_malformed"
  | "totals_impossible"
  | "too_many_wallets";

/** Why an operator may not give up on a wallet's money, in the order checked. */
export type WriteOffRefusal = "campaign_unknown" | "words_malformed" | "wallet_unknown" | "wallet_not_stuck";

/** An operator gives up on the money of a silent wallet. */
export interface WriteOffCommand {
  readonly wallet: string;
  readonly incarnation: string;
  readonly by: string;
  readonly why: string;
}

/**
 * Sets or changes the campaign's terms. A raise is free; a cut stops grants at once and never goes below what is out.
 * Refuses in the order of `ConfigureRefusal`.
 */
export function configure(
  state: LedgerState,
  terms: CampaignTerms,
  nowMs: number,
): Result<LedgerState, ConfigureRefusal> {
  if (!isId(terms.campaignId)) return refused("campaign_malformed");
  if (state.terms !== null && state.terms.campaignId !== terms.campaignId) return refused("campaign_mismatch");
  if (!isWhole(terms.budgetMicros)) return refused("budget_malformed");
  if (terms.dailyBudgetMicros !== null && !isWhole(terms.dailyBudgetMicros)) return refused("daily_budget_malformed");
  if (!isTimeZone(terms.timeZone)) return refused("time_zone_unknown");
  const flightKnown = Number.isSafeInteger(terms.flightStartMs) && Number.isSafeInteger(terms.flightEndMs);
  if (!flightKnown || terms.flightStartMs >= terms.flightEndMs) return refused("flight_malformed");
  if (terms.targetCostMicros !== null && !isWhole(terms.targetCostMicros)) return refused("target_cost_malformed");
  const start = terms.startMultiplierPpm ?? MULTIPLIER_PPM_MAX;
  if (!isWhole(start) || start < MULTIPLIER_PPM_MIN || start > MULTIPLIER_PPM_MAX) {
    return refused("start_multiplier_malformed");
  }
  const shape = terms.supplyShape;
  if (![0, HOURS_A_WEEK].includes(shape.length) || !shape.every(isWeight)) return refused("supply_shape_malformed");

  const sums = sumShares(state.shares);
  // Another zone or a daily budget that is new starts its day now; the same one goes on with the day it is in.
  const sameDays = state.terms?.timeZone === terms.timeZone && state.terms.dailyBudgetMicros !== null;
  const day = dayAt(sameDays ? state.day : null, terms, sums, nowMs);
  const ceilingMicros = maxMicros(allowanceMicros(terms, day), sums.outMicros);
  const pacer = state.pacer.steppedMs === 0 ? warmPacer(start) : state.pacer;
  const next = { ...state, terms, day, ceilingMicros, pacer, revision: state.revision + 1 };
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
  if (!isWalletName(report.wallet) || !isId(report.incarnation)) return refused("wallet_malformed");
  if (!amountsOf(report).every(isWhole)) return refused("amount_malformed");
  const name = holderName(report);
  const known = state.shares.get(name);
  const heard = hear(known ?? newShare(report.wallet, report.incarnation), report, nowMs);
  if (heard.billedMicros + heard.returnedMicros > heard.grantedMicros) return refused("totals_impossible");
  if (heard.billedMicros + heard.lapsedMicros > heard.committedMicros) return refused("totals_impossible");
  if (known === undefined && state.shares.size >= WALLETS_MAX) return refused("too_many_wallets");

  // A day begins with what was known before this report: what it brings counts for the new day.
  const day = dayAt(state.day, terms, sumShares(state.shares), nowMs);
  const shares = new Map(state.shares).set(name, heard);
  const sums = sumShares(shares);
  const allowance = allowanceMicros(terms, day);
  const open = openUntilMs(terms, allowance, sums.outMicros, nowMs);
  const rate = stepRate(state.rate, spentOf(sums), nowMs);
  const holders = activeHolders(shares.values(), nowMs);
  const asOfMs = heardMeanMs(shares.values(), nowMs);
  const room = { terms, allowanceMicros: allowance, sums, rate, holders };
  const grantMicros = open > 0 ? sizeGrant(room, heard, report, nowMs) : ZERO_MICROS;
  const grantedMicros = micros(heard.grantedMicros + grantMicros);
  shares.set(name, { ...heard, grantedMicros });
  const next: LedgerState = {
    terms,
    ceilingMicros: maxMicros(allowance, sums.outMicros),
    day,
    shares,
    rate,
    pacer: open > 0 ? pace(state.pacer, terms, { day, sums, asOfMs }, nowMs) : state.pacer,
    revision: state.revision + 1,
  };
  assertLedgerInvariants(next);
  const view = { revision: next.revision, multiplierPpm: open > 0 ? next.pacer.multiplierPpm : 0, openUntilMs: open };
  return ok({ state: next, reply: { campaignId: terms.campaignId, grantedMicros, ...view } });
}

/**
 * Gives up on the money of a silent wallet: it no longer counts as outstanding, so leases and operators go by what is
 * really there, but it still counts against the budget. Should the wallet come back, nothing is overspent, and its next
 * report takes the write-off back. Refuses in the order of `WriteOffRefusal`.
 */
export function writeOff(
  state: LedgerState,
  { wallet, incarnation, by, why }: WriteOffCommand,
  nowMs: number,
): Result<LedgerState, WriteOffRefusal> {
  if (state.terms === null) return refused("campaign_unknown");
  if (!isWords(by) || !isWords(why)) return refused("words_malformed");
  const name = holderName({ wallet, incarnation });
  const share = state.shares.get(name);
  if (share === undefined) return refused("wallet_unknown");
  if (!isStuck(share, nowMs)) return refused("wallet_not_stuck");

  const given = { atMs: nowMs, by, why, amountMicros: outstandingOf(share) };
  const shares = new Map(state.shares).set(name, { ...share, writeOff: given });
  const next = { ...state, shares, revision: state.revision + 1 };
  assertLedgerInvariants(next);
  return ok(next);
}

/** What the pacer is told of: the day, what was done, and when all of it was true. */
interface PaceView {
  readonly day: BudgetDay | null;
  readonly sums: LedgerSums;
  readonly asOfMs: number;
}

function pace(pacer: Pacer, terms: CampaignTerms, { day, sums, asOfMs }: PaceView, nowMs: number): Pacer {
  const spentMicros = spentOf(sums);
  const reading = {
    ...sums,
    spentMicros,
    impressions: sums.impressionsCommitted,
    spentTodayMicros: micros(spentMicros - (day?.spentBeforeMicros ?? 0)),
    dayEndMs: Math.min(day?.endMs ?? terms.flightEndMs, terms.flightEndMs),
    asOfMs,
  };
  return stepPacer(pacer, terms, reading, nowMs);
}

/** The day under a daily budget at this moment: the one known, or a new one that begins with what is known now. */
function dayAt(known: BudgetDay | null, terms: CampaignTerms, sums: LedgerSums, nowMs: number): BudgetDay | null {
  if (terms.dailyBudgetMicros === null) return null;
  if (known !== null && nowMs < known.endMs) return known;
  const before = { billedBeforeMicros: sums.billedMicros, spentBeforeMicros: spentOf(sums) };
  return { ...localDayOf(nowMs, terms.timeZone), ...before };
}

function inFlight(terms: CampaignTerms, nowMs: number): boolean {
  return terms.flightStartMs <= nowMs && nowMs < terms.flightEndMs;
}

/** Until when wallets may allot; zero asks them to give back what they hold free. */
function openUntilMs(terms: CampaignTerms, allowance: Micros, outMicros: Micros, nowMs: number): number {
  if (terms.status !== "active" || !inFlight(terms, nowMs)) return 0;
  return outMicros > allowance ? 0 : terms.flightEndMs;
}

/** The holder with a report heard. A holder that speaks is not written off. */
function hear(share: LedgerShare, report: ReconcileReport, nowMs: number): LedgerShare {
  const heardMs = Math.max(share.heardMs, nowMs);
  return { ...share, ...maxTotals(pickTotals(share), report), heardMs, writeOff: null };
}

function amountsOf(report: ReconcileReport): number[] {
  return [report.wantGrantedMicros, report.leastMicros, ...TOTALS.map((total) => report[total])];
}

function isWeight(value: unknown): boolean {
  return isWhole(value) && value <= CATALOG_LIMITS.supplyWeightMax;
}

function isWalletName(name: unknown): boolean {
  return typeof name === "string" && parseWalletName(name) !== null;
}
