/** What the rounds of the serving benchmark come to: ratios within a round, shares over all, errors never lost. */
import { describe, expect, test } from "vitest";
import { servingReport, servingSection, type RunFacts } from "../../bench/serving_report.ts";
import type { Measured, Round } from "../../bench/serving_rounds.ts";

const facts: RunFacts = {
  measuredAt: "2026-07-01T20:00:00.000Z",
  command: "npm run bench -- --rounds 3 --seconds 1",
  machine: {
    cpuModel: "Some CPU",
    cores: 2,
    memoryBytes: 8 * 2 ** 30,
    system: "Linux",
    nodeVersion: "24",
    workerdVersion: "1",
    loadBefore: 0.1,
  },
  rounds: 3,
  secondsPerMeasurement: 1,
  lineItems: 241,
  variedRequests: 2_000,
  withHistoryShare: 0.85,
  work: { offersMean: 482, candidatesMean: 160, scoredRowsMean: 64, bidsMean: 60, adsMean: 5 },
};

function measured(perSec: number, over: Partial<Measured> = {}): Measured {
  return {
    perSecSaturation: perSec,
    perSecOffered: perSec * 0.6,
    latencyMsP50: 1,
    latencyMsP99: 2,
    latencyMsMax: 3,
    sendLagMsP99: 0,
    workerdCpuMsPerRequest: 1000 / perSec,
    generatorCoreShareSaturating: 0.5,
    answers: 100,
    replyBytesMean: 10,
    marks: {},
    errors: {},
    ...over,
  };
}

/** A machine that is as fast as stated in this round: every scenario feels it alike. */
function round(speed: number, decide: Partial<Measured> = {}): Round {
  return {
    emptyWorker: measured(20_000 * speed),
    decide: measured(500 * speed, { marks: { fullTier: 90, fallbackTier: 0, empty: 5 }, ...decide }),
    vast: measured(400 * speed, { marks: { filled: 95 } }),
    impression: measured(4_000 * speed),
  };
}

describe("the serving report", () => {
  const rounds = [round(1), round(0.5), round(0.8)];

  test("a machine that slows down in one round changes the figures but not the ratios of that round", () => {
    const report = servingReport(facts, rounds);
    expect(report.scenarios.decide.requestsPerSecSaturation).toEqual({ median: 400, min: 250, max: 500 });
    expect(report.scenarios.decide.saturationRatio).toEqual({ median: 40, min: 40, max: 40 });
    expect(report.scenarios.decide.workerdCpuRatio).toEqual({ median: 40, min: 40, max: 40 });
    expect(report.decisionsPerSecSaturation).toBe(400);
  });

  test("shares are of all answers of all rounds", () => {
    const report = servingReport(facts, [...rounds, round(1, { answers: 300, marks: { fullTier: 300, empty: 0 } })]);
    expect(report.fullTierShare).toBe((3 * 90 + 300) / 600);
    expect(report.nonEmptyShare).toBe(0.975);
    expect(report.errors).toBe(0);
  });

  test("one wrong answer in one round is in the total and keeps its kind", () => {
    const report = servingReport(facts, [...rounds, round(1, { errors: { "status 500": 2 } })]);
    expect(report.errors).toBe(2);
    expect(report.scenarios.decide.errorKinds).toEqual({ "status 500": 2 });
  });

  test("where the system does not count CPU the page says so instead of showing a number", () => {
    const unknown = servingReport(facts, [round(1, { workerdCpuMsPerRequest: null })]);
    expect(unknown.workerdCpuMsPerDecision).toBeNull();
    expect(servingSection(unknown)).toContain("not known");
  });

  test("the page names its command and machine, and warns when the machine was busy", () => {
    const quiet = servingSection(servingReport(facts, rounds));
    expect(quiet).toContain("`npm run bench -- --rounds 3 --seconds 1`");
    expect(quiet).toContain("Some CPU, 2 cores, 8.0 GiB");
    expect(quiet).not.toContain("busy");
    const busy = { ...facts, machine: { ...facts.machine, loadBefore: 6 } };
    expect(servingSection(servingReport(busy, rounds))).toContain("busy");
  });
});
