/** What the rounds of the serving benchmark come to: one JSON object, and the same as a section of Markdown. */
import { machineLines, type Machine } from "./machine.ts";
import { table } from "./measurements_page.ts";
import { SCENARIOS, type ScenarioName } from "./scenarios.ts";
import { OPEN_LOOP_SHARE, type Measured, type Round } from "./serving_rounds.ts";
import { figureText, spread, spreadText, threeDigits, type Spread } from "./statistics.ts";

/** What a decision of this run had to do, on average. */
export interface DecisionWork {
  readonly offersMean: number;
  readonly candidatesMean: number;
  readonly scoredRowsMean: number;
  readonly bidsMean: number;
  readonly adsMean: number;
}

/** Everything about the run but the figures. */
export interface RunFacts {
  /** An ISO date with time. */
  readonly measuredAt: string;
  readonly command: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly secondsPerMeasurement: number;
  readonly lineItems: number;
  readonly variedRequests: number;
  /** Of the requests, those that carried a signed frequency history. */
  readonly withHistoryShare: number;
  readonly work: DecisionWork;
}

/** One scenario over all rounds. `…Ratio`: over the empty Worker in the same round. */
export interface ScenarioReport {
  readonly requestsPerSecSaturation: Spread;
  readonly requestsPerSecOffered: Spread;
  readonly latencyMsP50AtSixtyPercent: Spread;
  readonly latencyMsP99AtSixtyPercent: Spread;
  readonly latencyMsMaxAtSixtyPercent: Spread;
  readonly sendLagMsP99: Spread;
  readonly workerdCpuMsPerRequest: Spread | null;
  readonly generatorCoreShareSaturating: Spread;
  readonly replyBytesMean: number;
  readonly answers: number;
  readonly errors: number;
  readonly errorKinds: Readonly<Record<string, number>>;
  /** How many requests an empty Worker answers in the time of one of these. */
  readonly saturationRatio: Spread;
  readonly latencyP50Ratio: Spread;
  readonly workerdCpuRatio: Spread | null;
}

/** The whole report, as `--json` prints it. */
export type ServingReport = ReturnType<typeof servingReport>;

function allNumbers(values: readonly (number | null)[]): readonly number[] | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length === values.length ? numbers : null;
}

function rounded({ median, min, max }: Spread): Spread {
  return { median: threeDigits(median), min: threeDigits(min), max: threeDigits(max) };
}

function scenarioReport(rounds: readonly Round[], name: ScenarioName): ScenarioReport {
  const over = (figure: (measured: Measured, empty: Measured) => number): Spread =>
    rounded(spread(rounds.map((round) => figure(round[name], round.emptyWorker))));
  const overKnown = (figure: (measured: Measured, empty: Measured) => number | null): Spread | null => {
    const known = allNumbers(rounds.map((round) => figure(round[name], round.emptyWorker)));
    return known === null ? null : rounded(spread(known));
  };
  const errorKinds: Record<string, number> = {};
  for (const round of rounds) {
    for (const [kind, count] of Object.entries(round[name].errors)) errorKinds[kind] = (errorKinds[kind] ?? 0) + count;
  }
  return {
    requestsPerSecSaturation: over((m) => m.perSecSaturation),
    requestsPerSecOffered: over((m) => m.perSecOffered),
    latencyMsP50AtSixtyPercent: over((m) => m.latencyMsP50),
    latencyMsP99AtSixtyPercent: over((m) => m.latencyMsP99),
    latencyMsMaxAtSixtyPercent: over((m) => m.latencyMsMax),
    sendLagMsP99: over((m) => m.sendLagMsP99),
    workerdCpuMsPerRequest: overKnown((m) => m.workerdCpuMsPerRequest),
    generatorCoreShareSaturating: over((m) => m.generatorCoreShareSaturating),
    replyBytesMean: Math.round(rounds.reduce((sum, round) => sum + round[name].replyBytesMean, 0) / rounds.length),
    answers: rounds.reduce((sum, round) => sum + round[name].answers, 0),
    errors: Object.values(errorKinds).reduce((sum, count) => sum + count, 0),
    errorKinds,
    saturationRatio: over((m, empty) => empty.perSecSaturation / m.perSecSaturation),
    latencyP50Ratio: over((m, empty) => m.latencyMsP50 / empty.latencyMsP50),
    workerdCpuRatio: overKnown((m, empty) =>
      m.workerdCpuMsPerRequest === null || empty.workerdCpuMsPerRequest === null
        ? null
        : m.workerdCpuMsPerRequest / empty.workerdCpuMsPerRequest,
    ),
  };
}

/** Share of a scenario's answers that contain a mark. */
function markShare(rounds: readonly Round[], name: ScenarioName, mark: string): number {
  const marked = rounds.reduce((sum, round) => sum + (round[name].marks[mark] ?? 0), 0);
  return threeDigits(marked / rounds.reduce((sum, round) => sum + round[name].answers, 0));
}

