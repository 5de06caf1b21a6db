/**
 * The words of `midroll learn`: its commands, what they take, and examples.
 */
import type { Command } from "commander";
import type { AdminClient } from "../admin_client.ts";
import { LEARN_DEFAULTS, learnLandscapeTable, learnReserveTable, writeLog } from "./learn_command.ts";
import type { Outcome } from "../outcome.ts";

type Run = (words: readonly string[], client: () => Promise<AdminClient>, given: unknown) => Promise<Outcome>;

/** How the command tree spells things, wherever a command stands in it. */
export interface TreeWords {
  readonly withJson: (command: Command) => Command;
  readonly examples: (...lines: readonly string[]) => string;
  readonly answering: (run: Run) => (...given: unknown[]) => Promise<void>;
}

const { holdOut, fillLossMax, seed, from, days, breaks } = LEARN_DEFAULTS;

/** Adds the commands to the tree. */
export function addLearn(program: Command, { withJson, examples, answering }: TreeWords): void {
  const learn = program.command("learn").description("learn reserve prices and landscapes from logged auctions");
  const command = (name: string, what: string): Command =>
    withJson(learn.command(name))
      .description(what)
      .option("--traces <dir>", "decisions that `replay decisions --save` has kept")
      .option("--simulate", "decisions of the simulated audience")
      .option("--from <date>", `first simulated day (default ${from})`)
      .option("--days <n>", `simulated days (default ${days})`)
      .option("--breaks <n>", `simulated breaks: more is slower and sharper (default ${breaks})`)
      .option("--catalog <dir>", "whose publishers the auctions are of (default: the sample catalog)")
      .option("--price-rule <rule>", "first, second or vcg: as if all publishers charged so (default: the catalog's)")
      .option("--seed <text>", `of the simulation and of intervals (default ${seed})`)
      .option("--force", "replace the file when it says something else");
  const table = (name: string, what: string): Command =>
    command(name, what)
      .argument("[log]", "logged auctions, JSON lines (docs/learning.md)")
      .option("--out <file>", "keep the table as a catalog file")
      .option("--hold-out <share>", `of the days, the last ones, to judge by (default ${holdOut})`);

  table("reserves", "reserve prices by kind of break, and what they do on days held out")
    .option("--fill-loss-max <share>", `largest share of paid time to lose (default ${fillLossMax})`)
    .addHelpText(
      "after",
      examples("learn reserves --simulate --price-rule second", "learn reserves --traces traces --out reserves.json"),
    )
    .action(answering(([log], client, given) => learnReserveTable(log ?? null, { client, given })));
  table("landscapes", "what bids must beat by kind of break, and how good shading by it is on days held out")
    .addHelpText(
      "after",
      examples("learn landscapes --simulate", "learn landscapes log.jsonl --out landscapes.json --json"),
    )
    .action(answering(([log], client, given) => learnLandscapeTable(log ?? null, { client, given })));
  command("log", "write auctions as a log that the other two read")
    .option("--out <file>", "where to")
    .addHelpText("after", examples("learn log --simulate --out log.jsonl", "learn log --traces traces --out log.jsonl"))
    .action(answering((_words, client, given) => writeLog({ client, given })));
}
