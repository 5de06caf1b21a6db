/**
 * Which isolates hold which sets ready, by what they said last. Bounded and safe to lose: every isolate says it again
 * within seconds, and one that falls silent is forgotten.
 */
import type { ModelReport } from "../model_report.ts";

/** An isolate that has said nothing for this long is gone. Units: milliseconds. */
const SILENT_MS = 60_000;
/** Isolates that are remembered; beyond it the one that spoke longest ago is forgotten. */
const ISOLATES_MAX = 5_000;
/** Different reasons that are told of one set. */
const REASONS_MAX = 8;

/** How a set stands with the isolates. */
export interface Readiness {
  /** Isolates that hold the set ready, of those that were heard. */
  readonly readyAt: number;
  readonly heard: number;
  /** Isolates that could not load it, by the word that says why. */
  readonly failed: Readonly<Record<string, number>>;
}

type Heard = Pick<ModelReport, "sequence" | "ready" | "failed"> & { readonly heardMs: number };

/** See the head of this file. */
export class Isolates {
  /** In the order in which they spoke last. */
  readonly #heard = new Map<string, Heard>();

  /** Takes a report. False: it is one that was taken before, and what it counts must not be counted again. */
  hear(report: ModelReport, nowMs: number): boolean {
    const { isolateId, sequence, ready, failed } = report;
    const before = this.#heard.get(isolateId);
    if (before !== undefined && sequence <= before.sequence) return false;
    this.#heard.delete(isolateId);
    this.#heard.set(isolateId, { sequence, ready, failed, heardMs: nowMs });
    for (const [id, { heardMs }] of this.#heard) {
      if (this.#heard.size <= ISOLATES_MAX && nowMs - heardMs <= SILENT_MS) break;
      this.#heard.delete(id);
    }
    return true;
  }

  /** How these sets stand, by digest. */
  readinessOf(digests: readonly string[], nowMs: number): ReadonlyMap<string, Readiness> {
    const speaking = [...this.#heard.values()].filter(({ heardMs }) => nowMs - heardMs <= SILENT_MS);
    const standing = (digest: string): Readiness => {
      const failed: Record<string, number> = {};
      for (const { reason } of speaking.flatMap((isolate) => isolate.failed.filter((set) => set.digest === digest))) {
        const known = Object.keys(failed);
        if (known.includes(reason) || known.length < REASONS_MAX) failed[reason] = (failed[reason] ?? 0) + 1;
      }
      const readyAt = speaking.filter(({ ready }) => ready.includes(digest)).length;
      return { readyAt, heard: speaking.length, failed };
    };
    return new Map(digests.map((digest) => [digest, standing(digest)]));
  }
}
