/**
 * The model sets that an isolate holds ready: the live one, those that are tried, those that a rollback may want, and
 * as many of the last used as fit. A set comes onto the shelf whole, signed and tested, or not at all; one goes when
 * the room is needed. Sets are loaded one at a time, in pieces between which requests go first.
 */
import type { Env } from "../env.ts";
import { fetchedArtifact, trustedArtifact } from "./artifact.ts";
import { HeldSet } from "./held_set.ts";
import type { LoadedModelSet, LoadModelSet, LoadSteps } from "./model_set.ts";
import type { ModelStep, Recorder } from "../recorder.ts";
import { GoldenMismatch, selfTest } from "./self_test.ts";
import { nextTurn } from "../../platform/in_turns.ts";

/** What all sets together may hold, by their own count. */
const SETS_BYTES_MAX = 48 * 1024 * 1024;
/** What the memories of the ONNX runtime and of the kernels may come to. An isolate has 128 MB for everything. */
const MEMORY_BYTES_MAX = 72 * 1024 * 1024;
/** Sets that are held at once, however small. */
const SETS_MAX = 6;
/** A load that has not ended by then belonged to a request that died. */
const LOAD_LOST_MS = 30_000;
/** How long the answer that brought the order goes first: loading blocks the isolate, on a cold one for long. */
const BEGIN_AFTER_MS = 50;
/** A set that could not be had is fetched again this much later, and one that was refused. */
const RETRY_MS = 4_000;
const REFUSED_RETRY_MS = 60_000;
/** Failed sets that are remembered. */
const FAILED_MAX = 16;

/** Why a set is not on the shelf. */
export type SetFailure = "models_unavailable" | "models_over_budget" | "golden_mismatch";

/** A set would not fit beside what must stay. */
class OverBudget extends Error {
  override readonly name = "OverBudget";
}

/** What the shelf is made of. `runtimeBytes`: memory of the ONNX runtime, now. */
export interface ShelfParts {
  readonly recorder: Recorder;
  readonly load: LoadModelSet;
  readonly runtimeBytes: () => number;
}

/** Where loading happens: the bindings, and what keeps work alive after an answer. */
export interface LoadDoor {
  readonly env: Env;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

interface Loading {
  readonly digest: string;
  readonly sinceMs: number;
}

/** See the head of this file. */
export class ModelShelf {
  readonly #parts: ShelfParts;
  /** The longest unused first. */
  readonly #held = new Map<string, HeldSet>();
  readonly #admitted = new Map<string, number>();
  readonly #failed = new Map<string, { readonly reason: SetFailure; readonly untilMs: number }>();
  #wanted: readonly string[] = [];
  #pinned: string | null = null;
  #loading: Loading | null = null;

  constructor(parts: ShelfParts) {
    this.#parts = parts;
  }

  /** The set, when it is ready. */
  get(digest: string): HeldSet | null {
    return this.#held.get(digest) ?? null;
  }

