/**
 * The outcome of one decision: who fills the break, at what price, and what became of everyone else. A plain value:
 * doors commit it, render it and report it.
 */
import type { Offer } from "../catalog/compiled.ts";
import type { Micros } from "../kernel/money.ts";
import type { Tier } from "../telemetry/activity.ts";
import type { Scores } from "./candidate.ts";
import type { Lapses } from "./rank.ts";
import type { Rejection } from "./rejection.ts";

/** One filled position of the break. */
export interface Slot {
  /** 1-based position. */
  readonly position: number;
  readonly offer: Offer;
  /** What was bid for this place, premiums included. Zero for house ads. Units: micros for this impression. */
  readonly bidMicros: Micros;
  /** What the impression costs when it is billed; floor ≤ price ≤ bid. Zero for house ads. Units: micros. */
  readonly priceMicros: Micros;
  /** The lowest price of this place. Zero for house ads. Units: micros. */
  readonly floorMicros: Micros;
  /** What the break gains by it, without premiums. Zero for house ads. Units: micros. */
  readonly valueMicros: Micros;
  /** The deal it was sold through, or null. */
  readonly dealId: string | null;
  /** Null for house ads, which nothing scores. */
  readonly scores: Scores | null;
}

/** How many candidates each stage let through. */
export interface StageCounts {
  readonly offers: number;
  readonly candidates: number;
  readonly scored: number;
  /** Candidates that the early ranker gave no number. */
  readonly unranked: number;
  readonly bids: number;
}

/** How hard the pod was to choose, and whether the choice is proved best. */
export interface PodCertificate {
  readonly proved: boolean;
  readonly nodes: number;
  /** No pod is worth more than this above the one chosen; zero when proved. Units: micros. */
  readonly gapMicros: Micros;
}

/** Who fills the break. */
export interface Decision {
  readonly decisionId: string;
  readonly requestId: string;
  readonly publisherId: string;
  readonly tier: Tier;
  /** The model set that scored; null: the linear models, or nobody. */
  readonly modelSetDigest: string | null;
  readonly lapses: Lapses;
  readonly catalogDigest: string;
  /** In order of play. Paid slots and house slots. */
  readonly slots: readonly Slot[];
  readonly rejections: readonly Rejection[];
  readonly counts: StageCounts;
  readonly pod: PodCertificate;
}
