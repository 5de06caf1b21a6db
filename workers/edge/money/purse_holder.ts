/**
 * The purse of one isolate and the draws that keep it filled. An isolate has no timers of its own, so requests drive
 * the draws: at most one is under way, about once a second. All of it is bounded and safe to lose: a purse that is
 * never heard of again is closed by its wallet.
 */
import type { Micros } from "../../../src/kernel/money.ts";
import { refused, type Result } from "../../../src/kernel/result.ts";
import {
  CLOSING_REPORTS_MAX,
  DRAW_CAMPAIGNS_MAX,
  DRAW_INTERVAL_MS,
  DRAW_LOW_INTERVAL_MS,
  DRAW_PATIENCE_MS,
  FIRST_DRAW_WAIT_MS,
  WANTED_FOR_MS,
} from "../../../src/money/limits.ts";
import type { DrawRequest } from "../../../src/money/protocol.ts";
import {
  askFor,
  commit,
  type Commitment,
  type CommitRefusal,
  countOpportunities,
  lastReport,
  missPurse,
  newPurse,
  nextPurse,
  type Purchase,
  type Purse,
  type PurseView,
  receive,
  runsLow,
  shouldRotate,
  viewPurse,
} from "../../../src/money/purse.ts";
import type { Env, WalletStub } from "../env.ts";
import { within } from "../../platform/within.ts";

/** What a request lends to a draw. */
export interface DrawDoor {
  readonly env: Pick<Env, "WALLET">;
  /** Keeps the draw alive after the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** What the holder is made of. Clock and id are the platform's unless a test brings its own. */
export interface PurseHolderParts {
  /** Name of this isolate's wallet. */
  readonly wallet: string;
  readonly recorder: { fault(code: "wallet_unreachable"): void };
  readonly clock?: () => number;
  readonly newPurseId?: () => string;
}

/** Draws in a row while the wallet waits for its first money from the ledgers. */
const RETRIES_MAX = 5;
const EMPTY_VIEW: PurseView = new Map();

/** See the head of this file. */
export class PurseHolder {
  readonly #wallet: string;
  readonly #recorder: PurseHolderParts["recorder"];
  readonly #clock: () => number;
  readonly #newPurseId: () => string;
  #current: Purse | null = null;
  /** Opened but without a reply yet; replaces the current purse when the reply comes. */
  #next: Purse | null = null;
  readonly #wanted = new Map<string, number>();
  #drawing: { readonly sinceMs: number; readonly done: Promise<void> } | null = null;
  #dueMs = Number.NEGATIVE_INFINITY;
  #lowDueMs = Number.NEGATIVE_INFINITY;
  #lastReports: DrawRequest[] = [];

  constructor({ wallet, recorder, clock, newPurseId }: PurseHolderParts) {
    this.#wallet = wallet;
    this.#recorder = recorder;
    this.#clock = clock ?? (() => Date.now());
    // 22 letters are as unique as a UUID and shorter in every tracking URL.
    this.#newPurseId = newPurseId ?? (() => crypto.randomUUID().replaceAll("-", "").slice(0, 22));
  }

  /** What this isolate may spend now, by campaign. */
  view(nowMs: number): PurseView {
    return this.#current === null ? EMPTY_VIEW : viewPurse(this.#current, nowMs);
  }

  /** Takes the price of a won slot out of the purse. Refuses as `purse.commit` does. Synchronous, no I/O. */
  commit(purchase: Purchase, nowMs: number): Result<Commitment, CommitRefusal> {
    return this.#current === null ? refused("no_purse") : commit(this.#current, purchase, nowMs);
  }

