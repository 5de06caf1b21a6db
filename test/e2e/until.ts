/**
 * Waiting for what must come true by itself: ledgers that settle, an edge that picks up a publication. There is a
 * deadline and no fixed pause, so a test is as fast as what it waits for, and fails by saying what it saw last.
 */
import { setTimeout as pause } from "node:timers/promises";

/** How often a condition is asked. Units: milliseconds. */
const POLL_MS = 50;

/** What a condition found: the value waited for, or why it is not there yet. */
export type Found<T> = { readonly met: T } | { readonly unmet: unknown };

/**
 * Asks until the condition is met, and gives what it found. A condition that throws is not met. Rejects at the
 * deadline, with what was seen last. Units: milliseconds.
 */
export async function until<T>(condition: () => Promise<Found<T>> | Found<T>, deadlineMs: number): Promise<T> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const found = await attempt(condition);
    if ("met" in found) return found.met;
    if (performance.now() >= endMs) {
      const last = found.unmet instanceof Error ? found.unmet.stack : JSON.stringify(found.unmet, null, 1);
      throw new Error(`not met within ${deadlineMs} ms; seen last: ${last}`);
    }
    await pause(POLL_MS);
  }
}

async function attempt<T>(condition: () => Promise<Found<T>> | Found<T>): Promise<Found<T>> {
  try {
    return await condition();
  } catch (error) {
    return { unmet: error };
  }
}
