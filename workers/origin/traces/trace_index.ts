/**
 * Where the trace of each decision is, and which batches there are. A message that the queue delivers again is known by
 * its digest. Bounded: nothing is kept longer than the retention, and never more decisions than `DECISIONS_MAX`; the
 * alarm takes what is too old out of the index and out of the store.
 */
import { DurableObject } from "cloudflare:workers";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/kernel/time.ts";
import type { OriginEnv } from "../env.ts";
import { applyMigrations } from "../migrations.ts";
import { TRACE_MIGRATIONS } from "./trace_schema.ts";
import { sweepStore, type TracePlace } from "./trace_store.ts";

/** Decisions in the index at most: the oldest batches leave it first. About 300 bytes each. */
export const DECISIONS_MAX = 2_000_000;
/** Batches in one listing at most. */
export const BATCHES_LISTED_MAX = 1_000;
const RETENTION_DAYS_DEFAULT = 7;

/** A batch as it is filed. Units: epoch milliseconds, bytes. */
export interface FiledBatch {
  readonly key: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly sizeBytes: number;
  readonly messages: readonly {
    readonly digest: string;
    readonly offset: number;
    readonly size: number;
    readonly decisionIds: readonly string[];
  }[];
}

/** A batch as it is listed. */
export interface ListedBatch {
  readonly batch: number;
  readonly key: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly traces: number;
  readonly sizeBytes: number;
}

/** Which batches to list: those with a trace in `[sinceMs, untilMs)`, numbered above `after`. */
export interface BatchQuery {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly after: number;
  readonly limit: number;
}

/** The RPC methods of the TraceIndex. */
export interface TraceIndexRpc {
  /** Which of these messages are not filed yet. */
  unknown(digests: readonly string[]): Promise<string[]>;
  /** Files a batch that is in the store. Filing it again changes nothing. */
  file(batch: FiledBatch): Promise<void>;
  /** Where a decision's trace is, or null. */
  find(decisionId: string): Promise<TracePlace | null>;
  /** Batches in the order in which they were filed. */
  list(query: BatchQuery): Promise<ListedBatch[]>;
  /** The key of a listed batch, or null. */
  keyOf(batch: number): Promise<string | null>;
}

