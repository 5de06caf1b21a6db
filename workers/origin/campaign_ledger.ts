/**
 * The ledger of one campaign as a Durable Object, named by the campaign's id: the pure machine of src/money/ledger.ts
 * with group commit around its commands. The state is small and in memory; nothing leaves the object, no status and no
 * answer, before what it rests on is written.
 */
import { DurableObject } from "cloudflare:workers";
import { refused, ok, type Result } from "../../src/kernel/result.ts";
import { configure, reconcile, type ReconcileRefusal, writeOff, type WriteOffCommand } from "../../src/money/ledger.ts";
import { ledgerStatus, type LedgerState } from "../../src/money/ledger_state.ts";
import type { CampaignStatus, CampaignTerms, ReconcileReply, ReconcileReport } from "../../src/money/protocol.ts";
import { GroupCommit } from "./group_commit.ts";
import { LEDGER_MIGRATIONS, loadLedger, storeLedger } from "./ledger_schema.ts";
import { applyMigrations } from "./migrations.ts";
import { MoneyRefused } from "./money_refused.ts";

/** Shortest time between two writes: at most 4 a second, however many wallets report. */
const WRITE_GAP_MS = 250;

/** See the head of this file. */
export class CampaignLedger extends DurableObject {
  readonly #group: GroupCommit<null>;
  #state: LedgerState;

  // The platform gives every object its bindings; a ledger needs none.
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    applyMigrations(ctx.storage, LEDGER_MIGRATIONS);
    this.#state = loadLedger(ctx.storage.sql);
    this.#group = new GroupCommit({ gapMs: WRITE_GAP_MS, write: () => this.#write() });
  }

  /** Sets or changes the terms; the same terms twice are once. Throws `MoneyRefused` on terms that are none. */
  async configure(terms: CampaignTerms): Promise<CampaignStatus | null> {
    const name = this.ctx.id.name;
    if (name !== undefined && name !== terms.campaignId) throw new MoneyRefused("campaign_mismatch");
    await this.#command((nowMs) => configure(this.#state, terms, nowMs));
    return this.status();
  }

  /** An operator gives up on the money of a silent wallet. Throws `MoneyRefused` as `ledger.writeOff` refuses. */
  async writeOff(command: WriteOffCommand): Promise<CampaignStatus | null> {
    await this.#command((nowMs) => writeOff(this.#state, command, nowMs));
    return this.status();
  }

  /** Where the campaign's money is; null before it was configured. Writes first what is waiting. */
  status(): CampaignStatus | null {
    this.#group.flush();
    return ledgerStatus(this.#state, Date.now());
  }

  /** Hears a wallet's totals and grants towards what it wants. Refuses as `ledger.reconcile` does. */
  async reconcile(report: ReconcileReport): Promise<Result<ReconcileReply, ReconcileRefusal>> {
    const outcome = reconcile(this.#state, report, Date.now());
    if (!outcome.ok) return refused(outcome.reason);
    this.#state = outcome.value.state;
    await this.#group.add(null);
    return ok(outcome.value.reply);
  }

  /** A command of origin: written at once. */
  async #command(decide: (nowMs: number) => Result<LedgerState, string>): Promise<void> {
    const next = decide(Date.now());
    if (!next.ok) throw new MoneyRefused(next.reason);
    this.#state = next.value;
    const written = this.#group.add(null);
    this.#group.flush();
    await written;
  }

  #write(): void {
    try {
      this.ctx.storage.transactionSync(() => storeLedger(this.ctx.storage.sql, this.#state));
    } catch (error) {
      this.#reload();
      throw error;
    }
  }

  /** Back to what is on disk. A memory that cannot be sure of that must not answer anybody: the object starts anew. */
  #reload(): void {
    try {
      this.#state = loadLedger(this.ctx.storage.sql);
    } catch (error) {
      this.ctx.abort(`the ledger's storage cannot be read: ${String(error)}`);
    }
  }
}
