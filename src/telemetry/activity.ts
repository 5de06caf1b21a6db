/**
 * What the edge tells the ops console, once a second from each isolate, through the queue. Counters only grow within a
 * report; the newest decisions ride along as a bounded sample. No viewer key, segment or address is ever in it.
 */

/** How a decision was scored; docs/architecture.md says when which. */
export type Tier = "full" | "reduced" | "fallback" | "house";

/** One isolate's work since its last report. */
export interface ActivityReport {
  /** Random id of the isolate. */
  readonly isolate: string;
  /**
   * Sequence number of this report in its isolate: (isolate, sequence) is unique, so a redelivered report is dropped.
   */
  readonly sequence: number;
  /** When the report was closed. Units: epoch milliseconds. */
  readonly atMs: number;
  readonly counters: ActivityCounters;
  readonly decisions: readonly DecisionSummary[];
}

/** Whole-number counts over one report. */
export interface ActivityCounters {
  readonly decisions: number;
  readonly emptyDecisions: number;
  readonly slotsFilled: number;
  /** Seconds of break asked for, and seconds filled by paid and by house ads, rounded to whole milliseconds. */
  readonly requestedMs: number;
  readonly paidMs: number;
  readonly houseMs: number;
  readonly committedMicros: number;
  readonly tiers: Readonly<Record<Tier, number>>;
  /** Decisions by the digest of the model set that scored them. */
  readonly modelSets: Readonly<Record<string, number>>;
  /**
   * What loading and trying model sets took: times each step was done (`fetched`), and milliseconds from its beginning
   * to the next time the isolate was let go on (`fetchedMs`).
   */
  readonly models: Readonly<Record<string, number>>;
  /** Beacon outcomes by verdict (`billed`, `duplicate`, `late`, `exhausted`, `invalid`) and other events by name. */
  readonly beacons: Readonly<Record<string, number>>;
  /** Faults by stable code (`scoring_failed`, `origin_unreachable`, …). */
  readonly faults: Readonly<Record<string, number>>;
}

/** One decision as the console shows it, with every candidate's fate. */
export interface DecisionSummary {
  readonly decisionId: string;
  readonly atMs: number;
  readonly publisherId: string;
  readonly surface: string;
  readonly podDurationSec: number;
  readonly tier: Tier;
  /** The model set that scored; null: the linear models, or nobody. */
  readonly modelSetDigest: string | null;
  readonly slots: readonly DecisionSummarySlot[];
  readonly rejections: readonly DecisionSummaryRejection[];
}

/** A winner. Units: micros an impression, probabilities in [0, 1]. */
export interface DecisionSummarySlot {
  readonly slot: number;
  readonly lineItemId: string;
  readonly creativeId: string;
  readonly campaignId: string;
  readonly durationSec: number;
  readonly bidMicros: number;
  readonly priceMicros: number;
  readonly floorMicros: number;
  /** What the break gained by it. May be below zero where a promise was kept. */
  readonly valueMicros: number;
  /** The least bid that would have won; null when nobody worked it out, or no bid decides it. */
  readonly neededBidMicros: number | null;
  readonly dealId: string | null;
  readonly scores: Readonly<Record<string, number>>;
}

/** A loser and why: our reason and the OpenRTB seat-non-bid number beside it. */
export interface DecisionSummaryRejection {
  readonly lineItemId: string;
  readonly creativeId: string;
  readonly stage: string;
  readonly reason: string;
  readonly seatNonBid: number;
  /** What it bid for this impression, when it came that far. Units: micros. */
  readonly bidMicros: number | null;
  /** What the break would have gained. Units: micros. */
  readonly valueMicros: number | null;
  /** The lowest floor it could have reached. Units: micros. */
  readonly floorMicros: number | null;
  /** The least bid that would have won; null when nobody worked it out, or no bid would. Units: micros. */
  readonly neededBidMicros: number | null;
  readonly dealId: string | null;
  /** Null when nothing scored it. */
  readonly scores: Readonly<Record<string, number>> | null;
}
