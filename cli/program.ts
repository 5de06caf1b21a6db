/**
 * The `midroll` command as a tree: which commands there are, what they take, how their outcome reaches the terminal.
 * Exit codes: 0 done; 1 refused or failed; 2 the command itself was wrong. With `--json` standard output carries
 * exactly one JSON object, whatever happens.
 */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { z } from "zod";
import { DEFAULT_ORIGIN, DEFAULT_STATE_DIR, findOrigin, findToken } from "./access.ts";
import { adminClient, type AdminClient } from "./admin_client.ts";
import { applyCatalogFiles, validateCatalog } from "./catalog/catalog_commands.ts";
import { addBench } from "./device_words.ts";
import { explainDecision } from "./decisions/explain_command.ts";
import { CliFault } from "./fault.ts";
import { listCampaigns, showAudit, showCampaign, showHistory, writeOffWallet } from "./campaign_commands.ts";
import { addLearn, type TreeWords } from "./learn/learn_words.ts";
import { addModels } from "./models/model_words.ts";
import type { Outcome } from "./outcome.ts";
import { PLAN_DEFAULTS, planCampaign } from "./planning/plan_command.ts";
import { REPLAY_SINCE_DEFAULT, replayDecisions } from "./decisions/replay_command.ts";
import { showStatus } from "./status_command.ts";

/** What the command may touch of the outside, handed in. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
}

/** 0 done, 1 refused or failed, 2 wrong command. */
export type ExitCode = 0 | 1 | 2;

const optionsSchema = z.object({
  origin: z.string().optional(),
  state: z.string().optional(),
  json: z.boolean().optional(),
});
type Options = z.output<typeof optionsSchema>;

const writeOffSchema = z.object({ wallet: z.string(), incarnation: z.string(), by: z.string(), why: z.string() });

/** Runs one command line (without `node` and the script's name) and gives its exit code. Never throws for bad input. */
export async function runMidroll(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const asJson = words.includes("--json");
  try {
    await buildProgram(terminal).parseAsync([...words], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version that were asked for end this way too; commander has already printed its text.
      if (error.exitCode === 0) return 0;
      if (asJson) printJson(terminal, { ok: false, code: "wrong_command", message: error.message });
      return 2;
    }
    if (!(error instanceof CliFault)) throw error;
    printFault(terminal, error, asJson);
    return error.exitCode;
  }
}

function buildProgram(terminal: Terminal): Command {
  const program = new Command("midroll")
    .description("Operates Midroll: catalogs, campaigns, models, decisions.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      examples("catalog validate catalog/sample", "catalog apply catalog/sample", "plan campaign.json", "status"),
    );
  addCatalog(program, terminal);
  addCampaigns(program, terminal);
  addModels(program, {
    withJson,
    withOrigin,
    examples,
    answering: (run) => answering(terminal, run),
    env: terminal.env,
    say: (line) => terminal.err(`${line}\n`),
  });
  addPlan(program, terminal);
  const words: TreeWords = { withJson, examples, answering: (run) => answering(terminal, run) };
  addLearn(program, words);
  addBench(program, words, terminal.env, (line) => terminal.err(`${line}\n`));
  addDecisions(program, terminal);
  withOrigin(program.command("status"))
    .description("what is published and where the money is")
    .addHelpText("after", examples("status", "status --json --origin https://origin.example.com"))
    .action(answering(terminal, async (_words, client) => showStatus(await client())));
  return program;
}

function addCatalog(program: Command, terminal: Terminal): void {
  const catalog = program.command("catalog").description("check and publish catalogs");
  const takes = "directories (all their .json files) or files, or one snapshot (.catalog)";
  const say = (line: string): void => terminal.err(`${line}\n`);
  withJson(catalog.command("validate"))
    .argument("<paths...>", takes)
    .description("check a catalog without touching anything")
    .addHelpText("after", examples("catalog validate catalog/sample", "catalog validate a.json b.json --json"))
    .action(answering(terminal, (paths) => validateCatalog(paths, say)));
  withOrigin(catalog.command("apply"))
    .argument("<paths...>", takes)
    .description("check a catalog and make it the current one")
    .addHelpText("after", examples("catalog apply catalog/sample"))
    .action(answering(terminal, (paths, client) => applyCatalogFiles(client, paths, say)));
}

function addCampaigns(program: Command, terminal: Terminal): void {
  const campaigns = withOrigin(program.command("campaigns"))
    .description("budget, spend and plan of every campaign")
    .addHelpText("after", examples("campaigns", "campaigns show cmp-nordwagen-1", "campaigns --json"))
    .action(answering(terminal, async (_words, client) => listCampaigns(await client())));
  withOrigin(campaigns.command("show"))
    .argument("<id>", "campaign id")
    .description("one campaign in full")
    .addHelpText("after", examples("campaigns show cmp-nordwagen-1"))
    .action(answering(terminal, async ([id = ""], client) => showCampaign(await client(), id)));
  withOrigin(campaigns.command("history"))
    .argument("<id>", "campaign id")
    .description("how a campaign's money moved, as a small chart")
    .addHelpText("after", examples("campaigns history cmp-nordwagen-1", "campaigns history cmp-nordwagen-1 --json"))
    .action(answering(terminal, async ([id = ""], client) => showHistory(await client(), id)));
  withOrigin(campaigns.command("audit"))
    .argument("<id>", "campaign id")
    .description("what operators did to a campaign: changed terms, write-offs")
    .addHelpText("after", examples("campaigns audit cmp-nordwagen-1"))
    .action(answering(terminal, async ([id = ""], client) => showAudit(await client(), id)));
  withOrigin(campaigns.command("write-off"))
    .argument("<id>", "campaign id")
    .description("give up on the money of a stuck wallet; it stays counted against the budget")
    .requiredOption("--wallet <name>", "the stuck wallet, as `campaigns show` names it")
    .requiredOption("--incarnation <id>", "its incarnation, from there too")
    .requiredOption("--by <who>", "who decides this; kept in the campaign's audit")
    .requiredOption("--why <text>", "why; kept in the audit too")
    .addHelpText(
      "after",
      examples('campaigns write-off cmp-1 --wallet wallet:weur:0 --incarnation 5f0c… --by "Kim" --why "region lost"'),
    )
    .action(
      answering(terminal, async ([id = ""], client, given) =>
        writeOffWallet(await client(), id, writeOffSchema.parse(given)),
      ),
    );
}

