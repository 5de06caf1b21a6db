/**
 * The replay as a command: reads its words and files, runs the replay, prints a table or one JSON object. Exit codes:
 * 0 done; 1 a file was refused or the replay is impossible; 2 the command itself was wrong.
 */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { z } from "zod";
import { CliFault } from "../cli/fault.ts";
import { countOf, showTable } from "../cli/outcome.ts";
import { type Auctions, type Column, parseAuctions, type Training } from "../src/simulation/auctions/auctions.ts";
import {
  BIDDERS,
  LEARN_SHARE,
  replay,
  ReplayImpossible,
  type ReplayOptions,
  type ReplayReport,
} from "../src/simulation/auctions/replay.ts";
import { biddersOf, columnsOf, fractionOf, numberFrom, shockOf, wholeFrom } from "./auctions_words.ts";

/** Where the command writes. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const optionsSchema = z.object({
  columns: z.array(z.enum(["click", "price", "pctr"]).nullable()),
  budgetFraction: z.number(),
  episode: z.number(),
  bidder: z.array(z.enum(BIDDERS)),
  trainInfo: z.string().optional(),
  train: z.string().optional(),
  linBaseBid: z.number().optional(),
  horizon: z.boolean(),
  holdout: z.number(),
  horizonError: z.number(),
  isolates: z.number(),
  lag: z.number(),
  shock: z.object({ priceFactor: z.number(), from: z.number(), to: z.number() }).optional(),
  seed: z.string(),
  json: z.boolean(),
});
type Options = z.output<typeof optionsSchema>;

/** Highest price that a training landscape may name. */
const TRAIN_PRICE_MAX = 5_000;
const priceCount = z.number().nonnegative();

/** How often each price was the market's: a list from price 0 on, or an object by price. Shape: the list. */
const priceCountsSchema = z.union([
  z
    .array(priceCount)
    .min(2)
    .max(TRAIN_PRICE_MAX + 1),
  z
    .record(z.coerce.number().pipe(z.int().min(0).max(TRAIN_PRICE_MAX)), priceCount)
    .refine((counts) => Object.keys(counts).length > 0, "it names no price")
    .transform((counts) => {
      const highest = Math.max(1, ...Object.keys(counts).map(Number));
      return Array.from({ length: highest + 1 }, (_, price) => counts[price] ?? 0);
    }),
]);

const trainInfoSchema = z.object({
  clk_train: z.number().positive(),
  imp_train: z.number().positive(),
  cost_train: z.number().positive(),
  price_counter_train: priceCountsSchema,
});

/** Runs one command line (without `node` and the script) and gives its exit code. */
export async function runReplay(words: readonly string[], output: Output): Promise<0 | 1 | 2> {
  const asJson = words.includes("--json");
  try {
    await program(output).parseAsync([...words], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      if (asJson) printJson(output, { ok: false, code: "wrong_command", message: error.message });
      return 2;
    }
    if (!(error instanceof CliFault)) throw error;
    if (asJson) printJson(output, { ok: false, code: error.code, message: error.message, advice: error.advice });
    else output.err(`${error.message}\n${error.advice === null ? "" : `${error.advice}\n`}`);
    return error.exitCode;
  }
}

function program(output: Output): Command {
  return new Command("replay:auctions")
    .description("Replays recorded second-price auctions against bidders with a budget.")
    .argument("<file>", "text, one auction a line; fields separated by commas, tabs or blanks")
    .option(
      "--columns <names>",
      "what the fields are: click, price, pctr, - for others",
      columnsOf,
      columnsOf("click,price,pctr"),
    )
    .option(
      "--budget-fraction <part>",
      "budget in parts of what all auctions cost, as 1/32 or 0.125",
      fractionOf,
      1 / 8,
    )
    .option("--episode <auctions>", "auctions in an episode", wholeFrom(1, 1_000_000), 1_000)
    .option("--bidder <names>", `all, or some of ${BIDDERS.join(",")}`, biddersOf, [...BIDDERS])
    .option("--train-info <file>", "training totals: JSON with clk_train, imp_train, cost_train, price_counter_train")
    .option("--train <file>", "auctions to learn from, in the same columns, instead of the front of the file")
    .option("--lin-base-bid <price>", "base bid of lin instead of tuning it", wholeFrom(1, 1_000_000_000))
    .option("--horizon", "one budget over the whole file instead of one for each episode", false)
    .option("--holdout <share>", "learn from this share at the front and score the rest", numberFrom(0, 0.95), 0)
    .option(
      "--horizon-error <share>",
      "by how much the forecast number of auctions is wrong, as 0.25 or -0.25",
      numberFrom(-0.9, 10),
      0,
    )
    .option("--isolates <count>", "isolates that a steered bidder is spread over", wholeFrom(1, 4_096), 1)
    .option("--lag <share>", "share of a flight that an isolate goes without telling and hearing", numberFrom(0, 1), 0)
    .option("--shock <terms>", "a dear stretch, as price=3,from=0.45,to=0.55", shockOf)
    .option("--seed <word>", "seed of what is random (throttling)", "1")
    .option("--json", "print one JSON object instead of text", false)
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .addHelpText("after", EXAMPLES)
    .action((file: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const outcome = replayFile(file, options);
      if (options.json) printJson(output, outcome.json);
      else output.out(`${outcome.lines.join("\n")}\n`);
    });
}

