/**
 * `npm run pod`: the pod solver as a command. Reads breaks from a file or from standard input, solves each, prints a
 * timeline or JSON. Exit codes: 0 solved; 1 the file was refused; 2 the command itself was wrong.
 */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { z } from "zod";
import { InvariantBroken } from "../../src/kernel/assert.ts";
import { present } from "../../src/kernel/assert.ts";
import type { PodSolution } from "../../src/pods/instance.ts";
import { solvePod } from "../../src/pods/solve.ts";
import { CliFault } from "../fault.ts";
import { countOf, showMicros, showTable } from "../outcome.ts";
import { type PodQuestion, readQuestions } from "./pod_question.ts";

/** What the command touches of the outside. */
export interface PodTerminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** All of standard input. */
  readonly input: () => string;
  /** A clock that only goes forward. Units: milliseconds. */
  readonly nowMs: () => number;
}

const optionsSchema = z.object({
  json: z.boolean().optional(),
  repeat: z.coerce.number().pipe(z.int().min(1).max(100)),
});

const EXAMPLES = `
Examples:
  npm run -s pod -- solve docs/pods-example.json
  npm run -s pod -- solve docs/pods-example.json --json
  npm run -s pod -- solve - --json < docs/pods-example.json

The file holds one break or a list of breaks; docs/pods.md describes the format.`;

/** Runs one command line (without `node` and the script's name) and gives its exit code. Never throws for bad input. */
export function runPod(words: readonly string[], terminal: PodTerminal): 0 | 1 | 2 {
  const asJson = words.includes("--json");
  const printJson = (value: unknown): void => terminal.out(`${JSON.stringify(value)}\n`);
  try {
    program(terminal).parse([...words], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      if (asJson) printJson({ ok: false, code: "wrong_command", message: error.message });
      return 2;
    }
    if (!(error instanceof CliFault)) throw error;
    const { code, message, advice } = error;
    if (asJson) printJson({ ok: false, code, message, advice });
    else terminal.err(`pod: ${message}\n${advice === null ? "" : `${advice}\n`}`);
    return error.exitCode;
  }
}

function program(terminal: PodTerminal): Command {
  const pod = new Command("pod")
    .description("Chooses and orders the ads of a break: the pod that is worth most.")
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showSuggestionAfterError()
    .addHelpText("after", EXAMPLES);
  pod
    .command("solve")
    .argument("<file>", "breaks as JSON, or - for standard input")
    .description("solve every break of a file")
    .option("--json", "print JSON: an object for one break, a list for a list")
    .option("--repeat <times>", "solve each break so often and report the quickest", "1")
    .addHelpText("after", EXAMPLES)
    .action((file: string, written: unknown) => solveFile(file, written, terminal));
  return pod;
}

function solveFile(file: string, written: unknown, terminal: PodTerminal): void {
  const options = optionsSchema.safeParse(written);
  if (!options.success) {
    throw new CliFault("wrong_command", "--repeat takes a whole number from 1 to 100", { exitCode: 2 });
  }
  const { questions, many } = readQuestions(textOf(file, terminal));
  const solved = questions.map((question) => solveTimed(question, options.data.repeat, terminal.nowMs));
  if (options.data.json === true) {
    const answers = solved.map(asJson);
    terminal.out(`${JSON.stringify(many ? answers : answers[0])}\n`);
  } else terminal.out(`${solved.map((each) => pageOf(each).join("\n")).join("\n\n")}\n`);
}

function textOf(file: string, terminal: PodTerminal): string {
  if (file === "-") return terminal.input();
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new CliFault("file_unreadable", `${file} cannot be read`, {
      advice: "Name a JSON file, or - to pipe it in.",
    });
  }
}

/** A question, its pod, and the time of the quickest solve. */
interface Solved {
  readonly question: PodQuestion;
  readonly solution: PodSolution;
  readonly cpuMicros: number;
}

function solveTimed(question: PodQuestion, times: number, nowMs: () => number): Solved {
  let quickestMs = Number.POSITIVE_INFINITY;
  let solution: PodSolution | null = null;
  for (let time = 0; time < times; time++) {
    const startedMs = nowMs();
    solution = solveChecked(question);
    quickestMs = Math.min(quickestMs, nowMs() - startedMs);
  }
  const cpuMicros = Math.round(quickestMs * 1000);
  return { question, solution: present(solution, "a break is solved at least once"), cpuMicros };
}

/** Values and tiers of a file may be too large together for whole numbers; nothing else of a read question can fail. */
function solveChecked({ ads, rules }: PodQuestion): PodSolution {
  try {
    return solvePod(ads, rules);
  } catch (error) {
    if (!(error instanceof InvariantBroken)) throw error;
    throw new CliFault("values_too_large", "ads[].tier and ads[].valueMicros are too large together", {
      advice: "Use smaller values, a smaller maxAds, or fewer tiers.",
    });
  }
}

function asJson({ question, solution, cpuMicros }: Solved): Readonly<Record<string, unknown>> {
  const { valueMicros, proved, gapMicros, nodes, slots } = solution;
  const ads = solution.ads.map((index) => question.ads[index]?.id);
  const hybrid = question.rules.slots.length === 0 ? {} : { slots };
  return { ads, ...hybrid, valueMicros, proved, gapMicros, nodes, cpuMicros };
}

/** The pod as a timeline. */
function pageOf({ question, solution, cpuMicros }: Solved): readonly string[] {
  let startMs = 0;
  const rows = solution.ads.map((index, at) => {
    const ad = present(question.ads[index], "a pod shows ads of its question");
    const row = [
      String(at + 1),
      showSeconds(startMs),
      showSeconds(ad.durationMs),
      showMicros(ad.valueMicros),
      ad.id,
      ad.advertiser.startsWith("\u0000") ? "" : ad.advertiser,
      ad.categories.join(" "),
    ];
    startMs += ad.durationMs;
    return row;
  });
  const { valueMicros, proved, gapMicros, nodes } = solution;
  const sure = proved ? "proved: no pod is worth more" : `not proved: at most ${showMicros(gapMicros)} may be missed`;
  const filled = `${showSeconds(startMs)} of ${showSeconds(question.rules.durationMs)} s`;
  return [
    ...showTable(["#", "at", "length", "value", "ad", "advertiser", "categories"], rows, new Set([0, 1, 2, 3])),
    `${countOf(rows.length, "ad")} of ${question.ads.length}, ${filled}, worth ${showMicros(valueMicros)}; ${sure}`,
    `${countOf(nodes, "node")}, ${cpuMicros} µs`,
  ];
}

function showSeconds(ms: number): string {
  return String(ms / 1000);
}
