/**
 * Tables of a campaign's ledger: its terms and controller in one row, one row for each wallet it ever granted to.
 */
import { micros } from "../../src/kernel/money.ts";
import { type LedgerShare, type LedgerState, NEW_LEDGER } from "../../src/money/ledger.ts";

/** Numbered migrations of a ledger. */
export const LEDGER_MIGRATIONS: readonly string[] = [
  `CREATE TABLE campaign (
     only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
     campaign_id TEXT NOT NULL,
     budget_micros INTEGER NOT NULL,
     flight_start_ms INTEGER NOT NULL,
     flight_end_ms INTEGER NOT NULL,
     status TEXT NOT NULL CHECK (status IN ('active', 'paused', 'archived')),
     pacing TEXT NOT NULL CHECK (pacing IN ('even', 'asap')),
     ceiling_micros INTEGER NOT NULL,
     multiplier_ppm INTEGER NOT NULL,
     stepped_ms INTEGER NOT NULL,
     stepped_spent_micros INTEGER NOT NULL,
     rate_micros_per_sec REAL NOT NULL,
     revision INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE shares (
     wallet TEXT PRIMARY KEY,
     granted_micros INTEGER NOT NULL,
     billed_micros INTEGER NOT NULL,
     returned_micros INTEGER NOT NULL,
     committed_micros INTEGER NOT NULL,
     lapsed_micros INTEGER NOT NULL,
     impressions_billed INTEGER NOT NULL,
     late INTEGER NOT NULL,
     exhausted INTEGER NOT NULL,
     duplicates INTEGER NOT NULL,
     heard_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
];

/** Writes the campaign's row, and the share that changed. Requires: inside the command's transaction. */
export function storeLedger(sql: SqlStorage, state: LedgerState, changedWallet: string | null): void {
  const { terms, pacer } = state;
  if (terms === null) return;
  sql.exec(
    `INSERT OR REPLACE INTO campaign (only_row, campaign_id, budget_micros, flight_start_ms, flight_end_ms,
      status, pacing,
       ceiling_micros, multiplier_ppm, stepped_ms, stepped_spent_micros, rate_micros_per_sec, revision)
     VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    terms.campaignId,
    terms.budgetMicros,
    terms.flightStartMs,
    terms.flightEndMs,
    terms.status,
    terms.pacing,
    state.ceilingMicros,
    pacer.multiplierPpm,
    pacer.steppedMs,
    pacer.spentMicros,
    pacer.rateMicrosPerSec,
    state.revision,
  );
  const share = changedWallet === null ? undefined : state.shares.get(changedWallet);
  if (share !== undefined) storeShare(sql, share);
}

/** The ledger as stored; a new one before its first terms. */
export function loadLedger(sql: SqlStorage): LedgerState {
  const [row] = sql
    .exec<Record<string, string | number>>(
      `SELECT campaign_id, budget_micros, flight_start_ms, flight_end_ms, status, pacing, ceiling_micros,
        multiplier_ppm,
         stepped_ms, stepped_spent_micros, rate_micros_per_sec, revision FROM campaign`,
    )
    .toArray();
  if (row === undefined) return NEW_LEDGER;
  const status = row["status"];
  return {
    terms: {
      campaignId: String(row["campaign_id"]),
      budgetMicros: micros(Number(row["budget_micros"])),
      flightStartMs: Number(row["flight_start_ms"]),
      flightEndMs: Number(row["flight_end_ms"]),
      status: status === "active" || status === "paused" ? status : "archived",
      pacing: row["pacing"] === "asap" ? "asap" : "even",
    },
    ceilingMicros: micros(Number(row["ceiling_micros"])),
    shares: new Map(loadShares(sql).map((share) => [share.wallet, share])),
    pacer: {
      multiplierPpm: Number(row["multiplier_ppm"]),
      steppedMs: Number(row["stepped_ms"]),
      spentMicros: micros(Number(row["stepped_spent_micros"])),
      rateMicrosPerSec: Number(row["rate_micros_per_sec"]),
    },
    revision: Number(row["revision"]),
  };
}

function storeShare(sql: SqlStorage, share: LedgerShare): void {
  sql.exec(
    `INSERT OR REPLACE INTO shares (wallet, granted_micros, billed_micros, returned_micros, committed_micros,
      lapsed_micros,
       impressions_billed, late, exhausted, duplicates, heard_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    share.wallet,
    share.grantedMicros,
    share.billedMicros,
    share.returnedMicros,
    share.committedMicros,
    share.lapsedMicros,
    share.impressionsBilled,
    share.late,
    share.exhausted,
    share.duplicates,
    share.heardMs,
  );
}

function loadShares(sql: SqlStorage): LedgerShare[] {
  return sql
    .exec<Record<string, string | number>>(
      `SELECT wallet, granted_micros, billed_micros, returned_micros, committed_micros, lapsed_micros,
        impressions_billed,
         late, exhausted, duplicates, heard_ms FROM shares`,
    )
    .toArray()
    .map((row) => ({
      wallet: String(row["wallet"]),
      grantedMicros: micros(Number(row["granted_micros"])),
      billedMicros: micros(Number(row["billed_micros"])),
      returnedMicros: micros(Number(row["returned_micros"])),
      committedMicros: micros(Number(row["committed_micros"])),
      lapsedMicros: micros(Number(row["lapsed_micros"])),
      impressionsBilled: Number(row["impressions_billed"]),
      late: Number(row["late"]),
      exhausted: Number(row["exhausted"]),
      duplicates: Number(row["duplicates"]),
      heardMs: Number(row["heard_ms"]),
    }));
}
