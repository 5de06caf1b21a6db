/**
 * The dual step of a target cost: what an expected outcome may cost on average. Slack earned by cheap outcomes may be
 * spent on dear ones, so the target of each step is solved again from the slack so far.
 *
 * Source: Feng, Padmanabhan, Wang, "Online bidding algorithms for return-on-spend constrained advertisers", WWW 2023.
 */
import { clamp, clampLog, STEP_LOG_MAX } from "./course.ts";
import type { PaceReading } from "./terms.ts";

/** What is remembered from the last step. */
interface CostMemory {
  readonly costLog: number;
  readonly spentMicros: number;
  readonly outcomesPpm: number;
  readonly impressions: number;
}

const OUTCOME_PPM = 1_000_000;
/** Impressions that one averaging spans: at least so many, and at least one in so many of all so far. */
const AVERAGED_IMPRESSIONS = 50;
const AVERAGED_PARTS = 20;

/** The new log multiplier of the target cost. Nothing bought, nothing learned. */
export function stepCost(memory: CostMemory, targetMicros: number, reading: PaceReading): number {
  const impressions = reading.impressions - memory.impressions;
  const spentMicros = reading.spentMicros - memory.spentMicros;
  if (impressions <= 0 || spentMicros <= 0) return memory.costLog;
  const worthMicros = (outcomesPpm: number): number => (targetMicros * outcomesPpm) / OUTCOME_PPM;
  const averaged = Math.max(AVERAGED_IMPRESSIONS, reading.impressions / AVERAGED_PARTS);
  // Slack is to be used up over the next average's worth of spending.
  const aheadMicros = (reading.spentMicros / reading.impressions) * averaged * 4;
  const slack = (worthMicros(reading.outcomesPpm) - reading.spentMicros) / aheadMicros;
  const earned = worthMicros(reading.outcomesPpm - memory.outcomesPpm) / spentMicros - 1;
  const change = (impressions / averaged) * (earned + slack);
  return clampLog(memory.costLog + clamp(change, -STEP_LOG_MAX, STEP_LOG_MAX));
}
