/**
 * With how much effort a break is decided, chosen before anything is scored: all models, some of them on fewer rows, or
 * the linear models that are always there. The choice hangs on counts alone, because a clock stands still while a
 * Worker computes.
 */
import type { Limits } from "../kernel/limits.ts";
import type { Tier } from "../telemetry/activity.ts";

/** A tier that somebody scores in. */
export type ScoringTier = Exclude<Tier, "house">;

/** How one model set has fared lately. A value; every set that is loaded begins as `HEALTHY`. */
export interface ModelHealth {
  /** Decisions in a row that the set did not score. */
  readonly failures: number;
  /** The set is not asked before this time. Units: epoch milliseconds. */
  readonly restsUntilMs: number;
}

export const HEALTHY: ModelHealth = { failures: 0, restsUntilMs: 0 };

/** Failures in a row after which a set rests. */
const FAILURES_MAX = 3;
/** The first rest; each failure after it doubles the next one. */
const REST_MS = 1_000;
const REST_MS_MAX = 32_000;

/** The set failed to score a decision. */
export function afterFailure({ failures }: ModelHealth, nowMs: number): ModelHealth {
  const count = failures + 1;
  if (count < FAILURES_MAX) return { failures: count, restsUntilMs: 0 };
  const restMs = Math.min(REST_MS_MAX, REST_MS * 2 ** Math.min(count - FAILURES_MAX, 16));
  return { failures: count, restsUntilMs: nowMs + restMs };
}

/** What the choice hangs on. */
export interface TierFacts {
  /** The kill switch of the serving order. */
  readonly stopped: boolean;
  /** How the set that would score has fared; null: none is loaded. */
  readonly health: ModelHealth | null;
  /** Decisions that this isolate has begun and not answered, this one included. */
  readonly inFlight: number;
  /** Units: epoch milliseconds. */
  readonly nowMs: number;
}

/**
 * The tier to score in. Asked in this order: stopped, no set, a set that rests, more in flight than the fallback tier
 * begins at, more than the reduced tier begins at. A set whose rest is over is asked again: there is no restart.
 */
export function chooseTier({ stopped, health, inFlight, nowMs }: TierFacts, limits: Limits): ScoringTier {
  if (stopped || health === null || nowMs < health.restsUntilMs) return "fallback";
  if (inFlight > limits.fallbackInFlight) return "fallback";
  return inFlight > limits.reducedInFlight ? "reduced" : "full";
}
