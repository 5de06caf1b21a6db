/** Threads that run seeds: each takes the next task when it is done with one. */
import { Worker } from "node:worker_threads";
import type { SeedReport } from "../src/simulation/money/run_seed.ts";
import type { SeedTask } from "./seed_worker.ts";

/**
 * Runs tasks on some threads; answers in the order of the tasks. `heard` is called as each is done. What goes wrong in
 * a thread ends the run.
 */
export async function runTasks(
  tasks: readonly SeedTask[],
  threads: number,
  heard: (reports: readonly SeedReport[], task: number) => void,
): Promise<readonly (readonly SeedReport[])[]> {
  const answers: (readonly SeedReport[])[] = [];
  let next = 0;
  const runThread = async (): Promise<void> => {
    const worker = new Worker(new URL("seed_worker.ts", import.meta.url), { workerData: "seeds" });
    try {
      for (let task = next++; task < tasks.length; task = next++) {
        const reports = await ask(worker, tasks[task]);
        answers[task] = reports;
        heard(reports, task);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, tasks.length) }, runThread));
  return answers;
}

function ask(worker: Worker, task: SeedTask | undefined): Promise<readonly SeedReport[]> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (reports: readonly SeedReport[]) => {
      worker.off("error", reject);
      resolve(reports);
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(task);
  });
}
