/**
 * What a wallet does in its own rhythm, driven by its alarm: close purses whose tokens have all expired, give idle
 * money back, report totals to ledgers and hear their answers. Every round is idempotent: run twice, the second changes
 * nothing. Pure, like wallet.ts.
 */
import { type Micros, maxMicros, micros, ZERO_MICROS } from "../kernel/money.ts";
import {
  DRAWN_LATELY_MS,
  IDLE_RETURN_MS,
  LEASE_FLOOR_MICROS,
  RECONCILE_AHEAD_MS,
  RECONCILE_HASTE_MS,
  RECONCILE_INTERVAL_MS,
  RECONCILE_QUIET_MS,
  WALLET_WANT_ROUNDS,
} from "./limits.ts";
import type { ReconcileReply, ReconcileReport, WalletStatus } from "./protocol.ts";
import { type CampaignTotals, pickTotals, sameTotals } from "./totals.ts";
import {
  type Account,
  type Outcome,
  type Outlook,
  type PurseAccount,
  purseCloseMs,
  purseForgetMs,
  type PurseLine,
  type WalletState,
} from "./wallet_state.ts";
import { WalletDraft } from "./wallet_draft.ts";

/**
 * Closes what is due, returns idle free money, forgets what no beacon may name any more. A purse that was rotated out
 * closes as soon as all it committed is billed; any other when every token of it has expired. The rest is free again.
 */
export function tend(state: WalletState, nowMs: number): Outcome<null> {
  const draft = new WalletDraft(state);
  for (const purse of state.purses.values()) {
    if (purse.phase === "closed") {
      if (nowMs >= purseForgetMs(purse)) draft.forgottenPurses.add(purse.purseId);
    } else if (nowMs >= purseCloseMs(purse) || isSettled(state, purse)) {
      closePurse(draft, purse.purseId);
    }
  }
  for (const campaignId of state.accounts.keys()) {
    const account = draft.account(campaignId);
    if (account === undefined || account.freeMicros === 0 || !mayReturn(state, campaignId, nowMs)) continue;
    account.returnedMicros = micros(account.returnedMicros + account.freeMicros);
    account.freeMicros = ZERO_MICROS;
    // What nobody took is not asked for again before somebody wants it.
    const outlook = draft.outlook(campaignId);
    outlook.demandMicros = ZERO_MICROS;
    outlook.askedMicros = ZERO_MICROS;
  }
  for (const outlook of state.outlooks.values()) {
    const idle = nowMs - outlook.drawnMs > DRAWN_LATELY_MS && !state.accounts.has(outlook.campaignId);
    if (idle) draft.forgottenOutlooks.add(outlook.campaignId);
  }
  return { reply: null, changes: draft.changes() };
}

/**
 * Campaigns whose ledger should hear from this wallet in a round now, in the order of their ids. A round takes along
 * whose turn comes soon, so that campaigns fall into step and alarms do not grow with their number.
 */
export function campaignsDue(state: WalletState, nowMs: number): string[] {
  const ids = new Set([...state.accounts.keys(), ...state.outlooks.keys()]);
  const isDue = (campaignId: string): boolean => {
    const reportedMs = state.outlooks.get(campaignId)?.reportedMs ?? 0;
    const rested = nowMs - reportedMs >= RECONCILE_INTERVAL_MS - RECONCILE_AHEAD_MS;
    return reportDueMs(state, campaignId, nowMs) <= nowMs + (rested ? RECONCILE_AHEAD_MS : 0);
  };
  return [...ids].filter(isDue).sort();
}

/**
 * The report for one campaign. From here on the campaign has a durable account and counts as unheard until the ledger
 * answers: a grant whose reply is lost, even with this memory, is asked about again.
 */
