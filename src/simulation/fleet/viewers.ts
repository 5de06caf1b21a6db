/**
 * Viewers of a fleet: what was won is mostly seen, some seconds later, when its slot of the break has come. Beacons of
 * one wallet are handed over together, many isolates' batches in one, because at a million decisions a second a single
 * beacon is no event worth simulating; how many calls the edge would have made is reckoned in `cost.ts`.
 */
import type { RandomStream } from "../../kernel/random.ts";
import { MINUTE_MS, SECOND_MS } from "../../kernel/time.ts";
import { BILL_CLAIMS_MAX } from "../../money/limits.ts";
import type { BillingClaim } from "../../money/protocol.ts";
import { drawChance } from "../draw.ts";
import type { EventQueue } from "../money/event_queue.ts";
import type { WalletObject } from "../money/wallet_object.ts";
import { UNSEEN_SHARE } from "./scenario.ts";

/** Share of viewers who pause before the slot comes, and for how long at most. */
const PAUSED_SHARE = 0.03;
const PAUSE_MS_MAX = 8 * MINUTE_MS;
/** A slot is seen this long after the decision. */
const SEEN_MS_MIN = 5 * SECOND_MS;
const SEEN_MS_MAX = 60 * SECOND_MS;

/** See the head of this file. */
export class FleetViewers {
  readonly #queue: EventQueue;
  readonly #random: RandomStream;
  readonly #gatherMs: number;
  readonly #gathering = new Map<WalletObject, Map<number, BillingClaim[]>>();

  /** `gatherMs`: how much time's beacons a wallet gets at once. */
  constructor(queue: EventQueue, random: RandomStream, gatherMs: number) {
    this.#queue = queue;
    this.#gatherMs = gatherMs;
    this.#random = random;
  }

  /** A slot was won with this wallet's money. False when nobody will see it. */
  take(wallet: WalletObject, claim: BillingClaim): boolean {
    if (drawChance(this.#random, UNSEEN_SHARE)) return false;
    const paused = drawChance(this.#random, PAUSED_SHARE);
    const longest = paused ? PAUSE_MS_MAX : SEEN_MS_MAX;
    const seenMs = this.#queue.nowMs + SEEN_MS_MIN + this.#random.below(longest - SEEN_MS_MIN);
    this.#gather(wallet, Math.ceil(seenMs / this.#gatherMs) * this.#gatherMs, claim);
    return true;
  }

  #gather(wallet: WalletObject, atMs: number, claim: BillingClaim): void {
    const batches = this.#gathering.get(wallet) ?? new Map<number, BillingClaim[]>();
    this.#gathering.set(wallet, batches);
    const batch = batches.get(atMs);
    if (batch !== undefined) {
      batch.push(claim);
      return;
    }
    const claims = [claim];
    batches.set(atMs, claims);
    this.#queue.at(atMs, () => {
      batches.delete(atMs);
      for (let from = 0; from < claims.length; from += BILL_CLAIMS_MAX) {
        wallet.bill(claims.slice(from, from + BILL_CLAIMS_MAX), () => {});
      }
    });
  }
}
