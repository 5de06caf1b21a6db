/** Requests put together row by row, and their answers taken apart again. */
import { assert, present } from "../kernel/assert.ts";
import type { Tensor, TensorValues } from "./tensor.ts";

/**
 * One tensor for each input, with the rows of all requests one after the other. Requires: at least one request, and
 * inputs that differ in their first dimension only.
 */
export function joinRows(requests: readonly (readonly Tensor[])[]): readonly Tensor[] {
  const first = present(requests[0], "a batch has at least one request");
  if (requests.length === 1) return first;
  return first.map((tensor, at) => {
    const parts = requests.map((inputs) => present(inputs[at], "every request has every input"));
    const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
    return { ...tensor, shape: [rows, ...tensor.shape.slice(1)], values: join(parts.map(({ values }) => values)) };
  });
}

/**
 * What each request gets of the answers: so many rows each, in order. Null when a tensor does not have one row for each
 * row that was asked: then the model may not be asked in batches.
 */
export function splitRows(outputs: readonly Tensor[], rows: readonly number[]): readonly (readonly Tensor[])[] | null {
  if (rows.length === 1) return [outputs];
  const total = rows.reduce((sum, count) => sum + count, 0);
  if (outputs.some(({ shape }) => shape[0] !== total)) return null;
  let from = 0;
  return rows.map((count) => {
    const parts = outputs.map((tensor) => {
      const width = tensor.values.length / total;
      const shape = [count, ...tensor.shape.slice(1)];
      return { ...tensor, shape, values: tensor.values.slice(from * width, (from + count) * width) };
    });
    from += count;
    return parts;
  });
}

/** Requires: lists of one kind. */
function join(parts: readonly TensorValues[]): TensorValues {
  const [first] = parts;
  assert(first !== undefined, "at least one part");
  if (!ArrayBuffer.isView(first)) return parts.flatMap((part) => [...part].map(String));
  const views = parts.filter((part) => ArrayBuffer.isView(part));
  const bytes = new Uint8Array(views.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of views) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return sameKind(first, bytes.buffer);
}

function sameKind(like: Exclude<TensorValues, readonly string[]>, buffer: ArrayBuffer): TensorValues {
  // Every typed array can be made over a buffer; what the constructor of a union gives, the compiler cannot say.
  const Kind = like.constructor as new (buffer: ArrayBuffer) => typeof like;
  return new Kind(buffer);
}