function addPlan(program: Command, terminal: Terminal): void {
  const { breaksPerDay, sampleSize, seed } = PLAN_DEFAULTS;
  withJson(program.command("plan"))
    .argument("[file]", "the campaign: a catalog file with the campaign, its line items and creatives")
    .description("what a campaign will deliver and what it should bid, before it runs")
    .option("--catalog <dir>", "the demand it competes with (default: the sample catalog)")
    .option("--campaign <id>", "which campaign; without a file, one that stands in the catalog")
    .option("--traffic <file>", "recorded breaks, JSON lines (default: the simulated audience)")
    .option("--breaks-per-day <n>", `of all publishers (default: the recording's own, or ${breaksPerDay})`)
    .option("--competition <how>", "paced: others bid as their budgets allow (default); full: they bid in full")
    .option("--sample <n>", `breaks to decide: more is slower and sharper (default ${sampleSize})`)
    .option("--seed <text>", `same seed, same plan (default ${seed})`)
    .addHelpText(
      "after",
      examples(
        "plan campaign.json",
        "plan campaign.json --catalog catalog/sample --traffic breaks.jsonl --json",
        "plan --campaign cmp-nordwagen-1 --breaks-per-day 5000",
      ),
    )
    .action(answering(terminal, ([file], _client, written) => planCampaign(file ?? null, written)));
}

function addDecisions(program: Command, terminal: Terminal): void {
  withOrigin(program.command("explain"))
    .argument("<decision>", "decision id: the header Midroll-Decision, or decisionId of /v1/decide")
    .description("why a decision came out as it did: every candidate's fate")
    .addHelpText("after", examples("explain 3f0c5d1e-8a41-4b7e-9d7c-2f1b9f0a6c55"))
    .action(answering(terminal, async ([id = ""], client) => explainDecision(await client(), id)));
  const replay = program.command("replay").description("decide recorded decisions again");
  withOrigin(replay.command("decisions"))
    .description("decide recorded decisions again and compare every byte")
    .option("--since <time>", `how far back, such as 15m, 1h, 7d (default ${REPLAY_SINCE_DEFAULT})`)
    .option("--from <path>", "a saved batch or a directory of them, instead of origin")
    .option("--save <dir>", "also keep the batches and their catalogs there")
    .option("--limit <n>", "stop after so many decisions")
    .addHelpText(
      "after",
      examples("replay decisions", "replay decisions --since 7d --save traces", "replay decisions --from traces"),
    )
    .action(
      answering(terminal, (_words, client, given) =>
        replayDecisions({ client, nowMs: Date.now(), progress: (line) => terminal.err(`${line}\n`) }, given),
      ),
    );
}

function withJson(command: Command): Command {
  return command.option("--json", "print one JSON object instead of text");
}

/** No defaults are given to commander: a parent's default would win over what was written at its child. */
function withOrigin(command: Command): Command {
  return withJson(command)
    .option("--origin <url>", `origin Worker (MIDROLL_ORIGIN, else ${DEFAULT_ORIGIN})`)
    .option("--state <dir>", `where secrets.json is, unless MIDROLL_ADMIN_TOKEN is set (default ${DEFAULT_STATE_DIR})`);
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  npm run -s midroll -- ${line}`).join("\n")}`;
}

/** An action that runs a command with its positional words and its own options, and prints the outcome. */
function answering(
  terminal: Terminal,
  run: (words: readonly string[], client: () => Promise<AdminClient>, given: unknown) => Promise<Outcome>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1);
    if (!(command instanceof Command)) throw new TypeError("commander hands the command in last");
    const written: unknown = command.optsWithGlobals();
    const options = optionsSchema.parse(written);
    const words = command.processedArgs.flat().filter((word) => word !== undefined);
    const outcome = await run(words.map(String), () => openClient(terminal, options), written);
    if (options.json === true) printJson(terminal, { ok: true, ...outcome.json });
    else terminal.out(`${outcome.lines.join("\n")}\n`);
  };
}

async function openClient(terminal: Terminal, options: Options): Promise<AdminClient> {
  const origin = findOrigin(options.origin, terminal.env);
  const { token, source } = await findToken(terminal.env, options.state ?? DEFAULT_STATE_DIR);
  return adminClient({ origin, token, tokenSource: source, fetch: terminal.fetch });
}

function printFault(terminal: Terminal, fault: CliFault, asJson: boolean): void {
  if (asJson) {
    const { code, message, advice, members } = fault;
    printJson(terminal, { ok: false, code, message, ...(advice === null ? {} : { advice }), ...members });
    return;
  }
  const lines = [`midroll: ${fault.message}`, ...fault.lines, ...(fault.advice === null ? [] : [fault.advice])];
  terminal.err(`${lines.join("\n")}\n`);
}

function printJson(terminal: Terminal, value: Readonly<Record<string, unknown>>): void {
  terminal.out(`${JSON.stringify(value)}\n`);
}

function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
