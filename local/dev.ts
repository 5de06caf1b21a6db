/**
 * `npm run dev`: both Workers under one `wrangler dev`, reloading on every change, for working on Midroll. `npm start`
 * and `npm run serve` run without its proxy. One process and one address, for the reason told in dev_switch/index.ts.
 * State is its own, in .wrangler; secrets are those of `npm start`, so that the `midroll` command finds its token.
 */
import { spawn, type ChildProcess } from "node:child_process";
import net from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { adminClient, applyCatalog, type AdminClient } from "../cli/admin_client.ts";
import { publishModels } from "../cli/models/publish_models.ts";
import { readCatalog } from "../cli/catalog/read_catalog.ts";
import { renderProblems } from "../src/catalog/problem.ts";
import { projectDir } from "./build.ts";
import { optionsOf, portFrom, run } from "./command.ts";
import { keepPagesBuilt, writeOriginConfig } from "./dev_origin.ts";
import { loadSecrets, modelKeysVariable, type LocalSecrets } from "./secrets.ts";
import { tether } from "./tether.ts";
import { configPaths } from "./wrangler_config.ts";

const USAGE = `npm run dev -- [options]

Runs both Workers under wrangler dev, at one address, until Ctrl-C. Sources are watched.

  --port N        port of both (default 8787; 0 takes a free one)
  --state DIR     where state is kept (default .wrangler/state; delete it to begin anew)
  --catalog DIR   catalog to apply (default: the sample, when the state holds none)`;

const HOST = "127.0.0.1";
/** Longest wait for the edge to have what was published. */
const READY_WAIT_MS = 60_000;

/** The port, or a free one for 0. Throws in plain words when it is taken. */
function freePort(port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = net.createServer();
  server.once("error", (error: NodeJS.ErrnoException) => {
    reject(new Error(`Port ${port} cannot be used (${error.code ?? error.message}). Choose another with --port.`));
  });
  server.listen({ host: HOST, port, exclusive: true }, () => {
    const address = server.address();
    server.close(() => resolve(typeof address === "object" && address !== null ? address.port : port));
  });
  return promise;
}

/**
 * What wrangler's environment says. Wrangler takes secrets, and other values for variables that a wrangler.toml
 * declares, from its environment: no secret has to lie in a `.dev.vars` file, where tests would find it too.
 */
function wranglerEnvironment(url: string, stateDir: string, secrets: LocalSecrets): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ADMIN_TOKEN: secrets.adminToken,
    BILLING_KEYS: JSON.stringify(secrets.billingKeys),
    MODEL_KEYS: modelKeysVariable(secrets),
    PUBLIC_EDGE_URL: url,
    PUBLIC_ORIGIN_URL: url,
    MEDIA_BASE_URL: url,
    // No question to the network, and no meeting with other sessions of this user.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_REGISTRY_PATH: path.join(stateDir, "registry"),
  };
}

async function startWrangler(port: number, stateDir: string, secrets: LocalSecrets): Promise<ChildProcess> {
  const wrangler = path.join(projectDir, "node_modules/wrangler/bin/wrangler.js");
  // The first Worker is the one that wrangler listens for.
  const first = path.join(projectDir, "local/dev_switch/wrangler.toml");
  const configs = ["-c", first, "-c", configPaths.edge, "-c", await writeOriginConfig()];
  const where = ["--ip", HOST, "--port", String(port), "--persist-to", stateDir];
  return spawn(process.execPath, [wrangler, "dev", ...configs, ...where], {
    cwd: projectDir,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: wranglerEnvironment(`http://${HOST}:${port}`, stateDir, secrets),
  });
}

const currentShape = z.object({ digest: z.string().nullable() });

async function isEmpty(client: AdminClient, what: "catalog" | "models"): Promise<boolean> {
  return currentShape.parse(await client.get(`/v1/admin/${what}`)).digest === null;
}

