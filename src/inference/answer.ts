/** An inference answer as JSON text: written by hand, because JSON.stringify cannot write whole numbers beyond 2^53. */
import { ok, refused, type Result } from "../kernel/result.ts";
import type { InferRefusal } from "./refusal.ts";
import { writeValues, type Tensor } from "./tensor.ts";

/** Who answered, and what. */
export interface InferAnswer {
  readonly modelName: string;
  readonly modelVersion: string;
  /** The request's own; null: it had none. */
  readonly id: string | null;
  readonly outputs: readonly Tensor[];
}

/** The document. Refuses values that JSON has no word for. Source: Open Inference Protocol v2, inference response. */
export function writeInferAnswer({ modelName, modelVersion, id, outputs }: InferAnswer): Result<string, InferRefusal> {
  const written: string[] = [];
  for (const output of outputs) {
    const values = writeValues(output);
    if (!values.ok) {
      const detail = `the output ${output.name} is not a finite number at ${values.reason}, which JSON cannot carry`;
      return refused({ code: "not_a_number", detail });
    }
    const { name, datatype, shape } = output;
    written.push(`${JSON.stringify({ name, datatype, shape }).slice(0, -1)},"data":${values.value}}`);
  }
  const head = JSON.stringify({ model_name: modelName, model_version: modelVersion, ...(id === null ? {} : { id }) });
  return ok(`${head.slice(0, -1)},"outputs":[${written.join(",")}]}`);
}
