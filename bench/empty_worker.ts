/**
 * The yardstick: a Worker that does nothing, on the same workerd, reached through the same kind of socket. What it
 * costs is the platform's; what a decision costs beyond it is ours. It runs in a workerd of its own, which rests while
 * Midroll is measured, and the other way round.
 */
import { type LoneWorker, startLoneWorker } from "./lone_worker.ts";

/** What it answers to every request. */
export const EMPTY_ANSWER = "empty";

/** Starts the empty Worker on a free port. `stateDir`: a directory of its own. */
export function startEmptyWorker(stateDir: string): Promise<LoneWorker> {
  return startLoneWorker(stateDir, "empty", `export default { fetch: () => new Response("${EMPTY_ANSWER}") };`);
}