/** Applies what the state lacks. What a developer published in its place stays. */
async function seed(client: AdminClient, { modelKey }: LocalSecrets, catalogDir: string | undefined): Promise<string> {
  const read = await readCatalog([catalogDir ?? path.join(projectDir, "catalog/sample")]);
  if (!read.ok) throw new Error(`The catalog does not validate:\n${renderProblems(read.reason)}`);
  const { catalog } = read.value;
  if (catalogDir !== undefined || (await isEmpty(client, "catalog"))) {
    const applied = await applyCatalog(client, catalog);
    console.log(`… catalog: ${applied.campaigns} campaigns, ${applied.lineItems} line items`);
  }
  if (await isEmpty(client, "models")) {
    const words = { by: "npm run dev", why: "the models of this checkout" };
    const terms = { key: modelKey, words, place: { kind: "live" }, say: () => undefined } as const;
    const published = await publishModels(client, path.join(projectDir, "models"), terms);
    console.log(`… models: ${published.models.join(", ")}`);
  }
  return catalog.publishers[0]?.id ?? "";
}

/**
 * Ends wrangler with this program, however it comes to an end. Ctrl-C in a terminal reaches wrangler by itself; a
 * signal sent to this program alone is passed on; and when it is killed outright, a watcher sees its pipe close.
 */
function endTogether(wrangler: ChildProcess): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => wrangler.kill("SIGTERM"));
  process.on("exit", () => wrangler.kill("SIGTERM"));
  wrangler.once("exit", (code) => process.exit(code ?? 0));
  if (process.platform === "win32" || wrangler.pid === undefined) return;
  const watcher = spawn("/bin/sh", ["-c", 'cat > /dev/null; kill "$1"', "midroll-watcher", String(wrangler.pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher.unref();
  wrangler.once("exit", () => watcher.kill("SIGKILL"));
}

/** Resolves when wrangler listens. When wrangler ends before, so does this program. */
function listening(wrangler: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // Wrangler tells a parent that gave it a channel, with one message, that its server answers.
  wrangler.once("message", () => resolve());
  return promise;
}

/** Resolves when the edge has loaded catalog and models. Throws after a minute. */
async function ready(url: string): Promise<void> {
  const deadlineMs = Date.now() + READY_WAIT_MS;
  for (;;) {
    const answer = await fetch(`${url}/edge/readyz`);
    const said = await answer.text();
    if (answer.ok) return;
    if (Date.now() > deadlineMs) throw new Error(`The edge is not ready after ${READY_WAIT_MS / 1000} s: ${said}`);
    await sleep(250);
  }
}

await run(async () => {
  const options = optionsOf(USAGE, {
    port: { type: "string", default: "8787" },
    state: { type: "string", default: path.join(projectDir, ".wrangler/state") },
    catalog: { type: "string" },
  });
  const stateDir = path.resolve(options.state);
  // Two programs on the same SQLite files would lock each other out.
  const held = await tether(stateDir, path.join(projectDir, "dist"));
  process.on("exit", () => held.release());
  const port = await freePort(portFrom(options.port, "--port"));
  const url = `http://${HOST}:${port}`;
  const secrets = loadSecrets(path.join(projectDir, ".midroll"));
  await keepPagesBuilt();
  const wrangler = await startWrangler(port, stateDir, secrets);
  endTogether(wrangler);
  await listening(wrangler);
  const publisherId = await seed(
    adminClient({ origin: url, token: secrets.adminToken, tokenSource: ".midroll/secrets.json", fetch }),
    secrets,
    options.catalog,
  );
  await ready(url);
  console.log(`
Midroll runs under wrangler dev; both Workers are at ${url}.

  Ops console   ${url}/#token=${secrets.adminToken}
  Player        ${url}/player#token=${secrets.adminToken}
  API           ${url}/docs
  Edge          ${url}/v1/vast?pub=${publisherId}&dur=60
  Health        ${url}/edge/readyz   ${url}/origin/readyz

A pod of ads:
  curl '${url}/v1/vast?pub=${publisherId}&dur=60&dev=ctv&country=US'

Publish again after a change:
  npm run -s midroll -- catalog apply catalog/sample --origin ${url}
  npm run -s midroll -- models publish models --origin ${url}
`);
});
