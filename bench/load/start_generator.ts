/** Starts the load generator beside the benchmark and hands it jobs. */
import { fork } from "node:child_process";
import path from "node:path";
import type { LoadJob, LoadResult } from "./job.ts";

/** A running generator. One job at a time. */
export interface Generator {
  /** Rejects when the load could not be run at all; wrong answers are in the result. */
  run(job: LoadJob): Promise<LoadResult>;
  stop(): void;
}

/** What comes back over the channel; both ends are this repository's. */
type Answer = { readonly result: LoadResult } | { readonly fault: string };

/** Starts a generator process. It ends with its parent. */
export function startGenerator(): Generator {
  const child = fork(path.join(import.meta.dirname, "generator.ts"), { serialization: "advanced" });
  return {
    run: (job) => {
      const { promise, resolve, reject } = Promise.withResolvers<LoadResult>();
      const ended = (): void => reject(new Error("the load generator ended in the middle of a job"));
      child.once("exit", ended);
      child.once("message", (answer: Answer) => {
        child.off("exit", ended);
        if ("result" in answer) resolve(answer.result);
        else reject(new Error(`the load generator could not run its job: ${answer.fault}`));
      });
      child.send(job);
      return promise;
    },
    stop: () => void child.kill(),
  };
}
