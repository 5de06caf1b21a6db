/**
 * One Worker in a workerd of its own, reached through a socket of its own, with no proxy before it: what a benchmark
 * holds Midroll against, or a part of it by itself.
 */
import path from "node:path";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import type { V4ModuleDefinition, V4WorkerOptions } from "miniflare";
import { projectDir } from "../local/build.ts";
import { tether } from "../local/tether.ts";
import { freePort } from "./free_port.ts";

/** A running Worker. */
export interface LoneWorker {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Starts the Worker on a free port. `stateDir`: a directory of its own, in which its objects are stored. `code`: one
 * script, or the modules of a bundle.
 */
export async function startLoneWorker(
  stateDir: string,
  name: string,
  code: string | V4ModuleDefinition[],
  bindings: Pick<V4WorkerOptions, "durableObjects"> = {},
): Promise<LoneWorker> {
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
      resourcePersistencePath: path.join(stateDir, "storage"),
      resourceTmpPath: path.join(stateDir, "tmp"),
      workers: [
        {
          ...bindings,
          name,
          compatibilityDate: "2026-11-01",
          modules: typeof code === "string" ? [{ type: "ESModule", path: `${name}.js`, contents: code }] : code,
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
