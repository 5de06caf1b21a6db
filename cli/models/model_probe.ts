/**
 * The gate, as far as running goes: a model is loaded in the native runtime, which is the oracle, and in the runtime of
 * the edge, and asked ordinary rows. Only whoever publishes runs this; nothing of it is shipped to a Worker.
 */
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web/wasm";
import { z } from "zod";
import { stream } from "../../src/kernel/random.ts";
import { apart } from "../../src/onnx/apart.ts";
import { refusal, type ModelRefusal, type ModelRefusalCode } from "../../src/onnx/gate/refusal.ts";

/** What a model is held to. */
export interface ProbeTerms {
  readonly columns: number;
  /** Null: the model's only one. */
  readonly inputName: string | null;
  readonly outputName: string | null;
  /** Heads answer probabilities; a ranker any finite number. */
  readonly range: "probability" | "any";
  /** What stands in golden.json; undefined: there is none. */
  readonly golden: unknown;
}

/** What running a model found. */
export interface Probe {
  readonly refusals: readonly ModelRefusal[];
  /** Largest distance between the two runtimes on the probe rows; null when one was not asked. */
  readonly runtimesApart: number | null;
  /** Largest distance from the golden answers. */
  readonly goldenApart: number | null;
  /** Smallest and largest answer to the probe rows. */
  readonly answers: { readonly least: number; readonly most: number } | null;
}

const PROBE_ROWS = 64;
/** Rows that are also asked alone. */
const ALONE_ROWS = 8;
/** Sums of one row may be taken in another order when it has company. */
const ALONE_APART_MAX = 1e-5;
const RUNTIMES_APART_MAX = 1e-4;
const GOLDEN_APART_MAX = 1e-4;

const goldenSchema = z.object({
  rows: z.array(z.array(z.number())).min(1).max(10_000),
  expected: z.array(z.number()),
});

/** One answer a row, or an answer of another shape. */
type Ask = (rows: Float32Array, count: number) => Promise<Float32Array>;

interface Runtime {
  readonly ask: Ask;
  release(): Promise<void>;
}

/** Runs a model. Asked in this order: loading, shape, numbers, range, company, again, the edge's runtime, golden. */
export async function probeModel(bytes: Uint8Array, terms: ProbeTerms): Promise<Probe> {
  const nothing: Probe = { refusals: [], runtimesApart: null, goldenApart: null, answers: null };
  let oracle: Runtime | null = null;
  let edge: Runtime | null = null;
  try {
    oracle = await openNative(bytes, terms);
    edge = await openWeb(bytes, terms);
    return await probe(oracle.ask, edge.ask, terms);
  } catch (error) {
    return { ...nothing, refusals: [refusal("runtime_refuses", firstLine(error))] };
  } finally {
    await edge?.release();
    await oracle?.release();
  }
}

async function probe(oracle: Ask, edge: Ask, terms: ProbeTerms): Promise<Probe> {
  const { columns, range } = terms;
  const rows = probeRows(columns);
  const answers = await oracle(rows, PROBE_ROWS);
  const nothing: Probe = { refusals: [], runtimesApart: null, goldenApart: null, answers: null };
  if (answers.length !== PROBE_ROWS) {
    const found = `${answers.length} values for ${PROBE_ROWS} rows`;
    return { ...nothing, refusals: [refusal("answers_other_shape", found)] };
  }
  if (!answers.every(Number.isFinite)) {
    return { ...nothing, refusals: [refusal("answers_not_finite", `row ${answers.findIndex((p) => !isFinite(p))}`)] };
  }
  const found: ModelRefusal[] = [];
  const [least, most] = [Math.min(...answers), Math.max(...answers)];
  if (range === "probability" && (least < 0 || most > 1)) {
    found.push(refusal("answers_out_of_range", `from ${least} to ${most}`));
  }
  const alone = await aloneApart(oracle, rows, answers, columns);
  if (alone > ALONE_APART_MAX) found.push(refusal("rows_mixed", `a row alone is ${alone} away from itself in company`));
  const again = apart(await oracle(rows, PROBE_ROWS), answers);
  if (again > 0) found.push(refusal("answers_vary", `${again} away the second time`));
  const runtimesApart = apart(await edge(rows, PROBE_ROWS), answers);
  if (runtimesApart > RUNTIMES_APART_MAX) found.push(refusal("runtimes_differ", `by ${runtimesApart}`));
  const golden = await probeGolden(oracle, terms);
  return {
    refusals: [...found, ...golden.refusals],
    runtimesApart,
    goldenApart: golden.apart,
    answers: { least, most },
  };
}

