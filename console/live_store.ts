/**
 * What the page remembers of the feed: seconds by time and the newest decisions. Everything is bounded, because a
 * console stays open for days. Campaigns' money over time is not remembered here: their ledgers keep it.
 */
import type { DecisionSummary } from "../src/telemetry/activity.ts";
import type { LiveAnswer } from "./live_answer.ts";

/** Seconds of traffic kept for the chart. */
export const TRAFFIC_WINDOW_SEC = 600;
/** The newest seconds still grow; a chart that drew them would always end in a dip. */
export const UNFINISHED_SEC = 4;
const DECISIONS_MAX = 60;
/** Longest stretch the first points of the chart may span before there is more to show. */
const TRAFFIC_SPAN_SEC_MIN = 120;

/** An isolate reports every second or two, so single seconds jump; a short mean shows what viewers send. */
const SMOOTHED_SEC = 5;

/** Traffic as a chart wants it: one value a second, the mean of the last few, no gaps. */
export interface TrafficColumns {
  readonly atSec: readonly number[];
  readonly decisions: readonly number[];
  readonly billed: readonly number[];
}

/** The page's memory. */
export interface LiveStore {
  readonly accept: (answer: LiveAnswer) => void;
  readonly traffic: (nowMs: number) => TrafficColumns;
  /** Decisions a second over the last few finished seconds. */
  readonly decisionsPerSec: (nowMs: number) => number;
  /** Newest first. */
  readonly decisions: () => readonly DecisionSummary[];
}

interface Second {
  readonly decisions: number;
  readonly billed: number;
}

/** An empty memory. */
export function createLiveStore(): LiveStore {
  const seconds = new Map<number, Second>();
  let newest: readonly DecisionSummary[] = [];

  const accept = (answer: LiveAnswer): void => {
    if (answer.restarted) {
      seconds.clear();
      newest = [];
    }
    const { series } = answer;
    series.atSec.forEach((atSec, i) => {
      seconds.set(atSec, { decisions: series.decisions[i] ?? 0, billed: series.impressionsBilled[i] ?? 0 });
    });
    const oldestSec = Math.floor(answer.nowMs / 1000) - TRAFFIC_WINDOW_SEC - UNFINISHED_SEC;
    for (const atSec of seconds.keys()) if (atSec < oldestSec) seconds.delete(atSec);
    newest = mergeDecisions(answer.decisions, newest);
  };

  const traffic = (nowMs: number): TrafficColumns => {
    const endSec = Math.floor(nowMs / 1000) - UNFINISHED_SEC;
    const firstSec = seconds.size === 0 ? endSec : Math.min(...seconds.keys());
    const startSec = Math.max(endSec - TRAFFIC_WINDOW_SEC, Math.min(firstSec, endSec - TRAFFIC_SPAN_SEC_MIN));
    const atSec = Array.from({ length: endSec - startSec + 1 }, (_, i) => startSec + i);
    return { atSec, decisions: smoothed(atSec, "decisions"), billed: smoothed(atSec, "billed") };
  };
  const smoothed = (atSec: readonly number[], column: keyof Second): number[] =>
    atSec.map((at) => {
      let sum = 0;
      for (let back = 0; back < SMOOTHED_SEC; back++) sum += seconds.get(at - back)?.[column] ?? 0;
      return sum / SMOOTHED_SEC;
    });
  const decisionsPerSec = (nowMs: number): number => traffic(nowMs).decisions.at(-1) ?? 0;

  return { accept, traffic, decisionsPerSec, decisions: () => newest };
}

function mergeDecisions(arrived: readonly DecisionSummary[], held: readonly DecisionSummary[]): DecisionSummary[] {
  const byId = new Map([...held, ...arrived].map((decision) => [decision.decisionId, decision]));
  return [...byId.values()]
    .sort((a, b) => b.atMs - a.atMs || (a.decisionId < b.decisionId ? -1 : 1))
    .slice(0, DECISIONS_MAX);
}
