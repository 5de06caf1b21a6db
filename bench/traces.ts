/**
 * `npm run bench:traces`: are decisions replayable to the byte, and what does recording them cost? Records decisions of
 * both tiers in workerd, replays every one in Node, and then holds three edges side by side that differ in nothing but
 * the share of requests that leave traces.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { bringUp, SAMPLE_CATALOG_DIR } from "../local/bring_up.ts";
import { optionsOf, run, wholeFrom } from "../local/command.ts";
import { catalogFrom, withAmpleBudgets, writeCatalog } from "./ample_catalog.ts";
import { startGenerator, type Generator } from "./load/start_generator.ts";
import { thisMachine } from "./machine.ts";
import { writeSection } from "./measurements_page.ts";
import { audienceRequests, decideScenario } from "./scenarios.ts";
import { recordAndReplay, startWithoutModels, type Recorded } from "./traces_recording.ts";
import {
  SHARES,
  tracesReport,
  tracesSection,
  type CostRound,
  type ShareName,
  type TracesReport,
} from "./traces_report.ts";
import { percentile } from "./statistics.ts";
import { workerdCpuMs } from "./workerd_cpu.ts";

const USAGE = `npm run bench:traces -- [options]

Records decisions in workerd and replays every one of them in Node; then measures what recording costs a request.

  --requests N    decisions to record with the models (default 12000); a fifth as many more without models
  --rounds N      rounds of the cost, each measuring every share once (default 5)
  --seconds N     length of one measurement (default 3)
  --json          print one JSON object on standard output instead of writing the page
  --write         write the page also with --json`;

const COST_REQUESTS = 2_000;
const WARM_SECONDS = 3;
/** One request at a time: its latency is then its own work and nobody else's. */
const CONNECTIONS = 1;

interface Settings {
  readonly requests: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly dir: string;
}

const say = (line: string): void => console.error(line);

async function recordBothTiers({ requests, dir }: Settings, generator: Generator): Promise<readonly Recorded[]> {
  say(`recording ${requests} decisions with models`);
  const full = await bringUp({ edgePort: 0, originPort: 0, stateDir: path.join(dir, "full") });
  const withModels = await recordAndReplay(full, generator, requests, say).finally(() => full.stop());
  const fewer = Math.ceil(requests / 5);
  say(`recording ${fewer} decisions without models`);
  const bare = await startWithoutModels(path.join(dir, "fallback"));
  const withoutModels = await recordAndReplay(bare, generator, fewer, say).finally(() => bare.stop());
  return [withModels, withoutModels];
}

/** Three edges on the same catalog with money for everything. */
async function measureCost(settings: Settings, generator: Generator): Promise<readonly CostRound[]> {
  const catalogDir = path.join(settings.dir, "catalog");
  await writeCatalog(catalogDir, withAmpleBudgets(await catalogFrom(SAMPLE_CATALOG_DIR)));
  const edges = new Map<ShareName, Awaited<ReturnType<typeof bringUp>>>();
  try {
    for (const [name, sharePpm] of SHARES) {
      say(`starting an edge that traces ${name}`);
      const stateDir = path.join(settings.dir, name);
      const vars = { TRACE_SAMPLE_PPM: String(sharePpm) };
      edges.set(name, await bringUp({ edgePort: 0, originPort: 0, stateDir, catalogDir, vars }));
    }
    const requests = audienceRequests(
      [...edges.values()][0]?.catalog.publishers.map(({ id }) => id) ?? [],
      COST_REQUESTS,
    );
    const measure = async (name: ShareName, seconds: number) => {
      const edgeUrl = edges.get(name)?.edgeUrl ?? "";
      const scenario = decideScenario(edgeUrl, requests, new Map(), "impressions");
      const stateDir = path.join(settings.dir, name);
      const cpuBefore = workerdCpuMs(stateDir);
      const { port, messages, expect } = scenario;
      const timing = { kind: "closed", seconds } as const;
      const job = { port, messages, firstMessage: 0, connections: CONNECTIONS, timing, expect, harvest: null };
      const result = await generator.run(job);
      const cpuAfter = workerdCpuMs(stateDir);
      if (Object.keys(result.errors).length > 0) throw new Error(`wrong answers: ${JSON.stringify(result.errors)}`);
      return {
        latencyUsP50: 1000 * percentile(result.latenciesMs, 0.5),
        latencyUsP99: 1000 * percentile(result.latenciesMs, 0.99),
        cpuUsPerRequest:
          cpuBefore === null || cpuAfter === null ? null : (1000 * (cpuAfter - cpuBefore)) / result.answered,
      };
    };
    for (const [name] of SHARES) await measure(name, WARM_SECONDS);
    const rounds: CostRound[] = [];
    for (let number = 0; number < settings.rounds; number++) {
      say(`round ${number + 1} of ${settings.rounds}`);
      const measured: [ShareName, Awaited<ReturnType<typeof measure>>][] = [];
      // Every round begins with another share, so that whatever else the machine does falls on all of them alike.
      for (let turn = 0; turn < SHARES.length; turn++) {
        const name = SHARES[(number + turn) % SHARES.length]?.[0] ?? "none";
        measured.push([name, await measure(name, settings.seconds)]);
      }
      rounds.push(new Map(measured));
    }
    return rounds;
  } finally {
    for (const edge of edges.values()) await edge.stop();
  }
}

async function measureTraces(settings: Settings): Promise<TracesReport> {
  const { requests, rounds, seconds } = settings;
  const machine = thisMachine();
  const generator = startGenerator();
  try {
    const recorded = await recordBothTiers(settings, generator);
    const cost = await measureCost(settings, generator);
    const command = `npm run bench:traces -- --requests ${requests} --rounds ${rounds} --seconds ${seconds}`;
    return tracesReport({ command, machine, rounds, secondsPerMeasurement: seconds }, recorded, cost);
  } finally {
    generator.stop();
  }
}

await run(async () => {
  const options = optionsOf(USAGE, {
    requests: { type: "string", default: "12000" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
    write: { type: "boolean" },
  });
  const requests = wholeFrom(options.requests, "--requests", 10, 1_000_000);
  const rounds = wholeFrom(options.rounds, "--rounds", 1, 100);
  const seconds = wholeFrom(options.seconds, "--seconds", 1, 600);
  const dir = await mkdtemp(path.join(os.tmpdir(), "midroll-bench-"));
  try {
    const report = await measureTraces({ requests, rounds, seconds, dir });
    console.log(options.json ? JSON.stringify(report) : tracesSection(report));
    if (options.write ?? !options.json) await writeSection("npm run bench:traces", tracesSection(report));
    if (report.differing > 0 || report.unreadable > 0) throw new Error("decisions came out differently; see above.");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
