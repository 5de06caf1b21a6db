/**
 * What this isolate tells origin, once a second while there is traffic: counters and the newest decisions. Recording
 * never delays an answer and never fails one: a report that cannot be sent is dropped and counted in the next.
 */
import type { BillVerdict } from "../../src/money/protocol.ts";
import type { ActivityCounters, ActivityReport, DecisionSummary, Tier } from "../../src/telemetry/activity.ts";
import { emptyCounters } from "../../src/telemetry/activity_window.ts";
import type { Lapses } from "../../src/decision/rank.ts";
import type { Head } from "../../src/models/manifest.ts";
import type { Env } from "./env.ts";

/** How long counters gather before they are sent. */
const REPORT_INTERVAL_MS = 1_000;
/** Decisions with their explanation in one report. */
const DECISIONS_PER_REPORT_MAX = 2;
/**
 * Losers in a reported explanation: those that came furthest. A queue message holds 128 KB, a loser takes about 180
 * bytes. `POST /v1/decide?explain=1` answers all of them.
 */
const REPORTED_REJECTIONS_MAX = 200;

/** Faults that the edge counts and answers around. */
export type Fault =
  | "scoring_failed"
  | "models_unavailable"
  | "models_over_budget"
  | "golden_mismatch"
  | `thinned_${Head}`
  | `replaced_${Head}`
  | "exposure_unreachable"
  | "model_report_lost"
  | "catalog_unavailable"
  | "guarantees_unavailable"
  | "origin_unreachable"
  | "wallet_unreachable"
  | "household_unreachable"
  | "report_lost"
  | "trace_dropped"
  | "trace_too_large"
  | "trace_lost"
  | "internal";

/**
 * Steps in the life of a model set at an isolate: an artifact `fetched` or `verified`; a model, or models that run
 * together, `created`; a golden row asked (`warmed`); another set decides (`promoted`); a set made room (`evicted`).
 * Of decisions: `canaried`, made by a canary; `canaryRanDry`, the live set had to; `shadowed`, scored by the shadow
 * too; `shadowSkipped`, beyond its budget.
 */
export type ModelStep =
  | "fetched"
  | "verified"
  | "created"
  | "warmed"
  | "promoted"
  | "evicted"
  | "canaried"
  | "canaryRanDry"
  | "shadowed"
  | "shadowSkipped";

/** What one decision adds to the counters. Units: milliseconds, micros. */
export interface DecisionTally {
  readonly tier: Tier;
  readonly modelSetDigest: string | null;
  readonly lapses: Lapses;
  readonly slots: number;
  readonly requestedMs: number;
  readonly paidMs: number;
  readonly houseMs: number;
  readonly committedMicros: number;
}

type MutableCounters = { -readonly [Key in keyof ActivityCounters]: ActivityCounters[Key] };

function plus(counts: Readonly<Record<string, number>>, key: string, count = 1): Record<string, number> {
  return { ...counts, [key]: (counts[key] ?? 0) + count };
}

/** Gathers one isolate's counters between reports. */
export class Recorder {
  readonly #isolate: string;
  #sequence = 0;
  #counters: MutableCounters = emptyCounters();
  #decisions: DecisionSummary[] = [];
  #dueMs = 0;

  constructor(isolate: string) {
    this.#isolate = isolate;
  }

  /** Counts one decision. The summary is only built when this report still has room for it. */
  decision(tally: DecisionTally, summary: () => DecisionSummary): void {
    const c = this.#counters;
    c.decisions++;
    if (tally.slots === 0) c.emptyDecisions++;
    c.slotsFilled += tally.slots;
    c.requestedMs += tally.requestedMs;
    c.paidMs += tally.paidMs;
    c.houseMs += tally.houseMs;
    c.committedMicros += tally.committedMicros;
    c.tiers = { ...c.tiers, [tally.tier]: c.tiers[tally.tier] + 1 };
    if (tally.modelSetDigest !== null) c.modelSets = plus(c.modelSets, tally.modelSetDigest);
    for (const head of tally.lapses.thinned) this.fault(`thinned_${head}`);
    for (const head of tally.lapses.replaced) this.fault(`replaced_${head}`);
    if (this.#decisions.length < DECISIONS_PER_REPORT_MAX) {
      const explained = summary();
      const furthest = explained.rejections.slice(-REPORTED_REJECTIONS_MAX);
      this.#decisions.push({ ...explained, rejections: furthest });
    }
  }

  /** Counts one beacon: a verdict for impressions, the event's name for the others. */
  beacon(outcome: BillVerdict | (string & {})): void {
    this.#counters.beacons = plus(this.#counters.beacons, outcome);
  }

  /** Counts one fault, or as many as it struck. */
  fault(fault: Fault, count = 1): void {
    this.#counters.faults = plus(this.#counters.faults, fault, count);
  }

  /** Counts a step of a model set. Units: milliseconds, whole ones; 0 where nothing is timed. */
  modelStep(step: ModelStep, ms: number): void {
    this.#counters.models = plus(this.#counters.models, step);
    if (ms > 0) this.#counters.models = plus(this.#counters.models, `${step}Ms`, ms);
  }

  /** Notes how much memory the models hold. Counts add up, so the mean is `gaugedBytes` over `gauged`. */
  modelMemory(bytes: number): void {
    this.#counters.models = plus(plus(this.#counters.models, "gauged"), "gaugedBytes", bytes);
  }

  /**
   * Arms one report about a second from now, kept alive by this request's `waitUntil`. When the request that armed it
   * dies, the next one after the due time arms another.
   */
  arm(env: Env, waitUntil: (work: Promise<unknown>) => void, nowMs: number): void {
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + REPORT_INTERVAL_MS + 500;
    waitUntil(this.#sendLater(env, nowMs + REPORT_INTERVAL_MS));
  }

  async #sendLater(env: Env, atMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, REPORT_INTERVAL_MS));
    const report: ActivityReport = {
      isolate: this.#isolate,
      sequence: this.#sequence++,
      atMs,
      counters: this.#counters,
      decisions: this.#decisions,
    };
    this.#counters = emptyCounters();
    this.#decisions = [];
    this.#dueMs = 0;
    try {
      await env.EVENTS.send(report);
    } catch (error) {
      console.warn(`a report to the console was lost: ${String(error)}`);
      this.fault("report_lost");
    }
  }
}
