/**
 * `npm run bench:decide`: CPU of the pure part of a decision, in Node: `plan` and `finish` of the funnel on the sample
 * catalog, and the pod solver alone. No Worker, no models' inference: scores come from the fallback tier and are worked
 * out between the two measured parts. Bounds of work in the core are chosen from these figures.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { SAMPLE_CATALOG_DIR } from "../local/bring_up.ts";
import { projectDir } from "../local/build.ts";
import { optionsOf, run, wholeFrom } from "../local/command.ts";
import { compileCatalog, type CompiledCatalog } from "../src/catalog/compiled.ts";
import { finish, plan, score } from "../src/decision/funnel.ts";
import { linearScorer } from "../src/decision/linear_scorer.ts";
import type { Scorer } from "../src/decision/rank.ts";
import type { World } from "../src/decision/world.ts";
import { present } from "../src/kernel/assert.ts";
import { FULL_LIMITS } from "../src/kernel/limits.ts";
import { micros } from "../src/kernel/money.ts";
import { fallbackWeightsSchema } from "../src/models/fallback.ts";
import type { BreakRequest } from "../src/protocols/break_request.ts";
import { breakRequestFromSearch } from "../src/protocols/parse_query_request.ts";
import { withViewer, type DoorFacts } from "../src/protocols/normalise_request.ts";
import { requestQuery } from "../src/simulation/viewers.ts";
import { catalogFrom } from "./ample_catalog.ts";
import { machineLines, thisMachine } from "./machine.ts";
import { table, writeSection } from "./measurements_page.ts";
import { audienceRequests } from "./scenarios.ts";
import { figureText, percentile, threeDigits } from "./statistics.ts";

const USAGE = `npm run bench:decide -- [options]

Measures the CPU of plan and finish on the sample catalog, and of the pod solver alone, and writes
docs/measurements.md.

  --requests N    seeded requests to decide (default 5000)
  --json          print one JSON object on standard output instead of writing the page
  --write         write the page also with --json`;

const WARM_REQUESTS = 1_000;
const NOW_MS = Date.UTC(2026, 6, 1, 20);

async function fallbackScorer(): Promise<Scorer> {
  const text = await readFile(path.join(projectDir, "models/fallback.json"), "utf8");
  return linearScorer(fallbackWeightsSchema.parse(JSON.parse(text)));
}

function breakRequests(catalog: CompiledCatalog, count: number): readonly BreakRequest[] {
  const facts: DoorFacts = { requestId: "bench", country: null, region: null, userAgentDevice: null, mimeTypes: null };
  return audienceRequests([...catalog.publishers.keys()], count).map((asked) => {
    const parsed = breakRequestFromSearch(`?${requestQuery(asked)}`, facts, FULL_LIMITS);
    if (!parsed.ok) throw new Error(`the audience asked what the edge refuses: ${parsed.reason.detail}`);
    return withViewer(parsed.value, null, []);
  });
}

function worldOf(catalog: CompiledCatalog, decisionId: string): World {
  const ample = { availableMicros: micros(1_000_000_000), multiplierPpm: 1_000_000 };
  const budgets = new Map([...catalog.campaigns.keys()].map((id) => [id, ample]));
  return {
    decisionId,
    nowMs: NOW_MS,
    catalogDigest: "0".repeat(64),
    catalog,
    budgets,
    guarantees: [],
    limits: FULL_LIMITS,
  };
}

/** Times of every decision. Units: microseconds. */
interface Times {
  readonly planUs: number[];
  readonly finishUs: number[];
  readonly bothUs: number[];
  candidates: number;
  bids: number;
  slots: number;
  proved: number;
}

