/**
 * Scores a share of decisions a second time with a set that nobody is shown, after they were answered, and sums up how
 * far the two are apart. A timer stands between the answer and the second run, one runs at a time, and a second has a
 * fixed number of them: what that leaves out is counted and forgotten.
 */
import type { FeatureMatrix } from "../../../src/decision/hydrate.ts";
import type { HeadAnswers } from "../../../src/decision/rank.ts";
import { hash32 } from "../../../src/kernel/random.ts";
import { SECOND_MS } from "../../../src/kernel/time.ts";
import { HEADS } from "../../../src/models/manifest.ts";
import type { ModelReport } from "../../../src/models/model_report.ts";
import { addPairs, NO_PAIRS, pairScores } from "../../../src/models/score_pairs.ts";
import type { HeldSet } from "./held_set.ts";
import type { ModelStep } from "../recorder.ts";

/** Second runs in one second. One takes about as long as scoring a decision does: a few per cent of the isolate. */
export const ONE_SECOND_OF_SHADOWS = 20;
/** How long the answer goes first. */
const AFTER_MS = 5;
/** A run that has not ended by then belonged to a request that died. */
const RUN_LOST_MS = 5_000;
const WHOLE_PPM = 1_000_000;

/** What the live set scored. */
export interface ScoredRows {
  readonly decisionId: string;
  readonly liveDigest: string;
  readonly matrix: FeatureMatrix;
  readonly answers: HeadAnswers;
}

interface ShadowDoor {
  readonly nowMs: number;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

type Summary = NonNullable<ModelReport["shadow"]>;

/** See the head of this file. */
export class Shadow {
  readonly #recorder: { modelStep(step: ModelStep, ms: number): void };
  #summary: Summary | null = null;
  #runningSinceMs: number | null = null;
  #secondBeganMs = Number.NEGATIVE_INFINITY;
  #runsLeft = 0;

  constructor(recorder: { modelStep(step: ModelStep, ms: number): void }) {
    this.#recorder = recorder;
  }

  /** Scores these rows again with the shadow if they are of the share and within the budget. Never rejects. */
  consider(door: ShadowDoor, rows: ScoredRows, shadow: HeldSet, sharePpm: number): void {
    if (hash32(`shadow\u0000${rows.decisionId}`) >= (sharePpm / WHOLE_PPM) * 2 ** 32) return;
    if (!this.#begin(door.nowMs)) return this.#recorder.modelStep("shadowSkipped", 0);
    door.waitUntil(this.#run(rows, shadow));
  }

  /** What was summed up since it was last asked; null: nothing. */
  take(): Summary | null {
    const summary = this.#summary;
    this.#summary = null;
    return summary;
  }

  #begin(nowMs: number): boolean {
    if (nowMs - this.#secondBeganMs >= SECOND_MS) {
      this.#secondBeganMs = nowMs;
      this.#runsLeft = ONE_SECOND_OF_SHADOWS;
    }
    const busy = this.#runningSinceMs !== null && nowMs - this.#runningSinceMs < RUN_LOST_MS;
    if (busy || this.#runsLeft <= 0) return false;
    this.#runsLeft--;
    this.#runningSinceMs = nowMs;
    return true;
  }

  async #run({ liveDigest, matrix, answers }: ScoredRows, shadow: HeldSet): Promise<void> {
    try {
      await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
      if (shadow.released) return;
      const said = await shadow.lend(({ full }) => full.score(matrix));
      const summary = this.#summaryOf(liveDigest, shadow.digest);
      const replaced = [...answers.lapses.replaced, ...said.lapses.replaced];
      for (const head of HEADS.filter((head) => !replaced.includes(head))) {
        const pairs = pairScores(answers.heads[head], said.heads[head]);
        summary.heads[head] = addPairs(summary.heads[head] ?? NO_PAIRS, pairs);
      }
      this.#recorder.modelStep("shadowed", 0);
    } catch (error) {
      console.warn(`the shadow did not score a decision: ${String(error)}`);
    } finally {
      this.#runningSinceMs = null;
    }
  }

  /** The running summary of this pair of sets; pairs of two other sets are given up. */
  #summaryOf(live: string, shadow: string): Summary {
    if (this.#summary?.live !== live || this.#summary.shadow !== shadow) {
      this.#summary = { live, shadow, heads: {} };
    }
    return this.#summary;
  }
}
