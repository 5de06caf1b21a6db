/**
 * Where published models are asked over HTTP. One object for all: requests of one model meet here and go in batches,
 * and load and unload mean the same for everyone. Between two batches everybody else of the isolate has a turn, and a
 * batch is bounded, so other routes of origin wait for one at most.
 */
import { DurableObject } from "cloudflare:workers";
import { ok, refused, type Result } from "../../../src/kernel/result.ts";
import { Batcher, type Batch } from "../../../src/inference/batcher.ts";
import { INFERENCE_LIMITS } from "../../../src/inference/limits.ts";
import type { InferRefusal } from "../../../src/inference/refusal.ts";
import { joinRows, splitRows } from "../../../src/inference/rows.ts";
import { isBatchable, type Signature } from "../../../src/inference/signature.ts";
import type { Tensor } from "../../../src/inference/tensor.ts";
import { versionOf, type PublishedModel } from "../../../src/models/versions.ts";
import { logFailure } from "../../platform/log.ts";
import { nextTurn } from "../../platform/in_turns.ts";
import { getArtifact } from "../artifacts.ts";
import type { OriginEnv } from "../env.ts";
import type { FoundModel, InferenceFigures, InferenceRpc, InferOrder, ListedModel } from "./inference_messages.ts";
import { INFERENCE_MIGRATIONS } from "./inference_schema.ts";
import { LoadedModels } from "./loaded_models.ts";
import { applyMigrations } from "../migrations.ts";
import { PublishedModels } from "./published_models.ts";

type Answer = Result<readonly Tensor[], InferRefusal>;

/** A request that waits for its batch. */
interface Job {
  readonly order: InferOrder;
  readonly settle: (answer: Answer) => void;
}

const UNLOADED = "unloaded by an operator";

/** See the head of this file. */
export class Inference extends DurableObject<OriginEnv> implements InferenceRpc {
  readonly #sql: SqlStorage;
  readonly #published: PublishedModels;
  readonly #models: LoadedModels;
  readonly #batcher = new Batcher<Job>(INFERENCE_LIMITS);
  readonly #sinceMs = Date.now();
  readonly #counts = { requests: 0, rows: 0, batches: 0, batchRowsMost: 0 };
  readonly #refused = new Map<string, number>();
  #turn: Promise<unknown> = Promise.resolve();
  #serving = false;
  #loners = 0;

