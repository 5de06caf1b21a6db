#!/usr/bin/env node
/**
 * The `midroll` command: the one place where the CLI meets the real terminal and the real network. What Node compiles
 * is kept for the next run, in its own cache below the system's temporary directory: the second start is quicker.
 *
 *   npm run -s midroll -- --help
 */
import { enableCompileCache } from "node:module";

enableCompileCache();
const { endWhenNobodyReads } = await import("./broken_pipe.ts");
const { runMidroll } = await import("./program.ts");

endWhenNobodyReads();

process.exitCode = await runMidroll(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  fetch,
});
