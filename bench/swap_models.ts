/**
 * `npm run bench:swaps`: what swapping model sets costs those who are being served meanwhile, how soon every isolate
 * has a new set, what a cold isolate's first viewer waits for, and how much memory all of it takes.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { optionsOf, run, wholeFrom } from "../local/command.ts";
import { present } from "../src/kernel/assert.ts";
import type { LoadResult } from "./load/job.ts";
import { startGenerator, type Generator } from "./load/start_generator.ts";
import { thisMachine } from "./machine.ts";
import { audienceRequests, decideScenario } from "./scenarios.ts";
import { percentile, spread, threeDigits } from "./statistics.ts";
import { coldStarts, type ColdStart } from "./swap_cold.ts";
import { largeSetsMemory } from "./swap_memory.ts";
import { checkTraces } from "./swap_oracle.ts";
import { load, measureRound, rollBack, swapOnAndOn, type SwapBench, type SwapRound } from "./swap_rounds.ts";
import { largeSet, swapSet } from "./swap_sets.ts";
import { startStage, type SwapStage } from "./swap_stage.ts";

const USAGE = `npm run bench:swaps -- [options]

Swaps model sets at edges under load: decisions that fail or mix sets, latency beside the same load without swaps, time
until every isolate has the new set, a cold isolate's first answer, memory. Takes about (2 × swaps × every) and two
minutes. Nothing else should run meanwhile.

  --swaps N       swaps under load (default 200)
  --every-ms N    time from one swap to the next (default 1500)
  --rounds N      rounds; each does its share of the swaps, beside the same load without any (default 4)
  --traced N      per cent of decisions whose every score is held against the native runtime (default 20)
  --json          print one JSON object on standard output`;

/** More than an isolate holds ready, so that every swap under load loads its set anew. */
const VERSIONS = 8;
/** Isolates that must all have a new set. Only the first is under load: they share a thread here, as nowhere else. */
const WATCHED = 3;
const COLD = 5;
/** Sets that are made live everywhere, and ways back. */
const MOVES = 20;
const OPEN_LOOP_SHARE = 0.6;
const SATURATING_SECONDS = 5;
const REQUESTS = 2_000;

const say = (line: string): void => console.error(line);

interface Settings {
  readonly swaps: number;
  readonly everyMs: number;
  readonly rounds: number;
  readonly tracedPercent: number;
}

function errorsOf(loads: readonly LoadResult[]): Readonly<Record<string, number>> {
  const all: Record<string, number> = {};
  for (const { errors } of loads) {
    for (const [kind, count] of Object.entries(errors)) all[kind] = (all[kind] ?? 0) + count;
  }
  return all;
}

function figures(values: readonly number[]) {
  const { median, max } = spread(values);
  return { median: threeDigits(median), max: threeDigits(max) };
}

function together(loads: readonly LoadResult[]): readonly number[] {
  return loads.flatMap(({ latenciesMs }) => [...latenciesMs]);
}

/** Over all answers of these loads; `msP99ByRound`: of each. */
function latency(loads: readonly LoadResult[]) {
  const ms = together(loads);
  const lags = loads.flatMap(({ sendLagsMs }) => [...sendLagsMs]);
  return {
    msP50: threeDigits(percentile(ms, 0.5)),
    msP99: threeDigits(percentile(ms, 0.99)),
    msP99ByRound: loads.map(({ latenciesMs }) => threeDigits(percentile(latenciesMs, 0.99))),
    generatorLateMsP99: threeDigits(percentile(lags, 0.99)),
  };
}

function coldReport(starts: readonly ColdStart[]) {
  return {
    isolates: starts.length,
    firstAnswerMs: figures(starts.map(({ firstAnswerMs }) => firstAnswerMs)),
    firstTiers: [...new Set(starts.map(({ firstTier }) => firstTier))],
    firstAdsLeast: Math.min(...starts.map(({ firstAds }) => firstAds)),
    fullAfterMs: figures(starts.map(({ fullAfterMs }) => fullAfterMs)),
    slowestMs: figures(starts.map(({ slowestMs }) => slowestMs)),
    failed: starts.reduce((sum, { failed }) => sum + failed, 0),
  };
}

