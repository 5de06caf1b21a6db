/**
 * What a wallet remembers, and how one command changes it. A command reads the state, works on a draft and yields
 * `WalletChanges`: whole rows, so that applying them twice is the same as once, and a list of changes is a journal. The
 * Durable Object applies them, writes them in groups and answers when they are written; a simulator may die at any
 * point of that. Laws at the bottom.
 */
import { assert } from "../kernel/assert.ts";
import type { Micros } from "../kernel/money.ts";
import { FORGET_AFTER_MS, SKEW_GUARD_MS, TOKEN_LIFETIME_MS } from "./limits.ts";
import { MarkSet } from "./mark_set.ts";
import type { CampaignTotals } from "./totals.ts";

/** One campaign's money in this wallet. Durable. All but `freeMicros` only grow. */
export interface Account extends CampaignTotals {
  readonly campaignId: string;
  readonly grantedMicros: Micros;
  /** In the wallet and in no purse. */
  readonly freeMicros: Micros;
}

/** One campaign in one purse. Law: billed ≤ committed ≤ drawn. */
export interface PurseLine {
  readonly campaignId: string;
  readonly drawnMicros: Micros;
  readonly committedMicros: Micros;
  readonly billedMicros: Micros;
  readonly impressionsCommitted: number;
  readonly outcomesPpm: number;
  readonly opportunities: number;
}

/** `closing`: its isolate rotated it out, no more draws. `closed`: bills nothing, remembered against duplicates. */
export type PursePhase = "open" | "closing" | "closed";

/** One purse as its wallet knows it. Durable. */
export interface PurseAccount {
  readonly purseId: string;
  readonly expiryMs: number;
  readonly phase: PursePhase;
}

/** What a wallet has lately heard and been asked about a campaign. Not durable: learned again after a restart. */
export interface Outlook {
  readonly campaignId: string;
  /** Of the newest ledger reply; zero before the first. */
  readonly revision: number;
  readonly multiplierPpm: number;
  readonly openUntilMs: number;
  /** Asked for by purses since the last report, and a fading memory of the rounds before. */
  readonly askedMicros: Micros;
  readonly demandMicros: Micros;
  /** Whether the last draw left a purse with less than it can use. */
  readonly short: boolean;
  readonly leastMicros: Micros;
  readonly allottedMs: number;
  readonly drawnMs: number;
  readonly reportedMs: number;
  /** When the ledger last granted less than was wanted, and until when to leave it alone after a failure. */
  readonly deniedMs: number;
  readonly restUntilMs: number;
  /** The totals that the ledger has answered to; null before the first answer and while a report is unanswered. */
  readonly acknowledged: CampaignTotals | null;
}

/** All a wallet remembers. */
export interface WalletState {
  readonly name: string;
  /** Random id of the storage behind this state. */
  readonly incarnation: string;
  /** When this memory was loaded: idle times count from here at the earliest. */
  readonly startedMs: number;
  readonly accounts: Map<string, Account>;
  readonly outlooks: Map<string, Outlook>;
  readonly purses: Map<string, PurseAccount>;
  /** Lines of purses that are not closed, by purse and campaign. */
  readonly lines: Map<string, Map<string, PurseLine>>;
  /** What became of each purse's commits, so that none counts again; kept until the purse is forgotten. */
  readonly marks: Map<string, MarkSet>;
}

/** One impression within its wallet. */
export interface ImpressionKey {
  readonly purseId: string;
  readonly seq: number;
}

/** What became of an impression: of its two marks (billed, given away) the one that is set. */
export interface ImpressionMark {
  readonly purseId: string;
  readonly mark: number;
}

/** The mark of an impression that was paid. */
export function billedMark(seq: number): number {
  return 2 * seq;
}

/** The mark of an impression that was seen and could not be paid, once it is counted as given away. */
export function givenAwayMark(seq: number): number {
  return 2 * seq + 1;
}

