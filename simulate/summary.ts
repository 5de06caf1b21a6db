/** What many seeds add up to, and one digest for them all. */
import { hash32 } from "../src/kernel/random.ts";
import type { SeedReport } from "../src/simulation/money/run_seed.ts";

/** Sums over seeds. Shares are in millionths: of impressions shown, or of slots that wanted a campaign. */
export interface Summary {
  readonly seeds: number;
  readonly decisions: number;
  readonly overspendMicrosMax: number;
  readonly unbillableSharePpm: number;
  readonly digest: string;
  readonly failed: readonly number[];
  readonly events: number;
  readonly committed: number;
  readonly shown: number;
  readonly billed: number;
  readonly duplicates: number;
  readonly late: number;
  readonly exhausted: number;
  /** The part of the unbillable that a wallet gave money for whose disk was lost since. */
  readonly lostWithDiskSharePpm: number;
  /** Shown, but no beacon ever reached a wallet. */
  readonly unheardSharePpm: number;
  readonly falseNoBudgetSharePpm: number;
  readonly objectDeaths: number;
}

/** Adds up. Requires: reports in the order of their seeds. */
export function summarize(reports: readonly SeedReport[]): Summary {
  const sum = (of: (report: SeedReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  const shown = sum((report) => report.shown);
  const lost = sum((report) => report.lostWithDisk);
  const wishes = sum((report) => report.committed + report.lacked);
  return {
    seeds: reports.length,
    decisions: sum((report) => report.decisions),
    overspendMicrosMax: reports.reduce((most, report) => Math.max(most, report.overspendMicrosMax), 0),
    unbillableSharePpm: ppm(sum((report) => report.unbillable) + lost, shown),
    digest: digestOf(reports),
    failed: reports.filter((report) => report.broken !== null).map((report) => report.seed),
    events: sum((report) => report.events),
    committed: sum((report) => report.committed),
    shown,
    billed: sum((report) => report.verdicts.billed),
    duplicates: sum((report) => report.verdicts.duplicate),
    late: sum((report) => report.verdicts.late),
    exhausted: sum((report) => report.verdicts.exhausted),
    lostWithDiskSharePpm: ppm(lost, shown),
    unheardSharePpm: ppm(
      sum((report) => report.unheard),
      shown,
    ),
    falseNoBudgetSharePpm: ppm(
      sum((report) => report.falselyLacked),
      wishes,
    ),
    objectDeaths: sum((report) => report.deaths),
  };
}

function digestOf(reports: readonly SeedReport[]): string {
  const digests = reports.map(({ seed, digest }) => `${seed}:${digest}`).join(" ");
  return [0, 1].map((seed) => hash32(digests, seed).toString(16).padStart(8, "0")).join("");
}

function ppm(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part * 1_000_000) / whole);
}
