/** Whether every value that is read has been written before, once, and whether ends are what the edge can feed. */
import { TensorProto_DataType, type ValueInfoProto } from "onnx-buf";
import { shapeOf, type Graph } from "../graph.ts";
import { refusal, type ModelRefusal } from "./refusal.ts";

/** What a model must read and answer with. */
export interface ExpectedEnds {
  /** Columns of a row. */
  readonly columns: number;
  /** Names that the set states; null: any. */
  readonly inputName: string | null;
  readonly outputName: string | null;
}

/** What is wrong between the nodes, at most one of each kind. */
export function checkWiring(graph: Graph): readonly ModelRefusal[] {
  const given = [...graph.inputs.map(({ name }) => name), ...graph.constants.keys()];
  const everWritten = new Set([...given, ...graph.nodes.flatMap(({ output }) => output)]);
  const written = new Set(given);
  const found = new Map<string, ModelRefusal>();
  const note = (wrong: ModelRefusal): void => void (found.has(wrong.code) || found.set(wrong.code, wrong));
  for (const { opType, input, output } of graph.nodes) {
    for (const name of input) {
      if (name === "" || written.has(name)) continue;
      note(refusal(everWritten.has(name) ? "out_of_order" : "not_wired", `${opType} reads ${name}`));
    }
    for (const name of output) {
      if (name !== "" && written.has(name)) note(refusal("written_twice", name));
      written.add(name);
    }
  }
  for (const { name } of graph.outputs) if (!written.has(name)) note(refusal("not_wired", `the output ${name}`));
  return [...found.values()];
}

/** What is wrong with input and output. */
export function checkEnds(graph: Graph, expected: ExpectedEnds): readonly ModelRefusal[] {
  const dictionaries = graph.outputs.filter(({ type }) => type?.value.case !== "tensorType");
  if (dictionaries.length > 0) {
    const code = graph.nodes.some(({ opType }) => opType === "ZipMap") ? "zipmap_output" : "sequence_output";
    return [refusal(code, dictionaries.map(({ name }) => name).join(", "))];
  }
  return [...checkInput(graph, expected), ...checkOutput(graph, expected)];
}

function checkInput({ inputs }: Graph, { columns, inputName }: ExpectedEnds): readonly ModelRefusal[] {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) return [refusal("not_one_input", namesOf(inputs))];
  if (inputName !== null && input.name !== inputName) return [refusal("input_name", `${input.name}, not ${inputName}`)];
  if (kindOf(input) !== TensorProto_DataType.FLOAT) return [refusal("input_kind", input.name)];
  const shape = shapeOf(input);
  const [rows, width] = shape ?? [];
  if (shape?.length !== 2 || rows === undefined || width === undefined) {
    return [refusal("input_shape", shape === null ? "no shape" : `[${shape.join(", ")}]`)];
  }
  const found: ModelRefusal[] = [];
  if (rows !== -1) found.push(refusal("fixed_rows", `${rows} rows`));
  if (width !== columns) {
    found.push(refusal("input_columns", `${width === -1 ? "any number of" : width} columns, not ${columns}`));
  }
  return found;
}

function checkOutput({ outputs }: Graph, { outputName }: ExpectedEnds): readonly ModelRefusal[] {
  const output = outputName === null ? outputs[0] : outputs.find(({ name }) => name === outputName);
  if (outputName === null && outputs.length !== 1) return [refusal("not_one_output", namesOf(outputs))];
  if (output === undefined) return [refusal("output_name", `${namesOf(outputs)}, not ${outputName}`)];
  if (kindOf(output) !== TensorProto_DataType.FLOAT) return [refusal("output_kind", output.name)];
  const shape = shapeOf(output);
  // Exporters often leave an output's shape out; then only its answers can tell.
  if (shape === null || shape.length === 0) return [];
  const [rows, width, more] = shape;
  const fits =
    more === undefined && (width === undefined || width === 1 || width === -1) && (rows === -1 || rows !== 0);
  return fits ? [] : [refusal("output_shape", `[${shape.map((size) => (size === -1 ? "rows" : size)).join(", ")}]`)];
}

function kindOf({ type }: ValueInfoProto): number | null {
  return type?.value.case === "tensorType" ? type.value.value.elemType : null;
}

function namesOf(values: readonly ValueInfoProto[]): string {
  return values.length === 0 ? "none" : values.map(({ name }) => name).join(", ");
}
