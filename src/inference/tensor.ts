/**
 * Tensors as the Open Inference Protocol writes them in JSON, and as typed arrays. What is written as another datatype
 * than it says, or would not come out as it went in, is refused: a tensor is never rounded to fit.
 * Source: Open Inference Protocol v2, tensor data; row-major, flat or nested.
 */
import { ok, refused, type Result } from "../kernel/result.ts";

/** Values of a tensor in row-major order. BOOL: 0 and 1. */
export type TensorValues =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | readonly string[];

/** How one datatype is read from JSON and written to it. */
interface Kind {
  /** Refuses with the place of the first value that is none of this datatype. */
  read(flat: readonly unknown[]): Result<TensorValues, number>;
  /** One value as JSON; null where JSON has no word for it. */
  write(value: number | bigint | string): string | null;
}

/** Datatypes that JSON can carry. FP16 and BF16 it cannot, says the protocol. */
const KINDS = {
  BOOL: {
    read: (flat) => readEach(flat, bit, (values) => Uint8Array.from(values)),
    write: (value) => (value === 0 ? "false" : "true"),
  },
  INT8: wholes(-128, 127, (values) => Int8Array.from(values)),
  INT16: wholes(-32_768, 32_767, (values) => Int16Array.from(values)),
  INT32: wholes(-2_147_483_648, 2_147_483_647, (values) => Int32Array.from(values)),
  INT64: longs(-(2n ** 63n), 2n ** 63n - 1n, (values) => BigInt64Array.from(values)),
  UINT8: wholes(0, 255, (values) => Uint8Array.from(values)),
  UINT16: wholes(0, 65_535, (values) => Uint16Array.from(values)),
  UINT32: wholes(0, 4_294_967_295, (values) => Uint32Array.from(values)),
  UINT64: longs(0n, 2n ** 64n - 1n, (values) => BigUint64Array.from(values)),
  FP32: floats(Math.fround, (values) => Float32Array.from(values)),
  FP64: floats(Number, (values) => Float64Array.from(values)),
  BYTES: {
    read: (flat) =>
      readEach(
        flat,
        (value) => (typeof value === "string" ? value : null),
        (values) => values,
      ),
    write: (value) => JSON.stringify(value),
  },
} satisfies Readonly<Record<string, Kind>>;

/** A datatype that JSON can carry. */
export type Datatype = keyof typeof KINDS;

/** A named tensor. Shape: as many values as the product of `shape`. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly values: TensorValues;
}

/** Whether a word is a datatype that JSON can carry. */
export function isDatatype(word: string): word is Datatype {
  return Object.hasOwn(KINDS, word);
}

/**
 * Values of the JSON of a tensor: one list of all, or lists in lists as the shape says. Refuses, in this order, another
 * number or nesting of values than the shape says, and a value that is none of the datatype.
 */
export function readValues(
  datatype: Datatype,
  shape: readonly number[],
  json: unknown,
): Result<TensorValues, "shape" | { readonly at: number }> {
  const flat = flatten(json, shape);
  if (flat === null) return refused("shape");
  const read = KINDS[datatype].read(flat);
  return read.ok ? read : refused({ at: read.reason });
}

/** The JSON of a tensor's values, in one list. Refuses with the place of a value that JSON has no word for. */
export function writeValues({ datatype, values }: Tensor): Result<string, number> {
  const { write }: Kind = KINDS[datatype];
  const words: string[] = [];
  for (const value of values) {
    const word = write(value);
    if (word === null) return refused(words.length);
    words.push(word);
  }
  return ok(`[${words.join(",")}]`);
}

/** How many values a shape has. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function flatten(json: unknown, shape: readonly number[]): readonly unknown[] | null {
  if (!Array.isArray(json)) return null;
  const nested = shape.length > 1 && Array.isArray(json[0]);
  if (!nested) return json.length === sizeOf(shape) ? json : null;
  let level: unknown[] = [json];
  for (const size of shape) {
    const inner: unknown[] = [];
    for (const list of level) {
      if (!Array.isArray(list) || list.length !== size) return null;
      for (const item of list) inner.push(item);
    }
    level = inner;
  }
  return level;
}

function readEach<E>(
  flat: readonly unknown[],
  one: (value: unknown) => E | null,
  store: (values: readonly E[]) => TensorValues,
): Result<TensorValues, number> {
  const values: E[] = [];
  for (const value of flat) {
    const element = one(value);
    if (element === null) return refused(values.length);
    values.push(element);
  }
  return ok(store(values));
}

function bit(value: unknown): number | null {
  return typeof value === "boolean" ? Number(value) : null;
}

function wholes(least: number, most: number, store: (values: readonly number[]) => TensorValues): Kind {
  const one = (value: unknown) =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most ? value : null;
  return { read: (flat) => readEach(flat, one, store), write: String };
}

function longs(least: bigint, most: bigint, store: (values: readonly bigint[]) => TensorValues): Kind {
  const one = (value: unknown) => {
    const long = typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
    return typeof long === "bigint" && long >= least && long <= most ? long : null;
  };
  return { read: (flat) => readEach(flat, one, store), write: String };
}

function floats(round: (value: number) => number, store: (values: readonly number[]) => TensorValues): Kind {
  const one = (value: unknown) => {
    const float = typeof value === "number" || typeof value === "bigint" ? round(Number(value)) : Number.NaN;
    return Number.isFinite(float) ? float : null;
  };
  return { read: (flat) => readEach(flat, one, store), write: writeFloat };
}

function writeFloat(value: number | bigint | string): string | null {
  return Number.isFinite(value) ? String(value) : null;
}
