/**
 * A wallet on disk: a checkpoint of its whole state, and a journal of what has changed since, one row a group of
 * commands. The journal is a ring that is written over once a checkpoint has made its rows old, so nothing is ever
 * deleted. A row a group instead of a row an impression is what keeps the cost and the number of writes small.
 */
import { assert } from "../../../src/kernel/assert.ts";
import {
  decodeChanges,
  encodeChanges,
  encodeWallet,
  isWritten,
  restoreWallet,
} from "../../../src/money/wallet_codec.ts";
import { applyChanges, newWallet, type WalletChanges, type WalletState } from "../../../src/money/wallet_state.ts";

/** Numbered migrations of a wallet. Step 1 was of a layout that was never released. */
export const WALLET_MIGRATIONS: readonly string[] = [
  "SELECT 1",
  `DROP TABLE IF EXISTS accounts;
   DROP TABLE IF EXISTS purses;
   DROP TABLE IF EXISTS purse_lines;
   DROP TABLE IF EXISTS billed;
   DROP TABLE IF EXISTS identity;
   CREATE TABLE identity (
     only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
     name TEXT NOT NULL,
     incarnation TEXT NOT NULL
   ) STRICT;
   CREATE TABLE checkpoint (
     chunk INTEGER PRIMARY KEY,
     entry INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE TABLE journal (
     slot INTEGER PRIMARY KEY,
     entry INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;`,
];

/** Journal rows. Before one would be written over that a checkpoint does not cover, a checkpoint is made. */
export const JOURNAL_SLOTS = 512;
/** Characters of journal after which a checkpoint is made, so that a start never has to read more. */
const JOURNAL_CHARS_MAX = 8_000_000;
/** Characters of one row; SQLite in an object takes 2 MB. */
const ROW_CHARS_MAX = 1_000_000;

/** See the head of this file. */
export class WalletJournal {
  readonly #sql: SqlStorage;
  #entry = 0;
  #checkpointed = 0;
  #charsSince = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /**
   * The wallet as it was last written. `name`: by which the object was called, if it knows. `incarnation`: taken when
   * the storage has none yet.
   */
  load(name: string | undefined, incarnation: string, nowMs: number): WalletState {
    const identity = this.#identify(name, incarnation);
    const state = newWallet(identity.name, identity.incarnation, nowMs);
    const chunks = this.#sql
      .exec<{ entry: number; body: string }>("SELECT entry, body FROM checkpoint ORDER BY chunk")
      .toArray();
    this.#checkpointed = chunks[0]?.entry ?? 0;
    this.#entry = this.#checkpointed;
    this.#charsSince = 0;
    if (chunks.length > 0) restoreWallet(state, chunks.map((chunk) => chunk.body).join(""));
    const rows = this.#sql.exec<{ entry: number; body: string }>(
      "SELECT entry, body FROM journal WHERE entry > ? ORDER BY entry",
      this.#checkpointed,
    );
    for (const { entry, body } of rows) {
      assert(entry === this.#entry + 1, "wallet journal: no entry is missing");
      applyChanges(state, decodeChanges(body));
      this.#entry = entry;
      this.#charsSince += body.length;
    }
    return state;
  }

  /**
   * Writes a group, when there is something in it to write. `state`: the wallet with these changes. Requires: inside a
   * transaction.
   */
  append(changes: WalletChanges, state: WalletState): void {
    if (!isWritten(changes)) return;
    const body = encodeChanges(changes);
    const entry = this.#entry + 1;
    const full = entry - this.#checkpointed >= JOURNAL_SLOTS || this.#charsSince + body.length > JOURNAL_CHARS_MAX;
    if (full || body.length > ROW_CHARS_MAX) {
      this.#checkpoint(entry, state);
      return;
    }
    this.#sql.exec(
      "INSERT OR REPLACE INTO journal (slot, entry, body) VALUES (?, ?, ?)",
      entry % JOURNAL_SLOTS,
      entry,
      body,
    );
    this.#entry = entry;
    this.#charsSince += body.length;
  }

  #checkpoint(entry: number, state: WalletState): void {
    const text = encodeWallet(state);
    const chunks = Math.ceil(text.length / ROW_CHARS_MAX);
    for (let chunk = 0; chunk < chunks; chunk++) {
      this.#sql.exec(
        "INSERT OR REPLACE INTO checkpoint (chunk, entry, body) VALUES (?, ?, ?)",
        chunk,
        entry,
        text.slice(chunk * ROW_CHARS_MAX, (chunk + 1) * ROW_CHARS_MAX),
      );
    }
    this.#sql.exec("DELETE FROM checkpoint WHERE chunk >= ?", chunks);
    this.#entry = entry;
    this.#checkpointed = entry;
    this.#charsSince = 0;
  }

  #identify(name: string | undefined, incarnation: string): { name: string; incarnation: string } {
    if (name !== undefined) {
      this.#sql.exec(
        "INSERT OR IGNORE INTO identity (only_row, name, incarnation) VALUES (1, ?, ?)",
        name,
        incarnation,
      );
    }
    const [row] = this.#sql
      .exec<{ name: string; incarnation: string }>("SELECT name, incarnation FROM identity")
      .toArray();
    assert(row !== undefined, "wallet journal: a wallet is addressed by name");
    return row;
  }
}
