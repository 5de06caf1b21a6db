/** `npm run reset`: forgets everything Midroll kept on this machine: budgets, beacons, catalog, models, secrets. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { projectDir } from "./build.ts";
import { optionsOf, run } from "./command.ts";
import { tether } from "./tether.ts";

const USAGE = `npm run reset -- [options]

Deletes the state of the local Midroll. Stop it first.

  --state DIR   the state to delete (default .midroll)`;

await run(async () => {
  const options = optionsOf(USAGE, { state: { type: "string", default: ".midroll" } });
  const stateDir = path.resolve(options.state);
  if (!existsSync(path.join(stateDir, "secrets.json"))) {
    console.log(`${stateDir} holds no state of Midroll; nothing to delete.`);
    return;
  }
  // Holding the state for a moment refuses while a running Midroll holds it.
  (await tether(stateDir, path.join(projectDir, "dist"))).release();
  await rm(stateDir, { recursive: true, force: true });
  console.log(`Deleted ${stateDir}. The next start begins anew.`);
});