function goldenRefused(code: ModelRefusalCode, found: string) {
  return { apart: null, refusals: [refusal(code, found)] };
}

async function probeGolden(oracle: Ask, { golden, columns }: ProbeTerms) {
  if (golden === undefined) return goldenRefused("golden_missing", "no golden.json");
  const parsed = goldenSchema.safeParse(golden);
  if (!parsed.success || parsed.data.rows.length !== parsed.data.expected.length) {
    return goldenRefused("golden_malformed", parsed.success ? "rows and answers differ in number" : "another shape");
  }
  const { rows, expected } = parsed.data;
  const other = rows.find((row) => row.length !== columns);
  if (other !== undefined) return goldenRefused("golden_columns", `${other.length} columns, not ${columns}`);
  const distance = apart(await oracle(Float32Array.from(rows.flat()), rows.length), expected);
  const fits = distance <= GOLDEN_APART_MAX;
  return { apart: distance, refusals: fits ? [] : [refusal("golden_mismatch", `${distance} away`)] };
}

async function aloneApart(ask: Ask, rows: Float32Array, answers: Float32Array, columns: number): Promise<number> {
  let most = 0;
  for (let row = 0; row < ALONE_ROWS; row++) {
    const alone = await ask(rows.slice(row * columns, (row + 1) * columns), 1);
    most = Math.max(most, apart(alone, answers.subarray(row, row + 1)));
  }
  return most;
}

/** Ordinary rows: features lie in [0, 1], many of them at an end. Seeded, so that a refusal can be seen again. */
function probeRows(columns: number): Float32Array {
  const random = stream("model gate", "probe rows");
  return Float32Array.from({ length: PROBE_ROWS * columns }, () => {
    const kind = random.next();
    return kind < 0.5 ? 0 : kind < 0.7 ? 1 : random.next();
  });
}

/** What a model answers in the native runtime, the oracle. Rejects when it does not load. */
export function openNative(bytes: Uint8Array, terms: Names): Promise<Runtime> {
  const said = saying("onnxruntime-node");
  return said(async () => {
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 } as const;
    const session = await native.InferenceSession.create(bytes, options);
    const names = namesOf(session, terms);
    const ask: Ask = async (rows, count) => {
      const input = new native.Tensor("float32", rows, [count, rows.length / count]);
      return floatsOf((await session.run({ [names.input]: input }, [names.output]))[names.output]?.data);
    };
    return { ask: (rows, count) => said(() => ask(rows, count)), release: () => session.release() };
  });
}

function openWeb(bytes: Uint8Array, terms: Names): Promise<Runtime> {
  const said = saying("onnxruntime-web");
  return said(async () => {
    web.env.wasm.numThreads = 1;
    web.env.logLevel = "fatal";
    const session = await web.InferenceSession.create(bytes);
    const names = namesOf(session, terms);
    const ask: Ask = async (rows, count) => {
      const input = new web.Tensor("float32", rows, [count, rows.length / count]);
      return floatsOf((await session.run({ [names.input]: input }, [names.output]))[names.output]?.data);
    };
    return { ask: (rows, count) => said(() => ask(rows, count)), release: () => session.release() };
  });
}

/** Whose error it was stands before its words. */
function saying(runtime: string): <T>(work: () => Promise<T>) => Promise<T> {
  return (work) =>
    work().catch((error: unknown) => {
      throw new Error(`${runtime}: ${firstLine(error)}`, { cause: error });
    });
}

type Names = Pick<ProbeTerms, "inputName" | "outputName">;

interface Named {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

function namesOf({ inputNames, outputNames }: Named, terms: Names) {
  return { input: terms.inputName ?? inputNames[0] ?? "", output: terms.outputName ?? outputNames[0] ?? "" };
}

function floatsOf(values: unknown): Float32Array {
  if (values instanceof Float32Array) return values;
  throw new TypeError("the output is no float32 tensor");
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split("\n")[0] ?? "").slice(0, 300);
}
