/**
 * Bringing one published catalog into this isolate without keeping anybody waiting: fetched, held against its digest,
 * and read in steps between which requests are served. The steps belong to the isolate and not to the request that
 * began them: when that one dies, whoever comes next carries on where it stopped.
 */
import type { CompiledCatalog } from "../../src/catalog/compiled.ts";
import { readSnapshot, type SnapshotRefusal } from "../../src/catalog/snapshot.ts";
import type { Steps } from "../../src/catalog/steps.ts";
import type { Result } from "../../src/kernel/result.ts";
import { nextTurn } from "../platform/in_turns.ts";

/** A fetch that has not ended by then belonged to a request that died. */
const FETCH_LOST_MS = 30_000;
/** Steps that have stood still for so long belonged to a request that died. */
const STEPS_LOST_MS = 3_000;

type Reading = Steps<Result<CompiledCatalog, SnapshotRefusal>>;

/** One load. Ends with a catalog or with a reason; until then somebody has to `drive` it. */
export class CatalogLoad {
  readonly digest: string;
  readonly #stepsATurn: number;
  #reading: Reading | null = null;
  /** Grows with every bit of progress. */
  #progress = 0;
  #seen = { progress: -1, atMs: Number.NEGATIVE_INFINITY };
  /** Counts those who drove it; only the last one still does. */
  #drivers = 0;

  /** `stepsATurn`: how many are taken before others get a turn; more where nobody can be served without the catalog. */
  constructor(digest: string, stepsATurn = 1) {
    this.digest = digest;
    this.#stepsATurn = stepsATurn;
  }

  /** Whether nobody drives it any more. Compares with what it saw when it was last asked. */
  isLost(nowMs: number): boolean {
    if (this.#seen.progress !== this.#progress) this.#seen = { progress: this.#progress, atMs: nowMs };
    return nowMs - this.#seen.atMs > (this.#reading === null ? FETCH_LOST_MS : STEPS_LOST_MS);
  }

  /**
   * Goes on with the load to its end; null when somebody else has taken it over meanwhile. `fetched`: the verified
   * bytes, asked for unless they are here already. Rejects, saying what is wrong.
   */
  async drive(fetched: () => Promise<Uint8Array>): Promise<CompiledCatalog | null> {
    const driver = ++this.#drivers;
    this.#progress++;
    if (this.#reading === null) {
      const bytes = await fetched().catch((failure: unknown) => {
        // Whoever was given up on has no say any more, neither with bytes nor with a failure.
        if (driver === this.#drivers) throw failure;
        return null;
      });
      if (bytes === null || driver !== this.#drivers) return null;
      this.#reading = readSnapshot(bytes, true);
    }
    for (let taken = 1; ; taken++) {
      const step = this.#reading.next();
      this.#progress++;
      if (step.done === true) {
        if (step.value.ok) return step.value.value;
        throw new Error(`snapshot ${this.digest} is refused: ${step.value.reason}`);
      }
      if (taken % this.#stepsATurn === 0) await nextTurn();
      if (driver !== this.#drivers) return null;
    }
  }
}
