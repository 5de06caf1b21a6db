/** Tensors in JSON: what goes in comes out, to the last digit, or is refused with its place. */
import { describe, expect, test } from "vitest";
import { writeInferAnswer } from "../../../src/inference/answer.ts";
import { parseExactJson } from "../../../src/inference/exact_json.ts";
import { readValues, writeValues, type Datatype } from "../../../src/inference/tensor.ts";

/** A JSON text read as a tensor of one dimension and written again. */
function there(datatype: Datatype, text: string) {
  const json = parseExactJson(text);
  const shape = [Array.isArray(json) ? json.length : 0];
  const values = readValues(datatype, shape, json);
  if (!values.ok) return values.reason;
  const written = writeValues({ name: "t", datatype, shape, values: values.value });
  return written.ok ? written.value : { unwritable: written.reason };
}

describe("values come out as they went in", () => {
  test.each<[Datatype, string]>([
    ["INT64", "[9007199254740993,-9007199254740993,9223372036854775807,-9223372036854775808,0]"],
    ["UINT64", "[18446744073709551615,9007199254740993,1]"],
    ["BYTES", '["Grüße","","a\\"b\\\\","9007199254740993"]'],
    ["BOOL", "[true,false]"],
    ["INT8", "[-128,127]"],
    ["UINT8", "[0,255]"],
    ["INT16", "[-32768,32767]"],
    ["UINT16", "[65535]"],
    ["INT32", "[-2147483648,2147483647]"],
    ["UINT32", "[4294967295]"],
    ["FP32", "[0.5,-1.25,0,16777216]"],
    ["FP64", "[0.1,1e+300,-5e-324]"],
  ])("%s %s", (datatype, text) => {
    expect(there(datatype, text)).toBe(text);
  });

  test("FP32 is rounded to the nearest float and written with every digit it has", () => {
    expect(there("FP32", "[0.1]")).toBe(`[${Math.fround(0.1)}]`);
    expect(there("FP32", "[12345678901234567890]"), "a whole number beyond 2^53 is a fine float").toBe(
      "[12345679395506094000]",
    );
  });

  test("whole numbers written with an exponent or a point are whole numbers", () => {
    expect(there("INT64", "[1e3,2.0]")).toBe("[1000,2]");
  });
});

describe("values that are none of the datatype are refused with their place", () => {
  test.each<[Datatype, string, number]>([
    ["INT64", "[1,9223372036854775808]", 1],
    ["INT64", "[1.5]", 0],
    ["INT64", '["1"]', 0],
    ["UINT64", "[-1]", 0],
    ["INT8", "[1,2,128]", 2],
    ["UINT8", "[-1]", 0],
    ["INT32", "[9007199254740993]", 0],
    ["BOOL", "[true,1]", 1],
    ["BYTES", '["a",null]', 1],
    ["FP32", "[1e39]", 0],
    ["FP32", '["0.5"]', 0],
    ["FP64", "[null]", 0],
  ])("%s %s at %i", (datatype, text, at) => {
    expect(there(datatype, text)).toEqual({ at });
  });
});

const read = (shape: readonly number[], json: unknown) => readValues("INT8", shape, json);

describe("the shape of data", () => {
  const six = { ok: true, value: Int8Array.from([1, 2, 3, 4, 5, 6]) };
  const wrong = { ok: false, reason: "shape" };

  test("is flat or nested, row by row", () => {
    expect(read([2, 3], [1, 2, 3, 4, 5, 6])).toEqual(six);
    expect(
      read(
        [2, 3],
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ),
    ).toEqual(six);
    expect(
      read(
        [1, 3, 2],
        [
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
        ],
      ),
    ).toEqual(six);
    expect(read([6], [1, 2, 3, 4, 5, 6])).toEqual(six);
  });

  test("is refused where a list is too long, too short, ragged or nested otherwise", () => {
    expect(read([2, 3], [1, 2, 3, 4, 5])).toEqual(wrong);
    expect(
      read(
        [2, 3],
        [
          [1, 2, 3],
          [4, 5],
        ],
      ),
    ).toEqual(wrong);
    expect(
      read(
        [2, 3],
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      ),
    ).toEqual(wrong);
    expect(read([2, 3], [[1, 2, 3], 4])).toEqual(wrong);
    expect(read([1, 3, 2], [[1, 2, 3, 4, 5, 6]])).toEqual(wrong);
    expect(read([2, 3], "123456")).toEqual(wrong);
    expect(read([2], [[1], [2]])).toEqual({ ok: false, reason: { at: 0 } });
  });
});

describe("an answer", () => {
  const answer = { modelName: "click", modelVersion: "0123456789ab", id: "42" };

  test("is JSON with the id, the model and tensors", () => {
    const values = BigInt64Array.from([9007199254740993n]);
    const outputs = [{ name: 'a "b"', datatype: "INT64" as const, shape: [1, 1], values }];
    expect(writeInferAnswer({ ...answer, outputs })).toEqual({
      ok: true,
      value:
        '{"model_name":"click","model_version":"0123456789ab","id":"42","outputs":' +
        '[{"name":"a \\"b\\"","datatype":"INT64","shape":[1,1],"data":[9007199254740993]}]}',
    });
  });

  test("has no id where the request had none, and is refused where a number is none", () => {
    const written = writeInferAnswer({ ...answer, id: null, outputs: [] });
    expect(written).toEqual({
      ok: true,
      value: '{"model_name":"click","model_version":"0123456789ab","outputs":[]}',
    });
    const values = Float32Array.from([1, Number.NaN]);
    const outputs = [{ name: "p", datatype: "FP32" as const, shape: [2], values }];
    expect(writeInferAnswer({ ...answer, outputs })).toMatchObject({ ok: false, reason: { code: "not_a_number" } });
  });
});

test("only what JSON itself refuses is no JSON", () => {
  expect(parseExactJson("[1,")).toBeUndefined();
  expect(parseExactJson('{"a":12345678901234567890.5,"b":"12345678901234567890"}')).toEqual({
    a: Number("12345678901234567890.5"),
    b: "12345678901234567890",
  });
});
