/**
 * `npm run bench:decide`: CPU of the pure part of a decision, in Node: `plan` and `finish` of the funnel, on the sample
 * catalog and on one of ten thousand line items. No Worker, no models' inference: scores come from the fallback tier
 * and are worked out between the two measured parts. Bounds of work in the core are chosen from these figures.
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
import { stream } from "../src/kernel/random.ts";
import { fallbackWeightsSchema } from "../src/models/fallback.ts";
import { PLAIN_BREAK, type BreakRequest } from "../src/protocols/break_request.ts";
import { breakRequestFromSearch } from "../src/protocols/parse_query_request.ts";
import { withViewer } from "../src/protocols/normalise_request.ts";
import { BLIND_DOOR } from "../src/protocols/request_facts.ts";
import { requestQuery } from "../src/simulation/viewers.ts";
import { catalogFrom } from "./ample_catalog.ts";
import { seededCatalog } from "./seeded_catalog.ts";
import { machineLines, thisMachine } from "./machine.ts";
import { table, writeSection } from "./measurements_page.ts";
import { audienceRequests } from "./scenarios.ts";
import { figureText, percentile, threeDigits } from "./statistics.ts";

const USAGE = `npm run bench:decide -- [options]

Measures the CPU of plan and finish on the sample catalog and on one of 10,000 line items, and writes
docs/measurements.md.

  --requests N    seeded breaks to decide on each (default 5000)
  --json          print one JSON object on standard output instead of writing the page
  --write         write the page also with --json`;

const WARM_REQUESTS = 1_000;
const SEED = "20261124";
const LARGE_LINES = 10_000;

async function fallbackScorer(): Promise<Scorer> {
  const text = await readFile(path.join(projectDir, "models/fallback.json"), "utf8");
  return linearScorer(fallbackWeightsSchema.parse(JSON.parse(text)));
}

function breakRequests(catalog: CompiledCatalog, count: number): readonly BreakRequest[] {
  return audienceRequests([...catalog.publishers.keys()], count).map((asked) => {
    const parsed = breakRequestFromSearch(`?${requestQuery(asked)}`, BLIND_DOOR, FULL_LIMITS);
    if (!parsed.ok) throw new Error(`the audience asked what the edge refuses: ${parsed.reason.detail}`);
    return withViewer(parsed.value, null, []);
  });
}

function worldOf(catalog: CompiledCatalog, decisionId: string, nowMs: number): World {
  const ample = { availableMicros: micros(1_000_000_000), multiplierPpm: 1_000_000 };
  const budgets = new Map([...catalog.campaigns.keys()].map((id) => [id, ample]));
  return {
    decisionId,
    nowMs,
    catalogDigest: "0".repeat(64),
    catalog,
    budgets,
    guarantees: [],
    limits: FULL_LIMITS,
  };
}

/** Breaks of one catalog. */
interface Setting {
  readonly name: string;
  readonly catalog: CompiledCatalog;
  readonly requests: readonly BreakRequest[];
  readonly nowMs: number;
}

/** The sample catalog and the audience that visits its publishers. */
async function sampleSetting(count: number): Promise<Setting> {
  const catalog = compileCatalog(await catalogFrom(SAMPLE_CATALOG_DIR));
  return { name: "sample catalog", catalog, requests: breakRequests(catalog, count), nowMs: Date.UTC(2026, 6, 1, 20) };
}

/** Ten thousand line items, and breaks of eight slots that many of them may fill. */
function largeSetting(count: number): Setting {
  const catalog = compileCatalog(seededCatalog(LARGE_LINES, SEED));
  const random = stream(SEED, "breaks");
  const one = <T>(words: readonly T[]): T => present(words[random.below(words.length)], "words to choose from");
  const requests = Array.from({ length: count }, (_, n): BreakRequest => {
    const segments = Array.from({ length: 12 }, () => `seg-${random.below(2_000).toString(36).padStart(4, "0")}`);
    return {
      ...PLAIN_BREAK,
      requestId: `bench-${n}`,
      publisherId: one([...catalog.publishers.keys()]),
      surface: one(["preroll", "midroll"]),
      podDurationSec: 180,
      maxAds: 8,
      minAdDurationSec: 0,
      maxAdDurationSec: 60,
      viewer: {
        key: null,
        region: null,
        limitAdTracking: false,
        consent: true,
        utcOffsetMinutes: 0,
        frequency: [],
        device: one(["ctv", "mobile"]),
        country: one(["US", "GB", "DE"]),
        segments,
      },
      content: { id: null, categories: [], genre: one(["drama", "comedy"]), rating: "TV-PG", language: "en" },
      blockedCategories: ["IAB24"],
      blockedAdvertiserDomains: [],
      mimeTypes: ["video/mp4"],
    };
  });
  return { name: "10,000 line items, 8 slots", catalog, requests, nowMs: Date.UTC(2026, 10, 24, 15) };
}