async function decideAll(catalog: CompiledCatalog, requests: readonly BreakRequest[], scorer: Scorer): Promise<Times> {
  const times: Times = { planUs: [], finishUs: [], bothUs: [], candidates: 0, bids: 0, slots: 0, proved: 0 };
  const world = worldOf(catalog, "d-bench");
  for (const request of requests) {
    const publisher = present(catalog.publishers.get(request.publisherId), "the audience visits known publishers");
    const startedMs = performance.now();
    const scoringPlan = plan(request, world, publisher);
    const plannedMs = performance.now();
    const scoring = await score(scoringPlan, scorer);
    const scoredMs = performance.now();
    const decision = finish(scoringPlan, scoring);
    const finishedMs = performance.now();
    const [planUs, finishUs] = [(plannedMs - startedMs) * 1000, (finishedMs - scoredMs) * 1000];
    times.planUs.push(planUs);
    times.finishUs.push(finishUs);
    times.bothUs.push(planUs + finishUs);
    times.candidates += decision.counts.candidates;
    times.bids += decision.counts.bids;
    times.slots += decision.slots.length;
    if (decision.pod.proved) times.proved++;
  }
  return times;
}

function at(samples: readonly number[], share: number): number {
  return threeDigits(percentile(samples, share));
}

function decidingReport(command: string, times: Times, machine = thisMachine()) {
  const count = times.bothUs.length;
  return {
    benchmark: "deciding",
    measuredAt: new Date().toISOString(),
    command,
    machine,
    decisions: count,
    planUsP50: at(times.planUs, 0.5),
    planUsP99: at(times.planUs, 0.99),
    finishUsP50: at(times.finishUs, 0.5),
    finishUsP99: at(times.finishUs, 0.99),
    planAndFinishUsP50: at(times.bothUs, 0.5),
    planAndFinishUsP99: at(times.bothUs, 0.99),
    candidatesMean: threeDigits(times.candidates / count),
    bidsMean: threeDigits(times.bids / count),
    slotsMean: threeDigits(times.slots / count),
    provedShare: threeDigits(times.proved / count),
  };
}

function figures(title: string, ...cells: readonly (number | string)[]): readonly string[] {
  return [title, ...cells.map((cell) => (typeof cell === "number" ? figureText(cell) : cell))];
}

function decidingSection(report: ReturnType<typeof decidingReport>): string {
  const { candidatesMean, bidsMean, slotsMean, provedShare } = report;
  return [
    `\`${report.command}\``,
    "",
    ...machineLines(report.measuredAt, report.machine),
    "",
    table([
      ["CPU in Node", "p50, µs", "p99, µs", "proved"],
      figures("`plan`", report.planUsP50, report.planUsP99, ""),
      figures("`finish`", report.finishUsP50, report.finishUsP99, `${figureText(provedShare * 100)} %`),
      figures("both", report.planAndFinishUsP50, report.planAndFinishUsP99, ""),
    ]),
    "",
    `${report.decisions} seeded decisions on the sample catalog: ${figureText(candidatesMean)} candidates,`,
    `${figureText(bidsMean)} bids and ${figureText(slotsMean)} slots on average. "Proved": the pod is known to be the`,
    "best one; the others hit the bound on nodes and hold the best found.",
  ].join("\n");
}

await run(async () => {
  const options = optionsOf(USAGE, {
    requests: { type: "string", default: "5000" },
    json: { type: "boolean", default: false },
    write: { type: "boolean" },
  });
  const count = wholeFrom(options.requests, "--requests", 1, 1_000_000);
  const catalog = compileCatalog(await catalogFrom(SAMPLE_CATALOG_DIR));
  const requests = breakRequests(catalog, count);
  const scorer = await fallbackScorer();
  console.error(`deciding ${count} breaks`);
  await decideAll(catalog, requests.slice(0, WARM_REQUESTS), scorer);
  const times = await decideAll(catalog, requests, scorer);
  const report = decidingReport(`npm run bench:decide -- --requests ${count}`, times);
  const section = decidingSection(report);
  console.log(options.json ? JSON.stringify(report) : section);
  if (options.write ?? !options.json) await writeSection("npm run bench:decide", section);
});
