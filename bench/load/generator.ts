/**
 * The load generator's process: takes jobs from its parent, one at a time, and answers each with its result. A process
 * of its own, so that neither the measuring nor the measured waits for the other's garbage collector, and so that its
 * CPU can be told apart.
 */
import type { LoadJob } from "./job.ts";
import { runLoad } from "./run_load.ts";

process.on("message", (job: LoadJob) => {
  runLoad(job).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ fault: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
