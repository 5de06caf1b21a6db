/**
 * Group commit of impression beacons. A wallet settles a batch of a hundred about as fast as a single impression, so
 * beacons of one wallet are gathered for a moment, longer when many arrive (src/money/gathering.ts), and sent as one
 * call; each request is answered only after the wallet has answered. A request may die at any moment with what it was
 * doing, so every other one keeps a timer of its own and does the work again if need be: billing is idempotent.
 */
import { gatherWindowMs, type LastBatch } from "../../../src/money/gathering.ts";
import {
  BILL_ANSWER_MS,
  BILL_CLAIMS_MAX,
  BILL_TAKEOVER_MS,
  BILL_WINDOW_MS_MAX,
  parseWalletName,
} from "../../../src/money/limits.ts";
import type { BillingClaim, BillVerdict } from "../../../src/money/protocol.ts";
import type { DrawDoor } from "./purse_holder.ts";
import { within } from "../../platform/within.ts";

type Verdicts = readonly BillVerdict[] | null;

interface Batch {
  readonly wallet: string;
  readonly openedMs: number;
  /** How long whoever began it waits before sending it. */
  readonly windowMs: number;
  readonly claims: BillingClaim[];
  /** Null: the wallet could not be reached. Resolves once, by whoever sent the batch; never, when that request died. */
  readonly verdicts: Promise<Verdicts>;
  readonly resolve: (verdicts: Verdicts) => void;
  sent: boolean;
}

/** What the batcher is made of. The clock is the platform's unless a test brings its own. */
export interface BillingBatcherParts {
  readonly recorder: { fault(code: "wallet_unreachable"): void };
  readonly clock?: () => number;
}

/** Wallets whose last batch is remembered. Tokens name few: those of one region. */
const WALLETS_REMEMBERED = 64;

/** See the head of this file. */
export class BillingBatcher {
  readonly #recorder: BillingBatcherParts["recorder"];
  readonly #clock: () => number;
  readonly #gathering = new Map<string, Batch>();
  readonly #last = new Map<string, LastBatch>();

  constructor({ recorder, clock = Date.now }: BillingBatcherParts) {
    this.#recorder = recorder;
    this.#clock = clock;
  }

  /**
   * What the wallet decided about one impression, after its transaction; null when it could not be reached: the beacon
   * should be sent again. A claim that names no wallet is `invalid`.
   */
  async bill(door: DrawDoor, claim: BillingClaim): Promise<BillVerdict | null> {
    if (parseWalletName(claim.wallet) === null) return "invalid";
    const opened = this.#gathering.get(claim.wallet);
    const batch = opened ?? this.#open(claim.wallet);
    const place = batch.claims.push(claim) - 1;
    if (batch.claims.length >= BILL_CLAIMS_MAX) this.#send(door, batch);
    else {
      const patienceMs = opened === undefined ? batch.windowMs : BILL_TAKEOVER_MS;
      const answered = await within(patienceMs, batch.verdicts);
      if (!answered) this.#send(door, batch);
    }
    if (await within(2 * BILL_ANSWER_MS + BILL_WINDOW_MS_MAX, batch.verdicts))
      return (await batch.verdicts)?.[place] ?? null;
    // The request that sent the batch may have died with the answer: ask alone.
    return (await this.#ask(door, claim.wallet, [claim]))?.[0] ?? null;
  }

  /** Begins the wallet's next batch. */
  #open(wallet: string): Batch {
    const { promise, resolve } = Promise.withResolvers<Verdicts>();
    const openedMs = this.#clock();
    const windowMs = gatherWindowMs(this.#last.get(wallet), openedMs);
    const batch = { wallet, openedMs, windowMs, claims: [], verdicts: promise, resolve, sent: false };
    this.#gathering.set(wallet, batch);
    return batch;
  }

  /** Sends the batch unless another request has. Outlives this request's answer. */
  #send(door: DrawDoor, batch: Batch): void {
    if (batch.sent) return;
    batch.sent = true;
    if (this.#gathering.get(batch.wallet) === batch) this.#gathering.delete(batch.wallet);
    if (this.#last.size >= WALLETS_REMEMBERED) this.#last.clear();
    this.#last.set(batch.wallet, { openedMs: batch.openedMs, claims: batch.claims.length });
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
