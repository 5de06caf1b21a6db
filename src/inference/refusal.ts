/**
 * Why an inference request is refused, each with its HTTP status. The protocol's answer has room for one sentence only;
 * the code is for counting and for tests.
 */

/** HTTP status of every refusal. */
export const REFUSAL_STATUS = {
  malformed: 400,
  not_supported: 400,
  unknown_input: 400,
  missing_input: 400,
  wrong_datatype: 400,
  wrong_shape: 400,
  wrong_data: 400,
  unknown_output: 400,
  too_many_rows: 400,
  unknown_model: 404,
  unknown_version: 404,
  unloaded: 400,
  not_loadable: 500,
  /** The graph ended with an error on these values, such as an index outside a table. */
  run_failed: 400,
  /** JSON has no word for it: not a number, or infinite. */
  not_a_number: 422,
  queue_full: 503,
} as const;

export type InferRefusalCode = keyof typeof REFUSAL_STATUS;

/** A refusal. `detail`: a whole sentence for whoever asked. */
export interface InferRefusal {
  readonly code: InferRefusalCode;
  readonly detail: string;
}