const EXAMPLES = `
Examples:
  npm run -s replay:auctions -- simulate/sample/auctions.txt --budget-fraction 1/32
  npm run -s replay:auctions -- simulate/sample/auctions.txt --horizon --holdout 0.25 --bidder midroll --json
  npm run -s replay:auctions -- simulate/sample/auctions.txt --horizon --holdout 0.25 --isolates 64 --lag 0.01`;

function replayFile(file: string, options: Options): { json: Record<string, unknown>; lines: string[] } {
  const auctions = readAuctions(file, options.columns);
  const settings: ReplayOptions = {
    bidders: options.bidder,
    budgetFraction: options.budgetFraction,
    episode: options.episode,
    horizon: options.horizon,
    holdout: options.holdout,
    horizonError: options.horizonError,
    isolates: options.isolates,
    lag: options.lag,
    shock: options.shock ?? null,
    training: options.trainInfo === undefined ? null : readTraining(options.trainInfo),
    trainingAuctions: options.train === undefined ? null : readAuctions(options.train, options.columns),
    baseBid: options.linBaseBid ?? null,
    seed: options.seed,
  };
  const report = runOrRefuse(auctions, settings);
  const learnedFrom = wordsOnLearning(options);
  const { bidders, ...figures } = report;
  const { budgetFraction, episode, horizon, holdout, horizonError, isolates, lag, shock, seed } = settings;
  const echo = { budgetFraction, episode, horizon, holdout, horizonError, isolates, lag, shock, seed };
  return { json: { ok: true, file, learnedFrom, ...echo, ...figures, bidders }, lines: linesOf(report, learnedFrom) };
}

function runOrRefuse(auctions: Auctions, settings: ReplayOptions): ReplayReport {
  try {
    return replay(auctions, settings);
  } catch (error) {
    if (error instanceof ReplayImpossible) throw new CliFault("replay_impossible", `Cannot replay: ${error.message}.`);
    throw error;
  }
}

function wordsOnLearning(options: Options): string {
  const front = `the first ${100 * (options.holdout || LEARN_SHARE)} % of the file`;
  const auctions = options.train ?? (options.holdout > 0 ? front : `${front}, which is scored too`);
  return options.trainInfo === undefined ? auctions : `totals and prices: ${options.trainInfo}; auctions: ${auctions}`;
}

function linesOf(report: ReplayReport, learnedFrom: string): string[] {
  const rows = report.bidders.map((each) => [
    each.bidder,
    String(each.impressions),
    String(each.clicks),
    String(each.costMicros),
    each.value.toFixed(3),
    percent(each.shareOfHindsightEpisode),
    percent(each.shareOfHindsightHorizon),
    percent(each.utilisation),
    percent(each.planDeviationMax),
  ]);
  const header = [
    "bidder",
    "impressions",
    "clicks",
    "cost",
    "value",
    "of episode best",
    "of horizon best",
    "spent",
    "off plan",
  ];
  return [
    `${countOf(report.auctions, "auction")}, mean price ${report.priceMean.toFixed(2)}`,
    `${countOf(report.flights, "flight")} with a budget of ${report.flightBudget} each`,
    `learned from ${learnedFrom}`,
    "",
    ...showTable(header, rows, new Set([1, 2, 3, 4, 5, 6, 7, 8])),
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function readAuctions(file: string, columns: readonly Column[]): Auctions {
  const parsed = parseAuctions(readText(file), columns);
  if (parsed.ok) return parsed.value;
  throw new CliFault("file_refused", `${file}, line ${parsed.reason.line}: ${parsed.reason.why}.`, {
    advice: "One auction a line, in the order of --columns (default click,price,pctr), for example: 0 45 0.00073",
  });
}

function readTraining(file: string): Training {
  const advice =
    "It must be a JSON object with the numbers clk_train, imp_train, cost_train, and price_counter_train: " +
    "how often each price was the market's, as a list from price 0 on or an object by price.";
  let read: unknown;
  try {
    read = JSON.parse(readText(file));
  } catch (error) {
    if (error instanceof CliFault) throw error;
    throw new CliFault("train_info_refused", `${file} is not JSON.`, { advice, cause: error });
  }
  const parsed = trainInfoSchema.safeParse(read);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CliFault("train_info_refused", `${file}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}.`, {
      advice,
    });
  }
  const { clk_train: clicks, imp_train: impressions, cost_train: cost, price_counter_train: priceCounts } = parsed.data;
  return { clicks, impressions, cost, priceCounts };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CliFault(
      "file_unreadable",
      `Cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`,
      {
        advice: "Give the path of a text file.",
        cause: error,
      },
    );
  }
}

function printJson(output: Output, value: unknown): void {
  output.out(`${JSON.stringify(value)}\n`);
}
