/**
 * One isolate of the edge with its purse: draws driven by requests, commits without asking anybody, beacons gathered
 * into batches. Mirrors what the edge Worker does around the purse, with callbacks where that has promises.
 */
import type { Micros } from "../../kernel/money.ts";
import { gatherWindowMs, type LastBatch } from "../../money/gathering.ts";
import {
  BILL_ANSWER_MS,
  BILL_CLAIMS_MAX,
  CLOSING_REPORTS_MAX,
  DRAW_INTERVAL_MS,
  DRAW_LOW_INTERVAL_MS,
  DRAW_PATIENCE_MS,
  FIRST_DRAW_WAIT_MS,
  WANTED_FOR_MS,
} from "../../money/limits.ts";
import type { BillingClaim, BillReply, BillVerdict, DrawReply, DrawRequest } from "../../money/protocol.ts";
import {
  askFor,
  assertPurseInvariants,
  commit,
  type Commitment,
  countOpportunities,
  lastReport,
  missPurse,
  newPurse,
  nextPurse,
  type Purse,
  type PurseView,
  receive,
  runsLow,
  shouldRotate,
  viewPurse,
} from "../../money/purse.ts";
import type { EventQueue, WallClock } from "./event_queue.ts";
import type { Network } from "./network.ts";
import type { Keys } from "./seal.ts";
import type { WalletObject } from "./wallet_object.ts";

/** What an isolate is made of. */
export interface IsolateParts {
  /** Unique among all isolates that ever lived. */
  readonly name: string;
  readonly queue: EventQueue;
  readonly network: Network;
  readonly clock: WallClock;
  readonly wallet: WalletObject;
  readonly walletNamed: (name: string) => WalletObject | undefined;
  readonly keys: Keys;
  /** Hears every answer that has filled a purse. */
  readonly filled?: (reply: DrawReply) => void;
}

type HearVerdict = (verdict: BillVerdict | null) => void;

interface Batch {
  readonly openedMs: number;
  readonly claims: BillingClaim[];
  readonly waiting: HearVerdict[];
  sent: boolean;
}

/** Draws in a row while the wallet waits for its first money from the ledgers. */
const RETRIES_MAX = 5;
const EMPTY_VIEW: PurseView = new Map();

/** See the head of this file. */
export class Isolate {
  readonly name: string;
  readonly clock: WallClock;
  readonly wallet: WalletObject;
  keys: Keys;
  alive = true;
  readonly #parts: IsolateParts;
  #current: Purse | null = null;
  #next: Purse | null = null;
  #purses = 0;
  readonly #wanted = new Map<string, number>();
  /** The draw under way: since when, and who waits for it. */
  #drawing: { readonly sinceMs: number; readonly waiting: (() => void)[] } | null = null;
  #dueMs = Number.NEGATIVE_INFINITY;
  #lowDueMs = Number.NEGATIVE_INFINITY;
  #lastReports: DrawRequest[] = [];
  readonly #gathering = new Map<string, Batch>();
  readonly #lastBatches = new Map<string, LastBatch>();

  constructor(parts: IsolateParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.clock = parts.clock;
    this.wallet = parts.wallet;
    this.keys = parts.keys;
  }

  /** What may be spent now. */
  view(nowMs: number): PurseView {
    return this.#current === null ? EMPTY_VIEW : viewPurse(this.#current, nowMs);
  }

