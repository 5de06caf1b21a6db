/**
 * The models of this isolate at work: does what origin's newest order says, and tells for every decision which set
 * scores it and with how much effort. Which set is live is one pointer: it moves in one step, to a set that is on the
 * shelf and tested, and a decision that has begun goes on with the set it began with.
 */
import type { Decision } from "../../../src/decision/decision.ts";
import { chooseTier, type ScoringTier } from "../../../src/decision/tier.ts";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { isInTrial } from "../../../src/models/assignment.ts";
import { NOTHING_SERVES, type ServingOrder } from "../../../src/models/serving_order.ts";
import { Exposure, type ExposureDoor, type Shown } from "./exposure.ts";
import type { HeldSet } from "./held_set.ts";
import type { LoadModelSet } from "./model_set.ts";
import { ModelReporter } from "./model_reporter.ts";
import { ModelShelf, type LoadDoor } from "./model_shelf.ts";
import type { Recorder } from "../recorder.ts";
import { Shadow, type ScoredRows } from "./shadow.ts";

/** What a request lends to the models. */
export interface ModelsDoor extends LoadDoor {
  readonly nowMs: number;
}

/** A decision that has not ended by then belonged to a request that died: its end was never told. */
const DECISION_LOST_MS = 10_000;

/** What the models of an isolate are made of. */
export interface ServingModelsParts {
  readonly isolateId: string;
  readonly recorder: Recorder;
  readonly load: LoadModelSet;
  readonly runtimeBytes: () => number;
}

/** See the head of this file. */
export class ServingModels {
  readonly #recorder: Recorder;
  readonly #shelf: ModelShelf;
  readonly #exposure: Exposure;
  readonly #shadow: Shadow;
  readonly #reporter: ModelReporter;
  #order: ServingOrder = NOTHING_SERVES;
  #orderedMs = Number.NEGATIVE_INFINITY;
  #live: HeldSet | null = null;
  /** When each decision in flight began, the oldest first. */
  readonly #inFlight = new Set<{ readonly sinceMs: number }>();
  /** Revision of the newest order whose live set is in use. */
  #carriedOut = 0;

  constructor({ isolateId, recorder, load, runtimeBytes }: ServingModelsParts) {
    this.#recorder = recorder;
    this.#shelf = new ModelShelf({ recorder, load, runtimeBytes });
    this.#exposure = new Exposure(isolateId, recorder);
    this.#shadow = new Shadow(recorder);
    this.#reporter = new ModelReporter(isolateId, recorder);
  }

  /** The set that decides, unless a canary does; null: none is loaded. */
  get live(): HeldSet | null {
    return this.#live;
  }

  /** Digests of the sets that are ready. */
  get ready(): readonly string[] {
    return this.#shelf.ready;
  }

  /** Bytes that models hold: the memory of the ONNX runtime and those of the sets. */
  get memoryBytes(): number {
    return this.#shelf.memoryBytes;
  }

  /** Decisions in flight in this isolate. */
  inFlightAt(nowMs: number): number {
    for (const one of this.#inFlight) {
      if (nowMs - one.sinceMs <= DECISION_LOST_MS) break;
      this.#inFlight.delete(one);
    }
    return this.#inFlight.size;
  }

  /** Does what an order says, as far as it can be done at once, and begins what cannot. Passes over older answers. */
  follow(order: ServingOrder, door: ModelsDoor): void {
    if (door.nowMs < this.#orderedMs) return;
    this.#orderedMs = door.nowMs;
    this.#order = order;
    const { live, canary, shadow, warm } = order;
    if (canary === null) this.#exposure.handBack(door);
    const wanted = [live, canary?.digest, shadow?.digest, ...warm].filter((digest) => typeof digest === "string");
    this.#moveLive();
    this.#shelf.fill(door, [...new Set(wanted)], door.nowMs, () => {
      this.#moveLive();
      this.#tell(door);
    });
    this.#recorder.modelMemory(this.#shelf.memoryBytes);
    this.#tell(door);
  }

  /** Counts a decision in flight from here to the end of the work. Units: epoch milliseconds. */
  async during<T>(nowMs: number, work: () => Promise<T>): Promise<T> {
    const one = { sinceMs: nowMs };
    this.#inFlight.add(one);
    try {
      return await work();
    } finally {
      this.#inFlight.delete(one);
    }
  }

  /** The canary for a break of this key, if the break is one of its own and exposure is left. Else: the live set. */
  canaryFor(door: ExposureDoor, key: string): HeldSet | null {
    const { canary, stopped } = this.#order;
    if (canary === null || stopped || !isInTrial(key, canary)) return null;
    const held = this.#shelf.get(canary.digest);
    return held !== null && this.#exposure.mayShow(door, canary.digest) ? held : null;
  }

  /** With how much effort a set scores now. */
  tierFor(held: HeldSet | null, nowMs: number): ScoringTier {
    const facts = {
      stopped: this.#order.stopped,
      health: held?.health ?? null,
      inFlight: this.inFlightAt(nowMs),
      nowMs,
    };
    return chooseTier(facts, FULL_LIMITS);
  }

  /** Debits what a canary's decision shows; false, and nothing is debited: the live set has to decide. */
  mayShow(door: ExposureDoor, canary: HeldSet, shown: Shown): boolean {
    const covered = this.#exposure.debit(door, canary.digest, shown);
    this.#recorder.modelStep(covered ? "canaried" : "canaryRanDry", 0);
    return covered;
  }

  /** Counts a decision for the set that made it. */
  decided(decision: Decision, shown: Shown): void {
    this.#reporter.decided(decision, shown);
  }

  /** Lets the shadow score what the live set has scored in full, after the answer. */
  compare(door: ModelsDoor, rows: ScoredRows): void {
    const { shadow } = this.#order;
    const held = shadow === null ? null : this.#shelf.get(shadow.digest);
    if (shadow === null || held === null || rows.liveDigest !== this.#live?.digest) return;
    this.#shadow.consider(door, rows, held, shadow.sharePpm);
  }

  #moveLive(): void {
    const { live } = this.#order;
    const next = live === null ? null : this.#shelf.get(live);
    // A set that is not ready yet leaves the one before it in place.
    if (next === this.#live || (live !== null && next === null)) return;
    this.#live = next;
    this.#shelf.pin(next?.digest ?? null);
    this.#recorder.modelStep("promoted", 0);
  }

  #tell(door: ModelsDoor): void {
    if (this.#order.live === (this.#live?.digest ?? null)) this.#carriedOut = this.#order.revision;
    const { ready, failed } = this.#shelf;
    const state = { revision: this.#carriedOut, ready: [...ready].sort(), failed: [...failed] };
    this.#reporter.tell(door, state, () => this.#shadow.take());
  }
}
