/**
 * What a wallet remembers, and how one command changes it. A command reads the state, works on a draft and yields
 * `WalletChanges`: whole rows, so that applying them twice is the same as once, and a list of changes is a journal. The
 * Durable Object applies them, writes them in groups and answers when they are written; a simulator may die at any
 * point of that. Laws at the bottom.
 */
import { assert } from "../kernel/assert.ts";
import { type Micros, ZERO_MICROS } from "../kernel/money.ts";
import { FORGET_AFTER_MS, SKEW_GUARD_MS, TOKEN_LIFETIME_MS } from "./limits.ts";
import { SeqSet } from "./seq_set.ts";
import { type CampaignTotals, NO_TOTALS } from "./totals.ts";

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
  /** Which commits of each purse were billed, so that none is billed again; kept until the purse is forgotten. */
  readonly billed: Map<string, SeqSet>;
}

/** A billed impression. */
export interface BilledKey {
  readonly purseId: string;
  readonly seq: number;
}

/** The rows one command changed. Apply in the order of the commands; twice is once. */
export interface WalletChanges {
  readonly accounts: readonly Account[];
  readonly outlooks: readonly Outlook[];
  readonly purses: readonly PurseAccount[];
  readonly lines: readonly { readonly purseId: string; readonly line: PurseLine }[];
  readonly billed: readonly BilledKey[];
  /** Their lines go. */
  readonly closedPurses: readonly string[];
  /** They and their billed keys go. */
  readonly forgottenPurses: readonly string[];
  readonly forgottenOutlooks: readonly string[];
}

/** What a command answers and changes. */
export interface Outcome<Reply> {
  readonly reply: Reply;
  readonly changes: WalletChanges;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A wallet that holds nothing yet. */
export function newWallet(name: string, incarnation: string, startedMs: number): WalletState {
  const memory = { accounts: new Map(), outlooks: new Map(), purses: new Map(), lines: new Map(), billed: new Map() };
  return { name, incarnation, startedMs, ...memory };
}

/** When a purse stops billing: after it may commit no more and every token of it has expired. */
export function purseCloseMs(purse: PurseAccount): number {
  return purse.expiryMs + TOKEN_LIFETIME_MS + SKEW_GUARD_MS;
}

/** When the billed keys of a purse are dropped. */
export function purseForgetMs(purse: PurseAccount): number {
  return purseCloseMs(purse) + FORGET_AFTER_MS;
}

/** The name of one impression within a wallet. */
function billedKey({ purseId, seq }: BilledKey): string {
  return `${purseId} ${seq}`;
}

/** A working copy over a wallet's state: hands out rows to change and yields those that did change. */
export class WalletDraft {
  readonly state: WalletState;
  readonly #accounts = new Map<string, Mutable<Account>>();
  readonly #outlooks = new Map<string, Mutable<Outlook>>();
  readonly #purses = new Map<string, Mutable<PurseAccount>>();
  readonly #lines = new Map<string, { purseId: string; line: Mutable<PurseLine> }>();
  readonly #closed = new Set<string>();
  readonly #billed = new Map<string, BilledKey>();
  readonly forgottenPurses = new Set<string>();
  readonly forgottenOutlooks = new Set<string>();

  constructor(state: WalletState) {
    this.state = state;
  }

