/**
 * The money simulator as CI runs it: two hundred worlds in which no law breaks, the worlds that once broke one, and some
 * planted bugs that must be noticed. `npm run sim:money` runs as many worlds as one likes, and all planted bugs.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleSimulator, plant } from "../../simulate/bundle.ts";
import { readCorpus } from "../../simulate/corpus.ts";
import { MUTANTS } from "../../simulate/mutants/all.ts";
import type { SeedTask } from "../../simulate/seed_worker.ts";
import { summarize } from "../../simulate/summary.ts";
import { runTasks } from "../../simulate/threads.ts";
import { runSeed, type SeedReport } from "../../src/simulation/money/run_seed.ts";
import type { SwarmWishes } from "../../src/simulation/money/swarm.ts";

const projectDir = path.resolve(import.meta.dirname, "../..");
const FAULTS_ON: SwarmWishes = { decisions: 1_000, faults: "on" };
const FAULTS_OFF: SwarmWishes = { decisions: 1_000, faults: "off" };
/** A handful, for each holder one, each noticed within a few seeds. */
const PLANTED = [
  "purse-commits-unbacked",
  "wallet-forgets-duplicates",
  "purse-closes-early",
  "grant-ignores-out",
  "signature-misses-purpose",
  "restart-forgets-purses",
];

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "midroll-money-"));
});
afterAll(() => rm(directory, { recursive: true }));

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
const repeat = ({ seed, broken }: SeedReport): string => `${broken}: npm run sim:money -- --seed ${seed}`;
const broken = (reports: readonly SeedReport[]): string[] =>
  reports.filter((report) => report.broken !== null).map(repeat);

/** The command, in a process of its own. */
const door = (...words: string[]) =>
  promisify(execFile)(process.execPath, [path.join(projectDir, "simulate/money.ts"), ...words]);

/** Seeds in threads of their own, with the product as it is or with a planted bug. */
async function inThreads(bug: string | null, seeds: readonly number[], untilBroken: boolean) {
  const mutant = MUTANTS.find(({ name }) => name === bug) ?? null;
  const file = path.join(directory, `${bug ?? "sound"}.mjs`);
  await bundleSimulator(file, mutant);
  const bundle = pathToFileURL(file).href;
  const task = (own: readonly number[]): SeedTask => ({ bundle, seeds: own, wishes: FAULTS_ON, untilBroken });
  const tasks = untilBroken
    ? [task(seeds)]
    : [task(seeds.slice(0, seeds.length / 2)), task(seeds.slice(seeds.length / 2))];
  return (await runTasks(tasks, tasks.length, () => {})).flat();
}

describe("money under faults", () => {
  test("breaks no law in 200 worlds, and bills nearly all that was shown", { timeout: 240_000 }, async () => {
    const reports = await inThreads(null, range(0, 200), false);
    const summary = summarize(reports);
    console.log(`money: ${JSON.stringify(summary)}`);
    expect(broken(reports)).toEqual([]);
    expect(summary.overspendMicrosMax).toBe(0);
    expect(summary.unbillableSharePpm).toBeLessThanOrEqual(5_000);
    // Worlds that bill nothing, lose nothing and repeat nothing prove nothing.
    expect(summary.billed).toBeGreaterThan(50_000);
    expect(summary.duplicates).toBeGreaterThan(1_000);
    expect(summary.late).toBeGreaterThan(10);
    expect(summary.objectDeaths).toBeGreaterThan(500);
  });

  test("bills every impression that was shown when nothing fails", { timeout: 60_000 }, () => {
    const reports = range(0, 15).map((seed) => runSeed(seed, FAULTS_OFF));
    expect(broken(reports)).toEqual([]);
    expect(summarize(reports)).toMatchObject({ unbillableSharePpm: 0, unheardSharePpm: 0, late: 0, duplicates: 0 });
  });

  test("is the same world for the same seed, in another thread and from a bundle too", async () => {
    const [there] = await inThreads(null, [7], true);
    expect(there).toEqual(runSeed(7, FAULTS_ON));
    expect(runSeed(8, FAULTS_ON).digest).not.toBe(there?.digest);
  });
});

describe("planted bugs", () => {
  test("still fit the product's text", async () => {
    for (const mutant of MUTANTS) {
      const text = await readFile(path.join(projectDir, mutant.file), "utf8");
      expect(plant(mutant, text)).not.toBe(text);
    }
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  test("are refused when their text is gone or there twice", () => {
    const mutant = { name: "m", file: "f.ts", find: "a", replace: "b", why: "w" };
    expect(() => plant(mutant, "xyz")).toThrow('The mutant "m" no longer fits f.ts: its text is there 0 times.');
    expect(() => plant(mutant, "aba")).toThrow("2 times");
  });

  test.each(PLANTED)("%s is noticed", { timeout: 60_000 }, async (bug) => {
    const reports = await inThreads(bug, range(0, 300), true);
    expect(reports.at(-1)?.broken).not.toBeNull();
  });

  test("each left a world in the corpus, which breaks no law without it", { timeout: 120_000 }, async () => {
    const corpus = await readCorpus();
    expect(corpus.map(({ bug }) => bug).sort()).toEqual(MUTANTS.map(({ name }) => name).sort());
    const seeds = [...new Set(corpus.map(({ seed }) => seed))];
    expect(broken(seeds.map((seed) => runSeed(seed, FAULTS_ON)))).toEqual([]);
  });
});

describe("npm run sim:money", () => {
  test("answers with one JSON object that begins with the bars", { timeout: 60_000 }, async () => {
    const { stdout } = await door("--seed", "3", "--mutant", "grant-ignores-wish", "--json");
    const answer: unknown = JSON.parse(stdout);
    const keys = ["seeds", "decisions", "overspendMicrosMax", "unbillableSharePpm"];
    expect(Object.keys(Object(answer)).slice(0, 7)).toEqual([...keys, "plantedBugs", "plantedBugsCaught", "digest"]);
    expect(answer).toMatchObject({ plantedBugs: 1, plantedBugsCaught: 1 });
  });

  test("says what is wrong with a command and ends with 2", async () => {
    await expect(door("--seeds", "none")).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--seeds"),
    });
    await expect(door("--faults", "some")).rejects.toMatchObject({ code: 2 });
    await expect(door("--mutant", "nobody")).rejects.toMatchObject({ code: 2 });
  });
});
