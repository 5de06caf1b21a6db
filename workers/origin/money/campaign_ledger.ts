/**
 * The ledger of one campaign as a Durable Object, named by the campaign's id: the pure machine of src/money/ledger.ts
 * with group commit around its commands. The state is small and in memory; nothing leaves the object, no status and no
 * answer, before what it rests on is written. History and audit are written with it, in the same transaction.
 */
import { DurableObject } from "cloudflare:workers";
import { refused, ok, type Result } from "../../../src/kernel/result.ts";
import {
  configure,
  reconcile,
  type ReconcileRefusal,
  writeOff,
  type WriteOffCommand,
  type WriteOffRefusal,
} from "../../../src/money/ledger.ts";
import {
  type AuditEntry,
  type NumberedEntry,
  auditReport,
  auditTerms,
  auditWriteOff,
} from "../../../src/money/ledger_audit.ts";
import { type HistoryPoint, isPointDue, pointOf } from "../../../src/money/ledger_history.ts";
import { lastHeardMs, ledgerStatus, type LedgerState } from "../../../src/money/ledger_state.ts";
import type { CampaignStatus, CampaignTerms, ReconcileReply, ReconcileReport } from "../../../src/money/protocol.ts";
import { GroupCommit } from "./group_commit.ts";
import {
  LEDGER_MIGRATIONS,
  loadAudit,
  loadHistory,
  loadLedger,
  storeAudit,
  storeLedger,
  storePoint,
} from "./ledger_schema.ts";
import { applyMigrations } from "../migrations.ts";
import { MoneyRefused } from "./money_refused.ts";

/** Shortest time between two writes: at most 4 a second, however many wallets report. */
const WRITE_GAP_MS = 250;

/** See the head of this file. */
export class CampaignLedger extends DurableObject {
  readonly #group: GroupCommit<readonly AuditEntry[]>;
  #state: LedgerState;
  /** The state as it was last written, as a point of a minute that may not be over. */
  #latest: HistoryPoint | null;

  // The platform gives every object its bindings; a ledger needs none.
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    applyMigrations(ctx.storage, LEDGER_MIGRATIONS);
    this.#state = loadLedger(ctx.storage.sql);
    this.#latest = pointAt(this.#state, lastHeardMs(this.#state));
    this.#group = new GroupCommit({ gapMs: WRITE_GAP_MS, write: (entries) => this.#write(entries.flat()) });
  }

  /** Sets or changes the terms; the same terms twice are once. Throws `MoneyRefused` on terms that are none. */
  async configure(terms: CampaignTerms): Promise<CampaignStatus | null> {
    const name = this.ctx.id.name;
    if (name !== undefined && name !== terms.campaignId) throw new MoneyRefused("campaign_mismatch");
    const nowMs = Date.now();
    const next = configure(this.#state, terms, nowMs);
    if (!next.ok) throw new MoneyRefused(next.reason);
    await this.#commitNow(next.value, auditTerms(this.#state.terms, terms, nowMs));
    return this.status();
  }

  /** An operator gives up on the money of a silent wallet. Refuses as `ledger.writeOff` does. */
  async writeOff(command: WriteOffCommand): Promise<Result<CampaignStatus | null, WriteOffRefusal>> {
    const nowMs = Date.now();
    const next = writeOff(this.#state, command, nowMs);
    if (!next.ok) return refused(next.reason);
    await this.#commitNow(next.value, auditWriteOff(next.value, command, nowMs));
    return ok(this.status());
  }

  /** Where the campaign's money is; null before it was configured. Writes first what is waiting. */
  status(): CampaignStatus | null {
    this.#group.flush();
    return ledgerStatus(this.#state, Date.now());
  }

  /** How the campaign's money moved, oldest first, up to now; null before it was configured. Writes as `status`. */
  history(): HistoryPoint[] | null {
    this.#group.flush();
    const now = pointAt(this.#state, Date.now());
    if (now === null) return null;
    const points = loadHistory(this.ctx.storage.sql);
    for (const point of [this.#latest, now]) {
      if (point !== null && point.atMs > (points.at(-1)?.atMs ?? 0)) points.push(point);
    }
    return points;
  }

  /** What operators did to this campaign, newest first; null before it was configured. */
  audit(): NumberedEntry[] | null {
    return this.#state.terms === null ? null : loadAudit(this.ctx.storage.sql);
  }

  /** Hears a wallet's totals and grants towards what it wants. Refuses as `ledger.reconcile` does. */
  async reconcile(report: ReconcileReport): Promise<Result<ReconcileReply, ReconcileRefusal>> {
    const nowMs = Date.now();
    const before = this.#state;
    const outcome = reconcile(before, report, nowMs);
    if (!outcome.ok) return refused(outcome.reason);
    this.#state = outcome.value.state;
    await this.#group.add(auditReport(before, report, nowMs));
    return ok(outcome.value.reply);
  }

  /** A command of origin: written at once. */
  async #commitNow(next: LedgerState, entries: readonly AuditEntry[]): Promise<void> {
    this.#state = next;
    const written = this.#group.add(entries);
    this.#group.flush();
    await written;
  }

  #write(entries: readonly AuditEntry[]): void {
    const { storage } = this.ctx;
    const nowMs = Date.now();
    const latest = this.#latest;
    try {
      storage.transactionSync(() => {
        storeLedger(storage.sql, this.#state);
        storeAudit(storage.sql, entries);
        if (latest !== null && isPointDue(latest.atMs, nowMs)) storePoint(storage.sql, latest);
      });
      this.#latest = pointAt(this.#state, nowMs);
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

function pointAt(state: LedgerState, atMs: number): HistoryPoint | null {
  const status = ledgerStatus(state, atMs);
  return status === null || atMs === 0 ? null : pointOf(status, atMs);
}
