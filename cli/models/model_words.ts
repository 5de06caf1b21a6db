/** The `midroll models` commands: what each takes, and whom it calls. */
import type { Command } from "commander";
import { z } from "zod";
import { ROLLOUT_LIMITS } from "../../src/models/rollout/rollout.ts";
import { DEFAULT_STATE_DIR } from "../access.ts";
import { exportModels } from "./export_models.ts";
import { CliFault } from "../fault.ts";
import type { TreeWords } from "../learn/learn_words.ts";
import { checkModels } from "./model_check.ts";
import { makeModelKey } from "./model_keygen.ts";
import { listModels, showRolloutHistory } from "./model_lists.ts";
import { moveAll, orderLines, placeNamed, promote, retire, type Words } from "./model_moves.ts";
import { findPublisherKey } from "./publisher_key.ts";
import { publishModels } from "./publish_models.ts";
import { transpileModel } from "./transpile_command.ts";

/** What these commands are lent beside the tree's words. */
interface Lent extends TreeWords {
  readonly withOrigin: (command: Command) => Command;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told one line at each step of long work. */
  readonly say: (line: string) => void;
}

/** Adds them. */
export function addModels(program: Command, lent: Lent): void {
  const models = program.command("models").description("check, publish and roll out models");
  addCheck(models, lent);
  addPublish(models, lent);
  addLists(models, lent);
  addMoves(models, lent);
}

function addCheck(models: Command, { withJson, examples, answering }: Lent): void {
  withJson(models.command("check"))
    .argument("<paths...>", "ONNX files, model folders (model.onnx, golden.json) or the folder of a set")
    .description("whether models may serve, and if not why not and what to do; needs no origin")
    .option("--columns <n>", "columns that a row has (default: those of this version's features)")
    .option("--strip-zipmap", "take out what turns probabilities into dictionaries")
    .option("--output <name>", "keep this output alone")
    .option("--positive-class", "of a classifier's two probabilities keep that of the second class")
    .option("--sigmoid", "turn log-odds into probabilities")
    .option("--free-rows", "free a fixed number of rows")
    .option("--explain", "what fusing the models did and won, pass by pass, and what runs on what")
    .option("--write", "put mended models that may serve in the place of their files")
    .addHelpText(
      "after",
      examples("models check models", "models check models --explain", "models check model.onnx --columns 20 --json"),
    )
    .action(answering((paths, _client, given) => checkModels(paths, given)));
  withJson(models.command("transpile"))
    .argument("<onnx>", "an early ranker: trees, or one linear layer")
    .description("make it the early ranker of the fallback tier, and say how alike they rank; needs no origin")
    .option("--trees <n>", "how many of its first trees (default: as many as the table may have)")
    .option("--into <file>", "the fallback tier's table", "models/fallback.json")
    .option("--write", "write the table; without it only say what it would be")
    .addHelpText("after", examples("models transpile models/early_ranker/model.onnx --trees 40"))
    .action(answering(([path = ""], _client, given) => transpileModel(path, given)));
  withJson(models.command("keygen"))
    .argument("<file>", "where the key is kept; it must not be there yet")
    .description("make a publisher's key; needs no origin")
    .option("--id <name>", "what the key is called in signatures (default: a random one)")
    .option("--beside <file>", "the present MODEL_KEYS: both keys stay valid while one follows the other")
    .addHelpText("after", examples("models keygen ~/midroll-secrets/model-key.json"))
    .action(answering(([file = ""], _client, given) => makeModelKey(file, given)));
}

const publishSchema = z.object({
  as: z.string().optional(),
  note: z.string().optional(),
  key: z.string().optional(),
  state: z.string().default(DEFAULT_STATE_DIR),
});

function addPublish(models: Command, { withOrigin, examples, answering, env, say }: Lent): void {
  withCap(withWho(withOrigin(models.command("publish"))))
    .argument("<dir>", "directory with sample-set.json and <name>/model.onnx")
    .description("check, sign and publish the model set of a directory")
    .option("--as <place>", "candidate, shadow, canary:5 or live (default: live for a first set, else candidate)")
    .option("--note <why>", "what is new about it; kept with the set")
    .option("--key <file>", "the publisher's key (MIDROLL_MODEL_KEY, else modelKey in secrets.json)")
    .addHelpText("after", examples("models publish models", 'models publish models --as canary:5 --note "more trees"'))
    .action(
      answering(async ([dir = ""], client, given) => {
        const options = publishSchema.parse(given);
        const place = options.as === undefined ? null : placeNamed(options.as, given);
        const key = await findPublisherKey(options.key, env, options.state);
        const words = { by: whoAsks(given, env), why: options.note ?? "published without a note" };
        const origin = await client();
        const published = await publishModels(origin, dir, { key, place, words, say });
        const lines = [`model set ${published.digest}`, ...orderLines(published.order)];
        return { json: { origin: origin.origin, ...published }, lines };
      }),
    );
}

