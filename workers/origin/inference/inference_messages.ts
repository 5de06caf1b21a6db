/** What routes and the Inference object say to each other: a route compiles against the message, not the object. */
import type { Result } from "../../../src/kernel/result.ts";
import type { InferRefusal } from "../../../src/inference/refusal.ts";
import type { Signature } from "../../../src/inference/signature.ts";
import type { Tensor } from "../../../src/inference/tensor.ts";
import type { ModelVersion } from "../../../src/models/versions.ts";

/** One version of a published model that answers. */
export interface FoundModel {
  readonly version: ModelVersion;
  /** All versions of its name, the newest first. */
  readonly versions: readonly string[];
  readonly signature: Signature;
}

/** One line of the repository's index. */
export interface ListedModel {
  readonly name: string;
  readonly version: string;
  readonly live: boolean;
  /** Why it does not answer; null: it does. */
  readonly unavailable: string | null;
}

/** One request as the object gets it. */
export interface InferOrder {
  readonly name: string;
  readonly digest: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  readonly rows: number;
}

/** What happened since the object woke up. Counts; units last in their names. */
export interface InferenceFigures {
  readonly sinceMs: number;
  readonly requests: number;
  readonly rows: number;
  readonly batches: number;
  readonly batchRowsMost: number;
  readonly queuedRows: number;
  /** Refusals by code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly loads: number;
  readonly evictions: number;
  readonly loaded: number;
  readonly loadedBytes: number;
}

/** The RPC methods of the Inference object. */
export interface InferenceRpc {
  /** Every version of every model that was published at most `ageMsMax` ago. */
  index(ageMsMax: number): Promise<readonly ListedModel[]>;
  /**
   * A model that answers, from what was published at most `ageMsMax` ago; one that was not published then is looked
   * for anew. Refuses: unknown_model, unknown_version, unloaded, not_loadable.
   */
  find(name: string, version: string | null, ageMsMax: number): Promise<Result<FoundModel, InferRefusal>>;
  /** Answers tensors that fit the model. Refuses: unloaded, queue_full, too_many_rows, not_loadable, run_failed. */
  infer(order: InferOrder): Promise<Result<readonly Tensor[], InferRefusal>>;
  /** Loads the version that a name means, now. Refuses: unknown_model, not_loadable. */
  load(name: string): Promise<Result<null, InferRefusal>>;
  /** Frees every version of a name; it does not answer until it is loaded again. Refuses: unknown_model. */
  unload(name: string): Promise<Result<null, InferRefusal>>;
  figures(): Promise<InferenceFigures>;
}
