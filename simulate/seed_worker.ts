/** One thread of the simulator: runs the seeds it is asked to, with the bundle it is given. */
import { parentPort, workerData } from "node:worker_threads";
import type { SeedReport } from "../src/simulation/money/run_seed.ts";
import type { SwarmWishes } from "../src/simulation/money/swarm.ts";

/** What a thread is asked. */
export interface SeedTask {
  readonly bundle: string;
  readonly seeds: readonly number[];
  readonly wishes: SwarmWishes;
  /** Whether the first broken law ends the task: for planted bugs. */
  readonly untilBroken: boolean;
}

/** A bundle's one export that is used here. */
interface Simulator {
  readonly runSeed: (seed: number, wishes: SwarmWishes) => SeedReport;
}

async function runTask({ bundle, seeds, wishes, untilBroken }: SeedTask): Promise<readonly SeedReport[]> {
  // The bundle is this project's own run_seed.ts.
  const { runSeed } = (await import(bundle)) as Simulator;
  const reports: SeedReport[] = [];
  for (const seed of seeds) {
    const report = runSeed(seed, wishes);
    reports.push(report);
    if (untilBroken && report.broken !== null) break;
  }
  return reports;
}

const port = parentPort;
// Work comes by messages; what a thread is born with says only that it is one.
if (port !== null && workerData === "seeds") {
  port.on("message", (task: SeedTask) => {
    void runTask(task).then((reports) => port.postMessage(reports));
  });
}
