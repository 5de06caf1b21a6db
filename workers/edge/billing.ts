/**
 * Group commit of impression beacons. A wallet settles a batch of a hundred about as fast as a single impression, so
 * beacons of one wallet are gathered and sent as one call: some milliseconds' worth when it is quiet, and what comes
 * until the next of at most four calls a second when it is busy. Each request is answered only after the wallet has
 * answered. A request may die at any moment with what it was doing, so every other one keeps a timer of its own and does
 * the work again if need be: billing is idempotent.
 */
import {
  BILL_ANSWER_MS,
  BILL_BATCH_CLAIMS,
  BILL_GAP_MS,
  BILL_TAKEOVER_MS,
  BILL_WINDOW_MS,
  parseWalletName,
} from "../../src/money/limits.ts";
import type { BillingClaim, BillVerdict } from "../../src/money/protocol.ts";
import type { DrawDoor } from "./purse_holder.ts";
import { within } from "../platform/within.ts";

type Verdicts = readonly BillVerdict[] | null;

interface Batch {
  readonly wallet: string;
  readonly claims: BillingClaim[];
  /** Null: the wallet could not be reached. Resolves once, by whoever sent the batch; never, when that request died. */
  readonly verdicts: Promise<Verdicts>;
  readonly resolve: (verdicts: Verdicts) => void;
  sent: boolean;
}

/** See the head of this file. */
export class BillingBatcher {
  readonly #recorder: { fault(code: "wallet_unreachable"): void };
  readonly #gathering = new Map<string, Batch>();
  /** When the last batch was sent, by wallet. Tokens are signed, so there are no more than wallets. */
  readonly #sentMs = new Map<string, number>();

  constructor(recorder: { fault(code: "wallet_unreachable"): void }) {
    this.#recorder = recorder;
  }

  /**
   * What the wallet decided about one impression, after its transaction; null when it could not be reached: the beacon
   * should be sent again. A claim that names no wallet is `invalid`.
   */
  async bill(door: DrawDoor, claim: BillingClaim): Promise<BillVerdict | null> {
    if (parseWalletName(claim.wallet) === null) return "invalid";
    const gathering = this.#gathering.get(claim.wallet);
    const batch = gathering ?? newBatch(claim.wallet);
    if (gathering === undefined) this.#gathering.set(claim.wallet, batch);
    const place = batch.claims.push(claim) - 1;
    const full = batch.claims.length >= BILL_BATCH_CLAIMS;
    if (full) this.#send(door, batch);
    else {
      const waitMs = gathering === undefined ? this.#windowMs(claim.wallet) : BILL_TAKEOVER_MS;
      const answered = await within(waitMs, batch.verdicts);
      if (!answered) this.#send(door, batch);
    }
    if (await within(2 * BILL_ANSWER_MS + BILL_GAP_MS, batch.verdicts)) return (await batch.verdicts)?.[place] ?? null;
    // The request that sent the batch may have died with the answer: ask alone.
    return (await this.#ask(door, claim.wallet, [claim]))?.[0] ?? null;
  }

  /** How long a new batch gathers. */
  #windowMs(wallet: string): number {
    const gapMs = (this.#sentMs.get(wallet) ?? 0) + BILL_GAP_MS - Date.now();
    return Math.max(BILL_WINDOW_MS, Math.min(gapMs, BILL_GAP_MS));
  }

  /** Sends the batch unless another request has. Outlives this request's answer. */
  #send(door: DrawDoor, batch: Batch): void {
    if (batch.sent) return;
    batch.sent = true;
    this.#sentMs.set(batch.wallet, Date.now());
    if (this.#gathering.get(batch.wallet) === batch) this.#gathering.delete(batch.wallet);
    door.waitUntil(this.#ask(door, batch.wallet, batch.claims).then(batch.resolve));
  }

  /** One bill call, repeated once when it fails: what a lost answer had billed then comes back as `duplicate`. */
  async #ask(door: DrawDoor, wallet: string, claims: readonly BillingClaim[]): Promise<Verdicts> {
    return (await this.#askOnce(door, wallet, claims)) ?? this.#askOnce(door, wallet, claims);
  }

  async #askOnce(door: DrawDoor, wallet: string, claims: readonly BillingClaim[]): Promise<Verdicts> {
    try {
      const asked = door.env.WALLET.getByName(wallet).bill(claims);
      if (await within(BILL_ANSWER_MS, asked)) {
        const { verdicts } = await asked;
        return verdicts.length === claims.length ? verdicts : null;
      }
      console.warn(`${wallet} did not answer a bill call in time`);
    } catch (error) {
      console.warn(`${wallet} did not take a bill call: ${String(error)}`);
    }
    this.#recorder.fault("wallet_unreachable");
    return null;
  }
}

function newBatch(wallet: string): Batch {
  const { promise, resolve } = Promise.withResolvers<Verdicts>();
  return { wallet, claims: [], verdicts: promise, resolve, sent: false };
}
