/**
 * The desk where edges ask what is current and fetch it, take exposure for a canary, and tell what they found. Reached
 * by service binding only, never over HTTP. It answers from the registries and the store; an edge that cannot reach it
 * keeps deciding with what it has.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { ModelReport } from "../../src/models/model_report.ts";
import type { ExposureAsk, ExposureGrant, ExposureReturn, ServingOrder } from "../../src/models/serving_order.ts";
import { getArtifact, isArtifactKind, isDigest } from "./artifacts.ts";
import type { OriginEnv } from "./env.ts";

/** What is current. */
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
    const [catalogDigest, models, guaranteesDigest] = await Promise.all([
      current("catalog"),
      this.#models().order(),
      current("guarantees"),
    ]);
    return { catalogDigest, models, guaranteesDigest };
  }

  /**
   * The bytes under a digest, or null when the store lacks them, they are not those bytes, or the name is no name. Of a
   * model set the envelope, whose payload has that digest.
   */
  async artifact(kind: string, digest: string): Promise<Uint8Array | null> {
    if (!isArtifactKind(kind) || !isDigest(digest)) return null;
    return getArtifact(this.env.ARTIFACTS, kind, digest);
  }

  /** Some of a canary's exposure, at most what was asked for; null: there is none left, or it is no canary. */
  async grantExposure(ask: ExposureAsk): Promise<ExposureGrant | null> {
    return this.#models().grantExposure(ask, Date.now());
  }

  /** Takes back what is unused of a grant. A grant that is unknown or was handed back before changes nothing. */
  async returnExposure(unused: ExposureReturn): Promise<void> {
    await this.#models().returnExposure(unused);
  }

  /** Hears what an isolate holds and has counted. A malformed report is dropped. */
  async modelReport(report: ModelReport): Promise<void> {
    await this.#models().report(report, Date.now());
  }

  #models() {
    return this.env.MODEL_REGISTRY.getByName("models");
  }
}