/** See the head of this file. */
export class TraceIndex extends DurableObject<OriginEnv> implements TraceIndexRpc {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: OriginEnv) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    applyMigrations(ctx.storage, TRACE_MIGRATIONS);
  }

  async unknown(digests: readonly string[]): Promise<string[]> {
    const known = this.#sql
      .exec("SELECT digest FROM messages WHERE digest IN (SELECT value FROM json_each(?))", JSON.stringify(digests))
      .toArray();
    const filed = new Set(known.map((row) => String(row["digest"])));
    return digests.filter((digest) => !filed.has(digest));
  }

  async file(filed: FiledBatch): Promise<void> {
    this.ctx.storage.transactionSync(() => this.#file(filed));
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + HOUR_MS);
  }

  async find(decisionId: string): Promise<TracePlace | null> {
    const [row] = this.#sql
      .exec(
        `SELECT b.object_key, d.offset_bytes, d.size_bytes FROM decisions d JOIN batches b ON b.batch = d.batch
         WHERE d.decision_id = ?`,
        decisionId,
      )
      .toArray();
    if (row === undefined) return null;
    return {
      key: String(row["object_key"]),
      offset: Number(row["offset_bytes"]),
      size: Number(row["size_bytes"]),
    };
  }

  async list({ sinceMs, untilMs, after, limit }: BatchQuery): Promise<ListedBatch[]> {
    return this.#sql
      .exec(
        `SELECT batch, object_key, from_ms, until_ms, traces, size_bytes FROM batches
         WHERE batch > ? AND until_ms >= ? AND from_ms < ? ORDER BY batch LIMIT ?`,
        after,
        sinceMs,
        untilMs,
        Math.max(1, Math.min(BATCHES_LISTED_MAX, Math.trunc(limit))),
      )
      .toArray()
      .map((row) => ({
        batch: Number(row["batch"]),
        key: String(row["object_key"]),
        fromMs: Number(row["from_ms"]),
        untilMs: Number(row["until_ms"]),
        traces: Number(row["traces"]),
        sizeBytes: Number(row["size_bytes"]),
      }));
  }

  async keyOf(batch: number): Promise<string | null> {
    const [row] = this.#sql.exec("SELECT object_key FROM batches WHERE batch = ?", batch).toArray();
    return row === undefined ? null : String(row["object_key"]);
  }

  /** Hourly while there is something to keep; sooner while the store has more to remove than one sweep takes. */
  override async alarm(): Promise<void> {
    const beforeMs = Date.now() - this.#retentionMs();
    this.ctx.storage.transactionSync(() => {
      for (const row of this.#sql.exec("SELECT batch FROM batches WHERE until_ms < ?", beforeMs).toArray()) {
        this.#forget(Number(row["batch"]));
      }
    });
    const more = await sweepStore(this.env.TRACES, beforeMs);
    await this.ctx.storage.setAlarm(Date.now() + (more ? MINUTE_MS : HOUR_MS));
  }

  #file({ key, fromMs, untilMs, sizeBytes, messages }: FiledBatch): void {
    const inserted = this.#sql
      .exec(
        `INSERT OR IGNORE INTO batches (object_key, from_ms, until_ms, traces, size_bytes) VALUES (?, ?, ?, 0, ?)
         RETURNING batch`,
        key,
        fromMs,
        untilMs,
        sizeBytes,
      )
      .toArray();
    const batch = inserted[0]?.["batch"];
    if (batch === undefined) return;
    let traces = 0;
    for (const { digest, offset, size, decisionIds } of messages) {
      this.#sql.exec(
        "INSERT OR IGNORE INTO messages (digest, batch, offset_bytes, size_bytes) VALUES (?, ?, ?, ?)",
        digest,
        batch,
        offset,
        size,
      );
      traces += this.#sql
        .exec(
          `INSERT OR IGNORE INTO decisions (decision_id, batch, offset_bytes, size_bytes)
           SELECT value, ?, ?, ? FROM json_each(?) RETURNING 1 AS added`,
          batch,
          offset,
          size,
          JSON.stringify(decisionIds),
        )
        .toArray().length;
    }
    this.#sql.exec("UPDATE batches SET traces = ? WHERE batch = ?", traces, batch);
    this.#sql.exec("UPDATE held SET decisions = decisions + ?", traces);
    while (this.#held() > DECISIONS_MAX && this.#forgetOldest(Number(batch)));
  }

  #held(): number {
    return Number(this.#sql.exec("SELECT decisions FROM held").one()["decisions"]);
  }

  /** False when there is no batch before this one. */
  #forgetOldest(before: number): boolean {
    const [row] = this.#sql.exec("SELECT batch FROM batches WHERE batch < ? ORDER BY batch LIMIT 1", before).toArray();
    if (row === undefined) return false;
    this.#forget(Number(row["batch"]));
    return true;
  }

  #forget(batch: number): void {
    const [row] = this.#sql.exec("SELECT traces FROM batches WHERE batch = ?", batch).toArray();
    this.#sql.exec("DELETE FROM decisions WHERE batch = ?", batch);
    this.#sql.exec("DELETE FROM messages WHERE batch = ?", batch);
    this.#sql.exec("DELETE FROM batches WHERE batch = ?", batch);
    this.#sql.exec("UPDATE held SET decisions = decisions - ?", Number(row?.["traces"] ?? 0));
  }

  #retentionMs(): number {
    const days = Number(this.env.TRACE_RETENTION_DAYS);
    return (Number.isInteger(days) && days >= 1 && days <= 400 ? days : RETENTION_DAYS_DEFAULT) * DAY_MS;
  }
}
