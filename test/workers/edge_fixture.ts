/**
 * What the tests of the edge share: two catalogs as origin publishes them, an origin and a wallet that do as they are
 * told, and a door into the edge. Models are stand-ins: nothing here loads ONNX.
 */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { Hono } from "hono";
import { encodeSnapshot } from "../../src/catalog/snapshot.ts";
import { parseCatalog } from "../../src/catalog/validate.ts";
import type { FeatureMatrix } from "../../src/decision/hydrate.ts";
import { NO_LAPSES } from "../../src/decision/rank.ts";
import { COLUMN_COUNT } from "../../src/features/schema.ts";
import { micros } from "../../src/kernel/money.ts";
import type { ModelEntry } from "../../src/models/manifest.ts";
import type { ModelReport } from "../../src/models/model_report.ts";
import { NOTHING_SERVES, type ServingOrder } from "../../src/models/serving_order.ts";
import type { BillingClaim, BillReply, DrawReply, DrawRequest } from "../../src/money/protocol.ts";
import type { ActivityReport } from "../../src/telemetry/activity.ts";
import { beaconDoor } from "../../workers/edge/money/beacons.ts";
import { BillingBatcher } from "../../workers/edge/money/billing.ts";
import { assetListDoor, decideDoor, vastDoor } from "../../workers/edge/doors.ts";
import type { ArtifactKind, EdgeDesk, Env, Manifest, WalletStub } from "../../workers/edge/env.ts";
import type { EdgeContext, Isolate } from "../../workers/edge/isolate.ts";
import type { LoadModelSet } from "../../workers/edge/models/model_set.ts";
import { Publication } from "../../workers/edge/publication.ts";
import { PurseHolder } from "../../workers/edge/money/purse_holder.ts";
import { Recorder } from "../../workers/edge/recorder.ts";
import { ServingModels } from "../../workers/edge/models/serving_models.ts";
import { TokenSigner } from "../../workers/edge/money/tokens.ts";
import { TraceKeeper } from "../../workers/edge/trace_keeper.ts";
import { ZoneClocks } from "../../workers/edge/zone_clocks.ts";
import { sha256Hex } from "../../workers/platform/digest.ts";
import { MODEL_KEYS, PUBLISHER, signedBy } from "../model_signing.ts";
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
  return snapshotFrom(catalogOf(campaignIds));
}

/** A snapshot of a catalog as an operator writes it. */
export async function snapshotFrom(json: unknown): Promise<Artifact> {
  const parsed = parseCatalog([{ file: "catalog", json }]);
  if (!parsed.ok) throw new Error("the fixture's catalog does not validate");
  return artifactOf(encodeSnapshot(parsed.value));
}

/** Text as an artifact. */
export function wordsOf(text: string): Promise<Artifact> {
  return artifactOf(new TextEncoder().encode(text));
}

/** Text in the place of a model set, signed as one. Its digest is that of the text. */
export async function signedWords(text: string): Promise<Artifact> {
  const payload = new TextEncoder().encode(text);
  return { digest: await sha256Hex(payload), bytes: await signedBy([PUBLISHER], payload) };
}

/** A promise that is never kept: a call whose other end is gone. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

/** An origin whose answers a test may replace at any time. */
export class ScriptedOrigin implements EdgeDesk {
  readonly store = new Map<string, Uint8Array>();
  catalogDigest: string | null = null;
  models: ServingOrder = NOTHING_SERVES;
  guaranteesDigest: string | null = null;
  manifestCalls = 0;
  manifest = async (): Promise<Manifest> => {
    this.manifestCalls += 1;
    return this.answerManifest();
  };
  artifact = async (kind: ArtifactKind, digest: string): Promise<Uint8Array | null> =>
    this.answerArtifact(kind, digest);
  grantExposure: EdgeDesk["grantExposure"] = async () => null;
  returnExposure: EdgeDesk["returnExposure"] = async () => undefined;
  readonly modelReports: ModelReport[] = [];
  modelReport = async (report: ModelReport): Promise<void> => {
    this.modelReports.push(report);
  };
  answerManifest: () => Promise<Manifest> = async () => this.current();
  answerArtifact: EdgeDesk["artifact"] = async (_kind, digest) => this.store.get(digest) ?? null;

  current(): Manifest {
    const { catalogDigest, models, guaranteesDigest } = this;
    return { catalogDigest, models, guaranteesDigest };
  }

  /** Stores an artifact and makes it current. */
  publish(kind: "catalogDigest" | "guaranteesDigest", { digest, bytes }: Artifact): void {
    this.store.set(digest, bytes);
    this[kind] = digest;
  }

  /** Stores a signed model set and makes it live. */
  goLive({ digest, bytes }: Artifact): void {
    this.store.set(digest, bytes);
    this.models = { ...this.models, revision: this.models.revision + 1, live: digest };
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
    return { purseId, incarnation: "s1", nowMs, expiryMs: nowMs + 60_000, allotments, retryAfterMs: 1_000 };
  }

  honest(claims: readonly BillingClaim[]): BillReply {
    const verdicts = claims.map(({ purseId, seq }) => {
      const key = `${purseId} ${seq}`;
      const verdict = this.billed.has(key) ? ("duplicate" as const) : ("billed" as const);
      this.billed.add(key);
      return verdict;
    });
    return { verdicts };
  }
}

/** No household may be asked: for edges whose publishers keep histories in tokens. */
const NO_HOUSEHOLDS: Env["HOUSEHOLD"] = {
  getByName: () => {
    throw new Error("a household was asked");
  },
};