  /** Takes a price out of the purse, or says that it cannot. Notes what it could not pay. */
  commit(campaignId: string, priceMicros: Micros, nowMs: number): Commitment | null {
    if (this.#current === null) return null;
    const made = commit(this.#current, { campaignId, priceMicros, outcomePpm: 2_000 }, nowMs);
    assertPurseInvariants(this.#current);
    if (made.ok) return made.value;
    if (made.reason === "short_of_money") missPurse(this.#current, campaignId, priceMicros);
    return null;
  }

  /** A request that could use these campaigns: draws when it is time, and decides at once or after a first draw. */
  request(wanted: readonly string[], nowMs: number, decide: () => void): void {
    const fresh = wanted.some((campaignId) => !this.#wanted.has(campaignId));
    for (const campaignId of wanted) this.#wanted.set(campaignId, nowMs);
    if (this.#current !== null) countOpportunities(this.#current, wanted);
    const cold = this.view(nowMs).size === 0 && (this.#current === null || shouldRotate(this.#current, nowMs));
    const idle = this.#drawing === null || nowMs - this.#drawing.sinceMs > DRAW_PATIENCE_MS;
    if (idle && this.#isDue(nowMs, fresh)) {
      this.#drawing = { sinceMs: nowMs, waiting: [] };
      this.#draw(1);
    }
    if (!cold || this.#drawing === null) {
      decide();
      return;
    }
    let open = true;
    const once = (): void => {
      if (open && this.alive) decide();
      open = false;
    };
    this.#drawing.waiting.push(once);
    this.#parts.queue.after(FIRST_DRAW_WAIT_MS, once);
  }

  /** Bills one impression with others of its wallet. Null: the wallet did not answer. */
  bill(claim: BillingClaim, hear: HearVerdict): void {
    const gathering = this.#gathering.get(claim.wallet);
    const nowMs = this.clock.nowMs();
    const batch = gathering ?? { openedMs: nowMs, claims: [], waiting: [], sent: false };
    batch.claims.push(claim);
    batch.waiting.push(hear);
    if (gathering === undefined) {
      this.#gathering.set(claim.wallet, batch);
      const windowMs = gatherWindowMs(this.#lastBatches.get(claim.wallet), nowMs);
      this.#parts.queue.after(windowMs, () => this.#send(claim.wallet, batch));
    }
    if (batch.claims.length >= BILL_CLAIMS_MAX) this.#send(claim.wallet, batch);
  }

  #isDue(nowMs: number, fresh: boolean): boolean {
    if (nowMs >= this.#dueMs) return true;
    if (nowMs < this.#lowDueMs || this.#current === null) return false;
    return fresh || runsLow(this.#current);
  }

  #draw(attempt: number): void {
    const askedMs = this.clock.nowMs();
    const wanted = this.#wantedNow(askedMs);
    const purse = this.#purseToFill(askedMs, wanted);
    const request = askFor(purse, wanted, askedMs);
    this.#callWallet(
      request,
      (reply) => {
        this.#fill(purse, reply, askedMs);
        this.#sendLastReports();
        if (
          attempt < RETRIES_MAX &&
          reply.retryAfterMs < DRAW_INTERVAL_MS &&
          this.view(this.clock.nowMs()).size === 0
        ) {
          this.#parts.queue.after(reply.retryAfterMs, () => this.#draw(attempt + 1));
        } else this.#drawn();
      },
      () => {
        this.#dueMs = this.clock.nowMs() + DRAW_INTERVAL_MS;
        this.#drawn();
      },
    );
  }

  #fill(purse: Purse, reply: DrawReply, askedMs: number): void {
    receive(purse, reply, askedMs);
    if (purse === this.#next) {
      if (this.#current !== null) this.#retire(this.#current);
      this.#current = purse;
      this.#next = null;
    }
    this.#parts.filled?.(reply);
    this.#dueMs = askedMs + reply.retryAfterMs;
    this.#lowDueMs = askedMs + DRAW_LOW_INTERVAL_MS;
  }

  #drawn(): void {
    const drawing = this.#drawing;
    this.#drawing = null;
    for (const proceed of drawing?.waiting ?? []) proceed();
  }

  #purseToFill(nowMs: number, wanted: ReadonlySet<string>): Purse {
    if (this.#current !== null && !shouldRotate(this.#current, nowMs)) return this.#current;
    if (this.#next !== null && !shouldRotate(this.#next, nowMs)) return this.#next;
    if (this.#next !== null) this.#retire(this.#next);
    const purseId = `${this.name}.${this.#purses++}`;
    this.#next =
      this.#current === null ? newPurse(purseId, this.wallet.name) : nextPurse(purseId, this.#current, wanted);
    return this.#next;
  }

  #retire(purse: Purse): void {
    this.#lastReports.push(lastReport(purse));
    if (this.#lastReports.length > CLOSING_REPORTS_MAX) this.#lastReports.shift();
  }

  #sendLastReports(): void {
    for (const report of this.#lastReports) {
      const heard = (): void => {
        this.#lastReports = this.#lastReports.filter((waiting) => waiting !== report);
      };
      this.#callWallet(report, heard, () => {});
    }
  }

  #callWallet(request: DrawRequest, answered: (reply: DrawReply) => void, missed: () => void): void {
    this.#parts.network.call<DrawReply>({
      from: this.name,
      to: this.wallet.name,
      patienceMs: 2 * DRAW_PATIENCE_MS,
      arrives: (answer) => this.wallet.draw(request, answer),
      answered: (reply) => {
        if (this.alive) answered(reply);
      },
      missed: () => {
        if (this.alive) missed();
      },
    });
  }

  #wantedNow(nowMs: number): ReadonlySet<string> {
    for (const [campaignId, lastMs] of this.#wanted) {
      if (nowMs - lastMs > WANTED_FOR_MS) this.#wanted.delete(campaignId);
    }
    return new Set(this.#wanted.keys());
  }

  #send(walletName: string, batch: Batch): void {
    if (batch.sent || !this.alive) return;
    batch.sent = true;
    if (this.#gathering.get(walletName) === batch) this.#gathering.delete(walletName);
    this.#lastBatches.set(walletName, { openedMs: batch.openedMs, claims: batch.claims.length });
    this.#ask(walletName, batch, true);
  }

  /** One bill call, repeated once when there is no answer in time. */
  #ask(walletName: string, batch: Batch, again: boolean): void {
    const wallet = this.#parts.walletNamed(walletName);
    const hear = (verdictOf: (i: number) => BillVerdict | null): void => {
      if (this.alive) for (const [i, heard] of batch.waiting.entries()) heard(verdictOf(i));
    };
    if (wallet === undefined) {
      hear(() => null);
      return;
    }
    this.#parts.network.call<BillReply>({
      from: this.name,
      to: walletName,
      patienceMs: BILL_ANSWER_MS,
      arrives: (answer) => wallet.bill(batch.claims, answer),
      answered: ({ verdicts }) => hear((i) => verdicts[i] ?? null),
      missed: () => {
        if (again && this.alive) this.#ask(walletName, batch, false);
        else hear(() => null);
      },
    });
  }
}
