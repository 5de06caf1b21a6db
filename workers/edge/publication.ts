/**
 * What origin has published, as this isolate holds it: one catalog snapshot, one model set, one table of guaranteed
 * deals, each verified against its digest before it is used and swapped by moving one pointer. Discovery is driven by
 * requests: an isolate that has not asked for a while asks in the background, and one that is about to break the
 * five-second promise waits.
 */
import type { CompiledCatalog } from "../../src/catalog/compiled.ts";
import type { Scorer } from "../../src/decision/rank.ts";
import type { GuaranteeTable } from "../../src/guaranteed/contract.ts";
import { decodeTable } from "../../src/guaranteed/table.ts";
import { sha256Hex } from "../platform/digest.ts";
import { modelKeysOf, openSet } from "../platform/model_keys.ts";
import { CatalogLoad } from "./catalog_load.ts";
import type { ArtifactKind, Env } from "./env.ts";
import type { Recorder } from "./recorder.ts";
import { within } from "../platform/within.ts";

/** An isolate asks for the manifest in the background when its last answer is older than this. */
const ASK_AFTER_MS = 1_500;
/** A request waits for the manifest when the last answer is older than this: a change is seen within 5 s. */
const WAIT_AFTER_MS = 3_500;
/** How long a request waits for origin before it goes on with what it has. */
const WAIT_MS = 400;
/** How long a cold isolate's first request waits for its first catalog. */
const FIRST_WAIT_MS = 2_000;
/** After an ask that failed, the next one is this much later, and nobody waits for it. */
const RETRY_MS = 1_000;
/** An ask that has not ended by then belonged to a request that died. */
const ASK_LOST_MS = 5_000;

/** The same for loading a model set, which takes longer. */
const LOAD_LOST_MS = 30_000;
/** A catalog or model set that could not be loaded is fetched again this much later. */
const LOAD_RETRY_MS = 4_000;

/** A verified catalog, ready to decide with. */
export interface LoadedCatalog {
  readonly digest: string;
  readonly catalog: CompiledCatalog;
}

/** A verified table of guaranteed deals. */
interface LoadedGuarantees {
  readonly digest: string | null;
  readonly table: GuaranteeTable;
}

const NO_GUARANTEES: LoadedGuarantees = { digest: null, table: [] };

/** A model set that is loaded. `retire` frees it once the last decision that uses it has ended. */
export interface LoadedModelSet extends Scorer {
  readonly digest: string;
  /** Keeps the set loaded while `work` scores with it. */
  lend<T>(work: () => Promise<T>): Promise<T>;
  retire(): Promise<void>;
}

/** Loads a model set; `artifact` gives verified bytes. Refuses: rejects, saying what is wrong. */
export type LoadModelSet = (
  digest: string,
  artifact: (kind: ArtifactKind, digest: string) => Promise<Uint8Array>,
) => Promise<LoadedModelSet>;

/** Fetches an artifact and checks that it is what its name says; a model set comes out of its envelope. */
async function verifiedArtifact(env: Env, kind: ArtifactKind, digest: string): Promise<Uint8Array> {
  const bytes = await env.ORIGIN.artifact(kind, digest);
  if (bytes === null) throw new Error(`${kind} ${digest} is not in the store`);
  if (kind === "modelSet") {
    const opened = await openSet(bytes, modelKeysOf(env.MODEL_KEYS), digest);
    if (!opened.ok) throw new Error(`model set ${digest} is refused: ${opened.reason}`);
    return opened.value;
  }
  if ((await sha256Hex(bytes)) !== digest)
    throw new Error(`${kind} ${digest} is altered: its bytes have another digest`);
  return bytes;
}

/** This isolate's view of what is published. Safe to lose. */
export class Publication {
  readonly #recorder: Recorder;
  readonly #loadModelSet: LoadModelSet;
  #catalog: LoadedCatalog | null = null;
  #guarantees: LoadedGuarantees = NO_GUARANTEES;
  #scorer: LoadedModelSet | null = null;
  #modelSetDigest: string | null = null;
  #answeredMs = Number.NEGATIVE_INFINITY;
  #failedMs = Number.NEGATIVE_INFINITY;
  #asking: { readonly sinceMs: number; readonly done: Promise<void> } | null = null;
  /** The load that is under way. Another catalog is begun only when it has ended, so that every load ends. */
  #loading: { readonly load: CatalogLoad; done: Promise<void> } | null = null;
  /** No load of a catalog is begun before this time: one has just failed. */
  #catalogRestsUntilMs = 0;
  /** No load is begun before this time: one is under way, or one has just failed. */
  #modelsRestUntilMs = 0;

  constructor(recorder: Recorder, loadModelSet: LoadModelSet) {
    this.#recorder = recorder;
    this.#loadModelSet = loadModelSet;
  }

  /** The catalog to decide with, or null before the first one has arrived. */
  get catalog(): LoadedCatalog | null {
    return this.#catalog;
  }

