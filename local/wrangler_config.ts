/**
 * The two wrangler.toml files are the only place that says what each Worker is bound to. This file reads them with
 * wrangler's own reader, so that the local runtime and `wrangler deploy` can never disagree about bindings, Durable
 * Object classes, queues, assets, variables or the compatibility date.
 */
import path from "node:path";
import type { Json, V4ModuleRuleType } from "miniflare";
import type { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { z } from "zod";

/** The two Workers of Midroll. */
export type WorkerRole = "edge" | "origin";

/** Where each Worker's configuration lives, from the project's root. */
export const configPaths: Readonly<Record<WorkerRole, string>> = {
  edge: "wrangler.toml",
  origin: "workers/origin/wrangler.toml",
};

/** One Worker as its wrangler.toml describes it. */
export interface WorkerConfig {
  readonly role: WorkerRole;
  /** The name it is deployed under, and that other Workers bind to. */
  readonly scriptName: string;
  /** Absolute path of the entry file. */
  readonly mainPath: string;
  /** Names of the secrets it needs, which are never in a toml file. */
  readonly secretNames: readonly string[];
  /** File extension, with its dot, to the kind of module a bundle carries such a file as. */
  readonly moduleTypes: ReadonlyMap<string, V4ModuleRuleType>;
  /** Plain variables with their values from the file. */
  readonly vars: Readonly<Record<string, Json>>;
  /** When it is called by the clock, as crontab says it. */
  readonly crons: readonly string[];
  /** Everything else, in Miniflare's words, without code and variables. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Reads both Workers' configuration.
 * Refuses (throws): a file that is missing or not valid, one without `name` or `main`, a module rule that is not two
 * stars, a slash and `*.ext`.
 * Cost: loading wrangler, about 0.7–1.5 s the first time in a process.
 */
export async function readWorkerConfigs(rootDir: string): Promise<Record<WorkerRole, WorkerConfig>> {
  const wrangler = await loadQuietly();
  try {
    return {
      edge: readOne(wrangler, rootDir, "edge"),
      origin: readOne(wrangler, rootDir, "origin"),
    };
  } finally {
    wrangler.speakAgain();
  }
}

interface Wrangler {
  readonly unstable_readConfig: typeof unstable_readConfig;
  readonly unstable_getMiniflareWorkerOptions: typeof unstable_getMiniflareWorkerOptions;
}

// Wrangler reports on standard output, and warns about secrets that this runtime supplies by itself a moment later.
// Commands that promise exactly one JSON object on standard output must not find such lines there. What is wrong with a
// configuration is thrown, not logged, so nothing is lost.
async function loadQuietly(): Promise<Wrangler & { speakAgain(): void }> {
  const before = process.env["WRANGLER_LOG"];
  process.env["WRANGLER_LOG"] = "none";
  const wrangler = await import("wrangler");
  const speakAgain = (): void => {
    if (before === undefined) delete process.env["WRANGLER_LOG"];
    else process.env["WRANGLER_LOG"] = before;
  };
  return { ...wrangler, speakAgain };
}

function readOne(wrangler: Wrangler, rootDir: string, role: WorkerRole): WorkerConfig {
  const configPath = path.join(rootDir, configPaths[role]);
  const config = wrangler.unstable_readConfig({ config: configPath });
  if (config.name === undefined) throw new Error(`${configPath}: expected a Worker name`);
  if (config.main === undefined) throw new Error(`${configPath}: expected "main", the Worker's entry file`);
  const {
    modulesRules = [],
    bindings: _,
    ...options
  } = wrangler.unstable_getMiniflareWorkerOptions(config).workerOptions;
  const moduleTypes = new Map<string, V4ModuleRuleType>();
  for (const rule of modulesRules) {
    for (const glob of rule.include) {
      // The first rule that matches decides, as in wrangler.
      const extension = extensionOf(glob, configPath);
      if (!moduleTypes.has(extension)) moduleTypes.set(extension, rule.type);
    }
  }
  return {
    role,
    scriptName: config.name,
    mainPath: config.main,
    secretNames: config.secrets?.required ?? [],
    moduleTypes,
    crons: config.triggers.crons ?? [],
    vars: z.record(z.string(), z.json()).parse(config.vars),
    options,
  };
}

function extensionOf(glob: string, configPath: string): string {
  const matched = /^\*\*\/\*(\.[^*?[\]{}/]+(?:\?module)?)$/.exec(glob);
  if (matched?.[1] === undefined) {
    throw new Error(`${configPath}: module rule "${glob}": expected "**/*.ext"; local/build.ts understands no other`);
  }
  return matched[1];
}
