/**
 * A campaign's ledger on disk. The ledger itself is one row that holds all of it: it knows some tens of wallets, so a
 * whole document is some kilobytes, and one row a write is what keeps a campaign's cost apart from its traffic. Beside
 * it lie its history, at most one row a minute, and what operators did, one row an action; both are bounded.
 */
import { AUDIT_ENTRIES_MAX, type AuditEntry, type NumberedEntry } from "../../../src/money/ledger_audit.ts";
import { decodeLedger, encodeLedger } from "../../../src/money/ledger_codec.ts";
import { type HistoryPoint, isThinningDue, outgrownPoints } from "../../../src/money/ledger_history.ts";
import { type LedgerState, NEW_LEDGER } from "../../../src/money/ledger_state.ts";

/** Numbered migrations of a ledger. Step 1 was of a layout that was never released. */
export const LEDGER_MIGRATIONS: readonly string[] = [
  "SELECT 1",
  `DROP TABLE IF EXISTS campaign;
   DROP TABLE IF EXISTS shares;
   CREATE TABLE ledger (
     only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
     body TEXT NOT NULL
   ) STRICT;`,
  `CREATE TABLE history (
     at_ms INTEGER PRIMARY KEY,
     body TEXT NOT NULL
   ) STRICT;
   CREATE TABLE audit (
     number INTEGER PRIMARY KEY,
     body TEXT NOT NULL
   ) STRICT;`,
];

/** Writes the ledger. Requires: inside a transaction. */
export function storeLedger(sql: SqlStorage, state: LedgerState): void {
  sql.exec("INSERT OR REPLACE INTO ledger (only_row, body) VALUES (1, ?)", encodeLedger(state));
}

/** The ledger as it was last written; a new one before that. */
export function loadLedger(sql: SqlStorage): LedgerState {
  const [row] = sql.exec<{ body: string }>("SELECT body FROM ledger").toArray();
  return row === undefined ? NEW_LEDGER : decodeLedger(row.body);
}

/** Adds a point to the history, unless a newer one is there. Requires: inside a transaction. */
export function storePoint(sql: SqlStorage, point: HistoryPoint): void {
  const newest = sql.exec<{ at_ms: number }>("SELECT at_ms FROM history ORDER BY at_ms DESC LIMIT 1").toArray()[0];
  if (newest !== undefined && newest.at_ms >= point.atMs) return;
  sql.exec("INSERT INTO history (at_ms, body) VALUES (?, ?)", point.atMs, JSON.stringify(point));
  if (newest === undefined || !isThinningDue(newest.at_ms, point.atMs)) return;
  const times = sql.exec<{ at_ms: number }>("SELECT at_ms FROM history ORDER BY at_ms").toArray();
  const outgrown = outgrownPoints(
    times.map((row) => row.at_ms),
    point.atMs,
  );
  for (const atMs of outgrown) sql.exec("DELETE FROM history WHERE at_ms = ?", atMs);
}

/** The history, oldest first. */
export function loadHistory(sql: SqlStorage): HistoryPoint[] {
  const rows = sql.exec<{ body: string }>("SELECT body FROM history ORDER BY at_ms").toArray();
  // Written by `storePoint` above.
  return rows.map(({ body }) => JSON.parse(body) as HistoryPoint);
}

/** Adds what operators did, and lets the oldest go. Requires: inside a transaction. */
export function storeAudit(sql: SqlStorage, entries: readonly AuditEntry[]): void {
  for (const entry of entries) sql.exec("INSERT INTO audit (body) VALUES (?)", JSON.stringify(entry));
  if (entries.length === 0) return;
  sql.exec("DELETE FROM audit WHERE number <= (SELECT MAX(number) FROM audit) - ?", AUDIT_ENTRIES_MAX);
}

/** What operators did, newest first. */
export function loadAudit(sql: SqlStorage): NumberedEntry[] {
  const rows = sql.exec<{ number: number; body: string }>("SELECT number, body FROM audit ORDER BY number DESC");
  // Written by `storeAudit` above.
  return rows.toArray().map(({ number, body }) => ({ number, ...(JSON.parse(body) as AuditEntry) }));
}
