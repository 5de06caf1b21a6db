/**
 * The disk of a simulated wallet: a checkpoint and the groups of changes since. Some disks spell everything out as the
 * real one does and read it back; the others keep the rows as they are, which is faster and just as final, for rows
 * never change.
 */
import { MarkSet } from "../../money/mark_set.ts";
import { decodeChanges, encodeChanges, encodeWallet, mergeChanges, restoreWallet } from "../../money/wallet_codec.ts";
import { applyChanges, newWallet, type WalletChanges, type WalletState } from "../../money/wallet_state.ts";

/** Changes after which a disk makes a checkpoint of them. */
const CHECKPOINT_AFTER = 100;

/** See the head of this file. */
export interface WalletDisk {
  /** One transaction. */
  store(group: readonly WalletChanges[]): void;
  /** Brings all that was stored into a new wallet. */
  load(state: WalletState): void;
  /** Everything is gone. */
  lose(): void;
}

/** A disk that keeps what the real one keeps: text. */
export class SpelledDisk implements WalletDisk {
  #checkpoint: string | null = null;
  #journal: string[] = [];

  store(group: readonly WalletChanges[]): void {
    this.#journal.push(encodeChanges(mergeChanges(group)));
    if (this.#journal.length < CHECKPOINT_AFTER) return;
    const whole = newWallet("", "", 0);
    this.load(whole);
    this.#checkpoint = encodeWallet(whole);
    this.#journal = [];
  }

  load(state: WalletState): void {
    if (this.#checkpoint !== null) restoreWallet(state, this.#checkpoint);
    for (const text of this.#journal) applyChanges(state, decodeChanges(text));
  }

  lose(): void {
    this.#checkpoint = null;
    this.#journal = [];
  }
}

/** A disk that keeps rows. */
export class RowDisk implements WalletDisk {
  #checkpoint = newWallet("", "", 0);
  #journal: WalletChanges[] = [];

  store(group: readonly WalletChanges[]): void {
    for (const changes of group) this.#journal.push(changes);
    if (this.#journal.length < CHECKPOINT_AFTER) return;
    this.#replay(this.#checkpoint);
    this.#journal = [];
  }

  load(state: WalletState): void {
    const { accounts, purses, lines, marks } = this.#checkpoint;
    for (const [campaignId, row] of accounts) state.accounts.set(campaignId, row);
    for (const [purseId, row] of purses) state.purses.set(purseId, row);
    for (const [purseId, rows] of lines) state.lines.set(purseId, new Map(rows));
    for (const [purseId, own] of marks) state.marks.set(purseId, MarkSet.fromText(own.toText()));
    this.#replay(state);
  }

  lose(): void {
    this.#checkpoint = newWallet("", "", 0);
    this.#journal = [];
  }

  /** Outlooks are not durable. */
  #replay(state: WalletState): void {
    for (const changes of this.#journal) applyChanges(state, { ...changes, outlooks: [] });
  }
}