/** The rounds under load, and what they came to. */
async function measureSwaps(bench: SwapBench, { swaps, everyMs, rounds }: Settings) {
  const edge = present(bench.watched[0], "an edge under load");
  say("warming up, and filling the shelf");
  await load(bench, { kind: "once" }, 0);
  await swapOnAndOn(bench, 0, VERSIONS, everyMs);
  const full = await load(bench, { kind: "closed", seconds: SATURATING_SECONDS }, 0);
  const perSecSaturation = (full.answered * 1000) / full.elapsedMs;
  const perSec = perSecSaturation * OPEN_LOOP_SHARE;
  const bytesBefore = (await edge.state()).modelMemoryBytes;
  const measured: SwapRound[] = [];
  for (let number = 0; number < rounds; number++) {
    const round = await measureRound(bench, number, { swaps: Math.ceil(swaps / rounds), everyMs, perSec });
    measured.push(round);
    const [still, swapping] = [latency([round.still]), latency([round.swapping])];
    say(`  round ${number + 1}: p99 ${still.msP99} ms without swaps, ${swapping.msP99} ms with`);
  }
  const bytesAfter = (await edge.state()).modelMemoryBytes;
  const swapping = measured.map((round) => round.swapping);
  const still = measured.map((round) => round.still);
  return {
    swaps: measured.reduce((sum, { liveAfterMs }) => sum + liveAfterMs.length, 0),
    perSecSaturation: threeDigits(perSecSaturation),
    perSecOffered: threeDigits(perSec),
    decisionsWhileSwapping: swapping.reduce((sum, { right }) => sum + right, 0),
    errors: errorsOf(measured.flatMap((round) => [round.still, round.swapping])),
    withoutSwaps: latency(still),
    withSwaps: latency(swapping),
    p99Ratio: threeDigits(percentile(together(swapping), 0.99) / percentile(together(still), 0.99)),
    liveAfterMs: figures(measured.flatMap(({ liveAfterMs }) => liveAfterMs)),
    modelMemoryBytes: { before: bytesBefore, after: bytesAfter, growth: threeDigits(bytesAfter / bytesBefore - 1) },
  };
}

async function measureAll(stage: SwapStage, generator: Generator, settings: Settings) {
  const sets = await Promise.all(Array.from({ length: VERSIONS }, (_, number) => swapSet(number)));
  for (const set of sets) await stage.store(set);
  const publisherIds = stage.catalog.publishers.map(({ id }) => id);
  const requests = audienceRequests(publisherIds, REQUESTS);

  say("cold isolates");
  await stage.order({ live: present(sets[0], "a version").digest });
  const cold = coldReport(await coldStarts(stage.edges.slice(WATCHED, WATCHED + COLD), requests));

  const watched = stage.edges.slice(0, WATCHED);
  const scenario = decideScenario(present(watched[0], "an edge").url, requests, new Map(), "impressions");
  const bench = { stage, watched, generator, sets, scenario };
  say("sets that become live at every isolate, and ways back");
  const promotedMs = figures(await swapOnAndOn(bench, 0, MOVES, 0));
  const rolledBackMs = figures(await rollBack(bench, MOVES));

  // The models are loaded: from now on nothing else may decide.
  const strict = { ...scenario, expect: { ...scenario.expect, forbidden: '"tier":"fallback"' } };
  const swapped = await measureSwaps({ ...bench, watched: watched.slice(0, 1), scenario: strict }, settings);
  const asked = await stage.manifests();
  say("holding scores against the native runtime");
  const checked = await checkTraces(stage.client, new Map(sets.map((set) => [set.digest, set])));
  return { ...settings, cold, promotedMs, rolledBackMs, swapped, manifestsAsked: asked, checked };
}

async function measureMemory(stateDir: string) {
  say("two sets of 32 models");
  const stage = await startStage({ stateDir, edgeCount: 1, traceSharePpm: 0, inspected: true });
  try {
    const large = [await largeSet(1), await largeSet(2)] as const;
    for (const set of large) await stage.store(set);
    return await largeSetsMemory(stage, large);
  } finally {
    await stage.stop();
  }
}

await run(async () => {
  const options = optionsOf(USAGE, {
    swaps: { type: "string", default: "200" },
    "every-ms": { type: "string", default: "1500" },
    rounds: { type: "string", default: "4" },
    traced: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
  });
  const settings: Settings = {
    swaps: wholeFrom(options.swaps, "--swaps", 1, 10_000),
    everyMs: wholeFrom(options["every-ms"], "--every-ms", 100, 60_000),
    rounds: wholeFrom(options.rounds, "--rounds", 1, 100),
    tracedPercent: wholeFrom(options.traced, "--traced", 0, 100),
  };
  const dir = await mkdtemp(path.join(os.tmpdir(), "midroll-bench-"));
  const generator = startGenerator();
  try {
    const machine = thisMachine();
    const traceSharePpm = settings.tracedPercent * 10_000;
    const memory = await measureMemory(path.join(dir, "large"));
    const edgeCount = WATCHED + COLD;
    const stage = await startStage({ stateDir: path.join(dir, "swaps"), edgeCount, traceSharePpm, inspected: false });
    const report = await measureAll(stage, generator, settings).finally(() => stage.stop());
    console.log(JSON.stringify({ benchmark: "swaps", machine, ...report, memory }, null, options.json ? 0 : 2));
  } finally {
    generator.stop();
    await rm(dir, { recursive: true, force: true });
  }
});
