/**
 * What the tests of the edge share: two catalogs as origin publishes them, an origin and a wallet that do as they are
 * told, and a door into the edge. Models are stand-ins: nothing here loads ONNX.
 */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { encodeSnapshot } from "../../src/catalog/snapshot.ts";
import { parseCatalog } from "../../src/catalog/validate.ts";
import { micros } from "../../src/kernel/money.ts";
import type { BillingClaim, BillReply, DrawReply, DrawRequest } from "../../src/money/protocol.ts";
import type { ActivityReport } from "../../src/telemetry/activity.ts";
import type { ArtifactKind, EdgeDesk, Env, Manifest, WalletStub } from "../../workers/edge/env.ts";
import { sha256Hex } from "../../workers/platform/digest.ts";
import { catalogOf } from "./origin_fixture.ts";

/** An artifact under its digest. */
export interface Artifact {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** Any bytes as an artifact. */
export async function artifactOf(bytes: Uint8Array): Promise<Artifact> {
  return { digest: await sha256Hex(bytes), bytes };
}

/** A snapshot of a publisher "demo" and these campaigns, which bid 4 micros CPM each. */
export async function snapshotOf(...campaignIds: readonly string[]): Promise<Artifact> {
  const parsed = parseCatalog([{ file: "catalog", json: catalogOf(campaignIds) }]);
  if (!parsed.ok) throw new Error("the fixture's catalog does not validate");
  return artifactOf(encodeSnapshot(parsed.value));
}

/** Text as an artifact. */
export function wordsOf(text: string): Promise<Artifact> {
  return artifactOf(new TextEncoder().encode(text));
}

/** A promise that is never kept: a call whose other end is gone. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

/** An origin whose answers a test may replace at any time. */
export class ScriptedOrigin implements EdgeDesk {
  readonly store = new Map<string, Uint8Array>();
  catalogDigest: string | null = null;
  modelSetDigest: string | null = null;
  manifestCalls = 0;
  manifest = async (): Promise<Manifest> => {
    this.manifestCalls += 1;
    return this.answerManifest();
  };
  artifact = async (kind: ArtifactKind, digest: string): Promise<Uint8Array | null> =>
    this.answerArtifact(kind, digest);
  answerManifest: () => Promise<Manifest> = async () => this.current();
  answerArtifact: EdgeDesk["artifact"] = async (_kind, digest) => this.store.get(digest) ?? null;

  current(): Manifest {
    return { catalogDigest: this.catalogDigest, modelSetDigest: this.modelSetDigest };
  }

  /** Stores an artifact and makes it current. */
  publish(kind: "catalogDigest" | "modelSetDigest", { digest, bytes }: Artifact): void {
    this.store.set(digest, bytes);
    this[kind] = digest;
  }

  /** Answers as at first. */
  recover(): void {
    this.answerManifest = async () => this.current();
    this.answerArtifact = async (_kind, digest) => this.store.get(digest) ?? null;
  }
}

/** A wallet with money for everybody, until a test replaces an answer. */
export class ScriptedWallet implements WalletStub {
  readonly billed = new Set<string>();
  draw = async (request: DrawRequest): Promise<DrawReply> => this.answerDraw(request);
  bill = async (claims: readonly BillingClaim[]): Promise<BillReply> => this.answerBill(claims);
  answerDraw: WalletStub["draw"] = async (request) => this.rich(request);
  answerBill: WalletStub["bill"] = async (claims) => this.honest(claims);

  rich({ purseId, campaigns }: DrawRequest): DrawReply {
    const nowMs = Date.now();
    const allotments = campaigns.map(({ campaignId }) => ({
      campaignId,
      drawnMicros: micros(1_000_000_000),
      multiplierPpm: 1_000_000,
    }));
    return { purseId, nowMs, expiryMs: nowMs + 60_000, allotments, retryAfterMs: 1_000 };
  }

  honest(claims: readonly BillingClaim[]): BillReply {
    const verdicts = claims.map(({ decisionId, slot }) => {
      const key = `${decisionId} ${slot}`;
      const verdict = this.billed.has(key) ? ("duplicate" as const) : ("billed" as const);
      this.billed.add(key);
      return verdict;
    });
    return { verdicts };
  }
}

/** An edge's environment made of the scripted parts. */
export function edgeEnv(origin: EdgeDesk, wallet: WalletStub): Env & { readonly reports: ActivityReport[] } {
  const reports: ActivityReport[] = [];
  return {
    reports,
    ORIGIN: origin,
    WALLET: { getByName: () => wallet },
    EVENTS: { send: async (report) => reports.push(report) },
    REGION_SHARDS: "1",
    MEDIA_BASE_URL: "https://media.test",
    PUBLIC_EDGE_URL: "https://edge.test",
    BILLING_KEYS: JSON.stringify([{ id: "k1", key: "a".repeat(43) }]),
  };
}

/** The edge Worker as a test calls it. */
export interface EdgeApp {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response>;
}

/** One request to the edge. `settled` ends when all that it left behind has ended. */
export async function askEdge(
  app: EdgeApp,
  env: Env,
  path: string,
  init: RequestInit = {},
): Promise<{ readonly answer: Response; readonly settled: Promise<void> }> {
  const ctx = createExecutionContext();
  const answer = await app.fetch(new Request(`https://edge.test${path}`, init), env, ctx);
  return { answer, settled: waitOnExecutionContext(ctx) };
}
