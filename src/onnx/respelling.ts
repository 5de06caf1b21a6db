/**
 * Nodes that only spell a value differently: exporters write reshapes to the shape that a value has, and take away or
 * add the dimension of the one number a row. The numbers and their order stay.
 */
import type { NodeProto } from "onnx-buf";
import { intOf, intsOf } from "./graph.ts";

/** The shape of a value on the way through a chain. */
export interface Spelling {
  /** Columns of a row. */
  readonly width: number;
  /** `[rows]` instead of `[rows, 1]`. */
  readonly squeezed: boolean;
}

/** How the value is spelled after this node, or null when its numbers may move. `stated`: the node's second input. */
export function respelled(step: NodeProto, from: Spelling, stated: Iterable<number> | null): Spelling | null {
  switch (step.opType) {
    case "Flatten":
      return !from.squeezed && intOf(step, "axis", 1) === 1 ? from : null;
    case "Reshape":
      return stated === null || intOf(step, "allowzero", 0) !== 0 ? null : reshaped(from, [...stated]);
    case "Squeeze":
      return onLast(step, stated) && from.width === 1 && !from.squeezed ? { width: 1, squeezed: true } : null;
    case "Unsqueeze":
      return onLast(step, stated) && from.squeezed ? { width: 1, squeezed: false } : null;
    default:
      return null;
  }
}

/** In a stated shape -1 is what is left and 0 what was. */
function reshaped({ width, squeezed }: Spelling, [rows, columns, more]: readonly number[]): Spelling | null {
  const free = rows === -1 || (rows === 0 && !squeezed);
  if (!free || more !== undefined) return null;
  if (columns === undefined) return width === 1 ? { width, squeezed: true } : null;
  const same = columns === width || (columns === -1 && rows === 0);
  return same ? { width, squeezed: false } : null;
}

/** Axes are an input since opset 13; before, an attribute. */
function onLast(step: NodeProto, stated: Iterable<number> | null): boolean {
  const [axis, more] = stated === null ? intsOf(step, "axes") : [...stated];
  return more === undefined && (axis === 1 || axis === -1);
}