/** The report of a run. Requires: one round. */
export function servingReport(facts: RunFacts, rounds: readonly Round[]) {
  const scenarios: Readonly<Record<ScenarioName, ScenarioReport>> = {
    emptyWorker: scenarioReport(rounds, "emptyWorker"),
    decide: scenarioReport(rounds, "decide"),
    vast: scenarioReport(rounds, "vast"),
    impression: scenarioReport(rounds, "impression"),
  };
  const { decide } = scenarios;
  return {
    benchmark: "serving",
    ...facts,
    openLoopShare: OPEN_LOOP_SHARE,
    errors: SCENARIOS.reduce((sum, name) => sum + scenarios[name].errors, 0),
    decisionsPerSecSaturation: decide.requestsPerSecSaturation.median,
    latencyMsP50AtSixtyPercent: decide.latencyMsP50AtSixtyPercent.median,
    latencyMsP99AtSixtyPercent: decide.latencyMsP99AtSixtyPercent.median,
    workerdCpuMsPerDecision: decide.workerdCpuMsPerRequest?.median ?? null,
    fullTierShare: markShare(rounds, "decide", "fullTier"),
    fallbackTierShare: markShare(rounds, "decide", "fallbackTier"),
    nonEmptyShare: threeDigits(1 - markShare(rounds, "decide", "empty")),
    vastNonEmptyShare: markShare(rounds, "vast", "filled"),
    scenarios,
  };
}

const COLUMN_TITLES: Readonly<Record<ScenarioName, string>> = {
  emptyWorker: "empty Worker",
  decide: "`POST /v1/decide`",
  vast: "`GET /v1/vast`",
  impression: "impression beacon",
};

function figureRows({ scenarios }: ServingReport): readonly (readonly string[])[] {
  const row = (title: string, figure: (report: ScenarioReport) => Spread | null): readonly string[] => [
    title,
    ...SCENARIOS.map((name) => {
      const found = figure(scenarios[name]);
      return found === null ? "not known" : spreadText(found);
    }),
  ];
  return [
    ["median (min..max) over rounds", ...SCENARIOS.map((name) => COLUMN_TITLES[name])],
    row("saturation, requests/s", (r) => r.requestsPerSecSaturation),
    row("offered in the open loop, requests/s", (r) => r.requestsPerSecOffered),
    row("latency p50, ms", (r) => r.latencyMsP50AtSixtyPercent),
    row("latency p99, ms", (r) => r.latencyMsP99AtSixtyPercent),
    row("slowest, ms", (r) => r.latencyMsMaxAtSixtyPercent),
    row("CPU of workerd, ms a request", (r) => r.workerdCpuMsPerRequest),
    row("empty Worker's saturation over this", (r) => r.saturationRatio),
    row("p50 over the empty Worker's", (r) => r.latencyP50Ratio),
    row("CPU over the empty Worker's", (r) => r.workerdCpuRatio),
    row("generator's CPU while saturating, cores", (r) => r.generatorCoreShareSaturating),
    row("generator late by, p99, ms", (r) => r.sendLagMsP99),
    ["answers, all right", ...SCENARIOS.map((name) => scenarios[name].answers.toLocaleString("en-US"))],
    ["bytes an answer", ...SCENARIOS.map((name) => scenarios[name].replyBytesMean.toLocaleString("en-US"))],
  ];
}

function percent(share: number): string {
  return `${figureText(share * 100)} %`;
}

/** A warning when others were at work before the run began. */
function busyLines({ loadBefore, cores }: Machine): readonly string[] {
  if (loadBefore < cores / 2) return [];
  return [
    "",
    "**The machine was busy with other work.** Believe the CPU figures and their ratios, not rates and times.",
  ];
}

/** The section of docs/measurements.md. */
export function servingSection(report: ServingReport): string {
  const { work } = report;
  const { emptyWorker } = report.scenarios;
  const ceiling = figureText(emptyWorker.requestsPerSecSaturation.median);
  return [
    `\`${report.command}\``,
    "",
    ...machineLines(report.measuredAt, report.machine),
    "",
    table(figureRows(report)),
    "",
    `${report.rounds} rounds of ${report.secondsPerMeasurement} s a measurement. ${report.lineItems} line items;`,
    `${report.variedRequests} different seeded requests, ${percent(report.withHistoryShare)} of them with a signed`,
    `history. A decision looked at ${figureText(work.offersMean)} offers, found`,
    `${figureText(work.candidatesMean)} candidates,`,
    `scored ${figureText(work.scoredRowsMean)} rows, had ${figureText(work.bidsMean)} bids and showed`,
    `${figureText(work.adsMean)} ads (means). Decided by the models: ${percent(report.fullTierShare)}, by the`,
    `fallback: ${percent(report.fallbackTierShare)}, the others had house ads only. Not empty:`,
    `${percent(report.nonEmptyShare)} as JSON, ${percent(report.vastNonEmptyShare)} as VAST.`,
    `The generator drove the empty Worker to ${ceiling} requests/s with`,
    `${figureText(emptyWorker.generatorCoreShareSaturating.median)} of a core: rates near that one would be the`,
    "platform's or the generator's limit, not Midroll's.",
    ...busyLines(report.machine),
  ].join("\n");
}
