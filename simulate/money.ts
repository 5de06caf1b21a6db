/**
 * `npm run sim:money`: throws the money protocol into seeded worlds where everything fails, and checks its laws at
 * every message. A seed that breaks a law is printed with the law, the last events and the command that repeats it.
 * Then bugs are planted, one at a time, and each must be noticed. Progress goes to standard error.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { optionsOf, run } from "../local/command.ts";
import { runSeed, type SeedReport } from "../src/simulation/money/run_seed.ts";
import { drawSwarm, type SwarmWishes } from "../src/simulation/money/swarm.ts";
import { bundleSimulator } from "./bundle.ts";
import { type CorpusEntry, writeCorpus } from "./corpus.ts";
import { MUTANTS } from "./mutants/all.ts";
import type { Mutant } from "./mutants/mutant.ts";
import type { SeedTask } from "./seed_worker.ts";
import { type Summary, summarize } from "./summary.ts";
import { runTasks } from "./threads.ts";

const USAGE = `npm run sim:money -- [options]

Runs the money protocol in seeded worlds with every kind of fault, checks its laws at every message, and then plants
bugs to see that each is noticed. Exit status 1 when a law breaks or a planted bug is missed.

  --seeds N          how many worlds (default 200)
  --seed S           the first world's seed (default 0); alone: only this world
  --decisions N      decisions in each world (default 1000, the least)
  --faults on|off    off: a network that only takes its time (default on)
  --long SECONDS     one world, as many decisions as take about this long
  --mutants          only the planted bugs
  --no-mutants       no planted bugs
  --mutant NAME      only this planted bug
  --write-corpus     keep for every planted bug the world that noticed it, in simulate/corpus.json
  --threads N        threads (default: half of the machine's, at most 2)
  --verbose          print what each seed is about: its world, its faults, its report
  --json             print one JSON object on standard output`;

const SEEDS_PER_TASK = 20;
/** A planted bug must be noticed within this many seeds. */
const MUTANT_SEEDS = 300;
const DECISIONS_MIN = 1_000;
/** A long run is measured by one that takes at least one part in this many of its time. */
const TRIAL_PARTS = 8;
const LAST_EVENTS_SHOWN = 25;

interface Asked {
  readonly seeds: readonly number[];
  readonly wishes: SwarmWishes;
  readonly longSeconds: number;
  readonly mutants: readonly Mutant[];
  readonly runsSeeds: boolean;
  readonly threads: number;
  readonly verbose: boolean;
  readonly writesCorpus: boolean;
  readonly json: boolean;
}

/** What became of one planted bug. */
interface MutantReport {
  readonly name: string;
  readonly why: string;
  readonly caughtBySeed: number | null;
  readonly seedsRun: number;
  readonly law: string | null;
}

await run(async () => {
  const asked = readOptions();
  const directory = await mkdtemp(path.join(tmpdir(), "midroll-money-"));
  try {
    const began = performance.now();
    const reports = asked.runsSeeds ? await runSeeds(asked, directory) : [];
    const mutants = await runMutants(asked, directory);
    const missed = mutants.filter(({ caughtBySeed }) => caughtBySeed === null);
    const summary = summarize(reports);
    if (asked.writesCorpus) await writeCorpus(mutants.flatMap(corpusEntry));
    print(asked, summary, mutants, (performance.now() - began) / 1_000);
    if (summary.failed.length > 0 || missed.length > 0) process.exitCode = 1;
  } finally {
    await rm(directory, { recursive: true });
  }
});

function readOptions(): Asked {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const given = optionsOf(USAGE, {
    seeds: text,
    seed: text,
    decisions: text,
    faults: text,
    long: text,
    threads: text,
    mutant: text,
    mutants: flag,
    "no-mutants": flag,
    "write-corpus": flag,
    verbose: flag,
    json: flag,
  });
  const longSeconds = whole("--long", given.long, 0, 0);
  const alone = given.seed !== undefined && given.seeds === undefined;
  const first = whole("--seed", given.seed, 0, 0);
  const count = longSeconds > 0 || alone ? 1 : whole("--seeds", given.seeds, 200, 1);
  const faults = given.faults ?? "on";
  if (faults !== "on" && faults !== "off") wrong(`--faults is on or off, not "${faults}".`);
  const only = given.mutant;
  const named = only === undefined ? MUTANTS : MUTANTS.filter(({ name }) => name === only);
  if (named.length === 0)
    wrong(`There is no planted bug "${only}". They are: ${MUTANTS.map(({ name }) => name).join(", ")}.`);
  const plants = given.mutants === true || only !== undefined;
  const skips = given["no-mutants"] === true || alone || longSeconds > 0;
  return {
    seeds: Array.from({ length: count }, (_, i) => first + i),
    wishes: { decisions: whole("--decisions", given.decisions, DECISIONS_MIN, DECISIONS_MIN), faults },
    longSeconds,
    mutants: plants || !skips ? named : [],
    runsSeeds: !plants,
    threads: whole("--threads", given.threads, Math.min(2, Math.ceil(availableParallelism() / 2)), 1),
    verbose: given.verbose === true,
    writesCorpus: given["write-corpus"] === true,
    json: given.json === true,
  };
}

