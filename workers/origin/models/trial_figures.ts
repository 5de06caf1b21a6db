/**
 * The figures of trials as isolates report them, added up in the model registry's tables: what each set decided, and
 * how a shadow's scores compare with the live set's. What a decision rule would read.
 */
import { HEADS } from "../../../src/models/manifest.ts";
import type { ModelReport } from "../../../src/models/model_report.ts";
import {
  addPairs,
  pairFigures,
  scorePairsSchema,
  type PairFigures,
  type ScorePairs,
} from "../../../src/models/score_pairs.ts";
import type { ServingOrder } from "../../../src/models/serving_order.ts";

/** What a set decided so far. Units: micros of ads won. `droppedHeads`: answers that a fallback replaced. */
export interface SetFigures {
  readonly decisions: number;
  readonly impressions: number;
  readonly spendMicros: number;
  readonly droppedHeads: number;
}

/** How a shadow compares with a live set, by head. */
export interface ShadowFigures {
  readonly live: string;
  readonly shadow: string;
  readonly heads: Readonly<Record<string, PairFigures>>;
}

const NOTHING: SetFigures = { decisions: 0, impressions: 0, spendMicros: 0, droppedHeads: 0 };

/** See the head of this file. */
export class TrialFigures {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds a report; what it says of unknown sets or heads is dropped. Requires: within a transaction. */
  count({ decided, shadow }: ModelReport, known: ReadonlySet<string>): void {
    for (const set of decided.filter(({ digest }) => known.has(digest))) {
      this.#sql.exec(
        `INSERT INTO decided (digest, decisions, impressions, spend_micros, dropped_heads) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (digest) DO UPDATE SET decisions = decisions + excluded.decisions,
           impressions = impressions + excluded.impressions, spend_micros = spend_micros + excluded.spend_micros,
           dropped_heads = dropped_heads + excluded.dropped_heads`,
        set.digest,
        set.decisions,
        set.impressions,
        set.spendMicros,
        set.droppedHeads,
      );
    }
    if (shadow === null || !known.has(shadow.live) || !known.has(shadow.shadow)) return;
    for (const head of HEADS) {
      const sums = shadow.heads[head];
      if (sums === undefined) continue;
      const before = this.#pairs(shadow.live, shadow.shadow, head);
      this.#sql.exec(
        "INSERT OR REPLACE INTO score_pairs (live, shadow, head, sums) VALUES (?, ?, ?, ?)",
        shadow.live,
        shadow.shadow,
        head,
        JSON.stringify(before === null ? sums : addPairs(before, sums)),
      );
    }
  }

  /** What a set decided. */
  of(digest: string): SetFigures {
    const [row] = this.#sql
      .exec("SELECT decisions, impressions, spend_micros, dropped_heads FROM decided WHERE digest = ?", digest)
      .toArray();
    if (row === undefined) return NOTHING;
    return {
      decisions: Number(row["decisions"]),
      impressions: Number(row["impressions"]),
      spendMicros: Number(row["spend_micros"]),
      droppedHeads: Number(row["dropped_heads"]),
    };
  }

  /** How the shadow of this order compares with its live set; null: it has none of both, or nothing was compared. */
  shadowOf({ live, shadow }: ServingOrder): ShadowFigures | null {
    if (live === null || shadow === null) return null;
    const heads: Record<string, PairFigures> = {};
    for (const head of HEADS) {
      const sums = this.#pairs(live, shadow.digest, head);
      if (sums !== null) heads[head] = pairFigures(sums);
    }
    return Object.keys(heads).length === 0 ? null : { live, shadow: shadow.digest, heads };
  }

  /** Drops the figures of a set. */
  forget(digest: string): void {
    this.#sql.exec("DELETE FROM decided WHERE digest = ?", digest);
    this.#sql.exec("DELETE FROM score_pairs WHERE live = ? OR shadow = ?", digest, digest);
  }

  #pairs(live: string, shadow: string, head: string): ScorePairs | null {
    const [row] = this.#sql
      .exec("SELECT sums FROM score_pairs WHERE live = ? AND shadow = ? AND head = ?", live, shadow, head)
      .toArray();
    return row === undefined ? null : scorePairsSchema.parse(JSON.parse(String(row["sums"])));
  }
}
