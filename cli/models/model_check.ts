/**
 * `midroll models check`: takes model files, model folders or the folder of a set through the gate, and says of each
 * what was found and, when it may not serve, why not and what to do. Needs no origin.
 */
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { z } from "zod";
import { COLUMN_COUNT } from "../../src/features/schema.ts";
import { toHex } from "../../src/kernel/bytes.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { MODEL_LIMITS } from "../../src/models/limits.ts";
import type { ModelEntry } from "../../src/models/manifest.ts";
import { readGraph } from "../../src/onnx/graph.ts";
import type { ModelCost, ModelLimits } from "../../src/onnx/gate/cost.ts";
import { inspectModel } from "../../src/onnx/gate/inspect.ts";
import type { Mending } from "../../src/onnx/gate/mend.ts";
import { MODEL_REFUSALS, refusal, type ModelRefusal } from "../../src/onnx/gate/refusal.ts";
import { CliFault } from "../fault.ts";
import { checkFusion, fusionJson, fusionLines, type FusedModel, type Fusion } from "./model_fusion.ts";
import { probeModel, type Probe } from "./model_probe.ts";
import { countOf, type Outcome } from "../outcome.ts";
import { readModelSet } from "./read_models.ts";
import { sha256 } from "../sha256.ts";

/** What is checked: bytes and what the set, if there is one, says of them. */
interface Subject {
  readonly name: string;
  readonly path: string;
  readonly entry: ModelEntry | null;
}

/** How models are checked. */
interface CheckTerms {
  readonly columns: number;
  readonly mending: Mending;
  /** Whether a mended model that may serve takes the place of its file. */
  readonly write: boolean;
}

/** What came of one model. */
export interface CheckedModel {
  readonly name: string;
  readonly path: string;
  readonly accepted: boolean;
  readonly refusals: readonly (ModelRefusal & { readonly fix: string })[];
  readonly mended: readonly string[];
  readonly sizeBytes: number;
  readonly cost: ModelCost | null;
  readonly probe: Omit<Probe, "refusals"> | null;
  /** Whether one of the edge's kernels runs it; else the ONNX runtime does. */
  readonly onKernel: boolean;
}

/** A model after the gate; `fused`: what goes into the plan of its set, if it may serve. */
interface Passed {
  readonly checked: CheckedModel;
  readonly fused: FusedModel | null;
}

const LIMITS: ModelLimits = { bytesMax: FULL_LIMITS.modelBytesMax, ...MODEL_LIMITS };
const goldenRowsSchema = z.object({ rows: z.array(z.array(z.number())) });
const optionsSchema = z.object({
  columns: z.coerce.number().pipe(z.int().min(1).max(1024)).optional(),
  stripZipmap: z.boolean().default(false),
  output: z.string().min(1).nullable().default(null),
  positiveClass: z.boolean().default(false),
  sigmoid: z.boolean().default(false),
  freeRows: z.boolean().default(false),
  explain: z.boolean().default(false),
  write: z.boolean().optional(),
});

/** Checks everything at these paths. Throws `CliFault` `models_refused` when any may not serve. */
export async function checkModels(paths: readonly string[], given: unknown): Promise<Outcome> {
  const options = optionsSchema.safeParse(given);
  if (!options.success) {
    throw new CliFault("wrong_command", "--columns takes a whole number from 1 to 1024", { exitCode: 2 });
  }
  const { columns = COLUMN_COUNT, write = false, explain, stripZipmap, ...others } = options.data;
  const terms: CheckTerms = { columns, mending: { ...others, stripZipMap: stripZipmap }, write };
  const checked: CheckedModel[] = [];
  const fusions: Fusion[] = [];
  for (const path of paths) {
    const passed: Passed[] = [];
    for (const subject of await subjectsAt(path)) passed.push(await checkModel(subject, terms));
    const fusion = await checkFusion(
      passed.flatMap(({ fused }) => fused ?? []),
      columns,
    );
    fusions.push(fusion);
    checked.push(...passed.map((one) => afterFusion(one, fusion)));
  }
  const refusedCount = checked.filter(({ accepted }) => !accepted).length;
  const lines = [...checked.flatMap(linesOf), ...fusions.flatMap((fusion) => fusionLines(fusion, explain))];
  const members = { models: checked, fusions: fusions.map(fusionJson) };
  if (refusedCount === 0) return { json: members, lines: [...lines, `${countOf(checked.length, "model")} may serve`] };
  throw new CliFault("models_refused", `${refusedCount} of ${countOf(checked.length, "model")} may not serve`, {
    lines,
    members,
  });
}

/** What is said of a model once the plan of its set has been run. */
function afterFusion({ checked }: Passed, { plan, wrong }: Fusion): CheckedModel {
  const found = wrong.get(checked.name);
  const onKernel = plan.parts.some(({ kind, names }) => kind !== "graph" && names.includes(checked.name));
  if (found === undefined) return { ...checked, onKernel };
  const differs = { code: "fusion_differs", found, fix: MODEL_REFUSALS.fusion_differs } as const;
  return { ...checked, accepted: false, refusals: [...checked.refusals, differs] };
}

