/**
 * Tables of a wallet, and how its rows come and go. A command's rows arrive as one JSON parameter per table, so a batch
 * of a hundred impressions is a handful of statements. Every write puts whole rows: storing twice is storing once.
 * `billed` has the purse first in its key: a forgotten purse takes its keys with it without another index.
 */
import { type Micros, micros } from "../../src/kernel/money.ts";
import type { BillingClaim } from "../../src/money/protocol.ts";
import {
  type Account,
  applyChanges,
  billedKey,
  newWallet,
  type PursePhase,
  type WalletChanges,
  type WalletState,
} from "../../src/money/wallet_state.ts";

/** Numbered migrations of a wallet. */
export const WALLET_MIGRATIONS: readonly string[] = [
  `CREATE TABLE accounts (
     campaign_id TEXT PRIMARY KEY,
     granted_micros INTEGER NOT NULL,
     returned_micros INTEGER NOT NULL,
     billed_micros INTEGER NOT NULL,
     free_micros INTEGER NOT NULL CHECK (free_micros >= 0),
     committed_micros INTEGER NOT NULL,
     lapsed_micros INTEGER NOT NULL,
     impressions_billed INTEGER NOT NULL,
     late INTEGER NOT NULL,
     exhausted INTEGER NOT NULL,
     duplicates INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE purses (
     purse_id TEXT PRIMARY KEY,
     expiry_ms INTEGER NOT NULL,
     phase TEXT NOT NULL CHECK (phase IN ('open', 'closing', 'closed'))
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE purse_lines (
     purse_id TEXT NOT NULL,
     campaign_id TEXT NOT NULL,
     drawn_micros INTEGER NOT NULL,
     committed_micros INTEGER NOT NULL,
     billed_micros INTEGER NOT NULL CHECK (billed_micros <= drawn_micros),
     PRIMARY KEY (purse_id, campaign_id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE billed (
     purse_id TEXT NOT NULL,
     decision_id TEXT NOT NULL,
     slot INTEGER NOT NULL,
     PRIMARY KEY (purse_id, decision_id, slot)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE identity (
     only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
     name TEXT NOT NULL
   ) STRICT;`,
];

const PUT_ACCOUNTS = `
  INSERT OR REPLACE INTO accounts (campaign_id, granted_micros, returned_micros, billed_micros, free_micros,
    committed_micros, lapsed_micros, impressions_billed, late, exhausted, duplicates)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
    value ->> 8, value ->> 9, value ->> 10 FROM json_each(?)`;
const PUT_PURSES = `
  INSERT OR REPLACE INTO purses (purse_id, expiry_ms, phase)
  SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)`;
const PUT_LINES = `
  INSERT OR REPLACE INTO purse_lines (purse_id, campaign_id, drawn_micros, committed_micros, billed_micros)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?)`;
const PUT_BILLED = `
  INSERT INTO billed (purse_id, decision_id, slot)
  SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)`;
const FIND_BILLED = `
  SELECT billed.purse_id, billed.decision_id, billed.slot FROM json_each(?) AS claim
  JOIN billed ON billed.purse_id = claim.value ->> 0 AND billed.decision_id = claim.value ->> 1
    AND billed.slot = claim.value ->> 2`;

/** Writes what a command changed. Requires: inside the command's transaction. */
export function storeChanges(sql: SqlStorage, changes: WalletChanges): void {
  put(
    sql,
    PUT_ACCOUNTS,
    changes.accounts.map((row) => [
      row.campaignId,
      row.grantedMicros,
      row.returnedMicros,
      row.billedMicros,
      row.freeMicros,
      row.committedMicros,
      row.lapsedMicros,
      row.impressionsBilled,
      row.late,
      row.exhausted,
      row.duplicates,
    ]),
  );
  put(
    sql,
    PUT_PURSES,
    changes.purses.map(({ purseId, expiryMs, phase }) => [purseId, expiryMs, phase]),
  );
  put(
    sql,
    PUT_LINES,
    changes.lines.map(({ purseId, line }) => [
      purseId,
      line.campaignId,
      line.drawnMicros,
      line.committedMicros,
      line.billedMicros,
    ]),
  );
  put(
    sql,
    PUT_BILLED,
    changes.billed.map(({ purseId, decisionId, slot }) => [purseId, decisionId, slot]),
  );
  const gone = (purseIds: readonly string[], table: "purses" | "purse_lines" | "billed"): void => {
    if (purseIds.length === 0) return;
    sql.exec(`DELETE FROM ${table} WHERE purse_id IN (SELECT value FROM json_each(?))`, JSON.stringify(purseIds));
  };
  gone(changes.closedPurses, "purse_lines");
  gone(changes.forgottenPurses, "purses");
  gone(changes.forgottenPurses, "billed");
}

