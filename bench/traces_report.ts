/** What the traces benchmark says, as one object for programs and one section for people. */
import { machineLines, type Machine } from "./machine.ts";
import { table } from "./measurements_page.ts";
import { figureText, spread, spreadText, threeDigits, type Spread } from "./statistics.ts";
import type { Recorded } from "./traces_recording.ts";

/** Shares that are held side by side. Units: millionths of all requests. */
export const SHARES = [
  ["none", 0],
  ["production", 10_000],
  ["every", 1_000_000],
] as const;
export type ShareName = (typeof SHARES)[number][0];

/** One measurement of one share. Units: microseconds; CPU of the whole workerd, filing included. */
export interface Cost {
  readonly latencyUsP50: number;
  readonly latencyUsP99: number;
  /** Null where the system keeps no such books. */
  readonly cpuUsPerRequest: number | null;
}
export type CostRound = ReadonlyMap<ShareName, Cost>;

interface Facts {
  readonly command: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly secondsPerMeasurement: number;
}

/** The whole measurement. */
export type TracesReport = ReturnType<typeof tracesReport>;

const TITLES: Readonly<Record<ShareName, string>> = {
  none: "no request",
  production: "1 % of requests",
  every: "every request",
};

/** Puts the figures together. */
export function tracesReport(facts: Facts, recorded: readonly Recorded[], cost: readonly CostRound[]) {
  const sum = (figure: (part: Recorded) => number): number => recorded.reduce((total, part) => total + figure(part), 0);
  const tiers: Record<string, number> = {};
  for (const part of recorded) {
    for (const [tier, count] of Object.entries(part.tiers)) tiers[tier] = (tiers[tier] ?? 0) + count;
  }
  const traces = sum((part) => part.traces);
  return {
    benchmark: "traces",
    measuredAt: new Date().toISOString(),
    ...facts,
    decisionsAsked: sum((part) => part.asked),
    traces,
    tracesDropped: sum((part) => part.dropped),
    tiers,
    same: sum((part) => part.same),
    differing: sum((part) => part.differing),
    unreadable: sum((part) => part.unreadable),
    batches: sum((part) => part.batches),
    bytesPerTrace: Math.round(sum((part) => part.storedBytes) / traces),
    replayUsPerTrace: threeDigits((1000 * sum((part) => part.replayMs)) / traces),
    cost: Object.fromEntries(SHARES.map(([name]) => [name, costOf(name, cost)])),
  };
}

function costOf(name: ShareName, rounds: readonly CostRound[]) {
  const figures = (pick: (cost: Cost) => number | null): number[] =>
    rounds.flatMap((round) => {
      const cost = round.get(name);
      return cost === undefined ? [] : (pick(cost) ?? []);
    });
  const cpu = figures(({ cpuUsPerRequest }) => cpuUsPerRequest);
  return {
    latencyUsP50: spread(figures(({ latencyUsP50 }) => latencyUsP50)),
    latencyUsP99: spread(figures(({ latencyUsP99 }) => latencyUsP99)),
    cpuUsPerRequest: cpu.length === 0 ? null : spread(cpu),
  };
}

/** The section for docs/measurements.md. */
export function tracesSection(report: TracesReport): string {
  const tiers = Object.entries(report.tiers).map(([tier, count]) => `${figuresWhole(count)} ${tier}`);
  return [
    `\`${report.command}\``,
    "",
    ...machineLines(report.measuredAt, report.machine),
    "",
    `Of ${figuresWhole(report.decisionsAsked)} decisions made in workerd, ${figuresWhole(report.traces)} left a trace`,
    `(${tiers.join(", ")}) and replayed in Node: ${figuresWhole(report.same)} to the same bytes, **${report.differing}`,
    `differently**. A trace takes ${figuresWhole(report.bytesPerTrace)} bytes in the store and`,
    `${figureText(report.replayUsPerTrace)} µs to fetch, read and decide again.`,
    "",
    table([
      ["traces of", "latency p50, µs", "latency p99, µs", "CPU a request, µs"],
      ...SHARES.map(([name]) => {
        const cost = report.cost[name];
        return [TITLES[name], text(cost?.latencyUsP50), text(cost?.latencyUsP99), text(cost?.cpuUsPerRequest)];
      }),
    ]),
    "",
    `Median (smallest..largest) of ${report.rounds} rounds of ${report.secondsPerMeasurement} s, one request at a`,
    "time, three edges in turn. CPU is that of the whole workerd: writing, compressing, queueing and filing traces",
    "included.",
  ].join("\n");
}

function text(figure: Spread | null | undefined): string {
  return figure === null || figure === undefined ? "not known" : spreadText(figure);
}

function figuresWhole(count: number): string {
  return count.toLocaleString("en-US");
}
