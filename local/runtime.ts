/**
 * Runs both Workers on one machine, straight on workerd: real Durable Objects with SQLite, R2, the queue and static
 * files, kept in a state directory. Requests reach a Worker through a socket of its own, with no development proxy in
 * between, so this is also what benchmarks measure. `npm start`, `npm run serve`, the end-to-end tests and the
 * benchmarks all start here.
 */
import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import type { Json, V4MiniflareOptions, V4WorkerOptions } from "miniflare";
import { buildAll, projectDir } from "./build.ts";
import type { BundledWorker } from "./build.ts";
import type { PublisherKey } from "../src/models/signing_keys.ts";
import { ringCrons, type Bell } from "./schedule.ts";
import { loadSecrets, modelKeysVariable } from "./secrets.ts";
import type { LocalSecrets } from "./secrets.ts";
import { tether } from "./tether.ts";
import type { WorkerRole } from "./wrangler_config.ts";

/** Where and how to run. */
export interface RuntimeOptions {
  /** Port of the edge Worker; 0 picks a free one. */
  readonly edgePort: number;
  /** Port of the origin Worker; 0 picks a free one. */
  readonly originPort: number;
  /** Everything that outlives a restart. Default: `.midroll` in the project. */
  readonly stateDir?: string;
  /** Address to listen on. Default: 127.0.0.1, this machine only. */
  readonly host?: string;
  /** Values for variables that a wrangler.toml declares under [vars], in place of the ones there. */
  readonly vars?: Readonly<Record<string, string>>;
  /** The project to build and run. Default: this one. */
  readonly rootDir?: string;
  /** Changes what is about to run: a benchmark adds Workers of its own and puts them between the two. */
  readonly arrange?: (workers: readonly V4WorkerOptions[]) => V4WorkerOptions[];
  /** Port of workerd's inspector. Default: none is opened. */
  readonly inspectorPort?: number;
}

/** A running Midroll. */
export interface Runtime {
  /** Without a slash at the end. */
  readonly edgeUrl: string;
  /** Without a slash at the end. */
  readonly originUrl: string;
  readonly adminToken: string;
  /** What signs model sets that both Workers trust. */
  readonly modelKey: PublisherKey;
  /** What the Workers and workerd write: one line each, kept across restarts. Warnings also go to standard error. */
  readonly logPath: string;
  /**
   * Ends workerd and gives ports and state directory back; again does nothing. Answered writes are already on disk.
   * Messages that the queue has not delivered yet (about a second's worth) are lost: the local queue lives in memory.
   */
  stop(): Promise<void>;
}

