/**
 * What origin has published, as this isolate holds it: one catalog snapshot and one table of guaranteed deals, each
 * verified against its digest before it is used and swapped by moving one pointer; what it says of models goes to those
 * who hold them. Discovery is driven by requests: an isolate that has not asked for a while asks in the background, and
 * one that is about to break the promise on how soon a change is seen waits.
 */
import type { CompiledCatalog } from "../../src/catalog/compiled.ts";
import type { GuaranteeTable } from "../../src/guaranteed/contract.ts";
import { decodeTable } from "../../src/guaranteed/table.ts";
import { CatalogLoad } from "./catalog_load.ts";
import type { ArtifactKind, Env } from "./env.ts";
import { fetchedArtifact, trustedArtifact } from "./models/artifact.ts";
import type { Recorder } from "./recorder.ts";
import type { ServingModels } from "./models/serving_models.ts";
import { within } from "../platform/within.ts";

/**
 * An isolate asks for the manifest in the background when its last answer is older than this, so origin hears from each
 * isolate about once a second. docs/scoring.md weighs that against how soon a rollback is seen.
 */
const ASK_AFTER_MS = 900;
/** A request waits for the manifest when the last answer is older than this: a rollback is seen within 2 s. */
const WAIT_AFTER_MS = 1_600;
/** How long a request waits for origin before it goes on with what it has. */
const WAIT_MS = 400;
/** How long a cold isolate's first request waits for its first catalog. */
const FIRST_WAIT_MS = 2_000;
/** After an ask that failed, the next one is this much later, and nobody waits for it. */
const RETRY_MS = 1_000;
/** An ask that has not ended by then belonged to a request that died. */
const ASK_LOST_MS = 5_000;
/** Steps of the first catalog between two turns: a small one is then read in a few, and nobody is served before it. */
const FIRST_STEPS_A_TURN = 16;
/** A catalog that could not be loaded is fetched again this much later. */
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

/** This isolate's view of what is published. Safe to lose. */
export class Publication {
  readonly #recorder: Recorder;
  readonly #models: ServingModels;
  #catalog: LoadedCatalog | null = null;
  #guarantees: LoadedGuarantees = NO_GUARANTEES;
  #answeredMs = Number.NEGATIVE_INFINITY;
  #failedMs = Number.NEGATIVE_INFINITY;
  #asking: { readonly sinceMs: number; readonly done: Promise<void> } | null = null;
  /** The load that is under way. Another catalog is begun only when it has ended, so that every load ends. */
  #loading: { readonly load: CatalogLoad; done: Promise<void> } | null = null;
  /** No load of a catalog is begun before this time: one has just failed. */
  #catalogRestsUntilMs = 0;

  constructor(recorder: Recorder, models: ServingModels) {
    this.#recorder = recorder;
    this.#models = models;
  }

  /** The catalog to decide with, or null before the first one has arrived. */
  get catalog(): LoadedCatalog | null {
    return this.#catalog;
  }

  /** How guaranteed deals share breaks. Empty before the first table has arrived: none of them is shown. */
  get guarantees(): GuaranteeTable {
    return this.#guarantees.table;
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
      this.#models.follow(manifest.models, { env, waitUntil, nowMs });
      const { catalogDigest } = manifest;
      const wanted = catalogDigest !== null && catalogDigest !== this.#catalog?.digest;
      if (wanted && this.#loading === null && nowMs >= this.#catalogRestsUntilMs) {
        const stepsATurn = this.#catalog === null ? FIRST_STEPS_A_TURN : 1;
        this.#drive(new CatalogLoad(catalogDigest, stepsATurn), env, waitUntil, nowMs);
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
      const catalog = await load.drive(() => verified(env, "snapshot", digest));
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
      const table = digest === null ? [] : decodeTable(await verified(env, "guarantees", digest));
      if (table === null) throw new Error(`guarantees ${digest} are refused: no table`);
      this.#guarantees = { digest, table };
    } catch (error) {
      this.#recorder.fault("guarantees_unavailable");
      console.warn(`keeping the guaranteed deals that are loaded: ${String(error)}`);
    }
  }
}

async function verified(env: Env, kind: ArtifactKind, digest: string): Promise<Uint8Array> {
  return trustedArtifact(env, kind, digest, await fetchedArtifact(env, kind, digest));
}
