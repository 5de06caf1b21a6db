/**
 * Models by name, with their versions: what the published sets, taken together, say. A version is named by the first
 * digits of the model's digest, so it means the same bytes for ever and on every deployment; a count would mean
 * something else after the history was cut. The order of versions is that of publishing.
 */
import type { Head, ModelSet } from "./manifest.ts";
import type { Standing } from "./rollout/rollout.ts";

/** Digits of a digest that name a version. */
export const VERSION_DIGITS = 12;

/** A set by its digest, and where it stands. */
export interface SetPlace {
  readonly digest: string;
  readonly standing: Standing;
}

/** A set that was published. */
export interface PublishedSet extends SetPlace {
  readonly set: ModelSet;
}

/** One model's bytes under one name. */
export interface ModelVersion {
  readonly version: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** The head it speaks for; null: it is an early ranker. */
  readonly head: Head | null;
  /** Sets it is in, the newest first. */
  readonly sets: readonly SetPlace[];
  /** Whether the live set has it. */
  readonly live: boolean;
}

/** A name and its versions. */
export interface PublishedModel {
  readonly name: string;
  /** The newest first. */
  readonly versions: readonly ModelVersion[];
}

/** Models of these sets by name, in alphabetical order. `sets`: the newest first, each once. */
export function modelsOf(sets: readonly PublishedSet[]): readonly PublishedModel[] {
  const byName = new Map<string, Map<string, ModelVersion>>();
  for (const { digest, standing, set } of sets) {
    for (const model of set.models) {
      const versions = byName.get(model.name) ?? new Map<string, ModelVersion>();
      const known = versions.get(model.digest);
      const among = known?.sets ?? [];
      versions.set(model.digest, {
        version: model.digest.slice(0, VERSION_DIGITS),
        digest: model.digest,
        sizeBytes: model.sizeBytes,
        head: model.role === "head" ? model.head : null,
        sets: among.some((place) => place.digest === digest) ? among : [...among, { digest, standing }],
        live: known?.live === true || standing === "live",
      });
      byName.set(model.name, versions);
    }
  }
  return [...byName]
    .map(([name, versions]) => ({ name, versions: [...versions.values()] }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The version of a model that is meant: the one named, by its short or its whole digest; without a name the one that
 * serves now, else the newest. Null: there is none.
 */
export function versionOf({ versions }: PublishedModel, asked: string | null): ModelVersion | null {
  if (asked !== null) return versions.find(({ version, digest }) => asked === version || asked === digest) ?? null;
  return versions.find(({ live }) => live) ?? versions[0] ?? null;
}
