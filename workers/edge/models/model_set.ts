/**
 * What the edge knows of a model set without knowing what runs it: how one is loaded, in pieces that let requests go
 * first, and how one that is loaded scores. `scorer.ts` and `load_model_set.ts` are the real thing; tests bring others.
 */
import type { FeatureMatrix } from "../../../src/decision/hydrate.ts";
import type { Scorer } from "../../../src/decision/rank.ts";
import type { ModelEntry } from "../../../src/models/manifest.ts";
import type { ArtifactKind } from "../env.ts";

/** A model set that is loaded. */
export interface LoadedModelSet {
  readonly digest: string;
  /** Its models, in their order. */
  readonly models: readonly ModelEntry[];
  /** Of all models, and of those that the set names for the reduced tier. */
  readonly full: Scorer;
  readonly reduced: Scorer;
  /** Bytes it holds in memories of its own, beside that of the ONNX runtime. */
  readonly bytes: number;
  /** What every model answers by itself, by name: one number a row. A model that fails has no answer. */
  askEach(matrix: FeatureMatrix): Promise<ReadonlyMap<string, Float32Array>>;
  /** Frees it. Requires: nothing runs on it. */
  release(): Promise<void>;
}

/** What loading a set is given. */
export interface LoadSteps {
  /** Bytes that are what the digest says. Rejects, saying what is wrong. */
  artifact(kind: ArtifactKind, digest: string): Promise<Uint8Array>;
  /** Asks for room before anything of the set is made. Throws when it does not fit beside what must stay. */
  admit(bytes: number): void;
  /** Does one piece of work that blocks the isolate, then lets requests go first. */
  piece<T>(work: () => T | Promise<T>): Promise<T>;
}

/** Loads a model set. Rejects, saying what is wrong, and leaves nothing behind. */
export type LoadModelSet = (digest: string, steps: LoadSteps) => Promise<LoadedModelSet>;
