/**
 * What the edge Worker is bound to. The shapes of origin's objects are given by their RPC methods alone, so that the
 * edge does not compile origin's code. Bindings are named in wrangler.toml.
 */
import type { ModelReport } from "../../src/models/model_report.ts";
import type { ExposureAsk, ExposureGrant, ExposureReturn, ServingOrder } from "../../src/models/serving_order.ts";
import type { BillingClaim, BillReply, DrawReply, DrawRequest } from "../../src/money/protocol.ts";
import type { FrequencyEntry } from "../../src/protocols/frequency_token.ts";
import type { ActivityReport } from "../../src/telemetry/activity.ts";

/** Which immutable artifacts are current. Null: nothing published yet. */
export interface Manifest {
  readonly catalogDigest: string | null;
  readonly models: ServingOrder;
  readonly guaranteesDigest: string | null;
}

/** Kinds of content-addressed artifacts that origin hands out. */
export type ArtifactKind = "snapshot" | "model" | "modelSet" | "guarantees";

/** Origin's RPC entrypoint for edges. */
export interface EdgeDesk {
  manifest(): Promise<Manifest>;
  /**
   * The bytes of that digest, or null when the store does not have them. Of a model set: its envelope, whose payload
   * has that digest; `openSet` of platform/model_keys.ts opens it.
   */
  artifact(kind: ArtifactKind, digest: string): Promise<Uint8Array | null>;
  /** Some of a canary's exposure, at most what was asked for; null: there is none left, or it is no canary. */
  grantExposure(ask: ExposureAsk): Promise<ExposureGrant | null>;
  /** Hands back what is unused of a grant. A grant that is unknown or was handed back before changes nothing. */
  returnExposure(unused: ExposureReturn): Promise<void>;
  /** Tells what this isolate holds and has counted. A malformed report is dropped. */
  modelReport(report: ModelReport): Promise<void>;
}

/** The RPC methods of a region's wallet. */
export interface WalletStub {
  draw(request: DrawRequest): Promise<DrawReply>;
  bill(claims: readonly BillingClaim[]): Promise<BillReply>;
}

/** The RPC methods of a household's history. */
export interface HouseholdStub {
  /** What its viewers were shown, newest first. */
  recent(): Promise<readonly FrequencyEntry[]>;
  /** Adds what one of them is shown now. Units: epoch milliseconds. */
  remember(lineItemIds: readonly string[], nowMs: number): Promise<void>;
}

/** Bindings, variables and secrets. */
export interface Env {
  readonly ORIGIN: EdgeDesk;
  readonly WALLET: { getByName(name: string): WalletStub };
  /** Named by the hash of a household. Only publishers that keep histories there cause a call. */
  readonly HOUSEHOLD: { getByName(name: string): HouseholdStub };
  readonly EVENTS: { send(report: ActivityReport): Promise<unknown> };
  /** Takes compressed lines of traces. */
  readonly TRACES: { send(message: Uint8Array, options: { readonly contentType: "bytes" }): Promise<unknown> };
  /** How many of a million requests leave a trace, as text. */
  readonly TRACE_SAMPLE_PPM: string;
  /** Which deployed version of the Worker this is; some platforms do not say. */
  readonly CF_VERSION_METADATA?: { readonly id: string };
  /** How many wallets each region has, as text. */
  readonly REGION_SHARDS: string;
  /** Our number in the TCF's Global Vendor List, as text; empty: none, consent is asked for the purposes alone. */
  readonly TCF_VENDOR_ID: string;
  /** Base of relative media URLs in the catalog. */
  readonly MEDIA_BASE_URL: string;
  /** Base of tracking URLs: where players reach this Worker. */
  readonly PUBLIC_EDGE_URL: string;
  /** JSON `[{id, publicKey}]`: whose model sets may be loaded. */
  readonly MODEL_KEYS: string;
  /** JSON `[{id, key}]`, keys base64url; the first signs, all verify. */
  readonly BILLING_KEYS: string;
}
