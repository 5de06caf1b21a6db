/**
 * A workerd with nothing in it but origin's wallet and ledgers and a driver that sends them work, reached through a
 * socket of its own: what `npm run bench:billing` measures.
 */
import { bundleDriver } from "./bundle_driver.ts";
import { startLoneWorker } from "./lone_worker.ts";

/** The running driver. */
export interface BillingRuntime {
  /** Sends an order and returns its answer as JSON. */
  ask(order: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts the driver. `stateDir`: a directory of its own. */
export async function startBillingRuntime(stateDir: string): Promise<BillingRuntime> {
  const { port, stop } = await startLoneWorker(stateDir, "billing-driver", await bundleDriver("billing_driver"), {
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
