/**
 * Every reason why a model may not serve, in one table: a stable code and what to do about it. What was found is said
 * beside it each time. Codes are for scripts; wording may change.
 */

/** What to do about each. */
export const MODEL_REFUSALS = {
  too_large: "Make the model smaller: fewer trees, narrower layers.",
  altered: "The bytes are not those the set names. Export again, or write the digest that belongs to these bytes.",
  not_onnx: "Export the model as ONNX; a file that was cut short or is something else cannot be read.",
  operators_unstated: "Export with operator sets: the model does not say which version of ONNX it is written in.",
  operators_too_old: "Export with opset 9 or later (ai.onnx.ml 1 or later).",
  operators_too_new: "Export with opset 21 or earlier (ai.onnx.ml 4 or earlier): the runtimes here know no later one.",
  weights_outside: "Export with the weights inside the file, not beside it (PyTorch: external_data=False).",
  weights_damaged: "Export again: a weight has fewer or more numbers than its shape says.",
  weights_not_finite: "Train again: a weight is not a number, or infinite.",
  weights_kind: "Export with weights of float32, float64, int32 or int64.",
  zipmap_output: "Export with zipmap off, or mend the file: check it with --positive-class --write.",
  sequence_output: "Export plain tensors: sequences and maps cannot be read by the edge.",
  unknown_operator: "Use the operators of docs/models.md; what is not there is not served.",
  random_operator: "Export for inference: this operator answers differently each time.",
  control_flow: "Export without loops and branches: their cost cannot be bounded.",
  custom_domain: "Use standard operators: custom ones exist nowhere but where they were made.",
  not_wired: "Export again: a node reads a value that nothing writes.",
  written_twice: "Export again: two nodes write the same value.",
  out_of_order: "Export again: nodes read values of nodes that come after them.",
  not_one_input: "Export with one input, the row of features.",
  input_name: "Name the input as the set does, or the set as the input.",
  input_kind: "Export with a float32 input.",
  input_shape: "Export with an input of [rows, columns].",
  input_columns: "Train on the columns of the feature schema of this version: docs/models.md says how to export rows.",
  fixed_rows: "Export with a free first dimension, or mend the file: check it with --free-rows --write.",
  not_one_output:
    "Export with one output, or mend the file: --output NAME keeps one, --positive-class that of a classifier.",
  output_name: "Name the output as the set does, or the set as the output.",
  output_kind: "Export with a float32 output.",
  output_shape: "Export with an output of [rows, 1]; --positive-class mends a table of two probabilities.",
  tree_link_ignored:
    "Runtimes ignore LOGISTIC here: export the raw margin and a Sigmoid, or mend the file: --sigmoid --write.",
  row_cost: "Make the model cheaper: fewer trees, narrower layers.",
  memory: "Make the model smaller: the isolate must hold two sets at once.",
  runtime_refuses: "A runtime does not load it or fails on ordinary rows: the words beside say why.",
  answers_other_shape: "The model answers another number of values than rows: one a row is needed.",
  answers_not_finite:
    "The model answers something that is no number for ordinary features: look at divisions and logs.",
  answers_out_of_range:
    "A head answers probabilities: end it with a Sigmoid (--sigmoid mends log-odds), or scale its answers.",
  rows_mixed:
    "The answer for a row must not depend on the rows beside it: look at reductions over the first dimension.",
  answers_vary: "The model answers the same rows differently the second time: export for inference.",
  runtimes_differ: "Runtimes disagree on this model by more than they may: look at very large weights.",
  golden_missing: "Write golden.json beside the model: a few rows and what the trained model said of them.",
  golden_malformed: 'Write golden.json as { "rows": [[…]], "expected": […] }.',
  golden_columns: "Golden rows have as many columns as the model reads: export them from the same schema.",
  golden_mismatch: "The exported model does not say what the trained one said: export again, compare versions.",
  fusion_differs:
    "Fused with its set the model says something else than alone: check it by itself, and report the file.",
} as const;

/** A stable code. */
export type ModelRefusalCode = keyof typeof MODEL_REFUSALS;

/** One reason, with what was found. */
export interface ModelRefusal {
  readonly code: ModelRefusalCode;
  /** In plain words, short. */
  readonly found: string;
}

/** A refusal. */
export function refusal(code: ModelRefusalCode, found: string): ModelRefusal {
  return { code, found };
}
