/**
 * A campaign's history as a chart wants it: the part of it a reader looks at. An hour or a day shows what was added in
 * it, so that movement is seen on a large budget too; the whole flight shows the amounts themselves.
 */
import type { HistoryPoint } from "../src/money/ledger_history.ts";

/** How far back a reader looks. */
export interface HistoryWindow {
  readonly label: string;
  readonly lengthMs: number;
  /** Whether amounts count from the window's beginning. */
  readonly added: boolean;
}

/** The windows a reader can choose from; the first is shown first. */
export const HISTORY_WINDOWS: readonly [HistoryWindow, ...HistoryWindow[]] = [
  { label: "Hour", lengthMs: 3_600_000, added: true },
  { label: "Day", lengthMs: 86_400_000, added: true },
  { label: "All", lengthMs: Number.POSITIVE_INFINITY, added: false },
];

/** Columns of equal length. Units: epoch seconds, micros, share of 1. */
export interface HistoryColumns {
  readonly atSec: readonly number[];
  readonly billed: readonly number[];
  readonly planned: readonly number[];
  readonly multiplier: readonly number[];
}

/**
 * The points of a window that ends with the newest one. What was last known before the window is its first point, at
 * its beginning. `points`: ascending by time.
 */
export function historyColumns(points: readonly HistoryPoint[], window: HistoryWindow): HistoryColumns {
  const startMs = (points.at(-1)?.atMs ?? 0) - window.lengthMs;
  const inside = points.filter((point) => point.atMs > startMs);
  const before = points.findLast((point) => point.atMs <= startMs);
  const shown = before === undefined ? inside : [{ ...before, atMs: startMs }, ...inside];
  const first = window.added ? shown[0] : undefined;
  return {
    atSec: shown.map(({ atMs }) => atMs / 1000),
    billed: shown.map(({ billedMicros }) => billedMicros - (first?.billedMicros ?? 0)),
    planned: shown.map(({ plannedMicros }) => plannedMicros - (first?.plannedMicros ?? 0)),
    multiplier: shown.map(({ multiplierPpm }) => multiplierPpm / 1_000_000),
  };
}
