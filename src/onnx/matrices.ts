/** Constants of a graph as the numbers of a layer: matrices, and rows of one number a column. */
import { dimsOf, numbersOf, type Graph } from "./graph.ts";

/** Shape: `[inner, outer]`, row-major. */
export interface Matrix {
  readonly inner: number;
  readonly outer: number;
  readonly values: Float64Array;
}

/** The constant of this name as a matrix, or null. `transposed`: it is written `[outer, inner]`. */
export function matrixOf({ constants }: Graph, name: string | undefined, transposed: boolean): Matrix | null {
  const tensor = name === undefined ? undefined : constants.get(name);
  const stated = tensor === undefined ? null : numbersOf(tensor);
  const [rows, columns, more] = tensor === undefined ? [] : dimsOf(tensor);
  if (stated === null || rows === undefined || columns === undefined || more !== undefined) return null;
  if (!transposed) return { inner: rows, outer: columns, values: stated };
  const values = new Float64Array(stated.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) values[c * rows + r] = stated[r * columns + c] ?? 0;
  return { inner: columns, outer: rows, values };
}

/** Whether a constant is one number or one a column: `[]`, `[n]`, `[1, n]`. */
export function isRow({ constants }: Graph, name: string): boolean {
  const tensor = constants.get(name);
  if (tensor === undefined) return false;
  return dimsOf(tensor)
    .slice(0, -1)
    .every((size) => size === 1);
}

/** What a list says of one column; a list of one says the same of all. */
export function columnOf(list: readonly number[], i: number, otherwise: number): number {
  return list[list.length === 1 ? 0 : i] ?? otherwise;
}
