/**
 * Follows what is known of some isolates' commits through draws, reports, steps of the pacer and back to every isolate.
 * A mark is the moment up to which a place knows of one probe's commits; marks ride beside the messages of the measured
 * campaign and, like its totals, only grow. The lag of a commit ends when the last isolate holds a multiplier that was
 * stepped with it.
 */
import { PACE_STEP_MS } from "../../money/limits.ts";
import type { DrawReply, DrawRequest, ReconcileReply, ReconcileReport } from "../../money/protocol.ts";

/** By probe. Units: epoch milliseconds; 0: nothing known. */
type Marks = readonly number[];

interface Probe {
  /** When each commit of each purse was made, by the purse's id. */
  readonly commits: Map<string, number[]>;
  /** Commits that not every isolate knows of yet, oldest first. */
  waiting: number[];
}

/** See the head of this file. */
export class LagTrace {
  /** Commit to the new multiplier at every isolate. Units: milliseconds. */
  readonly lagsMs: number[] = [];
  readonly #campaignId: string;
  readonly #probes = new Map<string, Probe>();
  readonly #names: readonly string[];
  readonly #wallets = new Map<string, { heard: Marks; view: Marks }>();
  readonly #isolates = new Map<string, Marks>();
  readonly #riding = new WeakMap<object, Marks>();
  #ledger: Marks = [];
  #stepped: Marks = [];
  #multiplierPpm = -1;
  #steppedMs = 0;

  /** `probes`: names of the isolates whose commits are followed. */
  constructor(campaignId: string, probes: readonly string[]) {
    this.#campaignId = campaignId;
    this.#names = probes;
    for (const name of probes) this.#probes.set(name, { commits: new Map(), waiting: [] });
  }

  /** An isolate that has to hear of everything. */
  joins(isolate: string): void {
    this.#isolates.set(isolate, []);
  }

  /** The measured campaign won a slot on an isolate. */
  committed(isolate: string, purseId: string, nowMs: number): void {
    const probe = this.#probes.get(isolate);
    if (probe === undefined) return;
    const times = probe.commits.get(purseId) ?? [];
    probe.commits.set(purseId, times);
    times.push(nowMs);
    probe.waiting.push(nowMs);
  }

  /** A draw's answer left its wallet. */
  drawn(wallet: string, request: DrawRequest, reply: DrawReply): void {
    const at = this.#wallet(wallet);
    const [isolate = ""] = request.purseId.split(".");
    const place = this.#names.indexOf(isolate);
    const told = request.campaigns.find(({ campaignId }) => campaignId === this.#campaignId);
    const commits = this.#probes.get(isolate)?.commits.get(request.purseId);
    const knownMs = commits?.[(told?.impressionsCommitted ?? 0) - 1] ?? 0;
    if (place >= 0)
      at.heard = later(
        at.heard,
        this.#names.map((_, i) => (i === place ? knownMs : 0)),
      );
    this.#riding.set(reply, at.view);
  }

  /** A report left its wallet. */
  reported(report: ReconcileReport): void {
    if (report.campaignId === this.#campaignId) this.#riding.set(report, this.#wallet(report.wallet).heard);
  }

  /** A ledger answered a report. A multiplier that moved, or could have, was stepped with all that the ledger knew. */
  answered(report: ReconcileReport, reply: ReconcileReply, ledgerMs: number): void {
    if (report.campaignId !== this.#campaignId) return;
    this.#ledger = later(this.#ledger, this.#riding.get(report) ?? []);
    if (reply.multiplierPpm !== this.#multiplierPpm || ledgerMs - this.#steppedMs >= PACE_STEP_MS) {
      this.#stepped = this.#ledger;
      this.#steppedMs = ledgerMs;
    }
    this.#multiplierPpm = reply.multiplierPpm;
    this.#riding.set(reply, this.#stepped);
  }

  /** A wallet has heard its ledger. */
  heard(wallet: string, reply: ReconcileReply): void {
    if (reply.campaignId !== this.#campaignId) return;
    const at = this.#wallet(wallet);
    at.view = later(at.view, this.#riding.get(reply) ?? []);
  }

  /** An isolate has heard its wallet. */
  filled(isolate: string, reply: DrawReply): void {
    this.#isolates.set(isolate, later(this.#isolates.get(isolate) ?? [], this.#riding.get(reply) ?? []));
  }

  /** Looks who has heard of what. Cost: isolates × probes. */
  look(nowMs: number): void {
    for (const [place, name] of this.#names.entries()) {
      let knownMs = Number.POSITIVE_INFINITY;
      for (const marks of this.#isolates.values()) knownMs = Math.min(knownMs, marks[place] ?? 0);
      const probe = this.#probes.get(name);
      if (probe === undefined) continue;
      const known = probe.waiting.filter((atMs) => atMs <= knownMs);
      for (const atMs of known) this.lagsMs.push(nowMs - atMs);
      if (known.length > 0) probe.waiting = probe.waiting.slice(known.length);
    }
  }

  #wallet(name: string): { heard: Marks; view: Marks } {
    const known = this.#wallets.get(name);
    if (known !== undefined) return known;
    const fresh = { heard: [], view: [] };
    this.#wallets.set(name, fresh);
    return fresh;
  }
}

function later(a: Marks, b: Marks): Marks {
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_, i) => Math.max(a[i] ?? 0, b[i] ?? 0));
}