function addLists(models: Command, { withOrigin, examples, answering }: Lent): void {
  withOrigin(models.command("list"))
    .description("every model set: where it stands, at how many isolates it is ready, what it was shown")
    .option("--verbose", "retired sets and the models of each, too")
    .addHelpText("after", examples("models list", "models list --verbose"))
    .action(
      answering(async (_words, client, given) => {
        const { verbose } = z.object({ verbose: z.boolean().default(false) }).parse(given);
        return listModels(await client(), verbose);
      }),
    );
  withOrigin(models.command("history"))
    .description("who moved which set, when and why")
    .option("--limit <n>", "lines (default 50)")
    .addHelpText("after", examples("models history", "models history --limit 200 --json"))
    .action(
      answering(async (_words, client, given) => {
        const most = ROLLOUT_LIMITS.historyMax;
        const limit = z
          .object({ limit: z.coerce.number().pipe(z.int().min(1).max(most)).default(50) })
          .safeParse(given);
        if (!limit.success) throw wrong(`--limit takes a whole number from 1 to ${most}`);
        return showRolloutHistory(await client(), limit.data.limit);
      }),
    );
  withOrigin(models.command("export"))
    .argument("<set>", SET)
    .argument("<dir>", "where to write it")
    .description("write a published set as a directory that can be checked and published again")
    .addHelpText("after", examples("models export 3f0c5d1e8a41 exported"))
    .action(answering(async ([set = "", dir = ""], client) => exportModels(await client(), set, dir)));
}

const SET = "the set's digest, or how it begins (8 letters or more)";

function addMoves(models: Command, { withOrigin, examples, answering, env }: Lent): void {
  withCap(withWhy(withOrigin(models.command("promote"))))
    .argument("<set>", SET)
    .description("make a set live, or put it on trial")
    .option("--canary [percent]", "let it decide for this share of viewers, 1 to 50 (default 5)")
    .option("--shadow [percent]", "only score this share of decisions beside the live set (default 10)")
    .addHelpText("after", examples('models promote 3f0c5d1e --canary 5 --why "better offline"'))
    .action(answering(async ([set = ""], client, given) => promote(await client(), set, given, wordsOf(given, env))));
  withWhy(withOrigin(models.command("retire")))
    .argument("<set>", SET)
    .description("take a candidate, a shadow or a canary out of the rollout")
    .addHelpText("after", examples('models retire 3f0c5d1e --why "worse on shadow"'))
    .action(answering(async ([set = ""], client, given) => retire(await client(), set, wordsOf(given, env))));
  withWhy(withOrigin(models.command("rollback")))
    .description("make the set live that was live before")
    .addHelpText("after", examples('models rollback --why "fill fell"'))
    .action(answering(async (_words, client, given) => moveAll(await client(), "rollback", wordsOf(given, env))));
  for (const kind of ["stop", "resume"] as const) {
    withWho(withOrigin(models.command(kind)))
      .description(kind === "stop" ? "kill switch: the fallback tier answers everybody" : "let models decide again")
      .option("--why <text>", "kept in the history")
      .addHelpText("after", examples(`models ${kind}`))
      .action(answering(async (_words, client, given) => moveAll(await client(), kind, wordsOf(given, env))));
  }
}

function withWho(command: Command): Command {
  return command.option("--by <who>", "who does this; kept in the history (MIDROLL_BY, else your user name)");
}

function withWhy(command: Command): Command {
  return withWho(command).requiredOption("--why <text>", "why; kept in the history");
}

function withCap(command: Command): Command {
  return command
    .option("--cap-impressions <n>", "most a canary may be shown (default 100000)")
    .option("--cap-spend <amount>", "most that may be paid for it (default 1000.00)");
}

function wordsOf(given: unknown, env: Lent["env"]): Words {
  const { why } = z.object({ why: z.string().default("no reason given") }).parse(given);
  return { by: whoAsks(given, env), why };
}

function whoAsks(given: unknown, env: Lent["env"]): string {
  const { by } = z.object({ by: z.string().optional() }).parse(given);
  return by ?? (env["MIDROLL_BY"] || env["USER"] || env["USERNAME"] || "unnamed");
}

function wrong(message: string): CliFault {
  return new CliFault("wrong_command", message, { exitCode: 2 });
}
