/**
 * The wallet of one region and shard as a Durable Object: the pure machine of src/money/wallet*.ts with group commit
 * around its commands and an alarm for its rounds. Its state is in memory; what commands change there is written to the
 * journal in groups, and nothing leaves the object, no answer and no report, before its group is written. A group that
 * cannot be written leaves nothing behind: its commands fail and the memory is loaded again from the disk.
 */
import { DurableObject } from "cloudflare:workers";
import { refused, type Result } from "../../../src/kernel/result.ts";
import { RECONCILE_INTERVAL_MS, RECONCILE_ROUND_MS, RECONCILE_TIMEOUT_MS } from "../../../src/money/limits.ts";
import type { ReconcileRefusal } from "../../../src/money/ledger.ts";
import type {
  BillingClaim,
  BillReply,
  DrawReply,
  DrawRequest,
  ReconcileReply,
  ReconcileReport,
  WalletStatus,
} from "../../../src/money/protocol.ts";
import { bill, draw } from "../../../src/money/wallet.ts";
import {
  campaignsDue,
  hearLedger,
  hearUnknown,
  missLedger,
  nextRoundMs,
  report,
  tend,
  walletStatus,
} from "../../../src/money/wallet_rounds.ts";
import { mergeChanges } from "../../../src/money/wallet_codec.ts";
import {
  applyChanges,
  assertWalletInvariants,
  type Outcome,
  type WalletChanges,
  type WalletState,
} from "../../../src/money/wallet_state.ts";
import { logFailure } from "../../platform/log.ts";
import { within, withinOr } from "../../platform/within.ts";
import { mapBounded } from "../bounded.ts";
import { GroupCommit } from "./group_commit.ts";
import { applyMigrations } from "../migrations.ts";
import { MoneyRefused } from "./money_refused.ts";
import { WALLET_MIGRATIONS, WalletJournal } from "./wallet_journal.ts";

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
/** Shortest time between two writes: at most 25 a second, however much is drawn and billed. */
const WRITE_GAP_MS = 40;

/** See the head of this file. */
export class RegionWallet extends DurableObject<RegionWalletEnv> {
  readonly #journal: WalletJournal;
  readonly #group: GroupCommit<WalletChanges>;
  #state: WalletState;
  /** When the alarm is set for, as far as this memory knows. */
  #armedMs = Number.POSITIVE_INFINITY;
  /** Campaigns whose ledger has not answered yet. */
  readonly #asking = new Set<string>();

  constructor(ctx: DurableObjectState, env: RegionWalletEnv) {
    super(ctx, env);
    applyMigrations(ctx.storage, WALLET_MIGRATIONS);
    const nowMs = Date.now();
    this.#journal = new WalletJournal(ctx.storage.sql);
    this.#state = this.#journal.load(ctx.id.name, newIncarnation(), nowMs);
    this.#group = new GroupCommit({ gapMs: WRITE_GAP_MS, write: (list) => this.#write(list) });
    // A restart between a transaction and its alarm must not leave money waiting.
    ctx.blockConcurrencyWhile(async () => {
      this.#armedMs = (await ctx.storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
      this.#arm(nowMs);
    });
  }

  /** Hears a purse's commits and allots what it wants and the wallet has. Throws `MoneyRefused` on nonsense. */
  draw(request: DrawRequest): Promise<DrawReply> {
    return this.#command((nowMs) => unwrap(draw(this.#state, request, nowMs)));
  }

  /** Bills a batch; verdicts in the order of the claims. Throws `MoneyRefused` on too many claims. */
  bill(claims: readonly BillingClaim[]): Promise<BillReply> {
    return this.#command((nowMs) => unwrap(bill(this.#state, claims, nowMs)));
  }

