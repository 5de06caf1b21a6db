/**
 * A loaded model set with the books that are kept of it: how many decisions use it now, and how it has fared. Nothing
 * may be released under a run, so a set that has to go frees its memory when its last user is done.
 */
import { afterFailure, HEALTHY, type ModelHealth } from "../../../src/decision/tier.ts";
import type { LoadedModelSet } from "./model_set.ts";

/** See the head of this file. */
export class HeldSet {
  readonly set: LoadedModelSet;
  #health: ModelHealth = HEALTHY;
  #users = 0;
  #retired = false;
  #released = false;

  constructor(set: LoadedModelSet) {
    this.set = set;
  }

  get digest(): string {
    return this.set.digest;
  }

  get health(): ModelHealth {
    return this.#health;
  }

  /** Whether its memory has been given back. */
  get released(): boolean {
    return this.#released;
  }

  /** Keeps the set loaded while `work` scores with it. */
  async lend<T>(work: (set: LoadedModelSet) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await work(this.set);
    } finally {
      this.#users--;
      await this.#releaseWhenIdle();
    }
  }

  /** Notes how it scored a decision. Units: epoch milliseconds. */
  fared(well: boolean, nowMs: number): void {
    this.#health = well ? HEALTHY : afterFailure(this.#health, nowMs);
  }

  /** Frees the set once nobody uses it. */
  async retire(): Promise<void> {
    this.#retired = true;
    await this.#releaseWhenIdle();
  }

  async #releaseWhenIdle(): Promise<void> {
    if (!this.#retired || this.#users > 0 || this.#released) return;
    this.#released = true;
    await this.set.release();
  }
}
