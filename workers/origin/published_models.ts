/**
 * Which models are published: the one file that knows where inference reads this. It asks the registry which sets
 * there were and are, and the store for their documents.
 */
import { fromUtf8 } from "../../src/kernel/bytes.ts";
import { modelSetSchema, type ModelSet } from "../../src/models/manifest.ts";
import { modelsOf, type PublishedModel, type PublishedSet } from "../../src/models/versions.ts";
import { HISTORY_SHOWN_MAX } from "./api_schemas.ts";
import { getArtifact } from "./artifacts.ts";
import { mapBounded } from "./bounded.ts";
import type { OriginEnv } from "./env.ts";
import { reach } from "./unreachable.ts";

/** Published models as the registry has them; documents of sets, which never change, are remembered by digest. */
export class PublishedModels {
  readonly #env: OriginEnv;
  #listed: { readonly models: readonly PublishedModel[]; readonly atMs: number } | null = null;
  #sets = new Map<string, ModelSet>();

  constructor(env: OriginEnv) {
    this.#env = env;
  }

  /** Models of the last `HISTORY_SHOWN_MAX` sets by name, read at most `ageMsMax` ago. Throws `Unreachable`. */
  async list(nowMs: number, ageMsMax = 0): Promise<readonly PublishedModel[]> {
    if (this.#listed !== null && nowMs - this.#listed.atMs < ageMsMax) return this.#listed.models;
    const models = await this.#read();
    this.#listed = { models, atMs: nowMs };
    return models;
  }

  async #read(): Promise<readonly PublishedModel[]> {
    const registry = this.#env.REGISTRY.getByName("models");
    const [{ digest: live }, history] = await reach("storage_unavailable", "The registry did not answer.", () =>
      Promise.all([registry.current(), registry.history(HISTORY_SHOWN_MAX)]),
    );
    const digests = [...new Set(history.map(({ digest }) => digest))];
    const documents = await mapBounded(digests, (digest) => this.#document(digest));
    const sets = documents.filter((found): found is PublishedSet => found !== null);
    this.#sets = new Map(sets.map(({ digest, set }) => [digest, set]));
    return modelsOf(sets, live);
  }

  /** Null: the store has no such set, or one of an older shape. */
  async #document(digest: string): Promise<PublishedSet | null> {
    const held = this.#sets.get(digest);
    if (held !== undefined) return { digest, set: held };
    const bytes = await getArtifact(this.#env.ARTIFACTS, "modelSet", digest);
    const text = bytes === null ? null : fromUtf8(bytes);
    const parsed = text === null ? null : modelSetSchema.safeParse(JSON.parse(text));
    return parsed?.success === true ? { digest, set: parsed.data } : null;
  }
}