export function report(state: WalletState, campaignId: string, nowMs: number): Outcome<ReconcileReport> {
  const draft = new WalletDraft(state);
  const outlook = draft.outlook(campaignId);
  const account = draft.openAccount(campaignId);
  outlook.acknowledged = null;
  outlook.demandMicros = maxMicros(outlook.askedMicros, micros(Math.floor(outlook.demandMicros / 2)));
  outlook.askedMicros = ZERO_MICROS;
  outlook.reportedMs = nowMs;
  const { freeMicros, grantedMicros } = account;
  const wantFree = wantedFree(outlook, nowMs);
  const reply: ReconcileReport = {
    ...pickTotals(account),
    wallet: state.name,
    incarnation: state.incarnation,
    campaignId,
    wantGrantedMicros: micros(grantedMicros + Math.max(0, wantFree - freeMicros)),
    leastMicros: micros(Math.max(0, Math.min(outlook.leastMicros, wantFree) - freeMicros)),
  };
  outlook.leastMicros = ZERO_MICROS;
  return { reply, changes: draft.changes() };
}

/** Takes a ledger's answer to `sent`: granted totals only grow, and of two views the higher revision counts. */
export function hearLedger(
  state: WalletState,
  sent: ReconcileReport,
  answer: ReconcileReply,
  nowMs: number,
): Outcome<null> {
  const draft = new WalletDraft(state);
  const outlook = draft.outlook(sent.campaignId);
  const account = draft.openAccount(sent.campaignId);
  if (answer.grantedMicros > account.grantedMicros) {
    account.freeMicros = micros(account.freeMicros + answer.grantedMicros - account.grantedMicros);
    account.grantedMicros = answer.grantedMicros;
    outlook.allottedMs = nowMs;
  }
  if (answer.revision > outlook.revision) {
    outlook.revision = answer.revision;
    outlook.multiplierPpm = answer.multiplierPpm;
    outlook.openUntilMs = answer.openUntilMs;
    if (answer.grantedMicros < sent.wantGrantedMicros) outlook.deniedMs = nowMs;
  }
  outlook.acknowledged = pickTotals(sent);
  outlook.restUntilMs = 0;
  return { reply: null, changes: draft.changes() };
}

/** A ledger that was never configured has granted nothing: stop asking until somebody draws again, and then rarely. */
export function hearUnknown(state: WalletState, sent: ReconcileReport, nowMs: number): Outcome<null> {
  const draft = new WalletDraft(state);
  const outlook = draft.outlook(sent.campaignId);
  outlook.acknowledged = pickTotals(sent);
  outlook.restUntilMs = nowMs + RECONCILE_QUIET_MS;
  outlook.deniedMs = nowMs;
  return { reply: null, changes: draft.changes() };
}

/** Remembers that a ledger could not be reached or did not take the report: leave it alone for a while. */
export function missLedger(state: WalletState, campaignId: string, nowMs: number): Outcome<null> {
  const draft = new WalletDraft(state);
  const outlook = draft.outlook(campaignId);
  outlook.restUntilMs = nowMs + RECONCILE_QUIET_MS;
  outlook.deniedMs = nowMs;
  return { reply: null, changes: draft.changes() };
}

/** When the next round is due, or null when nothing is open. May lie in the past. */
export function nextRoundMs(state: WalletState, nowMs: number): number | null {
  let nextMs = Number.POSITIVE_INFINITY;
  for (const purse of state.purses.values()) {
    const dueMs = purse.phase === "closed" ? purseForgetMs(purse) : purseCloseMs(purse);
    nextMs = Math.min(nextMs, isSettled(state, purse) ? nowMs : dueMs);
  }
  for (const account of state.accounts.values()) {
    if (account.freeMicros > 0) nextMs = Math.min(nextMs, returnDueMs(state, account.campaignId, nowMs));
    nextMs = Math.min(nextMs, reportDueMs(state, account.campaignId, nowMs));
  }
  for (const campaignId of state.outlooks.keys()) nextMs = Math.min(nextMs, reportDueMs(state, campaignId, nowMs));
  return nextMs === Number.POSITIVE_INFINITY ? null : nextMs;
}

/** What this wallet holds, campaign by campaign. */
export function walletStatus(state: WalletState, nowMs: number): WalletStatus {
  const inPurses = new Map<string, number>();
  for (const lines of state.lines.values()) {
    for (const line of lines.values()) {
      const held = line.drawnMicros - line.billedMicros;
      inPurses.set(line.campaignId, (inPurses.get(line.campaignId) ?? 0) + held);
    }
  }
  const campaigns = [...state.accounts.values()].map((account) => ({
    ...account,
    inPursesMicros: micros(inPurses.get(account.campaignId) ?? 0),
    multiplierPpm: state.outlooks.get(account.campaignId)?.multiplierPpm ?? 0,
  }));
  const openPurses = [...state.purses.values()].filter((purse) => purse.phase !== "closed").length;
  return { wallet: state.name, incarnation: state.incarnation, nowMs, openPurses, campaigns };
}

