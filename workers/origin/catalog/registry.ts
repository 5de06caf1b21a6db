/**
 * Which immutable digest is current, and which were before. One object named `catalog`, one `guarantees`. Moving the
 * pointer is the last step of a publish: by then the bytes are stored and every ledger knows its terms.
 */
import { DurableObject } from "cloudflare:workers";
import { applyMigrations } from "../migrations.ts";
import { REGISTRY_MIGRATIONS } from "./registry_schema.ts";

/** What is current. */
export interface RegistryPointer {
  readonly digest: string | null;
  readonly publishedMs: number | null;
}

/** One line of the history. */
export interface RegistryVersion {
  readonly version: number;
  readonly digest: string;
  readonly note: string;
  readonly publishedMs: number;
}

/** The terms that a campaign's ledger has confirmed, as the SHA-256 of their canonical JSON. */
export interface SettledTerms {
  readonly campaignId: string;
  readonly termsDigest: string;
}

/** How long a publisher may take before another may start. Units: milliseconds. */
export const CLAIM_TTL_MS = 60_000;
/** Lines of history that are kept, and the most that are answered. */
export const HISTORY_KEPT_MAX = 1_000;
const NOTE_CHARS_MAX = 200;

/** The RPC methods of a Registry. */
export interface RegistryRpc {
  /** What is current; null before the first publish. */
  current(): Promise<RegistryPointer>;
  /**
   * Makes a digest current. The digest that already is current changes nothing and answers its own version. With a
   * holder: null, and nothing changes, when the claim has lapsed or is another's.
   */
  publish(digest: string, note: string, nowMs: number, holder?: string): Promise<RegistryVersion | null>;
  /** The newest versions first. */
  history(limit: number): Promise<RegistryVersion[]>;
  /** True when nobody else is publishing; the claim ends by `release` or by itself after `CLAIM_TTL_MS`. */
  claim(holder: string, nowMs: number): Promise<boolean>;
  /**
   * Lets the holder go on for another `CLAIM_TTL_MS`; from now on it is not known which terms the ledgers of these
   * campaigns have. False, and nothing changes, when the claim has lapsed or is another's.
   */
  unsettle(campaignIds: readonly string[], holder: string, nowMs: number): Promise<boolean>;
  /** Notes the terms that ledgers have confirmed. False, and nothing is noted, when the claim is lost. */
  settle(terms: readonly SettledTerms[], holder: string, nowMs: number): Promise<boolean>;
  /** Campaigns whose ledgers have confirmed their terms. */
  settled(): Promise<SettledTerms[]>;
  release(holder: string): Promise<void>;
  /** Notes campaigns whose ledgers are about to get terms. */
  remember(campaignIds: readonly string[]): Promise<void>;
  /** Remembered campaigns that are neither in this list nor archived, by id. */
  absent(campaignIds: readonly string[]): Promise<string[]>;
  /** False, and nothing changes, when the claim has lapsed or is another's. */
  markArchived(campaignIds: readonly string[], holder: string, nowMs: number): Promise<boolean>;
}