  account(campaignId: string): Mutable<Account> | undefined {
    return editable(this.#accounts, campaignId, this.state.accounts.get(campaignId));
  }

  /** The account, opened when this is the first money for the campaign. */
  openAccount(campaignId: string): Mutable<Account> {
    return editable(this.#accounts, campaignId, this.state.accounts.get(campaignId) ?? emptyAccount(campaignId));
  }

  /** The outlook, begun when this is the first question about the campaign. */
  outlook(campaignId: string): Mutable<Outlook> {
    const held = this.state.outlooks.get(campaignId) ?? emptyOutlook(campaignId, this.state.startedMs);
    return editable(this.#outlooks, campaignId, held);
  }

  purse(purseId: string): Mutable<PurseAccount> | undefined {
    return editable(this.#purses, purseId, this.state.purses.get(purseId));
  }

  openPurse(purse: PurseAccount): Mutable<PurseAccount> {
    return editable(this.#purses, purse.purseId, purse);
  }

  line(purseId: string, campaignId: string): Mutable<PurseLine> | undefined {
    return this.#line(purseId, campaignId, this.state.lines.get(purseId)?.get(campaignId));
  }

  /** The line, opened empty when the purse never drew for this campaign. */
  openLine(purseId: string, campaignId: string): Mutable<PurseLine> {
    return this.#line(purseId, campaignId, this.state.lines.get(purseId)?.get(campaignId) ?? emptyLine(campaignId));
  }

  /** Whether this impression was billed before, in the state or in this draft. */
  wasBilled(key: BilledKey): boolean {
    return this.state.billed.get(key.purseId)?.has(key.seq) === true || this.#billed.has(billedKey(key));
  }

  /** Remembers an impression as billed. */
  markBilled({ purseId, seq }: BilledKey): void {
    this.#billed.set(billedKey({ purseId, seq }), { purseId, seq });
  }

  /** Marks a purse closed; its lines go. */
  close(purse: Mutable<PurseAccount>): void {
    purse.phase = "closed";
    this.#closed.add(purse.purseId);
  }

  #line(purseId: string, campaignId: string, held: PurseLine): Mutable<PurseLine>;
  #line(purseId: string, campaignId: string, held: PurseLine | undefined): Mutable<PurseLine> | undefined;
  #line(purseId: string, campaignId: string, held: PurseLine | undefined): Mutable<PurseLine> | undefined {
    const key = `${purseId} ${campaignId}`;
    const drafted = this.#lines.get(key);
    if (drafted !== undefined) return drafted.line;
    if (held === undefined) return undefined;
    const line = { ...held };
    this.#lines.set(key, { purseId, line });
    return line;
  }

  /** The rows that differ from the state. */
  changes(): WalletChanges {
    const { accounts, outlooks, purses, lines } = this.state;
    return {
      accounts: [...this.#accounts.values()].filter((row) => differs(row, accounts.get(row.campaignId))),
      outlooks: [...this.#outlooks.values()].filter((row) => differs(row, outlooks.get(row.campaignId))),
      purses: [...this.#purses.values()].filter((row) => differs(row, purses.get(row.purseId))),
      lines: [...this.#lines.values()].filter(
        ({ purseId, line }) => !this.#closed.has(purseId) && differs(line, lines.get(purseId)?.get(line.campaignId)),
      ),
      billed: [...this.#billed.values()],
      closedPurses: [...this.#closed],
      forgottenPurses: [...this.forgottenPurses],
      forgottenOutlooks: [...this.forgottenOutlooks],
    };
  }
}

/** Brings changes into the memory. */
export function applyChanges(state: WalletState, changes: WalletChanges): void {
  for (const row of changes.accounts) state.accounts.set(row.campaignId, row);
  for (const row of changes.outlooks) state.outlooks.set(row.campaignId, row);
  for (const row of changes.purses) state.purses.set(row.purseId, row);
  for (const { purseId, line } of changes.lines) {
    const lines = state.lines.get(purseId) ?? new Map<string, PurseLine>();
    state.lines.set(purseId, lines.set(line.campaignId, line));
  }
  for (const { purseId, seq } of changes.billed) {
    const seqs = state.billed.get(purseId) ?? new SeqSet();
    seqs.add(seq);
    state.billed.set(purseId, seqs);
  }
  for (const purseId of changes.closedPurses) state.lines.delete(purseId);
  for (const purseId of changes.forgottenPurses) {
    state.purses.delete(purseId);
    state.billed.delete(purseId);
  }
  for (const campaignId of changes.forgottenOutlooks) state.outlooks.delete(campaignId);
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

function emptyAccount(campaignId: string): Account {
  return { campaignId, ...NO_TOTALS, grantedMicros: ZERO_MICROS, freeMicros: ZERO_MICROS };
}

function emptyLine(campaignId: string): PurseLine {
  const money = { drawnMicros: ZERO_MICROS, committedMicros: ZERO_MICROS, billedMicros: ZERO_MICROS };
  return { campaignId, ...money, impressionsCommitted: 0, outcomesPpm: 0, opportunities: 0 };
}

function emptyOutlook(campaignId: string, startedMs: number): Outlook {
  const view = { revision: 0, multiplierPpm: 0, openUntilMs: 0, acknowledged: null };
  const wants = { askedMicros: ZERO_MICROS, demandMicros: ZERO_MICROS, short: false, leastMicros: ZERO_MICROS };
  const times = { allottedMs: startedMs, drawnMs: 0, reportedMs: 0, deniedMs: 0, restUntilMs: 0 };
  return { campaignId, ...view, ...wants, ...times };
}

function editable<T extends object>(drafts: Map<string, Mutable<T>>, key: string, held: T): Mutable<T>;
function editable<T extends object>(
  drafts: Map<string, Mutable<T>>,
  key: string,
  held: T | undefined,
): Mutable<T> | undefined;
function editable<T extends object>(
  drafts: Map<string, Mutable<T>>,
  key: string,
  held: T | undefined,
): Mutable<T> | undefined {
  const drafted = drafts.get(key);
  if (drafted !== undefined || held === undefined) return drafted;
  const copy: Mutable<T> = { ...held };
  drafts.set(key, copy);
  return copy;
}

/** Rows are flat: unequal in any column. */
function differs<T extends object>(row: T, held: T | undefined): boolean {
  if (held === undefined) return true;
  const before = new Map<string, unknown>(Object.entries(held));
  return Object.entries(row).some(([column, value]) => before.get(column) !== value);
}
