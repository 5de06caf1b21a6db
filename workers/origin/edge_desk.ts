/**
 * The desk where edges ask what is current and fetch it. Reached by service binding only, never over HTTP. It answers
 * from the registries and the store; an edge that cannot reach it keeps deciding with what it has.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { getArtifact, isArtifactKind, isDigest } from "./artifacts.ts";
import { NOTHING_SERVES, type ServingOrder } from "../../src/models/serving_order.ts";
import type { OriginEnv } from "./env.ts";

/** Digests of what is current. */
interface Manifest {
  readonly catalogDigest: string | null;
  readonly models: ServingOrder;
  readonly guaranteesDigest: string | null;
}

/** See the head of this file. */
export class EdgeDesk extends WorkerEntrypoint<OriginEnv> {
  /** Which immutable artifacts are current. Null: nothing published yet. */
  async manifest(): Promise<Manifest> {
    const current = async (registry: string) => (await this.env.REGISTRY.getByName(registry).current()).digest;
    const [catalogDigest, live, guaranteesDigest] = await Promise.all([
      current("catalog"),
      current("models"),
      current("guarantees"),
    ]);
    return { catalogDigest, models: { ...NOTHING_SERVES, live }, guaranteesDigest };
  }

  /** The bytes under a digest, or null when the store lacks them, they are not those bytes, or the name is no name. */
  async artifact(kind: string, digest: string): Promise<Uint8Array | null> {
    if (!isArtifactKind(kind) || !isDigest(digest)) return null;
    return getArtifact(this.env.ARTIFACTS, kind, digest);
  }
}