  /** Digests of the sets that are ready. */
  get ready(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** Sets that could not be loaded lately, and why. */
  get failed(): readonly { readonly digest: string; readonly reason: SetFailure }[] {
    return [...this.#failed].map(([digest, { reason }]) => ({ digest, reason }));
  }

  /** Bytes of the ONNX runtime's memory and of all memories of the sets. */
  get memoryBytes(): number {
    return [...this.#held.values()].reduce((sum, { set }) => sum + set.bytes, this.#parts.runtimeBytes());
  }

  /**
   * Loads what is wanted and not here, the most wanted first, one after the other, for as long as this request lives.
   * `arrived`: told of every load that has ended, well or not.
   */
  fill(door: LoadDoor, wanted: readonly string[], nowMs: number, arrived: () => void): void {
    this.#wanted = wanted;
    // What is wanted counts as used: the least wanted goes first.
    for (const digest of wanted.toReversed()) this.#touch(digest);
    if (this.#loading !== null && nowMs - this.#loading.sinceMs > LOAD_LOST_MS) this.#loading = null;
    if (this.#loading === null && this.#nextWanted(nowMs) !== undefined) {
      door.waitUntil(this.#loadAll(door, nowMs, arrived));
    }
  }

  /** This set decides now: it stays whatever else is wanted. */
  pin(digest: string | null): void {
    this.#pinned = digest;
  }

  #touch(digest: string): void {
    const held = this.#held.get(digest);
    if (held === undefined) return;
    this.#held.delete(digest);
    this.#held.set(digest, held);
  }

  #nextWanted(nowMs: number): string | undefined {
    const rests = (digest: string): boolean => (this.#failed.get(digest)?.untilMs ?? nowMs) > nowMs;
    return this.#wanted.find((digest) => !this.#held.has(digest) && !rests(digest));
  }

  async #loadAll(door: LoadDoor, nowMs: number, arrived: () => void): Promise<void> {
    let pauseMs = BEGIN_AFTER_MS;
    for (let digest = this.#nextWanted(nowMs); digest !== undefined; digest = this.#nextWanted(nowMs)) {
      const loading = { digest, sinceMs: nowMs };
      this.#loading = loading;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      pauseMs = 0;
      await this.#load(door, loading);
      // Another request took over: this one was given up on.
      if (this.#loading !== loading) return;
      this.#loading = null;
      arrived();
    }
  }

  async #load(door: LoadDoor, loading: Loading): Promise<void> {
    const { digest, sinceMs } = loading;
    try {
      const set = await this.#loaded(door.env, loading);
      this.#failed.delete(digest);
      this.#held.set(digest, new HeldSet(set));
    } catch (error) {
      // Whoever took this load over has books of their own.
      if (this.#loading !== loading) return;
      this.#admitted.delete(digest);
      const reason = reasonOf(error);
      const restMs = reason === "models_unavailable" ? RETRY_MS : REFUSED_RETRY_MS;
      if (this.#failed.size >= FAILED_MAX) this.#failed.clear();
      this.#failed.set(digest, { reason, untilMs: sinceMs + restMs });
      this.#parts.recorder.fault(reason);
      console.warn(`keeping the models that are loaded: ${String(error)}`);
    }
  }

  /** The set, loaded and tested. Rejects, and leaves nothing behind. */
  async #loaded(env: Env, loading: Loading): Promise<LoadedModelSet> {
    const { digest } = loading;
    const piece =
      (step: ModelStep): LoadSteps["piece"] =>
      async (work) => {
        const done = await this.#timed(step, async () => {
          const result = await work();
          await nextTurn();
          return result;
        });
        if (this.#loading !== loading) throw new Error(`the load of ${digest} was given up`);
        this.#gauge(digest, 0);
        return done;
      };
    const set = await this.#parts.load(digest, {
      artifact: async (kind, named) => {
        const bytes = await this.#timed("fetched", () => fetchedArtifact(env, kind, named));
        return this.#timed("verified", () => trustedArtifact(env, kind, named, bytes));
      },
      admit: (bytes) => this.#admit(digest, bytes),
      piece: piece("created"),
    });
    try {
      this.#gauge(digest, set.bytes);
      await selfTest(set, piece("warmed"));
      return set;
    } catch (error) {
      await set.release();
      throw error;
    }
  }

  /** Makes room, or throws `OverBudget`. The least wanted goes, then what is longest unused; the pinned set never. */
  #admit(digest: string, bytes: number): void {
    const place = (held: string): number => {
      const at = this.#wanted.indexOf(held);
      return at < 0 ? Number.POSITIVE_INFINITY : at;
    };
    const mayGo = [...this.#held.keys()]
      .filter((held) => held !== this.#pinned && place(held) > place(digest))
      .sort((a, b) => (place(a) === place(b) ? 0 : place(b) - place(a)));
    const sum = (digests: Iterable<string>): number =>
      [...digests].reduce((total, held) => total + (this.#admitted.get(held) ?? 0), 0);
    const staying = sum(this.#held.keys()) - sum(mayGo);
    const stay = this.#held.size - mayGo.length;
    if (staying + bytes > SETS_BYTES_MAX || stay >= SETS_MAX) {
      throw new OverBudget(`model set ${digest} needs ${bytes} bytes beside ${stay} sets of ${staying} that must stay`);
    }
    while (sum(this.#held.keys()) + bytes > SETS_BYTES_MAX || this.#held.size >= SETS_MAX) {
      this.#evict(mayGo.shift() ?? "");
    }
    this.#admitted.set(digest, bytes);
  }

  /** Throws `OverBudget` when the memories, with these bytes of a set that is being loaded, hold more than they may. */
  #gauge(digest: string, bytes: number): void {
    if (this.memoryBytes + bytes > MEMORY_BYTES_MAX) throw new OverBudget(`model set ${digest} takes too much memory`);
  }

  #evict(digest: string): void {
    const held = this.#held.get(digest);
    this.#held.delete(digest);
    this.#admitted.delete(digest);
    this.#parts.recorder.modelStep("evicted", 0);
    // Drained decisions free it; a release that fails has nobody to tell.
    void held?.retire().catch((error: unknown) => console.error(`a model set was not freed: ${String(error)}`));
  }

  /** Notes a step and how long it took, as far as the clock tells: it stands still until the isolate is let go. */
  async #timed<T>(step: ModelStep, work: () => Promise<T>): Promise<T> {
    const startedMs = Date.now();
    const done = await work();
    this.#parts.recorder.modelStep(step, Date.now() - startedMs);
    return done;
  }
}

function reasonOf(error: unknown): SetFailure {
  if (error instanceof OverBudget) return "models_over_budget";
  return error instanceof GoldenMismatch ? "golden_mismatch" : "models_unavailable";
}
