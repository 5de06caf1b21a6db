/**
 * An inference request: from JSON to tensors that fit the model. Source: Open Inference Protocol v2, inference request.
 */
import { z } from "zod";
import { ok, refused, type Result } from "../kernel/result.ts";
import { INFERENCE_LIMITS } from "./limits.ts";
import type { InferRefusal, InferRefusalCode } from "./refusal.ts";
import type { Signature, TensorSpec } from "./signature.ts";
import { isDatatype, readValues, sizeOf, type Tensor } from "./tensor.ts";

const { dimensionsMax, elementsMax, rowsMax, tensorsMax, wordCharsMax } = INFERENCE_LIMITS;

const word = z.string().min(1).max(wordCharsMax);
const parameters = z.record(z.string(), z.unknown()).default({});
const inputSchema = z.object({
  name: word,
  shape: z.array(z.int().positive()).max(dimensionsMax),
  datatype: z.string(),
  parameters,
  data: z.unknown(),
});
const requestSchema = z.object({
  id: z.string().max(wordCharsMax).optional(),
  parameters,
  inputs: z.array(inputSchema).min(1).max(tensorsMax),
  outputs: z
    .array(z.object({ name: word, parameters }))
    .min(1)
    .max(tensorsMax)
    .optional(),
});

type WrittenInput = z.output<typeof inputSchema>;

/** A request that fits a model. */
export interface InferRequest {
  readonly id: string | null;
  /** One for every input of the model, in the model's order. */
  readonly inputs: readonly Tensor[];
  /** Names of the outputs to answer, in the order of the answer. */
  readonly outputs: readonly string[];
  /** The first dimension of the inputs; 1 where they have none. */
  readonly rows: number;
}

/** Extensions that change what the bytes mean: not to know them is to misread the request. */
const EXTENSIONS = ["binary_data_size", "shared_memory_region", "classification"] as const;

/**
 * The request in a JSON value, for a model of this signature. Refuses, in this order: another shape of the document,
 * extensions, tensors the model does not have or lacks, another datatype, another shape, too many rows, values that are
 * not of the datatype, outputs the model does not have.
 */
export function readInferRequest(json: unknown, signature: Signature): Result<InferRequest, InferRefusal> {
  const parsed = requestSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? "the body" : issue.path.join(".");
    return refuse("malformed", `${where}: ${issue?.message ?? "not an inference request"}`);
  }
  const { id = null, inputs: written, outputs: asked } = parsed.data;
  const extension = extensionIn(parsed.data);
  if (extension !== null) return refuse("not_supported", `the extension ${extension} is not offered: send JSON data`);
  const matched = matchInputs(written, signature);
  if (!matched.ok) return matched;
  const inputs: Tensor[] = [];
  for (const { input, spec } of matched.value) {
    const tensor = readInput(input, spec);
    if (!tensor.ok) return tensor;
    inputs.push(tensor.value);
  }
  const known = signature.outputs.map(({ name }) => name);
  const outputs = asked === undefined ? known : [...new Set(asked.map(({ name }) => name))];
  const unknown = outputs.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    return refuse("unknown_output", `the model has no output ${unknown}; it has ${known.join(", ")}`);
  }
  return ok({ id, inputs, outputs, rows: inputs[0]?.shape[0] ?? 1 });
}

function extensionIn({ inputs, outputs = [], ...request }: z.output<typeof requestSchema>): string | null {
  const all = [request, ...inputs, ...outputs].map((part) => part.parameters);
  const found = EXTENSIONS.find((name) => all.some((given) => given[name] !== undefined));
  if (found !== undefined) return found;
  return all.some((given) => given["binary_data"] === true || given["binary_data_output"] === true)
    ? "binary_data"
    : null;
}

/** The written input of every input of the model, in the model's order. */
function matchInputs(
  written: readonly WrittenInput[],
  signature: Signature,
): Result<readonly { readonly input: WrittenInput; readonly spec: TensorSpec }[], InferRefusal> {
  const names = signature.inputs.map(({ name }) => name);
  const byName = new Map(written.map((input) => [input.name, input]));
  const unknown = written.find(({ name }) => !names.includes(name));
  if (unknown !== undefined) {
    return refuse("unknown_input", `the model has no input ${unknown.name}; it has ${names.join(", ")}`);
  }
  if (byName.size < written.length) return refuse("malformed", "an input is given twice");
  const matched = [];
  for (const spec of signature.inputs) {
    const input = byName.get(spec.name);
    if (input === undefined) return refuse("missing_input", `the input ${spec.name} is missing`);
    matched.push({ input, spec });
  }
  return ok(matched);
}

function readInput({ name, shape, datatype, data }: WrittenInput, spec: TensorSpec): Result<Tensor, InferRefusal> {
  if (datatype !== spec.datatype) {
    return refuse("wrong_datatype", `the input ${name} is ${spec.datatype}, not ${datatype}`);
  }
  if (!isDatatype(datatype)) return refuse("not_supported", `${datatype} cannot be written in JSON`);
  const fits = shape.length === spec.shape.length && spec.shape.every((size, at) => size === -1 || size === shape[at]);
  if (!fits) return refuse("wrong_shape", `the input ${name} has the shape [${spec.shape.join(", ")}], −1 being free`);
  if ((shape[0] ?? 1) > rowsMax) return refuse("too_many_rows", `a request has at most ${rowsMax} rows`);
  if (sizeOf(shape) > elementsMax) return refuse("wrong_shape", `a tensor has at most ${elementsMax} values`);
  const values = readValues(datatype, shape, data);
  if (values.ok) return ok({ name, datatype, shape, values: values.value });
  if (values.reason === "shape") {
    return refuse("wrong_data", `data of ${name}: expected ${sizeOf(shape)} values, flat or nested as the shape says`);
  }
  return refuse("wrong_data", `data of ${name}: the value at ${values.reason.at} is no ${datatype}`);
}

function refuse<T>(code: InferRefusalCode, detail: string): Result<T, InferRefusal> {
  return refused({ code, detail });
}
