/**
 * The disk of a simulated wallet: a checkpoint and the groups of changes since. Some disks spell everything out as the
 * real one does and read it back; the others keep the rows as they are, which is faster and just as final, for rows
 * never change.
 */
import { decodeChanges, encodeChanges, encodeWallet, mergeChanges, restoreWallet } from "../../money/wallet_codec.ts";
import { applyChanges, newWallet, type WalletChanges, type WalletState } from "../../money/wallet_state.ts";

/** Groups after which a spelled disk writes a checkpoint. */
const CHECKPOINT_GROUPS = 200;

/** See the head of this file. */
export class WalletDisk {
  readonly #spelled: boolean;
  #checkpoint: string | null = null;
  #texts: string[] = [];
  #groups: (readonly WalletChanges[])[] = [];

  constructor(spelled: boolean) {
    this.#spelled = spelled;
  }

  /** One transaction. */
  store(group: readonly WalletChanges[]): void {
    if (!this.#spelled) {
      this.#groups.push(group);
      return;
    }
    this.#texts.push(encodeChanges(mergeChanges(group)));
    if (this.#texts.length < CHECKPOINT_GROUPS) return;
    const whole = newWallet("", "", 0);
    this.load(whole);
    this.#checkpoint = encodeWallet(whole);
    this.#texts = [];
  }

  /** Brings all that was stored into a new wallet. */
  load(state: WalletState): void {
    if (this.#checkpoint !== null) restoreWallet(state, this.#checkpoint);
    for (const text of this.#texts) applyChanges(state, decodeChanges(text));
    for (const group of this.#groups) for (const changes of group) applyChanges(state, { ...changes, outlooks: [] });
  }

  /** Everything is gone. */
  lose(): void {
    this.#checkpoint = null;
    this.#texts = [];
    this.#groups = [];
  }
}
