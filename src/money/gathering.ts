/**
 * How long impression beacons of one wallet gather before they are sent as one call. A call to a wallet costs the same
 * for one impression as for a hundred, so a busy isolate waits until about a hundred are together, and a quiet one, who
 * would wait in vain, does not.
 */
import { BILL_BATCH_CLAIMS, BILL_WINDOW_MS, BILL_WINDOW_MS_MAX } from "./limits.ts";

/** The last batch: when it was begun, and how many impressions it came to hold. */
export interface LastBatch {
  readonly openedMs: number;
  readonly claims: number;
}

/** An isolate that gathers fewer than this in the shortest window is quiet. */
const BUSY_CLAIMS = 2;

/**
 * How long the batch that begins now should gather: the shortest window when beacons are rare or were long ago, else
 * as long as a good batch takes at the rate since the last one began, within bounds. Units: milliseconds.
 */
export function gatherWindowMs(last: LastBatch | undefined, nowMs: number): number {
  if (last === undefined) return BILL_WINDOW_MS;
  const perMs = last.claims / Math.max(1, nowMs - last.openedMs);
  if (perMs * BILL_WINDOW_MS < BUSY_CLAIMS) return BILL_WINDOW_MS;
  return Math.min(Math.max(Math.round(BILL_BATCH_CLAIMS / perMs), BILL_WINDOW_MS), BILL_WINDOW_MS_MAX);
}
