/**
 * A workerd with nothing in it but origin's wallet and ledgers and a driver that sends them work, reached through a
 * socket of its own: what `npm run bench:billing` measures.
 */
import path from "node:path";
import { build } from "esbuild";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import { projectDir } from "../local/build.ts";
import { tether } from "../local/tether.ts";
import { freePort } from "./free_port.ts";

/** The running driver. */
export interface BillingRuntime {
  /** Sends an order and returns its answer as JSON. */
  ask(order: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

async function bundleDriver(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(projectDir, "bench/workerd/billing_driver.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    keepNames: true,
    logLevel: "warning",
  });
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error("esbuild made no driver");
  return bundle.text;
}

/** Starts the driver. `stateDir`: a directory of its own. */
export async function startBillingRuntime(stateDir: string): Promise<BillingRuntime> {
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
          name: "billing-driver",
          compatibilityDate: "2026-11-01",
          modules: [{ type: "ESModule", path: "driver.js", contents: await bundleDriver() }],
          durableObjects: {
            WALLET: { className: "BenchWallet", useSQLite: true },
            LEDGER: { className: "CampaignLedger", useSQLite: true },
          },
          unsafeDirectSockets: [{ host: "127.0.0.1", port }],
        },
      ],
    }),
  );
  await miniflare.ready;
  const ask = async (order: unknown): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: JSON.stringify(order) });
    if (!answer.ok) throw new Error(`the driver failed: ${await answer.text()}`);
    return answer.json();
  };
  const stop = async (): Promise<void> => {
    await miniflare.dispose();
    held.release();
  };
  return { ask, stop };
}