/** Which of these claims were billed before, by `billedKey`. Malformed claims match nothing. */
export function findBilled(sql: SqlStorage, claims: readonly BillingClaim[]): ReadonlySet<string> {
  const keys = JSON.stringify(claims.map(({ purseId, decisionId, slot }) => [purseId, decisionId, slot]));
  const rows = sql.exec<{ purse_id: string; decision_id: string; slot: number }>(FIND_BILLED, keys).toArray();
  return new Set(rows.map((row) => billedKey({ purseId: row.purse_id, decisionId: row.decision_id, slot: row.slot })));
}

/** The wallet as stored. Billed keys stay in the database. */
export function loadWallet(sql: SqlStorage, name: string, nowMs: number): WalletState {
  const state = newWallet(name, nowMs);
  const purses = sql
    .exec<{ purse_id: string; expiry_ms: number; phase: PursePhase }>("SELECT purse_id, expiry_ms, phase FROM purses")
    .toArray();
  const lines = sql
    .exec<Row>("SELECT purse_id, campaign_id, drawn_micros, committed_micros, billed_micros FROM purse_lines")
    .toArray();
  applyChanges(state, {
    accounts: loadAccounts(sql),
    outlooks: [],
    purses: purses.map((row) => ({ purseId: row.purse_id, expiryMs: row.expiry_ms, phase: row.phase })),
    lines: lines.map((row) => ({
      purseId: String(row["purse_id"]),
      line: {
        campaignId: String(row["campaign_id"]),
        drawnMicros: amount(row, "drawn_micros"),
        committedMicros: amount(row, "committed_micros"),
        billedMicros: amount(row, "billed_micros"),
      },
    })),
    billed: [],
    closedPurses: [],
    forgottenPurses: [],
    forgottenOutlooks: [],
  });
  return state;
}

type Row = Record<string, string | number>;

function amount(row: Row, column: string): Micros {
  return micros(Number(row[column]));
}

function loadAccounts(sql: SqlStorage): Account[] {
  return sql
    .exec<Row>(
      `SELECT campaign_id, granted_micros, returned_micros, billed_micros, free_micros, committed_micros, lapsed_micros,
         impressions_billed, late, exhausted, duplicates FROM accounts`,
    )
    .toArray()
    .map((row) => ({
      campaignId: String(row["campaign_id"]),
      grantedMicros: amount(row, "granted_micros"),
      returnedMicros: amount(row, "returned_micros"),
      billedMicros: amount(row, "billed_micros"),
      freeMicros: amount(row, "free_micros"),
      committedMicros: amount(row, "committed_micros"),
      lapsedMicros: amount(row, "lapsed_micros"),
      impressionsBilled: Number(row["impressions_billed"]),
      late: Number(row["late"]),
      exhausted: Number(row["exhausted"]),
      duplicates: Number(row["duplicates"]),
    }));
}

/** The name this wallet was first called by; an alarm after a restart may not know it otherwise. */
export function rememberName(sql: SqlStorage, name: string | undefined): string {
  if (name !== undefined) sql.exec("INSERT OR IGNORE INTO identity (only_row, name) VALUES (1, ?)", name);
  const [row] = sql.exec<{ name: string }>("SELECT name FROM identity").toArray();
  if (row === undefined) throw new Error("a wallet is addressed by name");
  return row.name;
}

function put(sql: SqlStorage, statement: string, rows: readonly (readonly (string | number)[])[]): void {
  if (rows.length > 0) sql.exec(statement, JSON.stringify(rows));
}