/** The rows one command changed. Apply in the order of the commands; twice is once. */
export interface WalletChanges {
  readonly accounts: readonly Account[];
  readonly outlooks: readonly Outlook[];
  readonly purses: readonly PurseAccount[];
  readonly lines: readonly { readonly purseId: string; readonly line: PurseLine }[];
  readonly marks: readonly ImpressionMark[];
  /** Their lines go. */
  readonly closedPurses: readonly string[];
  /** They and their marks go. */
  readonly forgottenPurses: readonly string[];
  readonly forgottenOutlooks: readonly string[];
}

/** Nothing changed. */
export const NO_CHANGES: WalletChanges = {
  accounts: [],
  outlooks: [],
  purses: [],
  lines: [],
  marks: [],
  closedPurses: [],
  forgottenPurses: [],
  forgottenOutlooks: [],
};

/** What a command answers and changes. */
export interface Outcome<Reply> {
  readonly reply: Reply;
  readonly changes: WalletChanges;
}

/** A wallet that holds nothing yet. */
export function newWallet(name: string, incarnation: string, startedMs: number): WalletState {
  const memory = { accounts: new Map(), outlooks: new Map(), purses: new Map(), lines: new Map(), marks: new Map() };
  return { name, incarnation, startedMs, ...memory };
}

/** When a purse stops billing: after it may commit no more and every token of it has expired. */
export function purseCloseMs(purse: PurseAccount): number {
  return purse.expiryMs + TOKEN_LIFETIME_MS + SKEW_GUARD_MS;
}

/** When the marks of a purse are dropped. */
export function purseForgetMs(purse: PurseAccount): number {
  return purseCloseMs(purse) + FORGET_AFTER_MS;
}

/** Brings changes into the memory: first what goes, then the rows, so that a purse may come back under its old name. */
export function applyChanges(state: WalletState, changes: WalletChanges): void {
  for (const purseId of changes.closedPurses) state.lines.delete(purseId);
  for (const purseId of changes.forgottenPurses) {
    state.purses.delete(purseId);
    state.marks.delete(purseId);
  }
  for (const campaignId of changes.forgottenOutlooks) state.outlooks.delete(campaignId);
  for (const row of changes.accounts) state.accounts.set(row.campaignId, row);
  for (const row of changes.outlooks) state.outlooks.set(row.campaignId, row);
  for (const row of changes.purses) state.purses.set(row.purseId, row);
  for (const { purseId, line } of changes.lines) {
    const lines = state.lines.get(purseId) ?? new Map<string, PurseLine>();
    state.lines.set(purseId, lines.set(line.campaignId, line));
  }
  for (const { purseId, mark } of changes.marks) {
    const marks = state.marks.get(purseId) ?? new MarkSet();
    marks.add(mark);
    state.marks.set(purseId, marks);
  }
}

/**
 * Throws when a law of the wallet is broken, for the named campaigns or for all. Asserted after every command.
 * Cost: campaigns × purses.
 */
export function assertWalletInvariants(state: WalletState, campaignIds?: Iterable<string>): void {
  for (const campaignId of campaignIds ?? state.accounts.keys()) {
    const account = state.accounts.get(campaignId);
    let inPurses = 0;
    let pending = 0;
    for (const lines of state.lines.values()) {
      const line = lines.get(campaignId);
      if (line === undefined) continue;
      assert(
        0 <= line.billedMicros && line.billedMicros <= line.committedMicros,
        "purse: billed never exceeds committed",
      );
      assert(line.committedMicros <= line.drawnMicros, "purse: committed never exceeds drawn");
      inPurses += line.drawnMicros - line.billedMicros;
      pending += line.committedMicros - line.billedMicros;
    }
    if (account === undefined) {
      assert(inPurses === 0, "wallet: no purse holds money of a campaign without account");
      continue;
    }
    const { freeMicros, billedMicros, grantedMicros, returnedMicros, committedMicros, lapsedMicros } = account;
    assert(freeMicros >= 0, "wallet: free money is never negative");
    const held = freeMicros + inPurses + billedMicros;
    assert(held === grantedMicros - returnedMicros, "wallet: free + in purses + billed = granted − returned");
    assert(pending + billedMicros + lapsedMicros === committedMicros, "wallet: committed = pending + billed + lapsed");
  }
}
