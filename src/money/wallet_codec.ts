/**
 * How a wallet's state and its changes are written down: JSON in columns, because a group of some hundred impressions
 * is one journal row, and a checkpoint is a whole wallet. What is written here is read back here and nowhere else; the
 * version is the first word of each text. Outlooks are not written: they are learned again after a restart.
 */
import { assert } from "../kernel/assert.ts";
import { micros } from "../kernel/money.ts";
import { MarkSet } from "./mark_set.ts";
import { TOTALS, totalsBy } from "./totals.ts";
import {
  type Account,
  applyChanges,
  type ImpressionMark,
  type Outlook,
  type PurseAccount,
  type PurseLine,
  type PursePhase,
  type WalletChanges,
  type WalletState,
} from "./wallet_state.ts";

const VERSION = 1;
const PHASES: readonly PursePhase[] = ["open", "closing", "closed"];

type Cell = string | number;
type Row = readonly Cell[];
interface Body {
  readonly version: number;
  readonly accounts: readonly Row[];
  readonly purses: readonly Row[];
  readonly lines: readonly Row[];
  readonly marks: readonly Row[];
  readonly closed: readonly string[];
  readonly forgotten: readonly string[];
}

/**
 * What several commands changed, as if it had been one: the last state of each row. What a later command closed or
 * forgot leaves no rows; what came back after that does.
 */
export function mergeChanges(list: readonly WalletChanges[]): WalletChanges {
  const accounts = new Map<string, Account>();
  const outlooks = new Map<string, Outlook>();
  const purses = new Map<string, PurseAccount>();
  const lines = new Map<string, Map<string, WalletChanges["lines"][number]>>();
  const marks = new Map<string, ImpressionMark[]>();
  const gone = { closed: new Set<string>(), purses: new Set<string>(), outlooks: new Set<string>() };
  for (const changes of list) {
    for (const purseId of changes.closedPurses) {
      gone.closed.add(purseId);
      lines.delete(purseId);
    }
    for (const purseId of changes.forgottenPurses) {
      gone.purses.add(purseId);
      purses.delete(purseId);
      marks.delete(purseId);
    }
    for (const campaignId of changes.forgottenOutlooks) {
      gone.outlooks.add(campaignId);
      outlooks.delete(campaignId);
    }
    for (const row of changes.accounts) accounts.set(row.campaignId, row);
    for (const row of changes.outlooks) outlooks.set(row.campaignId, row);
    for (const row of changes.purses) purses.set(row.purseId, row);
    for (const row of changes.lines) {
      const held = lines.get(row.purseId) ?? new Map<string, typeof row>();
      lines.set(row.purseId, held.set(row.line.campaignId, row));
    }
    for (const key of changes.marks) {
      const keys = marks.get(key.purseId);
      if (keys === undefined) marks.set(key.purseId, [key]);
      else keys.push(key);
    }
  }
  return {
    accounts: [...accounts.values()],
    outlooks: [...outlooks.values()],
    purses: [...purses.values()],
    lines: [...lines.values()].flatMap((rows) => [...rows.values()]),
    marks: [...marks.values()].flat(),
    closedPurses: [...gone.closed],
    forgottenPurses: [...gone.purses],
    forgottenOutlooks: [...gone.outlooks],
  };
}

/** Whether anything changed that is written at all. Rounds mostly change the outlook only. */
export function isWritten(changes: WalletChanges): boolean {
  const { accounts, purses, lines, marks, closedPurses, forgottenPurses } = changes;
  return [accounts, purses, lines, marks, closedPurses, forgottenPurses].some((rows) => rows.length > 0);
}

/** One journal entry. */
export function encodeChanges(changes: WalletChanges): string {
  const marks = new Map<string, Cell[]>();
  for (const { purseId, mark } of changes.marks) {
    const row = marks.get(purseId) ?? [purseId];
    row.push(mark);
    marks.set(purseId, row);
  }
  return write({
    version: VERSION,
    accounts: changes.accounts.map(accountRow),
    purses: changes.purses.map(purseRow),
    lines: changes.lines.map(({ purseId, line }) => lineRow(purseId, line)),
    marks: [...marks.values()],
    closed: changes.closedPurses,
    forgotten: changes.forgottenPurses,
  });
}

