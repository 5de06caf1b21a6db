/**
 * The object that knows where every model set stands, named `models`. What may happen is decided by
 * src/models/rollout/; here it is kept: one command, one transaction, one line of history. The rollout itself is held
 * in memory too, because every isolate asks for the order about once a second.
 */
import { DurableObject } from "cloudflare:workers";
import { ok, type Result } from "../../../src/kernel/result.ts";
import { gateReportSchema, type GateReport } from "../../../src/models/gate_report.ts";
import { modelReportSchema, type ModelReport } from "../../../src/models/model_report.ts";
import { putBackExposure, takeExposure } from "../../../src/models/rollout/exposure.ts";
import { Isolates, type Readiness } from "../../../src/models/rollout/isolates.ts";
import {
  applyMove,
  type HistoryLine,
  type Lack,
  type Move,
  type MoveRefusal,
  type MoveWords,
} from "../../../src/models/rollout/move.ts";
import { servingOrder } from "../../../src/models/rollout/order.ts";
import {
  EMPTY_ROLLOUT,
  ROLLOUT_LIMITS,
  rolloutSchema,
  type Rollout,
  type RolloutSet,
} from "../../../src/models/rollout/rollout.ts";
import type { ExposureAsk, ExposureGrant, ExposureReturn, ServingOrder } from "../../../src/models/serving_order.ts";
import { applyMigrations } from "../migrations.ts";
import { MODEL_REGISTRY_MIGRATIONS } from "./model_registry_schema.ts";
import { TrialFigures, type SetFigures, type ShadowFigures } from "./trial_figures.ts";

/** Grants that are remembered, and how long: what is not handed back by then counts as shown. */
const GRANTS_MAX = 10_000;
const GRANT_KEPT_MS = 24 * 3_600_000;

/** What goes with a set beside its bytes: who signed it, and what the gate found. */
export interface SetPapers {
  readonly keyIds: readonly string[];
  readonly gate: GateReport;
}

/** A set as operators see it. Units: epoch milliseconds. */
export interface SetView extends RolloutSet, SetPapers, Readiness, SetFigures {
  readonly publishedMs: number;
  readonly publishedBy: string;
  readonly note: string;
}

/** All sets, in the order in which they were published, and what edges are told. */
export interface ModelsView {
  readonly order: ServingOrder;
  readonly sets: readonly SetView[];
  /** How the present shadow's scores compare with the live set's; null: nothing was compared. */
  readonly shadow: ShadowFigures | null;
}

/** What a move came to. */
export interface MoveAnswer {
  readonly order: ServingOrder;
  /** Null: everything was as asked already. */
  readonly line: HistoryLine | null;
}

/** The RPC methods of the ModelRegistry. */
export interface ModelRegistryRpc {
  /** What edges are told. */
  order(): Promise<ServingOrder>;
  view(nowMs: number): Promise<ModelsView>;
  /** Makes a set known, or renews its papers. Requires: origin has verified it and stores it. */
  register(digest: string, papers: SetPapers, words: MoveWords): Promise<Result<MoveAnswer, MoveRefusal>>;
  /** `lacks`: what the set of the move lacks. */
  move(move: Move, words: MoveWords, lacks: readonly Lack[]): Promise<Result<MoveAnswer, MoveRefusal>>;
  /** Whether isolates have said that they cannot load a set, and none that it can. */
  isRefused(digest: string, nowMs: number): Promise<boolean>;
  /** The newest lines first. */
  history(limit: number): Promise<HistoryLine[]>;
  grantExposure(ask: ExposureAsk, nowMs: number): Promise<ExposureGrant | null>;
  returnExposure(unused: ExposureReturn): Promise<void>;
  report(report: ModelReport, nowMs: number): Promise<void>;
}