/**
 * Builds both Workers and runs them until `stop`. A workerd that crashes is started again on the same ports within
 * about a second. SIGINT, SIGTERM and SIGHUP end workerd and the program at once (Miniflare exits with 128 + the
 * signal's number); even after SIGKILL of the program workerd does not outlive it.
 * Refuses (throws), in this order: a state directory in use, a port that is taken, sources that do not build, a
 * variable that no wrangler.toml declares.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const rootDir = options.rootDir ?? projectDir;
  const stateDir = path.resolve(options.stateDir ?? path.join(projectDir, ".midroll"));
  const host = options.host ?? "127.0.0.1";
  const held = await tether(stateDir, path.join(rootDir, "dist"));
  const log = openLog(stateDir);
  let miniflare: Miniflare | undefined;
  let stopCrons: (() => void) | undefined;
  const end = async (): Promise<void> => {
    stopCrons?.();
    try {
      await miniflare?.dispose();
    } finally {
      held.release();
      log.close();
    }
  };
  let ended: Promise<void> | undefined;
  const stop = (): Promise<void> => (ended ??= end());
  try {
    const [edgePort, originPort] = await claimPorts(host, options.edgePort, options.originPort);
    const addresses = { host, edgePort, originPort };
    const secrets = loadSecrets(stateDir);
    const workers = await buildAll(rootDir);
    const edgeUrl = urlOf(host, edgePort);
    const originUrl = urlOf(host, originPort);
    const vars = { given: options.vars ?? {}, edgeUrl, originUrl };
    const { arrange = (plain) => [...plain], inspectorPort } = options;
    miniflare = new Miniflare(
      convertV4MiniflareOptions({
        ...sharedOptions(stateDir, log),
        ...(inspectorPort === undefined ? {} : { inspectorPort }),
        unsafeRuntimeEnv: { ...held.runtimeEnv },
        workers: arrange(workerOptions(workers, addresses, secrets, vars)),
      }),
    );
    await miniflare.ready;
    stopCrons = ringCrons(
      bellOf(miniflare),
      workers.map(({ config }) => config),
      (message) => log.write(Date.now(), "warn", message),
    );
    return { edgeUrl, originUrl, adminToken: secrets.adminToken, modelKey: secrets.modelKey, logPath: log.path, stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

function bellOf(miniflare: Miniflare): Bell {
  return { callWorker: async (scriptName, cron) => (await miniflare.getWorker(scriptName)).scheduled({ cron }) };
}

function sharedOptions(stateDir: string, log: RuntimeLog): Partial<V4MiniflareOptions> {
  return {
    // Miniflare's own entry stays unused: it would put a proxy Worker before ours.
    host: "127.0.0.1",
    port: 0,
    // An empty object keeps Miniflare from asking the network where this machine is.
    cf: {},
    logRequests: false,
    log: log.forMiniflare,
    handleStructuredLogs: ({ timestamp, level, message }) => log.write(timestamp, level, message),
    resourcePersistencePath: path.join(stateDir, "storage"),
    resourceTmpPath: path.join(stateDir, "tmp"),
  };
}

interface Addresses {
  readonly host: string;
  readonly edgePort: number;
  readonly originPort: number;
}

interface Vars {
  readonly given: Readonly<Record<string, string>>;
  readonly edgeUrl: string;
  readonly originUrl: string;
}

// The places at which the toml files suppose the Workers to be; variables that begin so follow the actual ones.
const supposedEdgeUrl = "http://127.0.0.1:8787";
const supposedOriginUrl = "http://127.0.0.1:8788";

function actual(declared: Json, { edgeUrl, originUrl }: Vars): Json {
  if (typeof declared !== "string") return declared;
  if (declared.startsWith(supposedEdgeUrl)) return edgeUrl + declared.slice(supposedEdgeUrl.length);
  if (declared.startsWith(supposedOriginUrl)) return originUrl + declared.slice(supposedOriginUrl.length);
  return declared;
}

function workerOptions(
  workers: readonly BundledWorker[],
  { host, edgePort, originPort }: Addresses,
  secrets: LocalSecrets,
  vars: Vars,
): V4WorkerOptions[] {
  const known: Readonly<Record<string, string>> = {
    ADMIN_TOKEN: secrets.adminToken,
    BILLING_KEYS: JSON.stringify(secrets.billingKeys),
    MODEL_KEYS: modelKeysVariable(secrets),
  };
  const undeclared = new Set(Object.keys(vars.given));
  const configured = workers.map(({ config, outDir, modules }): V4WorkerOptions => {
    const bindings: Record<string, Json> = {};
    for (const [name, declared] of Object.entries(config.vars)) {
      undeclared.delete(name);
      bindings[name] = vars.given[name] ?? known[name] ?? actual(declared, vars);
    }
    for (const name of config.secretNames) {
      const secret = known[name];
      if (secret === undefined)
        throw new Error(`${config.scriptName} requires secret ${name}: add it to local/secrets.ts`);
      bindings[name] = secret;
    }
    return { ...config.options, name: config.scriptName, rootPath: outDir, modulesRoot: outDir, modules, bindings };
  });
  if (undeclared.size > 0) {
    throw new Error(
      `No wrangler.toml declares ${[...undeclared].join(", ")} under [vars]: correct the name or declare it`,
    );
  }
  const ports: Readonly<Record<WorkerRole, number>> = { edge: edgePort, origin: originPort };
  return [...configured, ...workers.map(({ config }) => door(config.scriptName, host, ports[config.role]))];
}

// A socket that leads into a Worker. It belongs to a Worker of its own, without assets, because Miniflare would route
// the socket of a Worker with assets through two more Workers: a quarter of the requests per second, for nothing, as
// run_worker_first sends every request to our code anyway.
function door(serviceName: string, host: string, port: number): V4WorkerOptions {
  return {
    name: `${serviceName}-door`,
    compatibilityDate: "2026-11-01",
    modules: [{ type: "ESModule", path: "door.js", contents: "export default {};" }],
    unsafeDirectSockets: [{ host, port, serviceName }],
  };
}

async function claimPorts(host: string, edgePort: number, originPort: number): Promise<[number, number]> {
  // Both are held together for a moment, so that two free ports are two different ones.
  const edge = await listen(host, edgePort, "edge", "--port");
  try {
    const origin = await listen(host, originPort, "origin", "--origin-port");
    await origin.close();
    return [edge.port, origin.port];
  } finally {
    await edge.close();
  }
}

interface HeldPort {
  readonly port: number;
  close(): Promise<void>;
}

function listen(host: string, port: number, role: WorkerRole, flag: string): Promise<HeldPort> {
  const { promise, resolve, reject } = Promise.withResolvers<HeldPort>();
  const server = net.createServer();
  server.once("error", (error: NodeJS.ErrnoException) => {
    const why = error.code === "EADDRINUSE" ? "is already in use" : `cannot be used (${error.code ?? error.message})`;
    const what = `Port ${port} on ${host}, meant for the ${role} Worker, ${why}.`;
    reject(new Error(`${what} Stop the program that uses it, or choose another port with ${flag}.`, { cause: error }));
  });
  server.listen({ host, port, exclusive: true }, () => {
    const address = server.address();
    const close = (): Promise<void> => new Promise((done) => server.close(() => done()));
    resolve({ port: typeof address === "object" && address !== null ? address.port : port, close });
  });
  return promise;
}

function urlOf(host: string, port: number): string {
  const everywhere: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };
  return `http://${everywhere[host] ?? (net.isIPv6(host) ? `[${host}]` : host)}:${port}`;
}

interface RuntimeLog {
  readonly path: string;
  readonly forMiniflare: Log;
  write(atMs: number, level: string, message: string): void;
  close(): void;
}

const logBytesMax = 16 * 1024 * 1024;

// Written without buffering: the last words before a crash are the ones that matter.
function openLog(stateDir: string): RuntimeLog {
  const logPath = path.join(stateDir, "runtime.log");
  mkdirSync(stateDir, { recursive: true });
  if ((statSync(logPath, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax) renameSync(logPath, `${logPath}.old`);
  const file = openSync(logPath, "a");
  let open = true;
  const write = (atMs: number, level: string, message: string): void => {
    if (!open) return;
    const line = `${new Date(atMs).toISOString()} ${level} ${message}\n`;
    writeSync(file, line);
    if (level === "error" || level === "warn") process.stderr.write(line);
  };
  class MiniflareLog extends Log {
    override logWithLevel(level: LogLevel, message: string): void {
      if (level <= LogLevel.WARN) write(Date.now(), level === LogLevel.WARN ? "warn" : "error", message);
    }
  }
  const close = (): void => {
    if (open) closeSync(file);
    open = false;
  };
  return { path: logPath, forMiniflare: new MiniflareLog(LogLevel.WARN), write, close };
}