/** A file is one model; a folder is one model, a set of them (with sample-set.json in it) or a folder of models. */
async function subjectsAt(path: string): Promise<readonly Subject[]> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw new CliFault("model_unreadable", `${path}: nothing is there`);
  if (!found.isDirectory()) return [{ name: nameOf(path), path, entry: null }];
  const set = await readModelSet(path, "if there");
  if (set === null) return foldersAt(path);
  return set.models.map((entry) => ({ name: entry.name, path: join(path, entry.name, "model.onnx"), entry }));
}

async function foldersAt(path: string): Promise<readonly Subject[]> {
  const inside = await readdir(path, { recursive: true });
  const models = inside.filter((file) => basename(file) === "model.onnx" && file.split(sep).length <= 2).toSorted();
  // Without any the folder itself is meant, and reading it says what is missing.
  const files = models.length === 0 ? ["model.onnx"] : models;
  return files.map((file) => join(path, file)).map((file) => ({ name: nameOf(file), path: file, entry: null }));
}

function nameOf(path: string): string {
  return basename(path) === "model.onnx" ? basename(dirname(path)) : basename(path, ".onnx");
}

async function checkModel({ name, path, entry }: Subject, terms: CheckTerms): Promise<Passed> {
  const { columns, mending, write } = terms;
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) throw new CliFault("model_unreadable", `${path} cannot be read`);
  const names = { inputName: entry?.inputName ?? null, outputName: entry?.outputName ?? mending.output ?? null };
  const inspection = inspectModel(Uint8Array.from(bytes), { columns, ...names }, LIMITS, mending);
  const refusals = [...(entry === null ? [] : await alteration(bytes, entry)), ...inspection.refusals];
  const range = entry?.role === "earlyRanker" ? "any" : "probability";
  const golden = await goldenBeside(path);
  // A graph that reading refuses may hang or break a runtime: it is not run.
  const probe = refusals.length > 0 ? null : await probeModel(inspection.bytes, { columns, ...names, range, golden });
  refusals.push(...(probe?.refusals ?? []));
  if (write && refusals.length === 0 && inspection.mended.length > 0) await writeFile(path, inspection.bytes);
  const checked: CheckedModel = {
    name,
    path,
    accepted: refusals.length === 0,
    refusals: refusals.map(({ code, found }) => ({ code, found, fix: MODEL_REFUSALS[code] })),
    mended: inspection.mended,
    sizeBytes: inspection.bytes.length,
    cost: inspection.cost,
    probe:
      probe === null
        ? null
        : { runtimesApart: probe.runtimesApart, goldenApart: probe.goldenApart, answers: probe.answers },
    onKernel: false,
  };
  return { checked, fused: checked.accepted ? fusedModel(name, inspection.bytes, entry, golden) : null };
}

/** A model that may serve as it goes into a plan. Names that nobody states are the model's. */
function fusedModel(name: string, bytes: Uint8Array, entry: ModelEntry | null, golden: unknown): FusedModel | null {
  const read = readGraph(bytes);
  const rows = goldenRowsSchema.safeParse(golden);
  if (!read.ok) return null;
  return {
    name,
    bytes,
    inputName: entry?.inputName ?? read.value.inputs[0]?.name ?? "",
    outputName: entry?.outputName ?? read.value.outputs[0]?.name ?? "",
    calibrator: entry?.role === "head" ? (entry.calibrator ?? null) : null,
    group: entry?.role ?? "head",
    goldenRows: rows.success ? rows.data.rows : [],
  };
}

async function alteration(bytes: Uint8Array, entry: ModelEntry): Promise<readonly ModelRefusal[]> {
  const digest = toHex(await sha256(bytes));
  if (digest === entry.digest && bytes.length === entry.sizeBytes) return [];
  return [refusal("altered", `digest ${digest.slice(0, 16)}…, ${bytes.length} bytes`)];
}

async function goldenBeside(path: string): Promise<unknown> {
  const text = await readFile(join(dirname(path), "golden.json"), "utf8").catch(() => null);
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function linesOf({ name, accepted, refusals, mended, sizeBytes, cost, probe, onKernel }: CheckedModel): string[] {
  const mendings = mended.map((words) => `  mended: ${words}`);
  if (!accepted) {
    const reasons = refusals.flatMap(({ code, found, fix }) => [`  ${code}: ${found}`, `    ${fix}`]);
    return [`✗ ${name}`, ...mendings, ...reasons];
  }
  const answers = probe?.answers ?? null;
  const between = answers === null ? "" : `, answers ${answers.least.toPrecision(3)} to ${answers.most.toPrecision(3)}`;
  const golden = probe?.goldenApart ?? 0;
  const runsOn = onKernel ? "kernel" : "ONNX runtime";
  return [
    `✓ ${name}: ${sizeBytes} bytes, ${cost?.rowCost ?? 0} multiplications a row, ${runsOn}`,
    ...mendings,
    `  golden rows ${golden.toExponential(1)} away, runtimes ${(probe?.runtimesApart ?? 0).toExponential(1)}${between}`,
  ];
}