  /** How guaranteed deals share breaks. Empty before the first table has arrived: none of them is shown. */
  get guarantees(): GuaranteeTable {
    return this.#guarantees.table;
  }

  /** The scorer of the live model set, or null while none is loaded: the fallback tier answers. */
  get scorer(): LoadedModelSet | null {
    return this.#scorer;
  }

  /** Brings the view up to date; see the constants above for who waits how long. Never rejects. */
  async refresh(env: Env, waitUntil: (work: Promise<unknown>) => void, nowMs: number): Promise<void> {
    const age = nowMs - this.#answeredMs;
    const failing = this.#failedMs > this.#answeredMs;
    if (this.#loading?.load.isLost(nowMs) === true) this.#drive(this.#loading.load, env, waitUntil, nowMs);
    if (age <= ASK_AFTER_MS || (failing && nowMs - this.#failedMs < RETRY_MS)) return;
    if (this.#asking === null || nowMs - this.#asking.sinceMs > ASK_LOST_MS) {
      const done = this.#ask(env, waitUntil, nowMs).finally(() => {
        // An ask that was given up on must not clear its successor.
        if (this.#asking?.done === done) this.#asking = null;
      });
      this.#asking = { sinceMs: nowMs, done };
      waitUntil(done);
    }
    if (this.#catalog === null)
      await within(
        FIRST_WAIT_MS,
        this.#asking.done.then(() => this.#loading?.done),
      );
    else if (age > WAIT_AFTER_MS && !failing && !(await within(WAIT_MS, this.#asking.done))) {
      // An origin that hangs costs one request this wait, not all of them.
      this.#failedMs = nowMs;
    }
  }

  async #ask(env: Env, waitUntil: (work: Promise<unknown>) => void, nowMs: number): Promise<void> {
    try {
      const manifest = await env.ORIGIN.manifest();
      this.#answeredMs = nowMs;
      if (manifest.models.live !== this.#modelSetDigest) {
        waitUntil(this.#loadModels(env, manifest.models.live, nowMs));
      }
      const { catalogDigest } = manifest;
      const wanted = catalogDigest !== null && catalogDigest !== this.#catalog?.digest;
      if (wanted && this.#loading === null && nowMs >= this.#catalogRestsUntilMs) {
        this.#drive(new CatalogLoad(catalogDigest), env, waitUntil, nowMs);
      }
      if (manifest.guaranteesDigest !== this.#guarantees.digest) {
        await this.#loadGuarantees(env, manifest.guaranteesDigest);
      }
    } catch (error) {
      this.#failedMs = nowMs;
      this.#recorder.fault("origin_unreachable");
      console.warn(`origin did not answer; going on with what is loaded: ${String(error)}`);
    }
  }

  /** Begins a load or carries on with it, within the life of this request. */
  #drive(load: CatalogLoad, env: Env, waitUntil: (work: Promise<unknown>) => void, nowMs: number): void {
    const done = this.#finish(load, env, nowMs);
    this.#loading = { load, done };
    waitUntil(done);
  }

  async #finish(load: CatalogLoad, env: Env, nowMs: number): Promise<void> {
    const { digest } = load;
    try {
      const catalog = await load.drive(() => verifiedArtifact(env, "snapshot", digest));
      if (catalog === null) return;
      this.#catalog = { digest, catalog };
    } catch (error) {
      this.#catalogRestsUntilMs = nowMs + LOAD_RETRY_MS;
      this.#recorder.fault("catalog_unavailable");
      console.warn(`keeping the catalog that is loaded: ${String(error)}`);
    }
    this.#loading = null;
  }

  async #loadGuarantees(env: Env, digest: string | null): Promise<void> {
    try {
      const table = digest === null ? [] : decodeTable(await verifiedArtifact(env, "guarantees", digest));
      if (table === null) throw new Error(`guarantees ${digest} are refused: no table`);
      this.#guarantees = { digest, table };
    } catch (error) {
      this.#recorder.fault("guarantees_unavailable");
      console.warn(`keeping the guaranteed deals that are loaded: ${String(error)}`);
    }
  }

  async #loadModels(env: Env, digest: string | null, nowMs: number): Promise<void> {
    if (nowMs < this.#modelsRestUntilMs) return;
    this.#modelsRestUntilMs = nowMs + LOAD_LOST_MS;
    try {
      const artifact = (kind: ArtifactKind, named: string) => verifiedArtifact(env, kind, named);
      const next = digest === null ? null : await this.#loadModelSet(digest, artifact);
      const previous = this.#scorer;
      this.#scorer = next;
      this.#modelSetDigest = digest;
      this.#modelsRestUntilMs = 0;
      await previous?.retire();
    } catch (error) {
      this.#modelsRestUntilMs = nowMs + LOAD_RETRY_MS;
      this.#recorder.fault("models_unavailable");
      console.warn(`keeping the models that are loaded: ${String(error)}`);
    }
  }
}
