/**
 * What happened in the last ten minutes, for the ops console. The queue consumer brings the edges' reports; each counts
 * once however often the queue delivers it, and everything shown survives a restart. Bounded: 600 seconds, 50
 * decisions.
 */
import { DurableObject } from "cloudflare:workers";
import { SECOND_MS } from "../../../src/kernel/time.ts";
import type { ActivityCounters, ActivityReport, DecisionSummary } from "../../../src/telemetry/activity.ts";
import {
  addCounters,
  DECISIONS_KEPT_MAX,
  faultCounters,
  secondOfReport,
  seriesOf,
  sumCounters,
  WINDOW_SEC,
  windowStartSec,
} from "../../../src/telemetry/activity_window.ts";
import type { ActivityBatch, ActivityFeed, BatchOutcome } from "./activity_messages.ts";
import { ACTIVITY_MIGRATIONS } from "./activity_schema.ts";
import { CampaignBoard, type CampaignSweep } from "../money/campaign_board.ts";
import type { OriginEnv } from "../env.ts";
import { applyMigrations } from "../migrations.ts";

/** Reports remembered at most; a thousand isolates for the whole window. Beyond it the oldest are forgotten. */
const HEARD_MAX = WINDOW_SEC * 1_000;
/** A report is remembered a little longer than it would be counted, should the clock step back. */
const HEARD_MARGIN_MS = 60 * SECOND_MS;
const MINUTE_SEC = 60;

/** See the head of this file. */
export class Activity extends DurableObject<OriginEnv> {
  readonly #sql: SqlStorage;
  readonly #board: CampaignBoard;

