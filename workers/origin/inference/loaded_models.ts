/**
 * Models in memory, within a bound: loaded when they are first asked, and the longest unused given up for others. Its
 * owner sees to it that only one call is under way at a time, because a session must not be released while it runs.
 */
import { ok, refused, type Result } from "../../../src/kernel/result.ts";
import { INFERENCE_LIMITS } from "../../../src/inference/limits.ts";
import type { InferRefusal } from "../../../src/inference/refusal.ts";
import { Shelf } from "../../../src/inference/shelf.ts";
import { signatureOf, type Signature } from "../../../src/inference/signature.ts";
import type { Tensor } from "../../../src/inference/tensor.ts";
import type { OnnxModel } from "./onnx_model.ts";

/** Signatures are small: more are remembered than models are loaded. */
const SIGNATURES_MAX = 256;
const WORDS_MAX = 200;

/** Gives verified bytes; null: the store lacks them. */
type FetchModel = (digest: string) => Promise<Uint8Array | null>;

/** See the head of this file. */
export class LoadedModels {
  readonly #fetch: FetchModel;
  readonly #shelf = new Shelf<OnnxModel>({
    countMax: INFERENCE_LIMITS.loadedMax,
    bytesMax: INFERENCE_LIMITS.loadedBytesMax,
  });
  readonly #signatures = new Map<string, Signature>();
  readonly #failures = new Map<string, string>();
  #loads = 0;
  #evictions = 0;

  constructor(fetch: FetchModel) {
    this.#fetch = fetch;
  }

  get figures() {
    const { count, bytes } = this.#shelf;
    return { loads: this.#loads, evictions: this.#evictions, loaded: count, loadedBytes: bytes };
  }

  /** Why a model could not be loaded the last time that was tried; null: nothing is known against it. */
  failureOf(digest: string): string | null {
    return this.#failures.get(digest) ?? null;
  }

  /** What a model takes and gives; it need not be loaded for that. Refuses: not_loadable. */
  async signatureOf(digest: string): Promise<Result<Signature, InferRefusal>> {
    const held = this.#signatures.get(digest);
    if (held !== undefined) return ok(held);
    const bytes = await this.#fetch(digest);
    if (bytes === null) return this.#notLoadable(digest, "its bytes are not in the store");
    const read = signatureOf(bytes);
    if (!read.ok) return this.#notLoadable(digest, `its bytes are ${read.reason}`);
    if (this.#signatures.size >= SIGNATURES_MAX) this.#signatures.clear();
    this.#signatures.set(digest, read.value);
    // What the store lacked it has now.
    this.#failures.delete(digest);
    return read;
  }

  /** The model, loaded now if it was not. Refuses: not_loadable. */
  async load(digest: string): Promise<Result<OnnxModel, InferRefusal>> {
    const held = this.#shelf.use(digest);
    if (held !== null) return ok(held);
    const bytes = await this.#fetch(digest);
    if (bytes === null) {
      // Whoever asks next looks at the store again.
      this.#signatures.delete(digest);
      return this.#notLoadable(digest, "its bytes are not in the store");
    }
    for (const model of this.#shelf.makeRoom(bytes.length)) {
      this.#evictions++;
      await model.release();
    }
    try {
      // Loaded late: whoever never infers does not pay for the runtime.
      const { openOnnxModel } = await import("./onnx_model.ts");
      const model = await openOnnxModel(bytes);
      this.#shelf.put(digest, model, bytes.length);
      this.#failures.delete(digest);
      this.#loads++;
      return ok(model);
    } catch (failure) {
      return this.#notLoadable(digest, wordsOf(failure));
    }
  }

  /** The answers of a model. Refuses: not_loadable, run_failed. */
  async run(
    digest: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
  ): Promise<Result<readonly Tensor[], InferRefusal>> {
    const loaded = await this.load(digest);
    if (!loaded.ok) return loaded;
    try {
      return ok(await loaded.value.run(inputs, outputs));
    } catch (failure) {
      return refused({ code: "run_failed", detail: `the model cannot answer these values: ${wordsOf(failure)}` });
    }
  }

  /** Frees these models, and forgets what was known against them. */
  async release(digests: readonly string[]): Promise<void> {
    for (const digest of digests) {
      this.#failures.delete(digest);
      await this.#shelf.take(digest)?.release();
    }
  }

  #notLoadable(digest: string, words: string): Result<never, InferRefusal> {
    if (this.#failures.size >= SIGNATURES_MAX) this.#failures.clear();
    this.#failures.set(digest, words);
    return refused({ code: "not_loadable", detail: `the model cannot be loaded: ${words}` });
  }
}

function wordsOf(failure: unknown): string {
  const text = failure instanceof Error ? failure.message : String(failure);
  return (text.split("\n")[0] ?? "").slice(0, WORDS_MAX);
}
