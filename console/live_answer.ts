/**
 * The console's feed, `GET /v1/admin/live?after=<seq>`, as it crosses the network. Rows are keyed: the newer copy of a
 * second or a decision replaces the older one. The origin Worker writes this shape; the pages only read it.
 */
import type { ServingOrder } from "../src/models/serving_order.ts";
import type { CampaignStatus } from "../src/money/protocol.ts";
import type { ActivityCounters, DecisionSummary } from "../src/telemetry/activity.ts";

/** One answer of the feed. Units: last in each name. */
export interface LiveAnswer {
  /** Origin's clock when it answered. */
  readonly nowMs: number;
  /** To be sent as `after` with the next request. */
  readonly seq: number;
  /** True when origin's state was reset: forget everything held. */
  readonly restarted: boolean;
  readonly series: LiveSeries;
  readonly lastMinute: LastMinute;
  /** Newest first; only those heard since `after`. */
  readonly decisions: readonly DecisionSummary[];
  /** All campaigns of the current catalog, every time. */
  readonly campaigns: readonly LiveCampaign[];
  /** When the ledgers were last asked. */
  readonly campaignsAtMs: number;
  readonly catalogDigest: string | null;
  readonly models: ServingOrder;
}

/** Columns of equal length, ascending by second. Sparse: a second that nobody reported is absent and means zero. */
export interface LiveSeries {
  readonly atSec: readonly number[];
  readonly decisions: readonly number[];
  readonly impressionsBilled: readonly number[];
  readonly faults: readonly number[];
}

/** The sixty seconds before `nowMs`, and how many isolates reported in them. */
export type LastMinute = ActivityCounters & { readonly isolates: number };

/** A campaign and where its money is. */
export interface LiveCampaign {
  readonly campaignId: string;
  readonly name: string;
  readonly advertiserName: string;
  readonly lineItems: number;
  readonly house: boolean;
  /** Null when the ledger did not answer. */
  readonly status: CampaignStatus | null;
}
