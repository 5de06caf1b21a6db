/** The words of `midroll bench`: what it takes, and examples. */
import type { Command } from "commander";
import { benchDevices, DEVICE_DEFAULTS } from "./device_command.ts";
import type { TreeWords } from "./learn/learn_words.ts";

const { models, rounds, sizes } = DEVICE_DEFAULTS;

/** Adds the command to the tree. */
export function addBench(
  program: Command,
  { withJson, examples, answering }: TreeWords,
  env: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): void {
  const bench = program.command("bench").description("measure what this machine can do");
  withJson(bench.command("device"))
    .description("score a model set on every device here, by batch size, and say which gets which work")
    .option("--models <dir>", `directory of the set, as models publish takes it (default ${models})`)
    .option("--sizes <list>", `rows of a batch, with commas (default ${sizes})`)
    .option("--rounds <n>", `rounds by turns; more is slower and steadier (default ${rounds})`)
    .addHelpText("after", examples("bench device", "bench device --sizes 64,1000 --rounds 3 --json"))
    .action(answering((_words, _client, given) => benchDevices(given, env, say)));
}
