/**
 * The wallet of one region and shard as a Durable Object: the pure machine of src/money/wallet*.ts with a transaction
 * around each command and an alarm for its rounds. Its state is held in memory and loaded once, because a draw reads
 * tens of accounts and runs often; every command writes its rows before the memory changes, and billed keys are only in
 * SQLite. A command that throws leaves nothing behind: rows roll back and the memory is loaded again.
 */
import { DurableObject } from "cloudflare:workers";
import { refused, type Result } from "../../src/kernel/result.ts";
import { RECONCILE_INTERVAL_MS, RECONCILE_ROUND_MS, RECONCILE_TIMEOUT_MS } from "../../src/money/limits.ts";
import type { ReconcileRefusal } from "../../src/money/ledger.ts";
import type {
  BillingClaim,
  BillReply,
  DrawReply,
  DrawRequest,
  ReconcileReply,
  ReconcileReport,
  WalletStatus,
} from "../../src/money/protocol.ts";
import { bill, draw } from "../../src/money/wallet.ts";
import {
  campaignsDue,
  hearLedger,
  hearUnknown,
  missLedger,
  nextRoundMs,
  report,
  tend,
  walletStatus,
} from "../../src/money/wallet_rounds.ts";
import { applyChanges, assertWalletInvariants, type Outcome, type WalletState } from "../../src/money/wallet_state.ts";
import { logFailure } from "../platform/log.ts";
import { within, withinOr } from "../platform/within.ts";
import { mapBounded } from "./bounded.ts";
import { applyMigrations } from "./migrations.ts";
import { MoneyRefused } from "./money_refused.ts";
import { findBilled, loadWallet, rememberName, storeChanges, WALLET_MIGRATIONS } from "./wallet_schema.ts";

/** What a wallet is bound to. */
export interface RegionWalletEnv {
  readonly LEDGER: {
    getByName(campaignId: string): {
      reconcile(sent: ReconcileReport): Promise<Result<ReconcileReply, ReconcileRefusal>>;
    };
  };
}

/** A round never follows the one before sooner than this. */
const ROUND_GAP_MS = 50;

/** See the head of this file. */
export class RegionWallet extends DurableObject<RegionWalletEnv> {
  readonly #sql: SqlStorage;
  #state: WalletState;
  /** When the alarm is set for, as far as this memory knows. */
  #armedMs = Number.POSITIVE_INFINITY;
  /** Campaigns whose ledger has not answered yet. */
  readonly #asking = new Set<string>();

  constructor(ctx: DurableObjectState, env: RegionWalletEnv) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    applyMigrations(ctx.storage, WALLET_MIGRATIONS);
    const nowMs = Date.now();
    this.#state = loadWallet(this.#sql, rememberName(this.#sql, ctx.id.name), nowMs);
    // A restart between a transaction and its alarm must not leave money waiting.
    ctx.blockConcurrencyWhile(async () => {
      this.#armedMs = (await ctx.storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
      this.#arm(nowMs);
    });
  }

  /** Hears a purse's commits and allots what it wants and the wallet has. Throws `MoneyRefused` on nonsense. */
  draw(request: DrawRequest): DrawReply {
    const nowMs = Date.now();
    const reply = this.#run(() => unwrap(draw(this.#state, request, nowMs)));
    this.#arm(nowMs);
    return reply;
  }

  /**
   * Bills a batch in one transaction; verdicts in the order of the claims. Throws `MoneyRefused` on too many claims.
   */
  bill(claims: readonly BillingClaim[]): BillReply {
    const nowMs = Date.now();
    const reply = this.#run(() => unwrap(bill(this.#state, claims, findBilled(this.#sql, claims), nowMs)));
    this.#arm(nowMs);
    return reply;
  }

  /** What this wallet holds, campaign by campaign. */
  status(): WalletStatus {
    return walletStatus(this.#state, Date.now());
  }

  /** One round: close and return what is due, report to ledgers, arm the next. Safe to run twice. */
  override async alarm(): Promise<void> {
    this.#armedMs = Number.POSITIVE_INFINITY;
    const nowMs = Date.now();
    let gapMs = ROUND_GAP_MS;
    try {
      this.#run(() => tend(this.#state, nowMs));
      const due = campaignsDue(this.#state, nowMs).filter((campaignId) => !this.#asking.has(campaignId));
      const round = mapBounded(due, (campaignId) => this.#reconcile(campaignId));
      // A ledger that is slow must not hold up the next round; until it times out, its answer is heard.
      await within(RECONCILE_ROUND_MS, round);
    } catch (error) {
      gapMs = RECONCILE_INTERVAL_MS;
      logFailure("origin", "wallet_round_failed", `${this.#state.name}: ${String(error)}`);
    }
    this.#arm(Date.now(), gapMs);
  }

  /** Reports to one ledger and hears its answer. Never rejects. */
  async #reconcile(campaignId: string): Promise<void> {
    this.#asking.add(campaignId);
    try {
      const sent = this.#run(() => report(this.#state, campaignId, Date.now()));
      const answer = await this.#send(campaignId, sent);
      if (answer.ok) this.#run(() => hearLedger(this.#state, sent, answer.value, Date.now()));
      else if (answer.reason === "campaign_unknown") this.#run(() => hearUnknown(this.#state, sent, Date.now()));
      else {
        this.#run(() => missLedger(this.#state, campaignId, Date.now()));
        logFailure("origin", "ledger_report_missed", `${this.#state.name}, ${campaignId}: ${answer.reason}`);
      }
    } catch (error) {
      logFailure("origin", "wallet_report_failed", `${this.#state.name}, ${campaignId}: ${String(error)}`);
    } finally {
      this.#asking.delete(campaignId);
    }
  }

  /** What the ledger answers, or in words why it did not. Never rejects. */
  async #send(campaignId: string, sent: ReconcileReport): Promise<Result<ReconcileReply, string>> {
    try {
      const answer = this.env.LEDGER.getByName(campaignId).reconcile(sent);
      return await withinOr(RECONCILE_TIMEOUT_MS, answer, refused("no answer in time"));
    } catch (error) {
      return refused(String(error));
    }
  }

  /** One command: decide, store, apply, check the laws; all of it or nothing. */
  #run<Reply>(decide: () => Outcome<Reply>): Reply {
    try {
      return this.ctx.storage.transactionSync(() => {
        const { reply, changes } = decide();
        storeChanges(this.#sql, changes);
        applyChanges(this.#state, changes);
        const touched = new Set(changes.accounts.map((row) => row.campaignId));
        for (const { line } of changes.lines) touched.add(line.campaignId);
        assertWalletInvariants(this.#state, touched);
        return reply;
      });
    } catch (error) {
      if (!(error instanceof MoneyRefused)) this.#state = loadWallet(this.#sql, this.#state.name, Date.now());
      throw error;
    }
  }

  /** Sets the alarm for the next round, no sooner than the gap, unless it is set for then or earlier. */
  #arm(nowMs: number, gapMs = 0): void {
    const nextMs = nextRoundMs(this.#state, nowMs);
    if (nextMs === null) return;
    const atMs = Math.max(nextMs, nowMs + Math.max(gapMs, this.#asking.size > 0 ? ROUND_GAP_MS : 0));
    if (atMs >= this.#armedMs) return;
    this.#armedMs = atMs;
    // The write is confirmed before any answer leaves the object, so there is nothing to wait for here.
    void this.ctx.storage.setAlarm(atMs);
  }
}

function unwrap<Reply, Reason extends string>(result: Result<Outcome<Reply>, Reason>): Outcome<Reply> {
  if (!result.ok) throw new MoneyRefused(result.reason);
  return result.value;
}
