/**
 * The yardstick: a Worker that does nothing, on the same workerd, reached through the same kind of socket. What it
 * costs is the platform's; what a decision costs beyond it is ours. It runs in a workerd of its own, which rests while
 * Midroll is measured, and the other way round.
 */
import path from "node:path";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import { projectDir } from "../local/build.ts";
import { tether } from "../local/tether.ts";
import { freePort } from "./free_port.ts";

/** What it answers to every request. */
export const EMPTY_ANSWER = "empty";

/** A running empty Worker. */
export interface EmptyWorker {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts the empty Worker on a free port. `stateDir`: a directory of its own. */
export async function startEmptyWorker(stateDir: string): Promise<EmptyWorker> {
  const held = await tether(stateDir, path.join(projectDir, "dist"));
  const port = await freePort();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: {},
      logRequests: false,
      log: new Log(LogLevel.WARN),
      unsafeRuntimeEnv: { ...held.runtimeEnv },
      workers: [
        {
          name: "empty",
          compatibilityDate: "2026-11-01",
          modules: [
            {
              type: "ESModule",
              path: "empty.js",
              contents: `export default { fetch: () => new Response("${EMPTY_ANSWER}") };`,
            },
          ],
          unsafeDirectSockets: [{ host: "127.0.0.1", port }],
        },
      ],
    }),
  );
  await miniflare.ready;
  const stop = async (): Promise<void> => {
    await miniflare.dispose();
    held.release();
  };
  return { port, stop };
}
