/**
 * What the origin Worker is bound to. Durable Objects are given by the RPC methods that origin calls, as plain shapes,
 * so that a route compiles against the message and not against the object's code. Bindings are named in wrangler.toml.
 */
import type { Result } from "../../src/kernel/result.ts";
import type { WriteOffCommand, WriteOffRefusal } from "../../src/money/ledger.ts";
import type { NumberedEntry } from "../../src/money/ledger_audit.ts";
import type { HistoryPoint } from "../../src/money/ledger_history.ts";
import type { CampaignStatus, CampaignTerms } from "../../src/money/protocol.ts";
import type { ActivityBatch, ActivityFeed, BatchOutcome } from "./activity/activity_messages.ts";
import type { CampaignSweep } from "./money/campaign_board.ts";
import type { InferenceRpc } from "./inference/inference_messages.ts";
import type { ModelRegistryRpc } from "./models/model_registry.ts";
import type { RegistryRpc } from "./catalog/registry.ts";
import type { TraceIndexRpc } from "./traces/trace_index.ts";

/** One object of a class, by name. */
export interface ObjectsByName<Stub> {
  getByName(name: string): Stub;
}

/** What origin asks of a campaign's ledger. */
export interface LedgerStub {
  /** Sets the terms; the same terms twice are once. */
  configure(terms: CampaignTerms): Promise<unknown>;
  /** Where the money is, or null when the ledger was never configured. */
  status(): Promise<CampaignStatus | null>;
  /** How it got there, and what operators did; null as above. */
  history(): Promise<HistoryPoint[] | null>;
  audit(): Promise<NumberedEntry[] | null>;
  /** Gives up on the money of a silent wallet. */
  writeOff(command: WriteOffCommand): Promise<Result<CampaignStatus | null, WriteOffRefusal>>;
}

/** What origin asks of the Activity object. */
export interface ActivityStub {
  record(batch: ActivityBatch): Promise<BatchOutcome>;
  feed(afterSeq: number): Promise<ActivityFeed>;
  campaignStatuses(campaignIds: readonly string[]): Promise<CampaignSweep>;
}

/** Bindings, variables and secrets. */
export interface OriginEnv {
  /** One per campaign, named by campaign id. */
  readonly LEDGER: ObjectsByName<LedgerStub>;
  /** Named `catalog` and `guarantees`. */
  readonly REGISTRY: ObjectsByName<RegistryRpc>;
  /** Named `models`. */
  readonly INFERENCE: ObjectsByName<InferenceRpc>;
  /** Named `models`. */
  readonly MODEL_REGISTRY: ObjectsByName<ModelRegistryRpc>;
  /** Named `live`. */
  readonly ACTIVITY: ObjectsByName<ActivityStub>;
  /** Named `traces`. */
  readonly TRACE_INDEX: ObjectsByName<TraceIndexRpc>;
  /** Snapshots, models and model sets, named by digest. */
  readonly ARTIFACTS: R2Bucket;
  /** Batches of traces, by hour. */
  readonly TRACES: R2Bucket;
  /** Console, player, media and API page as built into dist/assets. */
  readonly ASSETS: Fetcher;
  /** JSON `[{id, publicKey}]`: whose model sets may be published. */
  readonly MODEL_KEYS?: string;
  /** Secret. Unset: every admin request is refused. */
  readonly ADMIN_TOKEN?: string;
  /** How many days traces are kept, as text. */
  readonly TRACE_RETENTION_DAYS?: string;
  /** Where players reach the edge, and where people reach this Worker. No trailing slash needed. */
  readonly PUBLIC_EDGE_URL?: string;
  readonly PUBLIC_ORIGIN_URL?: string;
  /** Where relative media of the catalog lives, when that is neither of the two above. */
  readonly MEDIA_BASE_URL?: string;
}

/** A base URL from a variable without its trailing slash; `fallback` when the variable is empty. */
export function baseUrl(variable: string | undefined, fallback: string): string {
  const base = variable === undefined || variable === "" ? fallback : variable;
  return base.endsWith("/") ? base.slice(0, -1) : base;
}