/** The changes of a journal entry. Throws on text that `encodeChanges` did not write. */
export function decodeChanges(text: string): WalletChanges {
  const body = read(text);
  const marks = body.marks.flatMap(([purseId, ...own]) =>
    own.map((mark) => ({ purseId: word(purseId), mark: count(mark) })),
  );
  return { ...rowsOf(body), marks };
}

/** A checkpoint: the whole durable state. */
export function encodeWallet(state: WalletState): string {
  return write({
    version: VERSION,
    accounts: [...state.accounts.values()].map(accountRow),
    purses: [...state.purses.values()].map(purseRow),
    lines: [...state.lines].flatMap(([purseId, lines]) => [...lines.values()].map((line) => lineRow(purseId, line))),
    marks: [...state.marks].map(([purseId, own]) => [purseId, own.toText()]),
    closed: [],
    forgotten: [],
  });
}

/** Brings a checkpoint into a new wallet. Throws on text that `encodeWallet` did not write. */
export function restoreWallet(state: WalletState, text: string): void {
  const body = read(text);
  applyChanges(state, { ...rowsOf(body), marks: [] });
  for (const [purseId, own] of body.marks) state.marks.set(word(purseId), MarkSet.fromText(word(own)));
}

/** All of a text but the marks, which a checkpoint spells as bitmaps and a journal entry as numbers. */
function rowsOf(body: Body): Omit<WalletChanges, "marks"> {
  return {
    accounts: body.accounts.map(accountOf),
    outlooks: [],
    purses: body.purses.map(purseOf),
    lines: body.lines.map(lineOf),
    closedPurses: body.closed,
    forgottenPurses: body.forgotten,
    forgottenOutlooks: [],
  };
}

function accountRow(account: Account): Row {
  return [account.campaignId, account.grantedMicros, account.freeMicros, ...TOTALS.map((total) => account[total])];
}

function accountOf([campaignId, granted, free, ...totals]: Row): Account {
  const row = totalsBy((total) => count(totals[TOTALS.indexOf(total)]));
  return {
    campaignId: word(campaignId),
    ...row,
    grantedMicros: micros(count(granted)),
    freeMicros: micros(count(free)),
  };
}

function purseRow({ purseId, expiryMs, phase }: PurseAccount): Row {
  return [purseId, expiryMs, PHASES.indexOf(phase)];
}

function purseOf([purseId, expiryMs, phase]: Row): PurseAccount {
  const named = PHASES[count(phase)];
  assert(named !== undefined, "wallet codec: a purse is open, closing or closed");
  return { purseId: word(purseId), expiryMs: count(expiryMs), phase: named };
}

function lineRow(purseId: string, line: PurseLine): Row {
  const { campaignId, drawnMicros, committedMicros, billedMicros } = line;
  const counts = [line.impressionsCommitted, line.outcomesPpm, line.opportunities];
  return [purseId, campaignId, drawnMicros, committedMicros, billedMicros, ...counts];
}

function lineOf([purseId, campaignId, drawn, committed, billed, impressions, outcomes, opportunities]: Row) {
  const line: PurseLine = {
    campaignId: word(campaignId),
    drawnMicros: micros(count(drawn)),
    committedMicros: micros(count(committed)),
    billedMicros: micros(count(billed)),
    impressionsCommitted: count(impressions),
    outcomesPpm: count(outcomes),
    opportunities: count(opportunities),
  };
  return { purseId: word(purseId), line };
}

function write(body: Body): string {
  return JSON.stringify(body);
}

function read(text: string): Body {
  // Every cell that is used goes through `word` or `count`.
  const body = JSON.parse(text) as Body;
  assert(body.version === VERSION, "wallet codec: the text is of this version");
  return body;
}

function word(cell: Cell | undefined): string {
  assert(typeof cell === "string", "wallet codec: a name is text");
  return cell;
}

/** A total added later than the text was written reads as zero. */
function count(cell: Cell | undefined): number {
  const value = cell ?? 0;
  assert(typeof value === "number" && Number.isSafeInteger(value), "wallet codec: a number is whole");
  return value;
}