  /** What this wallet holds, campaign by campaign. Writes first what is waiting. */
  status(): WalletStatus {
    this.#group.flush();
    return walletStatus(this.#state, Date.now());
  }

  /** One round: close and return what is due, report to ledgers, arm the next. Safe to run twice. */
  override async alarm(): Promise<void> {
    this.#armedMs = Number.POSITIVE_INFINITY;
    const nowMs = Date.now();
    let gapMs = ROUND_GAP_MS;
    try {
      await this.#run(() => tend(this.#state, nowMs));
      const due = campaignsDue(this.#state, nowMs).filter((campaignId) => !this.#asking.has(campaignId));
      const reports = await Promise.all(
        due.map((campaignId) => this.#run(() => report(this.#state, campaignId, nowMs))),
      );
      for (const campaignId of due) this.#asking.add(campaignId);
      const round = mapBounded(reports, (sent) => this.#reconcile(sent));
      // A ledger that is slow must not hold up the next round; until it times out, its answer is heard.
      await within(RECONCILE_ROUND_MS, round);
    } catch (error) {
      gapMs = RECONCILE_INTERVAL_MS;
      logFailure("origin", "wallet_round_failed", `${this.#state.name}: ${String(error)}`);
    }
    this.#arm(Date.now(), gapMs);
  }

  /** Reports to one ledger and hears its answer. Never rejects. */
  async #reconcile(sent: ReconcileReport): Promise<void> {
    const { campaignId } = sent;
    const answer = await this.#send(campaignId, sent);
    this.#asking.delete(campaignId);
    try {
      if (answer.ok) await this.#run(() => hearLedger(this.#state, sent, answer.value, Date.now()));
      else if (answer.reason === "campaign_unknown") await this.#run(() => hearUnknown(this.#state, sent, Date.now()));
      else {
        await this.#run(() => missLedger(this.#state, campaignId, Date.now()));
        logFailure("origin", "ledger_report_missed", `${this.#state.name}, ${campaignId}: ${answer.reason}`);
      }
    } catch (error) {
      logFailure("origin", "wallet_report_failed", `${this.#state.name}, ${campaignId}: ${String(error)}`);
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

  /** A command from outside: it may change when the next round is due. */
  async #command<Reply>(decide: (nowMs: number) => Outcome<Reply>): Promise<Reply> {
    const nowMs = Date.now();
    const written = this.#run(() => decide(nowMs));
    this.#arm(nowMs);
    return written;
  }

  /** Decides and applies at once; resolves when the changes are written. What `decide` throws changes nothing. */
  async #run<Reply>(decide: () => Outcome<Reply>): Promise<Reply> {
    const { reply, changes } = decide();
    applyChanges(this.#state, changes);
    await this.#group.add(changes);
    return reply;
  }

  /** One group in one transaction; all of it or nothing. */
  #write(list: readonly WalletChanges[]): void {
    try {
      const changes = mergeChanges(list);
      const touched = new Set(changes.accounts.map((row) => row.campaignId));
      for (const { line } of changes.lines) touched.add(line.campaignId);
      assertWalletInvariants(this.#state, touched);
      this.ctx.storage.transactionSync(() => this.#journal.append(changes, this.#state));
    } catch (error) {
      this.#reload();
      throw error;
    }
  }

  /** Back to what is on disk. A memory that cannot be sure of that must not answer anybody: the object starts anew. */
  #reload(): void {
    try {
      this.#state = this.#journal.load(this.#state.name, newIncarnation(), Date.now());
    } catch (error) {
      this.ctx.abort(`the wallet's storage cannot be read: ${String(error)}`);
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
    void this.#setAlarm(atMs);
  }

  /** Never rejects: what could not be set is set by the next command. */
  async #setAlarm(atMs: number): Promise<void> {
    try {
      await this.ctx.storage.setAlarm(atMs);
    } catch (error) {
      this.#armedMs = Number.POSITIVE_INFINITY;
      logFailure("origin", "wallet_alarm_not_set", `${this.#state.name}: ${String(error)}`);
    }
  }
}

function newIncarnation(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 16);
}

function unwrap<Reply, Reason extends string>(result: Result<Outcome<Reply>, Reason>): Outcome<Reply> {
  if (!result.ok) throw new MoneyRefused(result.reason);
  return result.value;
}
