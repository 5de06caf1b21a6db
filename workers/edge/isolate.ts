/**
 * What one isolate remembers between requests, in one place: published artifacts, model sets, its purse, beacons
 * waiting for a batch, counters waiting for a report, traces waiting for their queue. All of it is bounded and safe to
 * lose at any instant.
 */
import { BillingBatcher } from "./money/billing.ts";
import type { Env } from "./env.ts";
import { Publication } from "./publication.ts";
import { PurseHolder } from "./money/purse_holder.ts";
import { Recorder } from "./recorder.ts";
import { TokenSigner } from "./money/tokens.ts";
import { coloOf, regionOf, walletName } from "./money/region.ts";
import { loadModelSet } from "./models/load_model_set.ts";
import { runtimeMemoryBytes } from "../platform/onnx_runtime.ts";
import { ServingModels } from "./models/serving_models.ts";
import { ZoneClocks } from "./zone_clocks.ts";
import { TraceKeeper } from "./trace_keeper.ts";

/** The holders of this isolate. */
export interface Isolate {
  readonly publication: Publication;
  readonly models: ServingModels;
  readonly purse: PurseHolder;
  readonly billing: BillingBatcher;
  readonly recorder: Recorder;
  readonly traces: TraceKeeper;
  readonly signer: TokenSigner;
  readonly clocks: ZoneClocks;
}

/** One request at the door: its isolate, its bindings, its one reading of the clock. */
export interface Door {
  readonly isolate: Isolate;
  readonly env: Env;
  /** Units: epoch milliseconds. */
  readonly nowMs: number;
  /** Keeps work alive after the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** What Hono carries through a request. */
export interface EdgeContext {
  readonly Bindings: Env;
  readonly Variables: { readonly door: Door };
}

let held: Isolate | null = null;

/**
 * The isolate's holders, made by its first request. An isolate lives in one data centre, so its region never changes.
 */
export function isolateFor(env: Env, cf: unknown): Isolate {
  if (held === null) {
    const id = crypto.randomUUID();
    const recorder = new Recorder(id);
    const place = { region: regionOf(cf), colo: coloOf(cf), isolateId: id };
    const models = new ServingModels({ isolateId: id, recorder, load: loadModelSet, runtimeBytes: runtimeMemoryBytes });
    held = {
      recorder,
      traces: new TraceKeeper(recorder),
      models,
      publication: new Publication(recorder, models),
      signer: new TokenSigner(env.BILLING_KEYS),
      clocks: new ZoneClocks(),
      purse: new PurseHolder({ wallet: walletName(place, env.REGION_SHARDS), recorder }),
      billing: new BillingBatcher({ recorder }),
    };
  }
  return held;
}
