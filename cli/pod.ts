/** `npm run -s pod -- solve FILE`: the pod solver on the real terminal. See docs/pods.md. */
import { readFileSync } from "node:fs";
import { endWhenNobodyReads } from "./broken_pipe.ts";
import { runPod } from "./pods/pod_command.ts";

endWhenNobodyReads();

process.exitCode = runPod(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  input: () => readFileSync(0, "utf8"),
  nowMs: () => performance.now(),
});
