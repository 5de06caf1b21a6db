/**
 * A Midroll for `npm run bench:swaps`: several edges in one workerd, each an isolate of its own behind a port of its
 * own, with a desk between them and origin at which the benchmark says which model set serves.
 */
import type { V4WorkerOptions } from "miniflare";
import { z } from "zod";
import { adminClient, applyCatalog, type AdminClient } from "../cli/admin_client.ts";
import { SAMPLE_CATALOG_DIR } from "../local/bring_up.ts";
import { startRuntime } from "../local/runtime.ts";
import type { Catalog } from "../src/catalog/entities.ts";
import { NOTHING_SERVES, type ServingOrder } from "../src/models/serving_order.ts";
import { MODEL_KEYS } from "../test/model_signing.ts";
import { catalogFrom, withAmpleBudgets } from "./ample_catalog.ts";
import { bundleDriver } from "./bundle_driver.ts";
import { freePort } from "./free_port.ts";
import type { SwapSet } from "./swap_sets.ts";

/** The Worker of the first edge. */
export const EDGE_NAME = "midroll-edge";
const DESK = "swap-desk";
const DAY = "2026-11-01";

const stateSchema = z.object({
  /** The set that decides; null: none is ready. */
  modelSetDigest: z.string().nullable(),
  readyModelSets: z.array(z.string()),
  modelMemoryBytes: z.number(),
  decisionsInFlight: z.number(),
});

const askedSchema = z.object({ manifests: z.number() });

/** What an edge says of its models. */
export type EdgeState = z.output<typeof stateSchema>;

/** One edge, an isolate of its own. */
export interface SwapEdge {
  readonly url: string;
  /** What it says of its models. */
  state(): Promise<EdgeState>;
}

/** See the head of this file. */
export interface SwapStage {
  readonly edges: readonly SwapEdge[];
  readonly catalog: Catalog;
  readonly client: AdminClient;
  /** Null: no inspector. */
  readonly inspectorPort: number | null;
  /** Gives the desk a set's bytes. */
  store(set: SwapSet): Promise<void>;
  /** The newest order. */
  order(over: Partial<ServingOrder>): Promise<void>;
  /** How often edges have asked for the manifest. */
  manifests(): Promise<number>;
  stop(): Promise<void>;
}

/** How to set it up. */
export interface StageOptions {
  readonly stateDir: string;
  readonly edgeCount: number;
  /** Of decisions that leave traces. */
  readonly traceSharePpm: number;
  /** Opens workerd's inspector, which slows everything down. */
  readonly inspected: boolean;
}

/** Starts it. */
export async function startStage({ stateDir, edgeCount, traceSharePpm, inspected }: StageOptions): Promise<SwapStage> {
  const ports = { desk: await freePort(), inspector: inspected ? await freePort() : null };
  const more = await Promise.all(Array.from({ length: edgeCount - 1 }, () => freePort()));
  const deskCode = await bundleDriver("swap_desk");
  const runtime = await startRuntime({
    edgePort: 0,
    originPort: 0,
    stateDir,
    vars: { TRACE_SAMPLE_PPM: String(traceSharePpm), MODEL_KEYS },
    ...(ports.inspector === null ? {} : { inspectorPort: ports.inspector }),
    arrange: (workers) => arranged(workers, deskCode, ports.desk, more),
  });
  const catalog = withAmpleBudgets(await catalogFrom(SAMPLE_CATALOG_DIR));
  const client = adminClient({ origin: runtime.originUrl, token: runtime.adminToken, fetch });
  await applyCatalog(client, catalog);
  const deskUrl = `http://127.0.0.1:${ports.desk}`;
  const tell = async (path: string, method: string, body: Uint8Array<ArrayBuffer> | string): Promise<void> => {
    const answer = await fetch(`${deskUrl}${path}`, { method, body });
    if (!answer.ok) throw new Error(`the desk refused ${path}: ${answer.status}`);
  };
  let revision = 0;
  return {
    edges: [runtime.edgeUrl, ...more.map((port) => `http://127.0.0.1:${port}`)].map((url) => ({
      url,
      state: async () => stateSchema.parse(await (await fetch(`${url}/readyz`)).json()),
    })),
    catalog,
    client,
    inspectorPort: ports.inspector,
    store: async ({ digest, envelope, models }) => {
      for (const [name, bytes] of [...models, [digest, envelope] as const]) {
        // Copied, because a request body wants bytes on an ArrayBuffer of their own and says so only by type.
        await tell(`/${name}`, "PUT", new Uint8Array(bytes));
      }
    },
    order: (over) => tell("/", "POST", JSON.stringify({ ...NOTHING_SERVES, revision: ++revision, ...over })),
    manifests: async () => askedSchema.parse(await (await fetch(deskUrl)).json()).manifests,
    stop: runtime.stop,
  };
}

/** The edge's Worker once for every port, all of them at the desk. */
function arranged(
  workers: readonly V4WorkerOptions[],
  deskCode: string,
  deskPort: number,
  edgePorts: readonly number[],
): V4WorkerOptions[] {
  const atDesk = (worker: V4WorkerOptions): V4WorkerOptions => ({
    ...worker,
    serviceBindings: { ...worker.serviceBindings, ORIGIN: { name: DESK, entrypoint: "SwapDesk" } },
  });
  const edge = workers.find(({ name }) => name === EDGE_NAME);
  if (edge === undefined) throw new Error(`no Worker is named ${EDGE_NAME}`);
  const copies = edgePorts.map((port, at) => ({
    ...atDesk(edge),
    name: `${EDGE_NAME}-${at + 2}`,
    unsafeDirectSockets: [{ host: "127.0.0.1", port }],
  }));
  const desk: V4WorkerOptions = {
    name: DESK,
    compatibilityDate: DAY,
    modules: [{ type: "ESModule", path: "swap_desk.js", contents: deskCode }],
    serviceBindings: { REAL_ORIGIN: { name: "midroll-origin", entrypoint: "EdgeDesk" } },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: deskPort }],
  };
  return [...workers.map((worker) => (worker === edge ? atDesk(edge) : worker)), ...copies, desk];
}