/** See the head of this file. */
export class ModelRegistry extends DurableObject implements ModelRegistryRpc {
  readonly #sql: SqlStorage;
  readonly #figures: TrialFigures;
  readonly #isolates = new Isolates();
  #rollout: Rollout;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    applyMigrations(ctx.storage, MODEL_REGISTRY_MIGRATIONS);
    this.#figures = new TrialFigures(ctx.storage.sql);
    const [row] = this.#sql.exec("SELECT state FROM rollout").toArray();
    this.#rollout = row === undefined ? EMPTY_ROLLOUT : rolloutSchema.parse(JSON.parse(String(row["state"])));
  }

  async order(): Promise<ServingOrder> {
    return servingOrder(this.#rollout);
  }

  async view(nowMs: number): Promise<ModelsView> {
    const order = servingOrder(this.#rollout);
    const { sets } = this.#rollout;
    const digests = sets.map(({ digest }) => digest);
    const readiness = this.#isolates.readinessOf(digests, nowMs);
    const nobody: Readiness = { readyAt: 0, heard: 0, failed: {} };
    const views = sets.map((set): SetView => {
      const papers = this.#papersOf(set.digest);
      return { ...set, ...papers, ...(readiness.get(set.digest) ?? nobody), ...this.#figures.of(set.digest) };
    });
    return { order, sets: views, shadow: this.#figures.shadowOf(order) };
  }

  async register(digest: string, papers: SetPapers, words: MoveWords): Promise<Result<MoveAnswer, MoveRefusal>> {
    return this.#command(() => {
      const answer = this.#apply({ kind: "register", digest }, words, []);
      if (!answer.ok) return answer;
      // Published again: signed by another key, or checked anew. Who published it first stays.
      this.#sql.exec(
        `INSERT INTO sets (digest, published_ms, published_by, note, key_ids, gate) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (digest) DO UPDATE SET key_ids = excluded.key_ids, gate = excluded.gate`,
        digest,
        words.atMs,
        words.by,
        words.why,
        JSON.stringify(papers.keyIds),
        JSON.stringify(papers.gate),
      );
      this.#forgetOthers();
      return answer;
    });
  }

  async move(move: Move, words: MoveWords, lacks: readonly Lack[]): Promise<Result<MoveAnswer, MoveRefusal>> {
    return this.#command(() => this.#apply(move, words, lacks));
  }

  async isRefused(digest: string, nowMs: number): Promise<boolean> {
    const readiness = this.#isolates.readinessOf([digest], nowMs).get(digest);
    return readiness !== undefined && readiness.readyAt === 0 && Object.keys(readiness.failed).length > 0;
  }

  async history(limit: number): Promise<HistoryLine[]> {
    const most = Math.max(0, Math.min(ROLLOUT_LIMITS.historyMax, Math.trunc(limit)));
    const rows = this.#sql.exec("SELECT line FROM history ORDER BY revision DESC LIMIT ?", most).toArray();
    // Written by `#apply` below and by nobody else.
    return rows.map((row) => JSON.parse(String(row["line"])) as HistoryLine);
  }

  async grantExposure(ask: ExposureAsk, nowMs: number): Promise<ExposureGrant | null> {
    return this.#command(() => {
      const taken = takeExposure(this.#rollout, ask.digest, ask);
      if (taken === null) return null;
      const { impressions, spendMicros } = taken.granted;
      const grantId = crypto.randomUUID();
      this.#keep(taken.rollout);
      this.#sql.exec(
        "INSERT INTO grants (grant_id, digest, impressions, spend_micros, granted_ms) VALUES (?, ?, ?, ?, ?)",
        grantId,
        ask.digest,
        impressions,
        spendMicros,
        nowMs,
      );
      this.#sql.exec(
        `DELETE FROM grants WHERE granted_ms < ? OR rowid <= (SELECT MAX(rowid) FROM grants) - ?`,
        nowMs - GRANT_KEPT_MS,
        GRANTS_MAX,
      );
      return { grantId, digest: ask.digest, impressions, spendMicros };
    });
  }

  async returnExposure(unused: ExposureReturn): Promise<void> {
    this.#command(() => {
      const [row] = this.#sql
        .exec("DELETE FROM grants WHERE grant_id = ? RETURNING digest, impressions, spend_micros", unused.grantId)
        .toArray();
      if (row === undefined) return;
      const granted = { impressions: Number(row["impressions"]), spendMicros: Number(row["spend_micros"]) };
      this.#keep(putBackExposure(this.#rollout, String(row["digest"]), granted, unused));
    });
  }

  async report(report: ModelReport, nowMs: number): Promise<void> {
    const parsed = modelReportSchema.safeParse(report);
    if (!parsed.success || !this.#isolates.hear(parsed.data, nowMs)) return;
    const known = new Set(this.#rollout.sets.map(({ digest }) => digest));
    this.#command(() => this.#figures.count(parsed.data, known));
  }

  #apply(move: Move, words: MoveWords, lacks: readonly Lack[]): Result<MoveAnswer, MoveRefusal> {
    const answer = applyMove(this.#rollout, move, words, lacks);
    if (!answer.ok) return answer;
    const { rollout, line } = answer.value;
    if (line !== null) {
      this.#keep(rollout);
      this.#sql.exec("INSERT INTO history (revision, line) VALUES (?, ?)", line.revision, JSON.stringify(line));
      this.#sql.exec("DELETE FROM history WHERE revision <= ?", line.revision - ROLLOUT_LIMITS.historyMax);
    }
    return ok({ order: servingOrder(rollout), line });
  }

  /** One transaction; what fails leaves memory as it leaves the tables. */
  #command<T>(work: () => T): T {
    const before = this.#rollout;
    try {
      return this.ctx.storage.transactionSync(work);
    } catch (failure) {
      this.#rollout = before;
      throw failure;
    }
  }

  #keep(rollout: Rollout): void {
    this.#sql.exec("INSERT OR REPLACE INTO rollout (only_row, state) VALUES (1, ?)", JSON.stringify(rollout));
    this.#rollout = rollout;
  }

  #papersOf(digest: string): SetPapers & Pick<SetView, "publishedMs" | "publishedBy" | "note"> {
    const row = this.#sql
      .exec("SELECT published_ms, published_by, note, key_ids, gate FROM sets WHERE digest = ?", digest)
      .one();
    return {
      publishedMs: Number(row["published_ms"]),
      publishedBy: String(row["published_by"]),
      note: String(row["note"]),
      // Written by `register` above, as a list of strings.
      keyIds: JSON.parse(String(row["key_ids"])) as string[],
      gate: gateReportSchema.parse(JSON.parse(String(row["gate"]))),
    };
  }

  /** Drops what is kept of sets that the rollout has forgotten. */
  #forgetOthers(): void {
    const known = new Set(this.#rollout.sets.map(({ digest }) => digest));
    const kept = this.#sql
      .exec("SELECT digest FROM sets")
      .toArray()
      .map((row) => String(row["digest"]));
    for (const digest of kept.filter((one) => !known.has(one))) {
      this.#sql.exec("DELETE FROM sets WHERE digest = ?", digest);
      // Published again it starts with nothing taken: an old grant must not be put back on that.
      this.#sql.exec("DELETE FROM grants WHERE digest = ?", digest);
      this.#figures.forget(digest);
    }
  }
}
