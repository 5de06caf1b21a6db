/**
 * The model sets that `npm run bench:swaps` swaps: versions that differ in every head, each with an oracle of its own.
 * A version has a dense model a head, which the kernel runs, and trees beside the one for clicks, which the ONNX
 * runtime runs; its oracle is the native runtime on the same bytes, and a mean in plain numbers.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { projectDir } from "../local/build.ts";
import { COLUMN_COUNT, featureSchemaJson } from "../src/features/schema.ts";
import { present } from "../src/kernel/assert.ts";
import { canonicalJson, toUtf8 } from "../src/kernel/bytes.ts";
import { stream } from "../src/kernel/random.ts";
import { HEADS, type Head, type ModelEntry, type ModelSet } from "../src/models/manifest.ts";
import { floatTensor, floatValue, node, writeGraph } from "../src/onnx/graph.ts";
import { PUBLISHER, signedBy } from "../test/model_signing.ts";

/** Layers of a dense model behind its columns. */
const WIDTHS = [COLUMN_COUNT, 64, 32, 1];
/** What a head says of an average row, as log-odds: clicks are rare, views are not. */
const USUAL: Readonly<Record<Head, number>> = { completedView: 1.5, click: -4, abandon: -4, conversion: -5 };
const ENDS = { inputName: "features", outputName: "probability" };
const GOLDEN_ROWS = 4;

/** One version, ready to be handed out. */
export interface SwapSet {
  readonly digest: string;
  readonly envelope: Uint8Array;
  /** By digest. */
  readonly models: ReadonlyMap<string, Uint8Array>;
  /** What its heads say of rows, by the native runtime. Shape: `[rows, columns]`, row-major; a number a row. */
  oracle(rows: Float32Array, rowCount: number): Promise<Readonly<Record<Head, readonly number[]>>>;
}

function sha256Text(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A dense model. `activation` Elu is none that the kernel knows: the ONNX runtime then runs it. */
function denseModel(seed: string, usual: number, activation: "Relu" | "Elu"): Uint8Array {
  const random = stream(seed, "swap model");
  const draw = (count: number, size: number): Float32Array =>
    Float32Array.from({ length: count }, () => (random.next() - 0.5) * size);
  const tensors = [];
  const nodes = [];
  let value = ENDS.inputName;
  for (let layer = 0; layer + 1 < WIDTHS.length; layer++) {
    const [inner, outer] = [WIDTHS[layer] ?? 0, WIDTHS[layer + 1] ?? 0];
    const last = layer === WIDTHS.length - 2;
    tensors.push(floatTensor(`w${layer}`, [inner, outer], draw(inner * outer, 0.4)));
    tensors.push(floatTensor(`b${layer}`, [outer], last ? Float32Array.of(usual) : draw(outer, 0.4)));
    nodes.push(node("Gemm", [value, `w${layer}`, `b${layer}`], [`sum${layer}`]));
    value = last ? ENDS.outputName : `active${layer}`;
    nodes.push(node(last ? "Sigmoid" : activation, [`sum${layer}`], [value]));
  }
  return writeGraph({
    name: seed,
    irVersion: 8n,
    opsets: new Map([["", 17n]]),
    nodes,
    constants: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    inputs: [floatValue(ENDS.inputName, ["rows", COLUMN_COUNT])],
    outputs: [floatValue(ENDS.outputName, ["rows", 1])],
  });
}

interface Made {
  readonly entry: ModelEntry;
  readonly bytes: Uint8Array;
  readonly session: InferenceSession;
}

async function made(entry: object, bytes: Uint8Array): Promise<Made> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const [inputName = "", outputName = ""] = [session.inputNames[0], session.outputNames[0]];
  const told = { ...entry, digest: sha256Text(bytes), sizeBytes: bytes.length, inputName, outputName } as ModelEntry;
  const random = stream(told.digest, "golden rows");
  const rows = Array.from({ length: GOLDEN_ROWS }, () => Array.from({ length: COLUMN_COUNT }, () => random.next()));
  const golden = { rows, expected: [...(await run(session, Float32Array.from(rows.flat()), GOLDEN_ROWS))] };
  return { entry: { ...told, golden }, bytes, session };
}

async function run(session: InferenceSession, rows: Float32Array, rowCount: number): Promise<Float32Array> {
  const input = { [session.inputNames[0] ?? ""]: new Tensor("float32", rows, [rowCount, COLUMN_COUNT]) };
  const { data } = present((await session.run(input))[session.outputNames[0] ?? ""], "the model's one output");
  if (data instanceof Float32Array) return data;
  throw new Error("a model answered something else than float32");
}

function exported(name: string): Uint8Array {
  return readFileSync(path.join(projectDir, "models", name, "model.onnx"));
}

/** A set of these models, signed. */
async function setOf(models: readonly Made[]): Promise<SwapSet> {
  const set: ModelSet = {
    featureSchemaDigest: sha256Text(featureSchemaJson()),
    columns: COLUMN_COUNT,
    models: models.map(({ entry }) => entry),
  };
  const payload = toUtf8(canonicalJson(set));
  return {
    digest: sha256Text(payload),
    envelope: await signedBy([PUBLISHER], payload),
    models: new Map(models.map(({ entry, bytes }) => [entry.digest, bytes])),
    oracle: async (rows, rowCount) => {
      const said: Record<Head, number[]> = { completedView: [], click: [], abandon: [], conversion: [] };
      for (const head of HEADS) {
        const sums = new Float64Array(rowCount);
        let total = 0;
        for (const { entry, session } of models) {
          if (entry.role !== "head" || entry.head !== head) continue;
          const weight = entry.weight ?? 1;
          total += weight;
          (await run(session, rows, rowCount)).forEach((p, row) => (sums[row] = (sums[row] ?? 0) + weight * p));
        }
        said[head] = [...sums].map((sum) => sum / total);
      }
      return said;
    },
  };
}

/** The version of this number: the same bytes in every run. */
export async function swapSet(number: number): Promise<SwapSet> {
  const models = [await made({ role: "earlyRanker", name: "early_ranker" }, exported("early_ranker"))];
  for (const head of HEADS) {
    const bytes = denseModel(`${number} ${head}`, USUAL[head], "Relu");
    models.push(await made({ role: "head", head, name: `${head.toLowerCase()}_net` }, bytes));
  }
  // Small beside the net, as the trees were trained for another world.
  const trees = { role: "head", head: "click", name: "click_trees", weight: 0.01 };
  models.push(await made(trees, exported("exports/lightgbm")));
  return setOf(models);
}

/** A set of 32 models: an early ranker, 24 nets for the kernel, 4 for the ONNX runtime, 3 of trees. */
export async function largeSet(number: number): Promise<SwapSet> {
  const models = [await made({ role: "earlyRanker", name: "early_ranker" }, exported("early_ranker"))];
  for (let at = 0; at < 28; at++) {
    const head = present(HEADS[at % HEADS.length], "a head");
    const bytes = denseModel(`${number} large ${at}`, USUAL[head], at < 24 ? "Relu" : "Elu");
    models.push(await made({ role: "head", head, name: `net_${at}` }, bytes));
  }
  for (const name of ["lightgbm", "xgboost", "sklearn_boosting"]) {
    models.push(await made({ role: "head", head: "click", name, weight: 0.01 }, exported(`exports/${name}`)));
  }
  return setOf(models);
}
