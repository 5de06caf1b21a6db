/**
 * What a model is to the edge: ONNX bytes named by digest, a role, and the columns it reads. A model set is the list of
 * models that serve together; one request sees exactly one set. The set itself is a content-addressed JSON document. A
 * head may have several models: what it says is their weighted mean, added up in the order of the set.
 */
import { z } from "zod";
import { ok, refused, type Result } from "../kernel/result.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/, "a lower-case SHA-256 in hexadecimal");

/**
 * What a head predicts, for one ad shown once in this context. All are probabilities in [0, 1]. `conversion`: that the
 * viewer does what the advertiser asks for within the attribution window, having clicked or not.
 */
export const HEADS = ["completedView", "click", "abandon", "conversion"] as const;

/** Points of an isotonic calibrator: x rises, y does not fall, both in [0, 1]; between points it is straight. */
const knots = z
  .strictObject({
    kind: z.literal("isotonic"),
    x: z.array(z.number().min(0).max(1)).min(2).max(256),
    y: z.array(z.number().min(0).max(1)).min(2).max(256),
  })
  .refine(({ x, y }) => x.length === y.length, "one y for every x")
  .refine(({ x }) => x.every((at, index) => index === 0 || at > (x[index - 1] ?? 1)), "x that rises")
  .refine(({ y }) => y.every((at, index) => index === 0 || at >= (y[index - 1] ?? 1)), "y that does not fall");

/**
 * What turns a model's probability into a calibrated one. Platt: sigmoid(slope × log-odds + intercept). Isotonic: the
 * straight lines between its points, level outside them.
 */
export const calibratorSchema = z.union([
  z.strictObject({ kind: z.literal("platt"), slope: z.number().positive(), intercept: z.number() }),
  knots,
]);

/** A few rows and what the model says of them, calibrated: an edge asks them before it lets the model serve. */
const goldenSchema = z
  .strictObject({
    rows: z.array(z.array(z.number()).min(1).max(1024)).min(1).max(16),
    expected: z.array(z.number()).min(1).max(16),
  })
  .refine(({ rows, expected }) => rows.length === expected.length, "one answer for every row");

const graph = {
  name: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
  digest,
  sizeBytes: z.int().positive(),
  inputName: z.string().min(1).max(64),
  outputName: z.string().min(1).max(64),
  golden: goldenSchema.optional(),
};

const headTerms = {
  /** Its share of what the head says. */
  weight: z.number().positive().max(1000).optional(),
  calibrator: calibratorSchema.optional(),
};

/**
 * One ONNX graph; a head says which. Input `features`: `[rows, columns]` float32. Output `probability`: `[rows, 1]`
 * float32 in [0, 1] (early ranker: `score`, `[rows, 1]`, any finite value, larger is better).
 */
const modelSchema = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("earlyRanker"), ...graph }),
  z.strictObject({ role: z.literal("head"), head: z.enum(HEADS), ...graph, ...headTerms }),
]);

/** The models that serve together and the feature schema they were all trained on. */
export const modelSetSchema = z.strictObject({
  featureSchemaDigest: digest,
  columns: z.int().positive().max(1024),
  models: z.array(modelSchema).min(1).max(64),
  /** Names of the models that score in the reduced tier; unset: the first of every head. */
  reduced: z.array(z.string()).min(1).max(64).optional(),
});

export type Head = (typeof HEADS)[number];
export type ModelEntry = z.output<typeof modelSchema>;
export type Calibrator = z.output<typeof calibratorSchema>;
export type ModelSet = z.output<typeof modelSetSchema>;

/** Why a document is no model set that can serve. `detail` reads on from "the model set cannot serve: ". */
export interface ModelSetRefusal {
  readonly code:
    | "malformed"
    | "feature_schema_differs"
    | "early_ranker_not_once"
    | "head_missing"
    | "name_twice"
    | "golden_columns"
    | "reduced_unknown"
    | "reduced_without_head";
  readonly detail: string;
  /** Each field that is wrong; empty unless `malformed`. */
  readonly problems: readonly { readonly path: string; readonly expected: string }[];
}

/**
 * The model set in a JSON value, if an edge can serve with it. Refuses, in this order: another shape, another feature
 * schema than the one given, not exactly one early ranker, a head without a model, two models of one name, golden rows
 * of another length, a reduced tier that names no model of the set, or none of a head. Asked before a set is sent,
 * before it is published and before it is loaded, so that all three agree.
 */
export function checkModelSet(json: unknown, featureSchemaDigest: string): Result<ModelSet, ModelSetRefusal> {
  const parsed = modelSetSchema.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), expected: message }));
    const first = problems[0] ?? { path: "", expected: "a model set" };
    const where = first.path === "" ? "" : `${first.path}: `;
    return refused({ code: "malformed", detail: `it has another shape (${where}${first.expected})`, problems });
  }
  const set = parsed.data;
  if (set.featureSchemaDigest !== featureSchemaDigest) {
    return refuse("feature_schema_differs", "it was trained on another feature schema");
  }
  const rankers = set.models.filter(({ role }) => role === "earlyRanker").length;
  if (rankers !== 1) return refuse("early_ranker_not_once", `it needs one early ranker and has ${rankers}`);
  for (const head of HEADS) {
    const some = set.models.some((model) => model.role === "head" && model.head === head);
    if (!some) return refuse("head_missing", `it has no model of the head "${head}"`);
  }
  const names = new Set<string>();
  for (const { name } of set.models) {
    if (names.has(name)) return refuse("name_twice", `two of its models are named "${name}"`);
    names.add(name);
  }
  const odd = set.models.find(({ golden }) => golden?.rows.some((row) => row.length !== set.columns));
  if (odd !== undefined)
    return refuse("golden_columns", `a golden row of "${odd.name}" has not ${set.columns} columns`);
  const unknown = set.reduced?.find((name) => !names.has(name));
  if (unknown !== undefined)
    return refuse("reduced_unknown", `its reduced tier names "${unknown}", none of its models`);
  const scores = set.models.some(({ role, name }) => role === "head" && set.reduced?.includes(name) !== false);
  if (!scores) return refuse("reduced_without_head", "its reduced tier names no model of a head");
  return ok(set);
}

/** Names of the models that score in the reduced tier: those the set says, else the first of every head. */
export function reducedModels(set: ModelSet): ReadonlySet<string> {
  if (set.reduced !== undefined) return new Set(set.reduced);
  const first = HEADS.map((head) => set.models.find((model) => model.role === "head" && model.head === head)?.name);
  return new Set(first.filter((name) => name !== undefined));
}

function refuse(code: ModelSetRefusal["code"], detail: string): Result<ModelSet, ModelSetRefusal> {
  return refused({ code, detail, problems: [] });
}
