/**
 * A working copy over a wallet's state. A command takes from it the rows it wants to change, changes them in place, and
 * leaves the state as it was; `changes()` yields the rows that did change.
 */
import { ZERO_MICROS } from "../kernel/money.ts";
import { NO_TOTALS } from "./totals.ts";
import {
  type Account,
  type ImpressionKey,
  type Outlook,
  type PurseAccount,
  type PurseLine,
  type WalletChanges,
  type WalletState,
  billedMark,
  givenAwayMark,
} from "./wallet_state.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** See the head of this file. */
export class WalletDraft {
  readonly state: WalletState;
  readonly #accounts = new Map<string, Mutable<Account>>();
  readonly #outlooks = new Map<string, Mutable<Outlook>>();
  readonly #purses = new Map<string, Mutable<PurseAccount>>();
  readonly #lines = new Map<string, { purseId: string; line: Mutable<PurseLine> }>();
  readonly #closed = new Set<string>();
  readonly #marks = new Map<string, Set<number>>();
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
  wasBilled({ purseId, seq }: ImpressionKey): boolean {
    return this.#isMarked(purseId, billedMark(seq));
  }

  /** Remembers an impression as billed. */
  markBilled({ purseId, seq }: ImpressionKey): void {
    this.#mark(purseId, billedMark(seq));
  }

  /** Remembers an impression as given away; false when it was counted before. */
  markGivenAway({ purseId, seq }: ImpressionKey): boolean {
    const mark = givenAwayMark(seq);
    if (this.#isMarked(purseId, mark)) return false;
    this.#mark(purseId, mark);
    return true;
  }

  #isMarked(purseId: string, mark: number): boolean {
    return this.state.marks.get(purseId)?.has(mark) === true || this.#marks.get(purseId)?.has(mark) === true;
  }

  #mark(purseId: string, mark: number): void {
    const marks = this.#marks.get(purseId);
    if (marks === undefined) this.#marks.set(purseId, new Set([mark]));
    else marks.add(mark);
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
      marks: [...this.#marks].flatMap(([purseId, marks]) => Array.from(marks, (mark) => ({ purseId, mark }))),
      closedPurses: [...this.#closed],
      forgottenPurses: [...this.forgottenPurses],
      forgottenOutlooks: [...this.forgottenOutlooks],
    };
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

/** Rows are flat, and a copy has the columns of its original: unequal in any of them. */
function differs<T extends object>(row: T, held: T | undefined): boolean {
  if (held === undefined) return true;
  for (const column in row) if (row[column] !== held[column]) return true;
  return false;
}
