#!/usr/bin/env node
/**
 * The `midroll` command: the one place where the CLI meets the real terminal and the real network.
 *
 *   npm run -s midroll -- --help
 */
import { runMidroll } from "./program.ts";

process.exitCode = await runMidroll(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  fetch,
});