/** See the head of this file. */
export class Registry extends DurableObject implements RegistryRpc {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    applyMigrations(ctx.storage, REGISTRY_MIGRATIONS);
  }

  async current(): Promise<RegistryPointer> {
    const newest = this.#newest(1)[0];
    return newest === undefined
      ? { digest: null, publishedMs: null }
      : { digest: newest.digest, publishedMs: newest.publishedMs };
  }

  async publish(digest: string, note: string, nowMs: number, holder?: string): Promise<RegistryVersion | null> {
    return this.ctx.storage.transactionSync(() => {
      if (holder !== undefined && !this.#holds(holder, nowMs)) return null;
      const newest = this.#newest(1)[0];
      if (newest?.digest === digest) return newest;
      const short = note.slice(0, NOTE_CHARS_MAX);
      const row = this.#sql
        .exec(
          "INSERT INTO versions (digest, note, published_ms) VALUES (?, ?, ?) RETURNING version",
          digest,
          short,
          nowMs,
        )
        .one();
      const version = Number(row["version"]);
      this.#sql.exec("DELETE FROM versions WHERE version <= ?", version - HISTORY_KEPT_MAX);
      return { version, digest, note: short, publishedMs: nowMs };
    });
  }

  async history(limit: number): Promise<RegistryVersion[]> {
    return this.#newest(Math.max(0, Math.min(HISTORY_KEPT_MAX, Math.trunc(limit))));
  }

  async claim(holder: string, nowMs: number): Promise<boolean> {
    return this.ctx.storage.transactionSync(() => {
      const [row] = this.#sql.exec("SELECT holder, until_ms FROM publish_claim").toArray();
      const taken = row !== undefined && row["holder"] !== holder && Number(row["until_ms"]) > nowMs;
      if (taken) return false;
      this.#sql.exec(
        "INSERT OR REPLACE INTO publish_claim (only_row, holder, until_ms) VALUES (1, ?, ?)",
        holder,
        nowMs + CLAIM_TTL_MS,
      );
      return true;
    });
  }

  async unsettle(campaignIds: readonly string[], holder: string, nowMs: number): Promise<boolean> {
    return this.ctx.storage.transactionSync(() => {
      if (!this.#holds(holder, nowMs)) return false;
      this.#sql.exec("UPDATE publish_claim SET until_ms = ?", nowMs + CLAIM_TTL_MS);
      for (const id of campaignIds) {
        this.#sql.exec("UPDATE known_campaigns SET terms_digest = NULL WHERE campaign_id = ?", id);
      }
      return true;
    });
  }

  async settle(terms: readonly SettledTerms[], holder: string, nowMs: number): Promise<boolean> {
    return this.ctx.storage.transactionSync(() => {
      if (!this.#holds(holder, nowMs)) return false;
      for (const { campaignId, termsDigest } of terms) {
        this.#sql.exec("UPDATE known_campaigns SET terms_digest = ? WHERE campaign_id = ?", termsDigest, campaignId);
      }
      return true;
    });
  }

  async settled(): Promise<SettledTerms[]> {
    return this.#sql
      .exec("SELECT campaign_id, terms_digest FROM known_campaigns WHERE terms_digest IS NOT NULL")
      .toArray()
      .map((row) => ({ campaignId: String(row["campaign_id"]), termsDigest: String(row["terms_digest"]) }));
  }

  async release(holder: string): Promise<void> {
    this.#sql.exec("DELETE FROM publish_claim WHERE holder = ?", holder);
  }

  async remember(campaignIds: readonly string[]): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      for (const id of campaignIds) {
        this.#sql.exec(
          "INSERT INTO known_campaigns (campaign_id, archived) VALUES (?, 0) " +
            "ON CONFLICT (campaign_id) DO UPDATE SET archived = 0",
          id,
        );
      }
    });
  }

  async absent(campaignIds: readonly string[]): Promise<string[]> {
    const present = new Set(campaignIds);
    return this.#sql
      .exec("SELECT campaign_id FROM known_campaigns WHERE archived = 0 ORDER BY campaign_id")
      .toArray()
      .map((row) => String(row["campaign_id"]))
      .filter((id) => !present.has(id));
  }

  async markArchived(campaignIds: readonly string[], holder: string, nowMs: number): Promise<boolean> {
    return this.ctx.storage.transactionSync(() => {
      if (!this.#holds(holder, nowMs)) return false;
      for (const id of campaignIds) {
        this.#sql.exec("UPDATE known_campaigns SET archived = 1 WHERE campaign_id = ?", id);
      }
      return true;
    });
  }

  /** Whether the claim is this holder's and has not lapsed. */
  #holds(holder: string, nowMs: number): boolean {
    const [row] = this.#sql.exec("SELECT holder, until_ms FROM publish_claim").toArray();
    return row !== undefined && row["holder"] === holder && Number(row["until_ms"]) > nowMs;
  }

  #newest(limit: number): RegistryVersion[] {
    return this.#sql
      .exec("SELECT version, digest, note, published_ms FROM versions ORDER BY version DESC LIMIT ?", limit)
      .toArray()
      .map((row) => ({
        version: Number(row["version"]),
        digest: String(row["digest"]),
        note: String(row["note"]),
        publishedMs: Number(row["published_ms"]),
      }));
  }
}
