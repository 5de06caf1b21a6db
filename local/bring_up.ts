/**
 * From nothing to the first decision: builds and starts both Workers, seeds what a fresh state lacks, and waits until
 * the edge decides with models and money. `npm start`, `npm run serve`, the end-to-end tests and the benchmarks begin
 * here.
 */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { adminClient, applyCatalog, type AdminClient } from "../cli/admin_client.ts";
import { publishModels } from "../cli/models/publish_models.ts";
import { readCatalog } from "../cli/catalog/read_catalog.ts";
import { sha256 } from "../cli/sha256.ts";
import { renderProblems } from "../src/catalog/problem.ts";
import type { Catalog } from "../src/catalog/entities.ts";
import { featureSchemaDigest } from "../src/features/schema.ts";
import { projectDir } from "./build.ts";
import { startRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";

/** The catalog and the models that come with the repository. */
export const SAMPLE_CATALOG_DIR = path.join(projectDir, "catalog/sample");
const MODELS_DIR = path.join(projectDir, "models");
/** Longest wait for the first decision. */
const READY_WAIT_MS = 60_000;
/** How long a decision without paid ads is taken for money that has not arrived yet. */
const MONEY_WAIT_MS = 5_000;
const POLL_MS = 100;

/** On one machine every decision can be explained and replayed. Units: millionths of all requests. */
const EVERY_REQUEST = "1000000";

/** What to bring up, and whom to tell how far it is. */
export interface BringUpOptions extends RuntimeOptions {
  /** Catalog to apply. Default: the sample, and only when the state holds none. */
  readonly catalogDir?: string;
  /** Told one plain sentence at each step. */
  readonly progress?: (step: string) => void;
}

/** What origin says is published; a catalog has no model set, and models have no campaigns. */
const publishedSchema = z.object({
  digest: z.string().nullable(),
  campaigns: z.number().optional(),
  modelSet: z.object({ featureSchemaDigest: z.string() }).nullish(),
});
const decidedSchema = z.object({ tier: z.string() });

/** A Midroll that decides. */
export interface Midroll extends Runtime {
  /** The catalog in this checkout that was read for seeding; its publishers are what callers ask for. */
  readonly catalog: Catalog;
}

/** Thrown when Midroll could not be brought up; the message says what to do. */
export class BringUpFault extends Error {
  override readonly name = "BringUpFault";
}

async function catalogFrom(dir: string): Promise<Catalog> {
  const read = await readCatalog([dir]);
  if (!read.ok) throw new BringUpFault(`The catalog in ${dir} does not validate:\n${renderProblems(read.reason)}`);
  return read.value.catalog;
}

/** Applies what the state lacks. Both are content-addressed, so doing it again changes nothing. */
async function seed(runtime: Runtime, catalog: Catalog, options: BringUpOptions): Promise<void> {
  const say = options.progress ?? (() => undefined);
  const client = adminClient({ origin: runtime.originUrl, token: runtime.adminToken, fetch });
  const current = publishedSchema.parse(await client.get("/v1/admin/catalog"));
  // No campaigns: the snapshot of a version whose format this one does not read.
  const unreadable = current.digest === null || current.campaigns === 0;
  if (options.catalogDir !== undefined || unreadable) {
    const applied = await applyCatalog(client, catalog);
    say(`catalog ${applied.digest.slice(0, 12)}: ${applied.campaigns} campaigns, ${applied.lineItems} line items`);
  } else {
    say(`catalog ${current.digest?.slice(0, 12)} from the last run`);
  }
  await seedModels(client, runtime, say);
}

/** Publishes the checkout's models when the state has none, or has some that read other features than this checkout. */
async function seedModels(client: AdminClient, { modelKey }: Runtime, say: (step: string) => void): Promise<void> {
  const { digest, modelSet } = publishedSchema.parse(await client.get("/v1/admin/models"));
  const schemaDigest = await featureSchemaDigest(sha256);
  if (digest !== null && modelSet?.featureSchemaDigest === schemaDigest) {
    say(`models ${digest.slice(0, 12)} from the last run`);
    return;
  }
  const words = { by: "npm start", why: "the models of this checkout" };
  const terms = { key: modelKey, words, place: { kind: "live" }, say: () => undefined } as const;
  const published = await publishModels(client, MODELS_DIR, terms);
  say(`models ${published.digest.slice(0, 12)}: ${published.models.join(", ")}`);
}

/** The tier of a decision for the catalog's first publisher; null while the edge is not ready. */
async function tierOfDecision(runtime: Runtime, catalog: Catalog): Promise<string | null> {
  const ready = await fetch(`${runtime.edgeUrl}/readyz`);
  await ready.body?.cancel();
  if (!ready.ok) return null;
  const publisherId = catalog.publishers[0]?.id ?? "";
  const viewer = { device: "ctv", country: "US", limitAdTracking: true };
  const answer = await fetch(`${runtime.edgeUrl}/v1/decide`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ publisherId, podDurationSec: 60, viewer }),
  });
  const decided = decidedSchema.safeParse(await answer.json());
  return answer.ok && decided.success ? decided.data.tier : null;
}

/** Waits for a decision by the models. A catalog without paid ads for this viewer has none: then house ads will do. */
async function waitUntilReady(runtime: Runtime, catalog: Catalog): Promise<void> {
  const startMs = Date.now();
  for (;;) {
    const tier = await tierOfDecision(runtime, catalog);
    const waitedMs = Date.now() - startMs;
    if (tier === "full" || (tier === "house" && waitedMs > MONEY_WAIT_MS)) return;
    if (waitedMs > READY_WAIT_MS) {
      throw new BringUpFault(`The edge did not decide within ${READY_WAIT_MS / 1000} s. Its words: ${runtime.logPath}`);
    }
    await sleep(POLL_MS);
  }
}

/** A Midroll that has made its first decision. Throws, saying what to do, when it cannot be. */
export async function bringUp(options: BringUpOptions): Promise<Midroll> {
  const say = options.progress ?? (() => undefined);
  const catalog = await catalogFrom(options.catalogDir ?? SAMPLE_CATALOG_DIR);
  say("building both Workers and starting workerd");
  const runtime = await startRuntime({ ...options, vars: { TRACE_SAMPLE_PPM: EVERY_REQUEST, ...options.vars } });
  try {
    await seed(runtime, catalog, options);
    say("waiting for the first decision");
    await waitUntilReady(runtime, catalog);
    return { ...runtime, catalog };
  } catch (error) {
    await runtime.stop();
    throw error;
  }
}