  constructor(ctx: DurableObjectState, env: OriginEnv) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    applyMigrations(ctx.storage, INFERENCE_MIGRATIONS);
    this.#published = new PublishedModels(env);
    this.#models = new LoadedModels((digest) => getArtifact(env.ARTIFACTS, "model", digest));
  }

  async index(ageMsMax: number): Promise<readonly ListedModel[]> {
    const models = await this.#published.list(Date.now(), ageMsMax);
    return models.flatMap(({ name, versions }) => {
      const unloaded = this.#isUnloaded(name);
      return versions.map(({ version, digest, live }) => {
        const unavailable = unloaded ? UNLOADED : this.#models.failureOf(digest);
        return { name, version, live, unavailable };
      });
    });
  }

  async find(name: string, version: string | null, ageMsMax: number): Promise<Result<FoundModel, InferRefusal>> {
    const named = await this.#named(name, ageMsMax);
    if (!named.ok) return this.#count(named);
    const meant = versionOf(named.value, version);
    if (meant === null) {
      if (ageMsMax > 0) return this.find(name, version, 0);
      return this.#count(refuse("unknown_version", `the model ${name} has no such version`));
    }
    if (this.#isUnloaded(name)) return this.#count(refuseUnloaded(name));
    const signature = await this.#models.signatureOf(meant.digest);
    if (!signature.ok) return this.#count(signature);
    const versions = named.value.versions.map((each) => each.version);
    return ok({ version: meant, versions, signature: signature.value });
  }

  async infer(order: InferOrder): Promise<Answer> {
    this.#counts.requests++;
    if (this.#isUnloaded(order.name)) return this.#count(refuseUnloaded(order.name));
    const signature = await this.#models.signatureOf(order.digest);
    if (!signature.ok) return this.#count(signature);
    const line = this.#lineOf(order, signature.value);
    const answer = new Promise<Answer>((settle) => {
      const offered = this.#batcher.offer(line, { order, settle }, order.rows, Date.now());
      if (!offered.ok) settle(refuse(offered.reason, QUEUE_WORDS[offered.reason]));
    });
    void this.#serve();
    return this.#count(await answer);
  }

  async load(name: string): Promise<Result<null, InferRefusal>> {
    const named = await this.#named(name);
    if (!named.ok) return this.#count(named);
    this.#sql.exec("DELETE FROM unloaded WHERE name = ?", name);
    const meant = versionOf(named.value, null);
    if (meant === null) return this.#count(refuse("unknown_version", `the model ${name} has no version`));
    // Loaded anew, as the protocol wants it of a model that is loaded already.
    const loaded = await this.#alone(async () => {
      await this.#models.release([meant.digest]);
      return this.#models.load(meant.digest);
    });
    return this.#count(loaded.ok ? ok(null) : loaded);
  }

  async unload(name: string): Promise<Result<null, InferRefusal>> {
    const named = await this.#named(name);
    if (!named.ok) return this.#count(named);
    this.#sql.exec("INSERT OR IGNORE INTO unloaded (name) VALUES (?)", name);
    await this.#alone(() => this.#models.release(named.value.versions.map(({ digest }) => digest)));
    return ok(null);
  }

  async figures(): Promise<InferenceFigures> {
    return {
      sinceMs: this.#sinceMs,
      ...this.#counts,
      queuedRows: this.#batcher.queuedRows,
      refused: Object.fromEntries(this.#refused),
      ...this.#models.figures,
    };
  }

  async #named(name: string, ageMsMax = 0): Promise<Result<PublishedModel, InferRefusal>> {
    const models = await this.#published.list(Date.now(), ageMsMax);
    const named = models.find((model) => model.name === name);
    if (named !== undefined) return ok(named);
    return ageMsMax > 0 ? this.#named(name) : refuse("unknown_model", "no model of that name is published");
  }

  #isUnloaded(name: string): boolean {
    return this.#sql.exec("SELECT name FROM unloaded WHERE name = ?", name).toArray().length > 0;
  }

  /** Requests with one line go together. What cannot be put together has a line of its own. */
  #lineOf({ digest, inputs, rows }: InferOrder, signature: Signature): string {
    const together = isBatchable(signature) && inputs.every(({ shape }) => shape[0] === rows);
    const widths = inputs.map(({ shape }) => shape.slice(1).join("x"));
    return together ? `${digest} ${widths.join(" ")}` : `${digest} alone ${this.#loners++}`;
  }

  /** Runs batches as they are due, until none waits. */
  async #serve(): Promise<void> {
    if (this.#serving) return;
    this.#serving = true;
    for (let dueMs = this.#batcher.nextMs(); dueMs !== null; dueMs = this.#batcher.nextMs()) {
      const waitMs = dueMs - Date.now();
      await (waitMs > 0 ? new Promise((resolve) => setTimeout(resolve, waitMs)) : nextTurn());
      const batch = this.#batcher.take(Date.now());
      if (batch !== null) await this.#alone(() => this.#run(batch));
    }
    this.#serving = false;
  }

  /** Answers every request of a batch, whatever happens. */
  async #run({ jobs: taken, rows }: Batch<Job>): Promise<void> {
    this.#counts.batches++;
    this.#counts.rows += rows;
    this.#counts.batchRowsMost = Math.max(this.#counts.batchRowsMost, rows);
    const jobs = taken.filter(({ order, settle }) => {
      const unloaded = this.#isUnloaded(order.name);
      // While it waited: asked now, the model would be loaded again.
      if (unloaded) settle(refuseUnloaded(order.name));
      return !unloaded;
    });
    if (jobs.length === 0) return;
    try {
      const answers = await this.#answer(jobs.map(({ order }) => order));
      jobs.forEach(({ settle }, at) => settle(answers[at] ?? refuse("run_failed", "the model did not answer")));
    } catch (failure) {
      logFailure("origin", "inference", failure);
      const answer = refuse("not_loadable", "the store of models did not answer");
      for (const { settle } of jobs) settle(answer);
    }
  }

  async #answer(orders: readonly InferOrder[]): Promise<readonly Answer[]> {
    const outputs = [...new Set(orders.flatMap((order) => order.outputs))];
    const digest = orders[0]?.digest ?? "";
    const joined = joinRows(orders.map(({ inputs }) => inputs));
    const ran = await this.#models.run(digest, joined, outputs);
    if (!ran.ok && ran.reason.code !== "run_failed") return orders.map(() => ran);
    const parts = ran.ok
      ? splitRows(
          ran.value,
          orders.map(({ rows }) => rows),
        )
      : null;
    if (parts !== null) return orders.map((order, at) => ok(chosen(parts[at] ?? [], order.outputs)));
    // One request's values may have ended the run, or the graph has no row for a row: each is asked by itself.
    if (orders.length === 1) return [ran];
    const alone: Answer[] = [];
    for (const order of orders) alone.push(...(await this.#answer([order])));
    return alone;
  }

  /** Work that must not overlap other work on the models: a session must not be released while it runs. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #count<T>(result: Result<T, InferRefusal>): Result<T, InferRefusal> {
    if (!result.ok) this.#refused.set(result.reason.code, (this.#refused.get(result.reason.code) ?? 0) + 1);
    return result;
  }
}

const QUEUE_WORDS = {
  too_many_rows: `a request has at most ${INFERENCE_LIMITS.rowsMax} rows`,
  queue_full: `${INFERENCE_LIMITS.queuedRowsMax} rows are waiting already: ask again in a moment`,
} as const;

function chosen(outputs: readonly Tensor[], names: readonly string[]): readonly Tensor[] {
  return names.flatMap((name) => outputs.filter((tensor) => tensor.name === name));
}

function refuseUnloaded(name: string): Result<never, InferRefusal> {
  return refuse("unloaded", `the model ${name} is unloaded: load it first`);
}

function refuse(code: InferRefusal["code"], detail: string): Result<never, InferRefusal> {
  return refused({ code, detail });
}
