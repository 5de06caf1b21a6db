/**
 * Which models are published: the one file that knows where inference reads this. It asks the registry which sets there
 * are and where they stand, and the store for their documents.
 */
import type { ModelSet } from "../../../src/models/manifest.ts";
import { modelsOf, type PublishedModel, type PublishedSet, type SetPlace } from "../../../src/models/versions.ts";
import { mapBounded } from "../bounded.ts";
import type { OriginEnv } from "../env.ts";
import { storedSet } from "../models/model_sets.ts";
import { reach } from "../unreachable.ts";

/** Published models as the registry has them; documents of sets, which never change, are remembered by digest. */
export class PublishedModels {
  readonly #env: OriginEnv;
  #listed: { readonly models: readonly PublishedModel[]; readonly atMs: number } | null = null;
  #sets = new Map<string, ModelSet>();

  constructor(env: OriginEnv) {
    this.#env = env;
  }

  /** Models of all sets that the registry remembers, read at most `ageMsMax` ago. Throws `Unreachable`. */
  async list(nowMs: number, ageMsMax = 0): Promise<readonly PublishedModel[]> {
    if (this.#listed !== null && nowMs - this.#listed.atMs < ageMsMax) return this.#listed.models;
    const models = await this.#read(nowMs);
    this.#listed = { models, atMs: nowMs };
    return models;
  }

  async #read(nowMs: number): Promise<readonly PublishedModel[]> {
    const { sets } = await reach("storage_unavailable", "The model registry did not answer.", () =>
      this.#env.MODEL_REGISTRY.getByName("models").view(nowMs),
    );
    const documents = await mapBounded(sets, (place) => this.#document(place));
    const found = documents.filter((set): set is PublishedSet => set !== null);
    this.#sets = new Map(found.map(({ digest, set }) => [digest, set]));
    return modelsOf(found.toReversed());
  }

  /** Null: the store has no such set, or one of an older shape. */
  async #document({ digest, standing }: SetPlace): Promise<PublishedSet | null> {
    const set = this.#sets.get(digest) ?? (await storedSet(this.#env, digest));
    return set === null ? null : { digest, standing, set };
  }
}
