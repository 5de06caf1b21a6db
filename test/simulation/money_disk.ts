/**
 * A wallet as its object holds it: a disk that survives and a memory that does not.
 */
import { assert } from "../../src/kernel/assert.ts";
import {
  applyChanges,
  assertWalletInvariants,
  billedKey,
  newWallet,
  type Outcome,
  type WalletChanges,
  type WalletState,
} from "../../src/money/wallet_state.ts";

/** A wallet's disk and memory. The memory dies in a restart; the disk has what transactions wrote. */
export class StoredWallet {
  readonly name: string;
  disk: WalletState;
  memory: WalletState;
  readonly billed = new Map<string, string>();

  constructor(name: string, nowMs: number) {
    this.name = name;
    this.disk = newWallet(name, nowMs);
    this.memory = newWallet(name, nowMs);
  }

  run<Reply>(decide: (state: WalletState) => Outcome<Reply>): Reply {
    const { reply, changes } = decide(this.memory);
    this.#store(changes);
    applyChanges(this.memory, changes);
    assertWalletInvariants(this.memory);
    assertWalletInvariants(this.disk);
    return reply;
  }

  restart(nowMs: number): void {
    this.memory = newWallet(this.name, nowMs);
    const { accounts, purses, lines } = structuredClone(this.disk);
    for (const [key, row] of accounts) this.memory.accounts.set(key, row);
    for (const [key, row] of purses) this.memory.purses.set(key, row);
    for (const [key, row] of lines) this.memory.lines.set(key, row);
  }

  #store(changes: WalletChanges): void {
    applyChanges(this.disk, structuredClone({ ...changes, outlooks: [] }));
    for (const key of changes.billed) {
      assert(!this.billed.has(billedKey(key)), "world: an impression is stored as billed once");
      this.billed.set(billedKey(key), key.purseId);
    }
    for (const [key, purseId] of this.billed) if (changes.forgottenPurses.includes(purseId)) this.billed.delete(key);
  }
}
