/** What the Activity object is told and what it answers: plain values that cross RPC. */
import type { ActivityCounters, ActivityReport, DecisionSummary } from "../../../src/telemetry/activity.ts";
import type { ActivitySeries } from "../../../src/telemetry/activity_window.ts";

/** Validated reports of one queue batch, and how many messages were no reports. */
export interface ActivityBatch {
  readonly reports: readonly ActivityReport[];
  readonly badReports: number;
}

/** What became of a batch. */
export interface BatchOutcome {
  readonly counted: number;
  readonly duplicates: number;
  readonly refused: number;
}

/** The console's answer about activity; see the live route for how it is merged. */
export interface ActivityFeed {
  readonly nowMs: number;
  readonly seq: number;
  readonly restarted: boolean;
  readonly windowSec: number;
  readonly series: ActivitySeries;
  readonly lastMinute: ActivityCounters & { readonly isolates: number };
  readonly decisions: readonly DecisionSummary[];
}