async function runSeeds(asked: Asked, directory: string): Promise<readonly SeedReport[]> {
  const wishes = asked.longSeconds > 0 ? longWishes(asked) : asked.wishes;
  const bundle = path.join(directory, "simulator.mjs");
  await bundleSimulator(bundle, null);
  const tasks: SeedTask[] = [];
  for (let at = 0; at < asked.seeds.length; at += SEEDS_PER_TASK) {
    const seeds = asked.seeds.slice(at, at + SEEDS_PER_TASK);
    tasks.push({ bundle: pathToFileURL(bundle).href, seeds, wishes, untilBroken: false });
  }
  let done = 0;
  const answers = await runTasks(tasks, asked.threads, (reports) => {
    done += reports.length;
    for (const report of reports) {
      if (asked.verbose) console.error(worldText(report, wishes));
      if (report.broken !== null) console.error(failureText(report, wishes));
    }
    if (done % 500 < SEEDS_PER_TASK || done === asked.seeds.length)
      console.error(`${done} of ${asked.seeds.length} seeds`);
  });
  return answers.flat();
}

/** As many decisions as will take about as long as was asked: the same world, ever longer, until its pace is plain. */
function longWishes(asked: Asked): SwarmWishes {
  const [seed = 0] = asked.seeds;
  const longMs = asked.longSeconds * 1_000;
  for (let decisions = 10 * DECISIONS_MIN; ; decisions *= 2) {
    const began = performance.now();
    runSeed(seed, { ...asked.wishes, decisions });
    const tookMs = performance.now() - began;
    if (tookMs * TRIAL_PARTS < longMs) continue;
    const most = Math.max(DECISIONS_MIN, Math.ceil((decisions * longMs) / tookMs / 1_000) * 1_000);
    console.error(`--long ${asked.longSeconds}: ${most} decisions of seed ${seed}`);
    return { ...asked.wishes, decisions: most };
  }
}

/** Plants one bug after the other and runs seeds until each is noticed. */
async function runMutants(asked: Asked, directory: string): Promise<readonly MutantReport[]> {
  const wishes: SwarmWishes = { decisions: DECISIONS_MIN, faults: "on" };
  const tasks: SeedTask[] = [];
  for (const mutant of asked.mutants) {
    const bundle = path.join(directory, `${mutant.name}.mjs`);
    await bundleSimulator(bundle, mutant);
    const seeds = Array.from({ length: MUTANT_SEEDS }, (_, seed) => seed);
    tasks.push({ bundle: pathToFileURL(bundle).href, seeds, wishes, untilBroken: true });
  }
  const reported: MutantReport[] = [];
  await runTasks(tasks, asked.threads, (reports, task) => {
    const mutant = asked.mutants[task];
    const last = reports.at(-1);
    if (mutant === undefined || last === undefined) return;
    const caughtBySeed = last.broken === null ? null : last.seed;
    reported[task] = { name: mutant.name, why: mutant.why, caughtBySeed, seedsRun: reports.length, law: last.broken };
    console.error(mutantText(reported[task]));
  });
  return reported;
}

function corpusEntry({ name, caughtBySeed, law }: MutantReport): CorpusEntry[] {
  if (caughtBySeed === null || law === null) return [];
  return [{ seed: caughtBySeed, decisions: DECISIONS_MIN, bug: name, law }];
}

function print(asked: Asked, summary: Summary, mutants: readonly MutantReport[], seconds: number): void {
  const { seeds, decisions, overspendMicrosMax, unbillableSharePpm, digest, ...more } = summary;
  const plantedBugs = mutants.length;
  const plantedBugsCaught = mutants.filter(({ caughtBySeed }) => caughtBySeed !== null).length;
  const bars = { seeds, decisions, overspendMicrosMax, unbillableSharePpm, plantedBugs, plantedBugsCaught, digest };
  if (asked.json) {
    const took = Math.round(seconds * 10) / 10;
    console.log(JSON.stringify({ ...bars, faults: asked.wishes.faults, ...more, seconds: took, mutants }));
    return;
  }
  if (asked.runsSeeds) {
    console.log(
      `${seeds} seeds, ${decisions} decisions, faults ${asked.wishes.faults}: ${more.failed.length} broke a law`,
    );
    console.log(
      `overspend at most ${overspendMicrosMax} micros; unbillable ${unbillableSharePpm} ppm of ${more.shown} shown`,
    );
    console.log(`digest ${digest}`);
  }
  if (plantedBugs > 0) console.log(`${plantedBugsCaught} of ${plantedBugs} planted bugs noticed`);
}

function failureText(report: SeedReport, wishes: SwarmWishes): string {
  const { lastEvents } = runSeed(report.seed, wishes, true);
  const repeat = `npm run sim:money -- --seed ${report.seed} --decisions ${wishes.decisions} --faults ${wishes.faults}`;
  const events = lastEvents.slice(-LAST_EVENTS_SHOWN).map((line) => `  ${line}`);
  return [`Seed ${report.seed} broke a law: ${report.broken}`, ...events, `Repeat it: ${repeat}`].join("\n");
}

function mutantText({ name, caughtBySeed, law, seedsRun }: MutantReport): string {
  return caughtBySeed === null ? `MISSED ${name} in ${seedsRun} seeds` : `${name}: seed ${caughtBySeed}, ${law}`;
}

function worldText(report: SeedReport, wishes: SwarmWishes): string {
  const { scale, faults } = drawSwarm(report.seed, wishes);
  const { lastEvents: _, ...rest } = report;
  return JSON.stringify({ seed: report.seed, scale, faults, report: rest }, null, 1);
}

function whole(flag: string, text: string | undefined, otherwise: number, least: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least)
    wrong(`${flag} takes a whole number from ${least} up, not "${text}".`);
  return value;
}

function wrong(message: string): never {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(2);
}