  constructor(ctx: DurableObjectState, env: OriginEnv) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#board = new CampaignBoard((id) => env.LEDGER.getByName(id).status(), Date.now);
    applyMigrations(ctx.storage, ACTIVITY_MIGRATIONS);
    const nowMs = Date.now();
    this.#sql.exec("INSERT OR IGNORE INTO change_clock (only_row, first_seq, seq) VALUES (1, ?, ?)", nowMs, nowMs);
  }

  /** Counts a batch. A report heard before is dropped; a stale or future one becomes a counted fault. */
  async record(batch: ActivityBatch): Promise<BatchOutcome> {
    const nowMs = Date.now();
    return this.ctx.storage.transactionSync(() => this.#record(batch, nowMs));
  }

  /** All that changed after a `seq` that an earlier feed gave; 0 for everything held. */
  async feed(afterSeq: number): Promise<ActivityFeed> {
    const nowMs = Date.now();
    const { firstSeq, seq } = this.#clock();
    const restarted = afterSeq > seq || (afterSeq > 0 && afterSeq < firstSeq);
    const after = restarted ? 0 : afterSeq;
    const nowSec = Math.floor(nowMs / SECOND_MS);
    const minute = this.#seconds(nowSec - MINUTE_SEC + 1, 0);
    return {
      nowMs,
      seq,
      restarted,
      windowSec: WINDOW_SEC,
      series: seriesOf(this.#seconds(windowStartSec(nowMs), after)),
      lastMinute: {
        ...sumCounters(minute.map((second) => second.counters)),
        isolates: this.#isolatesSince(nowMs - MINUTE_SEC * SECOND_MS),
      },
      decisions: this.#decisions(after),
    };
  }

  /** What the ledgers say, at most a second old. Order as asked; null = unknown. */
  async campaignStatuses(campaignIds: readonly string[]): Promise<CampaignSweep> {
    return this.#board.statuses(campaignIds);
  }

  #record(batch: ActivityBatch, nowMs: number): BatchOutcome {
    const seq = this.#nextSeq(nowMs);
    const bySecond = new Map<number, ActivityCounters>();
    const count = (atSec: number, counters: ActivityCounters): void => {
      const held = bySecond.get(atSec);
      bySecond.set(atSec, held === undefined ? counters : addCounters(held, counters));
    };
    const nowSec = Math.floor(nowMs / SECOND_MS);
    let counted = 0;
    let duplicates = 0;
    let refused = 0;
    for (const report of batch.reports) {
      const second = secondOfReport(report, nowMs);
      if (!second.ok) {
        refused++;
        count(nowSec, faultCounters({ [second.reason]: 1 }));
      } else if (this.#hear(report)) {
        counted++;
        count(second.value, report.counters);
        this.#keepDecisions(report.decisions, seq, nowMs);
      } else duplicates++;
    }
    if (batch.badReports > 0) count(nowSec, faultCounters({ bad_report: batch.badReports }));
    for (const [atSec, counters] of bySecond) this.#addToSecond(atSec, counters, seq);
    this.#forget(nowMs);
    return { counted, duplicates, refused };
  }

  /** True when this report was not heard before. */
  #hear(report: ActivityReport): boolean {
    const written = this.#sql.exec(
      "INSERT OR IGNORE INTO heard (isolate, sequence, at_ms) VALUES (?, ?, ?) RETURNING sequence",
      report.isolate,
      report.sequence,
      report.atMs,
    );
    return written.toArray().length === 1;
  }

  #keepDecisions(decisions: readonly DecisionSummary[], seq: number, nowMs: number): void {
    for (const decision of decisions) {
      this.#sql.exec(
        "INSERT OR IGNORE INTO decisions (decision_id, at_ms, seq, summary) VALUES (?, ?, ?, ?)",
        decision.decisionId,
        Math.min(decision.atMs, nowMs),
        seq,
        JSON.stringify(decision),
      );
    }
  }

  #addToSecond(atSec: number, added: ActivityCounters, seq: number): void {
    const [row] = this.#sql.exec("SELECT counters FROM seconds WHERE at_sec = ?", atSec).toArray();
    const total = row === undefined ? added : addCounters(readCounters(row["counters"]), added);
    this.#sql.exec(
      "INSERT OR REPLACE INTO seconds (at_sec, seq, counters) VALUES (?, ?, ?)",
      atSec,
      seq,
      JSON.stringify(total),
    );
  }

  #forget(nowMs: number): void {
    this.#sql.exec("DELETE FROM seconds WHERE at_sec < ?", windowStartSec(nowMs));
    this.#sql.exec("DELETE FROM heard WHERE at_ms <= ?", nowMs - WINDOW_SEC * SECOND_MS - HEARD_MARGIN_MS);
    this.#sql.exec(
      `DELETE FROM heard WHERE at_ms <
         (SELECT at_ms FROM heard ORDER BY at_ms DESC LIMIT 1 OFFSET ?)`,
      HEARD_MAX,
    );
    this.#sql.exec(
      `DELETE FROM decisions WHERE decision_id NOT IN
         (SELECT decision_id FROM decisions ORDER BY at_ms DESC, decision_id LIMIT ?)`,
      DECISIONS_KEPT_MAX,
    );
  }

  #clock(): { firstSeq: number; seq: number } {
    const row = this.#sql.exec("SELECT first_seq, seq FROM change_clock").one();
    return { firstSeq: Number(row["first_seq"]), seq: Number(row["seq"]) };
  }

  #nextSeq(nowMs: number): number {
    const seq = Math.max(this.#clock().seq + 1, nowMs);
    this.#sql.exec("UPDATE change_clock SET seq = ?", seq);
    return seq;
  }

  #seconds(fromSec: number, afterSeq: number): { atSec: number; counters: ActivityCounters }[] {
    return this.#sql
      .exec("SELECT at_sec, counters FROM seconds WHERE at_sec >= ? AND seq > ? ORDER BY at_sec", fromSec, afterSeq)
      .toArray()
      .map((row) => ({ atSec: Number(row["at_sec"]), counters: readCounters(row["counters"]) }));
  }

  #isolatesSince(sinceMs: number): number {
    const row = this.#sql.exec("SELECT COUNT(DISTINCT isolate) AS isolates FROM heard WHERE at_ms > ?", sinceMs).one();
    return Number(row["isolates"]);
  }

  #decisions(afterSeq: number): DecisionSummary[] {
    return this.#sql
      .exec(
        "SELECT summary FROM decisions WHERE seq > ? ORDER BY at_ms DESC, decision_id LIMIT ?",
        afterSeq,
        DECISIONS_KEPT_MAX,
      )
      .toArray()
      .map((row) => {
        // Written by #keepDecisions from a validated report; nothing else writes this column.
        return JSON.parse(String(row["summary"])) as DecisionSummary;
      });
  }
}

function readCounters(column: unknown): ActivityCounters {
  // Written by #addToSecond from validated counters; nothing else writes this column.
  return JSON.parse(String(column)) as ActivityCounters;
}
