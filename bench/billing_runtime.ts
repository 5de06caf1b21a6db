/**
 * A workerd with nothing in it but origin's wallet and ledgers and a driver that sends them work, reached through a
 * socket of its own: what `npm run bench:billing` measures.
 */
import path from "node:path";
import { build } from "esbuild";
import { projectDir } from "../local/build.ts";
import { startLoneWorker } from "./lone_worker.ts";

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
  const { port, stop } = await startLoneWorker(stateDir, "billing-driver", await bundleDriver(), {
    durableObjects: {
      WALLET: { className: "BenchWallet", useSQLite: true },
      LEDGER: { className: "CampaignLedger", useSQLite: true },
    },
  });
  const ask = async (order: unknown): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: JSON.stringify(order) });
    if (!answer.ok) throw new Error(`the driver failed: ${await answer.text()}`);
    return answer.json();
  };
  return { ask, stop };
}