  /** Notes which campaigns a decision found worth a bid: pacing learns supply from it. */
  offered(campaignIds: Iterable<string>): void {
    if (this.#current !== null) countOpportunities(this.#current, campaignIds);
  }

  /** Notes a price that was bid but could not be paid, so that the next draw asks for at least that much. */
  missed(campaignId: string, priceMicros: Micros): void {
    if (this.#current !== null) missPurse(this.#current, campaignId, priceMicros);
  }

  /**
   * Notes which campaigns this request could have used, and draws when it is time. A warm isolate is never delayed. A
   * cold one (no purse, or an expired one) waits for the draw under way, its own or another request's, but no longer
   * than its own timer allows. True when the wait brought money: whoever planned without it may plan again.
   */
  async draw(door: DrawDoor, wanted: Iterable<string>, nowMs: number): Promise<boolean> {
    let fresh = false;
    for (const campaignId of wanted) {
      fresh ||= !this.#wanted.has(campaignId);
      if (this.#wanted.size < DRAW_CAMPAIGNS_MAX || this.#wanted.has(campaignId)) this.#wanted.set(campaignId, nowMs);
    }
    const cold = this.view(nowMs).size === 0 && (this.#current === null || shouldRotate(this.#current, nowMs));
    if (this.#mayDraw(nowMs) && this.#isDue(nowMs, fresh)) {
      const done = this.#drawUntilFunded(door).finally(() => {
        // One that was given up on must not clear its successor.
        if (this.#drawing?.done === done) this.#drawing = null;
      });
      this.#drawing = { sinceMs: nowMs, done };
      door.waitUntil(done);
    }
    if (!cold || this.#drawing === null) return false;
    await within(FIRST_DRAW_WAIT_MS, this.#drawing.done);
    return this.view(nowMs).size > 0;
  }

  /** One draw at a time; one whose request died with it is given up after a while. */
  #mayDraw(nowMs: number): boolean {
    return this.#wanted.size > 0 && (this.#drawing === null || nowMs - this.#drawing.sinceMs > DRAW_PATIENCE_MS);
  }

  #isDue(nowMs: number, fresh: boolean): boolean {
    if (nowMs >= this.#dueMs) return true;
    if (nowMs < this.#lowDueMs || this.#current === null) return false;
    return fresh || runsLow(this.#current);
  }

  /**
   * Draws, and draws again soon while the wallet says that money is on its way and there is none yet. Never rejects.
   */
  async #drawUntilFunded(door: DrawDoor): Promise<void> {
    try {
      const wallet = door.env.WALLET.getByName(this.#wallet);
      for (let attempt = 0; attempt < RETRIES_MAX; attempt++) {
        const retryAfterMs = await this.#drawOnce(wallet);
        await this.#sendLastReports(wallet);
        if (retryAfterMs >= DRAW_INTERVAL_MS || this.view(this.#clock()).size > 0) break;
        await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
      }
    } catch (error) {
      this.#recorder.fault("wallet_unreachable");
      this.#dueMs = this.#clock() + DRAW_INTERVAL_MS;
      console.warn(`${this.#wallet} did not answer a draw: ${String(error)}`);
    }
  }

  async #drawOnce(wallet: WalletStub): Promise<number> {
    const askedMs = this.#clock();
    const purse = this.#purseToFill(askedMs);
    const reply = await wallet.draw(askFor(purse, this.#wantedNow(askedMs), askedMs));
    receive(purse, reply, askedMs);
    // A reply that was given up on may still arrive; its purse is then no longer the next one.
    if (purse === this.#next) {
      if (this.#current !== null) this.#retire(this.#current);
      this.#current = purse;
      this.#next = null;
    }
    this.#dueMs = askedMs + reply.retryAfterMs;
    this.#lowDueMs = askedMs + DRAW_LOW_INTERVAL_MS;
    return reply.retryAfterMs;
  }

  /** The current purse, or its successor when it is time to rotate; the old one serves until the new one is filled. */
  #purseToFill(nowMs: number): Purse {
    if (this.#current !== null && !shouldRotate(this.#current, nowMs)) return this.#current;
    if (this.#next !== null && !shouldRotate(this.#next, nowMs)) return this.#next;
    if (this.#next !== null) this.#retire(this.#next);
    const purseId = this.#newPurseId();
    const before = this.#current;
    this.#next = before === null ? newPurse(purseId, this.#wallet) : nextPurse(purseId, before, this.#wantedNow(nowMs));
    return this.#next;
  }

  #retire(purse: Purse): void {
    this.#lastReports.push(lastReport(purse));
    // The oldest is safe to drop: its wallet closes that purse by itself.
    if (this.#lastReports.length > CLOSING_REPORTS_MAX) this.#lastReports.shift();
  }

  /**
   * Tells the wallet what rotated-out purses committed in all. A report that fails is sent again after the next draw.
   */
  async #sendLastReports(wallet: WalletStub): Promise<void> {
    for (const report of this.#lastReports) {
      await wallet.draw(report);
      this.#lastReports = this.#lastReports.filter((waiting) => waiting !== report);
    }
  }

  /** Campaigns wanted lately; forgets the others. */
  #wantedNow(nowMs: number): ReadonlySet<string> {
    for (const [campaignId, lastMs] of this.#wanted) {
      if (nowMs - lastMs > WANTED_FOR_MS) this.#wanted.delete(campaignId);
    }
    return new Set(this.#wanted.keys());
  }
}
