/**
 * `npm run bench`: how many decisions a second one workerd makes and how long they take, beside an empty Worker on the
 * same machine in the same minutes. Brings up its own Midroll on free ports with a state of its own, loads it from a
 * process of its own, and writes docs/measurements.md.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { bringUp, SAMPLE_CATALOG_DIR } from "../local/bring_up.ts";
import { optionsOf, run, wholeFrom } from "../local/command.ts";
import type { AudienceRequest } from "../src/simulation/viewers.ts";
import { catalogFrom, withAmpleBudgets, writeCatalog } from "./ample_catalog.ts";
import { startEmptyWorker } from "./empty_worker.ts";
import type { Timing } from "./load/job.ts";
import { startGenerator, type Generator } from "./load/start_generator.ts";
import { thisMachine } from "./machine.ts";
import { writeSection } from "./measurements_page.ts";
import { audienceRequests, decideBody, decideScenario, emptyScenario, vastScenario } from "./scenarios.ts";
import type { Scenario } from "./scenarios.ts";
import { servingReport, servingSection, type DecisionWork, type ServingReport } from "./serving_report.ts";
import { measureRound, type Bench, type Round } from "./serving_rounds.ts";
import { workerdCpuMs } from "./workerd_cpu.ts";

const USAGE = `npm run bench -- [options]

Measures decisions a second and latency on workerd, beside an empty Worker, and writes docs/measurements.md.
Takes about (rounds × 8 × seconds) and half a minute. Nothing else should run meanwhile.

  --rounds N    rounds, each measuring everything once (default 5)
  --seconds N   length of one measurement (default 5)
  --json        print one JSON object on standard output instead of writing the page
  --write       write the page also with --json`;

const VARIED_REQUESTS = 2_000;
const WARM_SECONDS = 3;
const EXPLAINED_REQUESTS = 50;

const say = (line: string): void => console.error(line);

async function load(generator: Generator, scenario: Scenario, timing: Timing) {
  const { port, messages, connections, expect, harvest } = scenario;
  return generator.run({ port, messages, firstMessage: 0, connections, timing, expect, harvest });
}

/** Asks every request once, which warms the edge, and keeps the histories it hands out. */
async function gatherHistories(generator: Generator, edgeUrl: string, requests: readonly AudienceRequest[]) {
  const scenario = decideScenario(edgeUrl, requests, new Map(), "histories");
  const { harvested, errors } = await load(generator, scenario, { kind: "once" });
  if (Object.keys(errors).length > 0) throw new Error(`wrong answers while warming up: ${JSON.stringify(errors)}`);
  return new Map(harvested);
}

const explainedSchema = z.object({
  counts: z.object({ offers: z.number(), candidates: z.number(), scored: z.number(), bids: z.number() }),
  ads: z.array(z.unknown()),
});

/** What the decisions of this run had to do, from the explanations of some of them. */
async function workOf(edgeUrl: string, requests: readonly AudienceRequest[]): Promise<DecisionWork> {
  const explained: z.output<typeof explainedSchema>[] = [];
  for (const asked of requests.slice(0, EXPLAINED_REQUESTS)) {
    const body = JSON.stringify(decideBody(asked, null));
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${edgeUrl}/v1/decide?explain=1`, { method: "POST", headers, body });
    explained.push(explainedSchema.parse(await answer.json()));
  }
  const mean = (figure: (decision: z.output<typeof explainedSchema>) => number): number =>
    Math.round((explained.reduce((sum, decision) => sum + figure(decision), 0) / explained.length) * 10) / 10;
  return {
    offersMean: mean(({ counts }) => counts.offers),
    candidatesMean: mean(({ counts }) => counts.candidates),
    scoredRowsMean: mean(({ counts }) => counts.scored),
    bidsMean: mean(({ counts }) => counts.bids),
    adsMean: mean(({ ads }) => ads.length),
  };
}

interface Settings {
  readonly rounds: number;
  readonly seconds: number;
  readonly stateDir: string;
}

async function measureServing({ rounds, seconds, stateDir }: Settings): Promise<ServingReport> {
  const machine = thisMachine();
  const dirs = { midroll: path.join(stateDir, "midroll"), empty: path.join(stateDir, "empty") };
  const catalogDir = path.join(stateDir, "catalog");
  await writeCatalog(catalogDir, withAmpleBudgets(await catalogFrom(SAMPLE_CATALOG_DIR)));
  const midroll = await bringUp({
    edgePort: 0,
    originPort: 0,
    stateDir: dirs.midroll,
    catalogDir,
    // As deployed; on one machine every request would leave a trace.
    vars: { TRACE_SAMPLE_PPM: "10000" },
    progress: say,
  });
  const emptyWorker = await startEmptyWorker(dirs.empty);
  const generator = startGenerator();
  try {
    const { edgeUrl, catalog } = midroll;
    const publisherIds = catalog.publishers.map(({ id }) => id);
    const requests = audienceRequests(publisherIds, VARIED_REQUESTS);
    say("warming up");
    const histories = await gatherHistories(generator, edgeUrl, requests);
    const bench: Bench = {
      generator,
      empty: emptyScenario(emptyWorker.port),
      decide: decideScenario(edgeUrl, requests, histories, "impressions"),
      vast: vastScenario(edgeUrl, requests, histories),
      edgeUrl,
      seconds,
      cpuMs: (name) => workerdCpuMs(name === "emptyWorker" ? dirs.empty : dirs.midroll),
      say,
    };
    for (const scenario of [bench.empty, bench.decide, bench.vast]) {
      await load(generator, scenario, { kind: "closed", seconds: WARM_SECONDS });
    }
    const measured: Round[] = [];
    for (let number = 0; number < rounds; number++) {
      say(`round ${number + 1} of ${rounds}`);
      measured.push(await measureRound(bench, number));
    }
    const facts = {
      measuredAt: new Date().toISOString(),
      command: `npm run bench -- --rounds ${rounds} --seconds ${seconds}`,
      machine,
      rounds,
      secondsPerMeasurement: seconds,
      lineItems: catalog.lineItems.length,
      variedRequests: VARIED_REQUESTS,
      withHistoryShare: histories.size / VARIED_REQUESTS,
      work: await workOf(edgeUrl, requests),
    };
    return servingReport(facts, measured);
  } finally {
    generator.stop();
    await emptyWorker.stop();
    await midroll.stop();
  }
}

await run(async () => {
  const options = optionsOf(USAGE, {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    write: { type: "boolean" },
  });
  const rounds = wholeFrom(options.rounds, "--rounds", 1, 600);
  const seconds = wholeFrom(options.seconds, "--seconds", 1, 600);
  const stateDir = await mkdtemp(path.join(os.tmpdir(), "midroll-bench-"));
  try {
    const report = await measureServing({ rounds, seconds, stateDir });
    const sound = report.errors === 0;
    if (options.json) console.log(JSON.stringify(report));
    else console.log(servingSection(report));
    if (sound && (options.write ?? !options.json)) {
      await writeSection("npm run bench", servingSection(report));
      say("docs/measurements.md is up to date");
    }
    if (!sound) throw new Error(`${report.errors} answers were wrong; nothing was written.`);
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
});
