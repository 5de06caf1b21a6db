/**
 * `npm run dev`: both Workers under `wrangler dev`, reloading on every change. For working on Midroll; `npm start` and
 * `npm run serve` run without the development proxy. Secrets come from the same state as theirs.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { projectDir } from "./build.ts";
import { run } from "./command.ts";
import { loadSecrets } from "./secrets.ts";

await run(async () => {
  const secrets = loadSecrets(path.join(projectDir, ".midroll"));
  // wrangler reads secrets of local runs from a file beside each configuration; git ignores both.
  writeFileSync(path.join(projectDir, ".dev.vars"), `BILLING_KEYS='${JSON.stringify(secrets.billingKeys)}'\n`, {
    mode: 0o600,
  });
  writeFileSync(path.join(projectDir, "workers/origin/.dev.vars"), `ADMIN_TOKEN='${secrets.adminToken}'\n`, {
    mode: 0o600,
  });
  const wrangler = path.join(projectDir, "node_modules/wrangler/bin/wrangler.js");
  const configs = ["-c", "wrangler.toml", "-c", "workers/origin/wrangler.toml"];
  console.log(`Seed it from another terminal:
  npm run -s midroll -- catalog apply catalog/sample --origin http://127.0.0.1:8787
  npm run -s midroll -- models publish models --origin http://127.0.0.1:8787`);
  const child = spawn(process.execPath, [wrangler, "dev", ...configs, ...process.argv.slice(2)], {
    cwd: projectDir,
    stdio: "inherit",
  });
  child.on("exit", (code) => process.exit(code ?? 0));
});
