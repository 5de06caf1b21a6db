/** What may be wrong with the constants of a model: outside the file, of the wrong size or kind, not numbers. */
import { TensorProto_DataLocation, TensorProto_DataType, type TensorProto } from "onnx-buf";
import { BYTES_OF, dimsOf, numbersOf, type Graph } from "../graph.ts";
import { refusal, type ModelRefusal } from "./refusal.ts";

/** Kinds that only shapes and conditions use. */
const OTHERS: ReadonlySet<number> = new Set([TensorProto_DataType.BOOL, TensorProto_DataType.INT8]);

/** What is wrong, each constant once. */
export function checkWeights({ constants, nodes }: Graph): readonly ModelRefusal[] {
  const inline = nodes.flatMap(({ attribute }) => attribute.flatMap(({ t }) => (t === undefined ? [] : [t])));
  const listed = nodes.flatMap(({ attribute, opType }) =>
    attribute.some(({ floats }) => !floats.every(Number.isFinite))
      ? [refusal("weights_not_finite", `a list of ${opType}`)]
      : [],
  );
  return [...[...constants.values(), ...inline].flatMap((tensor) => checkTensor(tensor) ?? []), ...listed];
}

function checkTensor(tensor: TensorProto): ModelRefusal | null {
  const name = tensor.name === "" ? "a constant" : tensor.name;
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL || tensor.externalData.length > 0) {
    return refusal("weights_outside", name);
  }
  const width = BYTES_OF.get(tensor.dataType);
  if (width === undefined) return OTHERS.has(tensor.dataType) ? null : refusal("weights_kind", name);
  const count = dimsOf(tensor).reduce((product, size) => product * size, 1);
  if (tensor.rawData.length > 0 && tensor.rawData.length !== count * width) {
    return refusal("weights_damaged", `${name}: ${tensor.rawData.length} bytes for ${count} numbers`);
  }
  const numbers = numbersOf(tensor);
  if (numbers?.length !== count) return refusal("weights_damaged", `${name}: ${numbers?.length} of ${count} numbers`);
  return numbers.every(Number.isFinite) ? null : refusal("weights_not_finite", name);
}