/** Rotated out, and all it committed is billed: nothing can arrive any more but duplicates. */
function isSettled(state: WalletState, purse: PurseAccount): boolean {
  if (purse.phase !== "closing") return false;
  for (const line of linesOf(state, purse.purseId)) if (line.billedMicros !== line.drawnMicros) return false;
  return true;
}

function closePurse(draft: WalletDraft, purseId: string): void {
  const purse = draft.purse(purseId);
  if (purse === undefined) return;
  for (const { campaignId, drawnMicros, committedMicros, billedMicros } of linesOf(draft.state, purseId)) {
    const account = draft.openAccount(campaignId);
    account.freeMicros = micros(account.freeMicros + drawnMicros - billedMicros);
    account.lapsedMicros = micros(account.lapsedMicros + committedMicros - billedMicros);
  }
  draft.close(purse);
}

function linesOf(state: WalletState, purseId: string): Iterable<PurseLine> {
  return state.lines.get(purseId)?.values() ?? [];
}

/** Demand of recent rounds with some to spare; nothing when nobody draws. */
function wantedFree(outlook: Outlook, nowMs: number): Micros {
  if (outlook.demandMicros === 0 || nowMs - outlook.drawnMs > IDLE_RETURN_MS) return ZERO_MICROS;
  return micros(Math.max(LEASE_FLOOR_MICROS, outlook.demandMicros * WALLET_WANT_ROUNDS, outlook.leastMicros));
}

function mayReturn(state: WalletState, campaignId: string, nowMs: number): boolean {
  return returnDueMs(state, campaignId, nowMs) <= nowMs;
}

/** Free money goes back at once when the campaign is closed, else when nothing was allotted for a while. */
function returnDueMs(state: WalletState, campaignId: string, nowMs: number): number {
  const outlook = state.outlooks.get(campaignId);
  if (outlook !== undefined && outlook.revision > 0 && nowMs >= outlook.openUntilMs) return nowMs;
  return (outlook?.allottedMs ?? state.startedMs) + IDLE_RETURN_MS;
}

function reportDueMs(state: WalletState, campaignId: string, nowMs: number): number {
  const outlook = state.outlooks.get(campaignId);
  const account = state.accounts.get(campaignId);
  if (outlook === undefined) return nowMs;
  if (account === undefined && outlook.drawnMs === 0) return Number.POSITIVE_INFINITY;
  let dueMs = Number.POSITIVE_INFINITY;
  if (outlook.acknowledged === null)
    dueMs = outlook.reportedMs + (outlook.reportedMs === 0 ? 0 : RECONCILE_INTERVAL_MS);
  const denied = outlook.deniedMs > 0 && nowMs - outlook.deniedMs <= RECONCILE_INTERVAL_MS;
  if (outlook.short && !denied && nowMs - outlook.drawnMs <= RECONCILE_INTERVAL_MS) {
    dueMs = Math.min(dueMs, outlook.reportedMs + RECONCILE_HASTE_MS);
  }
  if (outlook.askedMicros > 0 || !isHeard(account, outlook.acknowledged)) {
    dueMs = Math.min(dueMs, outlook.reportedMs + RECONCILE_INTERVAL_MS);
  }
  if (outlook.drawnMs > 0 && nowMs - outlook.drawnMs <= DRAWN_LATELY_MS) {
    dueMs = Math.min(dueMs, outlook.reportedMs + RECONCILE_QUIET_MS);
  }
  return Math.max(dueMs, outlook.restUntilMs);
}

/** Whether the ledger knows all that this account would report. */
function isHeard(account: Account | undefined, acknowledged: CampaignTotals | null): boolean {
  return account === undefined || (acknowledged !== null && sameTotals(account, acknowledged));
}
