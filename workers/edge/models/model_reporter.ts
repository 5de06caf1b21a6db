/**
 * What this isolate tells origin about model sets: which it holds ready, which it could not load and why, what each
 * decided, and how the shadow compares. At once when what it holds has changed, because a label may only move to a set
 * that is ready; else every few seconds while there is something to tell. A report that is lost is counted and not
 * repeated: counts in it are for judging sets, and no money hangs on them.
 */
import type { Decision } from "../../../src/decision/decision.ts";
import type { ModelReport } from "../../../src/models/model_report.ts";
import type { Env } from "../env.ts";
import type { Shown } from "./exposure.ts";
import type { Fault } from "../recorder.ts";
import { withinOr } from "../../platform/within.ts";

/** How long counts gather. */
const REPORT_EVERY_MS = 5_000;
/** How long origin may take. */
const ANSWER_MS = 5_000;
/** Sets that are counted in one report. */
const SETS_MAX = 16;

/** What the isolate holds at this moment. */
export type HeldState = Pick<ModelReport, "revision" | "ready" | "failed">;

interface ReportDoor {
  readonly env: Pick<Env, "ORIGIN">;
  readonly nowMs: number;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

type Decided = ModelReport["decided"][number];

/** See the head of this file. */
export class ModelReporter {
  readonly #isolateId: string;
  readonly #recorder: { fault(fault: Fault): void };
  #sequence = 0;
  #sentMs = Number.NEGATIVE_INFINITY;
  #told = "";
  #decided = new Map<string, Decided>();

  constructor(isolateId: string, recorder: { fault(fault: Fault): void }) {
    this.#isolateId = isolateId;
    this.#recorder = recorder;
  }

  /** Counts a decision for the set that scored it. */
  decided({ modelSetDigest, lapses }: Decision, shown: Shown): void {
    if (modelSetDigest === null) return;
    const before = this.#decided.get(modelSetDigest);
    if (before === undefined && this.#decided.size >= SETS_MAX) return;
    this.#decided.set(modelSetDigest, {
      digest: modelSetDigest,
      decisions: (before?.decisions ?? 0) + 1,
      impressions: (before?.impressions ?? 0) + shown.impressions,
      spendMicros: (before?.spendMicros ?? 0) + shown.spendMicros,
      droppedHeads: (before?.droppedHeads ?? 0) + lapses.replaced.length,
    });
  }

  /** Sends a report if one is due. `shadow`: asked for what it has summed up, when one is sent. */
  tell(door: ReportDoor, state: HeldState, shadow: () => ModelReport["shadow"]): void {
    const told = JSON.stringify(state);
    const due = door.nowMs - this.#sentMs >= REPORT_EVERY_MS && this.#decided.size > 0;
    if (!due && told === this.#told) return;
    this.#told = told;
    this.#sentMs = door.nowMs;
    const decided = [...this.#decided.values()];
    this.#decided = new Map();
    const report = { isolateId: this.#isolateId, sequence: this.#sequence++, ...state, decided, shadow: shadow() };
    door.waitUntil(this.#send(door, report));
  }

  async #send(door: ReportDoor, report: ModelReport): Promise<void> {
    try {
      const sent = Promise.resolve(door.env.ORIGIN.modelReport(report)).then(() => true);
      if (await withinOr(ANSWER_MS, sent, false)) return;
      console.warn("a report on models was lost: origin did not answer");
    } catch (error) {
      console.warn(`a report on models was lost: ${String(error)}`);
    }
    this.#recorder.fault("model_report_lost");
  }
}