/** An edge's environment made of the scripted parts. */
export function edgeEnv(
  origin: EdgeDesk,
  wallet: WalletStub,
): Env & { readonly reports: ActivityReport[]; readonly traceMessages: Uint8Array[] } {
  const reports: ActivityReport[] = [];
  const traceMessages: Uint8Array[] = [];
  return {
    reports,
    traceMessages,
    ORIGIN: origin,
    WALLET: { getByName: () => wallet },
    HOUSEHOLD: NO_HOUSEHOLDS,
    EVENTS: { send: async (report) => reports.push(report) },
    TRACES: { send: async (message) => traceMessages.push(message) },
    TRACE_SAMPLE_PPM: "0",
    MODEL_KEYS,
    REGION_SHARDS: "1",
    TCF_VENDOR_ID: "",
    MEDIA_BASE_URL: "https://media.test",
    PUBLIC_EDGE_URL: "https://edge.test",
    BILLING_KEYS: JSON.stringify([{ id: "k1", key: "A".repeat(43) }]),
  };
}

/** What the words of a stand-in say for a name: `click=0.03` says 0.03 for click. */
function numberIn(words: string, name: string, usual: number): number {
  return Number(new RegExp(`\\b${name}=([\\d.e-]+)`).exec(words)?.[1] ?? usual);
}

/** A model whose one golden row says 0.5. */
const REMEMBERING: ModelEntry = {
  role: "head",
  head: "click",
  name: "click",
  digest: "c".repeat(64),
  sizeBytes: 1,
  inputName: "features",
  outputName: "probability",
  golden: { rows: [Array.from({ length: COLUMN_COUNT }, () => 1)], expected: [0.5] },
};

/**
 * Stands in for the loader of ONNX graphs: a set that says "broken" cannot be loaded, like one whose graphs the runtime
 * refuses; one that says "failing" loads and then fails at every row; "forgetful" says something else of its golden
 * rows than when it was published; `bytes=N` asks for that much room, `held=N` takes it. Every other one gives all ads the same chances,
 * those that it names (`click=0.03`) or the usual ones.
 */
export const loadStandIn: LoadModelSet = async (digest, { artifact, admit, piece }) => {
  const words = new TextDecoder().decode(await artifact("modelSet", digest));
  admit(numberIn(words, "bytes", 1_000));
  if (words.includes("broken")) throw new Error("protobuf parsing failed");
  await piece(() => undefined);
  const even = (rowCount: number, name: string, usual: number): Float32Array => {
    if (words.includes("failing")) throw new Error("a kernel failed");
    return new Float32Array(rowCount).fill(numberIn(words, name, usual));
  };
  const scorer = {
    modelSetDigest: digest,
    rank: async ({ rowCount }: FeatureMatrix) => even(rowCount, "rank", 1),
    score: async ({ rowCount }: FeatureMatrix) => ({
      heads: {
        completedView: even(rowCount, "completedView", 0.5),
        click: even(rowCount, "click", 0.01),
        abandon: even(rowCount, "abandon", 0.001),
        conversion: even(rowCount, "conversion", 0.005),
      },
      lapses: NO_LAPSES,
    }),
  };
  return {
    digest,
    bytes: numberIn(words, "held", 1_000),
    models: [REMEMBERING],
    full: { ...scorer, tier: "full" },
    reduced: { ...scorer, tier: "reduced" },
    askEach: async ({ rowCount }) => {
      const said = words.includes("forgetful") ? 0.6 : 0.5;
      return new Map([["click", new Float32Array(rowCount).fill(said)]]);
    },
    release: async () => undefined,
  };
};

/** Models that are loaded by stand-in, unless a test brings a loader of its own. */
export function modelsOf(recorder: Recorder, load: LoadModelSet = loadStandIn): ServingModels {
  return new ServingModels({ isolateId: "isolate-1", recorder, load, runtimeBytes: () => 0 });
}

/** An edge with one isolate of its own, reachable by `ask`. `over`: bindings that are not the usual ones. */
export function edgeWith(
  origin: EdgeDesk,
  wallet: WalletStub,
  over: Partial<Env> = {},
  loadModels: LoadModelSet = loadStandIn,
) {
  const env = { ...edgeEnv(origin, wallet), ...over };
  const recorder = new Recorder("isolate-1");
  const models = modelsOf(recorder, loadModels);
  const isolate: Isolate = {
    recorder,
    traces: new TraceKeeper(recorder),
    models,
    publication: new Publication(recorder, models),
    signer: new TokenSigner(env.BILLING_KEYS),
    clocks: new ZoneClocks(),
    purse: new PurseHolder({ wallet: "wallet:local:0", recorder }),
    billing: new BillingBatcher({ recorder }),
  };
  const app = new Hono<EdgeContext>();
  app.use(async (c, next) => {
    const door = {
      isolate,
      env,
      nowMs: Date.now(),
      waitUntil: (work: Promise<unknown>) => c.executionCtx.waitUntil(work),
    };
    c.set("door", door);
    await isolate.publication.refresh(env, door.waitUntil, door.nowMs);
    isolate.recorder.arm(env, door.waitUntil, door.nowMs);
    return next();
  });
  app.get("/v1/vast", vastDoor);
  app.get("/v1/asset-list", assetListDoor);
  app.post("/v1/decide", decideDoor);
  app.get("/v1/beacon/:event", beaconDoor);
  let left: Promise<void> = Promise.resolve();
  return {
    /** What origin was told, one report after the other. */
    reports: env.reports,
    /** What the queue of traces was sent. */
    traceMessages: env.traceMessages,
    async ask(path: string, init: RequestInit = {}): Promise<Response> {
      const ctx = createExecutionContext();
      const answer = await app.fetch(new Request(`https://edge.test${path}`, init), env, ctx);
      left = Promise.all([left, waitOnExecutionContext(ctx)]).then(() => undefined);
      return answer;
    },
    /** Waits for all that answered requests have left behind. */
    settled: () => left,
  };
}