/** What every decision took and came to. Units: microseconds. */
interface Times {
  readonly planUs: number[];
  readonly finishUs: number[];
  readonly bothUs: number[];
  candidates: number;
  scored: number;
  slots: number;
  proved: number;
}

/** Every decision is made so often; the quickest counts, so that what others run on the machine does not. */
const REPEATS = 5;

/** What a synchronous call gives, and how long it took. Units: microseconds. */
function timed<T>(work: () => T): { readonly value: T; readonly us: number } {
  const startedMs = performance.now();
  const value = work();
  return { value, us: (performance.now() - startedMs) * 1000 };
}

/** The quickest of some calls that all give the same. */
function quickest<T>(work: () => T): { readonly value: T; readonly us: number } {
  const calls = Array.from({ length: REPEATS }, () => timed(work));
  return calls.reduce((best, call) => (call.us < best.us ? call : best));
}

async function decideAll({ catalog, requests, nowMs }: Omit<Setting, "name">, scorer: Scorer): Promise<Times> {
  const times: Times = { planUs: [], finishUs: [], bothUs: [], candidates: 0, scored: 0, slots: 0, proved: 0 };
  for (const [n, request] of requests.entries()) {
    const world = worldOf(catalog, `d-bench-${n}`, nowMs);
    const publisher = present(catalog.publishers.get(request.publisherId), "breaks are of known publishers");
    const planned = quickest(() => plan(request, world, publisher));
    const scoring = await score(planned.value, scorer);
    const finished = quickest(() => finish(planned.value, scoring));
    const decision = finished.value;
    times.planUs.push(planned.us);
    times.finishUs.push(finished.us);
    times.bothUs.push(planned.us + finished.us);
    times.candidates += decision.counts.candidates;
    times.scored += decision.counts.scored;
    times.slots += decision.slots.length;
    if (decision.pod.proved) times.proved++;
  }
  return times;
}

function at(samples: readonly number[], share: number): number {
  return threeDigits(percentile(samples, share));
}

function figuresOf({ name }: Setting, times: Times) {
  const count = times.bothUs.length;
  return {
    setting: name,
    decisions: count,
    planUsP50: at(times.planUs, 0.5),
    planUsP99: at(times.planUs, 0.99),
    finishUsP50: at(times.finishUs, 0.5),
    finishUsP99: at(times.finishUs, 0.99),
    planAndFinishUsP50: at(times.bothUs, 0.5),
    planAndFinishUsP99: at(times.bothUs, 0.99),
    candidatesMean: threeDigits(times.candidates / count),
    scoredMean: threeDigits(times.scored / count),
    slotsMean: threeDigits(times.slots / count),
    provedShare: threeDigits(times.proved / count),
  };
}

function decidingReport(command: string, settings: readonly ReturnType<typeof figuresOf>[], machine = thisMachine()) {
  return { benchmark: "deciding", measuredAt: new Date().toISOString(), command, seed: SEED, machine, settings };
}

function cells(title: string, p50: number, p99: number, proved = ""): readonly string[] {
  return [title, figureText(p50), figureText(p99), proved];
}

function decidingSection({ command, measuredAt, machine, settings }: ReturnType<typeof decidingReport>): string {
  return [
    `\`${command}\``,
    "",
    ...machineLines(measuredAt, machine),
    "",
    table([
      ["CPU in Node", "p50, µs", "p99, µs", "proved"],
      ...settings.flatMap((each) => [
        cells(`${each.setting}: \`plan\``, each.planUsP50, each.planUsP99),
        cells("`finish`", each.finishUsP50, each.finishUsP99, `${figureText(each.provedShare * 100)} %`),
        cells("both", each.planAndFinishUsP50, each.planAndFinishUsP99),
      ]),
    ]),
    "",
    ...settings.map(
      (each) =>
        `${each.setting}: ${each.decisions} seeded decisions of ${figureText(each.candidatesMean)} candidates, ` +
        `${figureText(each.scoredMean)} rows and ${figureText(each.slotsMean)} slots on average.`,
    ),
    '"Proved": the pod is known to be the best one; the others hold the best found.',
  ].join("\n");
}

await run(async () => {
  const options = optionsOf(USAGE, {
    requests: { type: "string", default: "5000" },
    json: { type: "boolean", default: false },
    write: { type: "boolean" },
  });
  const count = wholeFrom(options.requests, "--requests", 1, 1_000_000);
  const scorer = await fallbackScorer();
  const measured: ReturnType<typeof figuresOf>[] = [];
  for (const setting of [await sampleSetting(count), largeSetting(count)]) {
    console.error(`deciding ${count} breaks: ${setting.name}`);
    await decideAll({ ...setting, requests: setting.requests.slice(0, WARM_REQUESTS) }, scorer);
    measured.push(figuresOf(setting, await decideAll(setting, scorer)));
  }
  const report = decidingReport(`npm run bench:decide -- --requests ${count}`, measured);
  const section = decidingSection(report);
  console.log(options.json ? JSON.stringify(report) : section);
  if (options.write ?? !options.json) await writeSection("npm run bench:decide", section);
});
