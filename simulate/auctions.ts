/** `npm run -s replay:auctions`: recorded auctions against bidders. See docs/pacing.md. */
import { runReplay } from "./auctions_command.ts";

process.exitCode = await runReplay(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
