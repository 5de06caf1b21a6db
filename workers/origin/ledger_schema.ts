/**
 * A campaign's ledger on disk: one row that holds all of it. A ledger knows some tens of wallets, so a whole document
 * is some kilobytes, and one row a write is what keeps a campaign's cost apart from its traffic.
 */
import { decodeLedger, encodeLedger } from "../../src/money/ledger_codec.ts";
import { type LedgerState, NEW_LEDGER } from "../../src/money/ledger_state.ts";

/** Numbered migrations of a ledger. Step 1 was of a layout that was never released. */
export const LEDGER_MIGRATIONS: readonly string[] = [
  "SELECT 1",
  `DROP TABLE IF EXISTS campaign;
   DROP TABLE IF EXISTS shares;
   CREATE TABLE ledger (
     only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
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
