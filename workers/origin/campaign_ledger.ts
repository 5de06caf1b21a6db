/**
 * The ledger of one campaign as a Durable Object, named by the campaign's id: the pure machine of src/money/ledger.ts
 * with a transaction around each command. The state is small and held in memory; it changes only after its rows are
 * written.
 */
import { DurableObject } from "cloudflare:workers";
import { ok, refused, type Result } from "../../src/kernel/result.ts";
import { configure, ledgerStatus, type LedgerState, reconcile, type ReconcileRefusal } from "../../src/money/ledger.ts";
import type { CampaignStatus, CampaignTerms, ReconcileReply, ReconcileReport } from "../../src/money/protocol.ts";
import { LEDGER_MIGRATIONS, loadLedger, storeLedger } from "./ledger_schema.ts";
import { applyMigrations } from "./migrations.ts";
import { MoneyRefused } from "./money_refused.ts";

/** See the head of this file. */
export class CampaignLedger extends DurableObject {
  #state: LedgerState;

  // The platform gives every object its bindings; a ledger needs none.
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    applyMigrations(ctx.storage, LEDGER_MIGRATIONS);
    this.#state = loadLedger(ctx.storage.sql);
  }

  /** Sets or changes the terms; the same terms twice are once. Throws `MoneyRefused` on terms that are none. */
  configure(terms: CampaignTerms): CampaignStatus | null {
    const name = this.ctx.id.name;
    if (name !== undefined && name !== terms.campaignId) throw new MoneyRefused("campaign_mismatch");
    const next = configure(this.#state, terms);
    if (!next.ok) throw new MoneyRefused(next.reason);
    this.#store(next.value, null);
    return this.status();
  }

  /** Where the campaign's money is; null before it was configured. */
  status(): CampaignStatus | null {
    return ledgerStatus(this.#state, Date.now());
  }

  /** Hears a wallet's totals and grants towards what it wants. Refuses as `ledger.reconcile` does. */
  reconcile(report: ReconcileReport): Result<ReconcileReply, ReconcileRefusal> {
    const outcome = reconcile(this.#state, report, Date.now());
    if (!outcome.ok) return refused(outcome.reason);
    this.#store(outcome.value.state, report.wallet);
    return ok(outcome.value.reply);
  }

  #store(next: LedgerState, changedWallet: string | null): void {
    this.ctx.storage.transactionSync(() => storeLedger(this.ctx.storage.sql, next, changedWallet));
    this.#state = next;
  }
}
