/**
 * The Worker that `npm run bench:swaps` puts between the edges and origin: origin's desk in everything but models.
 * Which set serves, and their bytes, are what the benchmark has told it, so that a swap begins at a known moment.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { NOTHING_SERVES, type ServingOrder } from "../../src/models/serving_order.ts";
import type { ModelReport } from "../../src/models/model_report.ts";
import type { EdgeDesk, Manifest } from "../../workers/edge/env.ts";

interface DeskEnv {
  readonly REAL_ORIGIN: EdgeDesk;
}

const artifacts = new Map<string, Uint8Array>();
let order: ServingOrder = NOTHING_SERVES;
let manifests = 0;
let newestReport: ModelReport | null = null;

/** What edges are bound to. */
export class SwapDesk extends WorkerEntrypoint<DeskEnv> {
  async manifest(): Promise<Manifest> {
    manifests++;
    return { ...(await this.env.REAL_ORIGIN.manifest()), models: order };
  }

  async artifact(kind: Parameters<EdgeDesk["artifact"]>[0], digest: string): Promise<Uint8Array | null> {
    return artifacts.get(digest) ?? this.env.REAL_ORIGIN.artifact(kind, digest);
  }

  async grantExposure(): Promise<null> {
    return null;
  }

  async returnExposure(): Promise<void> {}

  async modelReport(report: ModelReport): Promise<void> {
    newestReport = report;
  }
}

export default {
  /** `PUT /DIGEST`: an artifact. `POST /`: the order, as JSON. `GET /`: what edges have asked and told. */
  async fetch(request: Request): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1);
    if (request.method === "PUT") artifacts.set(name, await request.bytes());
    // The only caller is this benchmark's own Node program.
    if (request.method === "POST") order = (await request.json()) as ServingOrder;
    return Response.json({ manifests, newestReport });
  },
};
