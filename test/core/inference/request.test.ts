/** Inference requests: what fits a model goes in as tensors in the model's order; everything else is told what is wrong. */
import { expect, test } from "vitest";
import { INFERENCE_LIMITS } from "../../../src/inference/limits.ts";
import { readInferRequest } from "../../../src/inference/request.ts";
import { isBatchable, signatureOf, type Signature } from "../../../src/inference/signature.ts";
import { denseModel } from "../../../bench/drawn_models.ts";

const SIGNATURE: Signature = {
  inputs: [
    { name: "features", datatype: "FP32", shape: [-1, 2] },
    { name: "ids", datatype: "INT64", shape: [-1] },
  ],
  outputs: [
    { name: "p", datatype: "FP32", shape: [-1, 1] },
    { name: "label", datatype: "BYTES", shape: [-1] },
  ],
};
const features = { name: "features", shape: [2, 2], datatype: "FP32", data: [1, 2, 3, 4] };
const ids = { name: "ids", shape: [2], datatype: "INT64", data: [7, 8] };

test("inputs come in the model's order, outputs as they are asked for, each once", () => {
  const read = readInferRequest({ id: "a", inputs: [ids, features], outputs: [{ name: "label" }] }, SIGNATURE);
  expect(read).toMatchObject({ ok: true, value: { id: "a", rows: 2, outputs: ["label"] } });
  expect(read.ok && read.value.inputs.map(({ name }) => name)).toEqual(["features", "ids"]);
  const all = readInferRequest({ inputs: [features, ids] }, SIGNATURE);
  expect(all).toMatchObject({ ok: true, value: { id: null, outputs: ["p", "label"] } });
  const twice = readInferRequest({ inputs: [features, ids], outputs: [{ name: "p" }, { name: "p" }] }, SIGNATURE);
  expect(twice).toMatchObject({ ok: true, value: { outputs: ["p"] } });
});

const rows = INFERENCE_LIMITS.rowsMax + 1;
const many = Array.from({ length: INFERENCE_LIMITS.tensorsMax + 1 }, () => features);

test.each<[string, unknown, string]>([
  ["malformed", [], "the body"],
  ["malformed", { inputs: [] }, "inputs"],
  ["malformed", { inputs: many }, "inputs"],
  ["malformed", { id: 42, inputs: [features, ids] }, "id"],
  ["malformed", { inputs: [{ ...features, shape: [0, 2] }, ids] }, "inputs.0.shape.0"],
  ["malformed", { inputs: [features, features, ids] }, "twice"],
  ["not_supported", { inputs: [{ ...features, parameters: { binary_data_size: 16 } }, ids] }, "binary_data_size"],
  ["not_supported", { inputs: [features, ids], outputs: [{ name: "p", parameters: { classification: 2 } }] }, "JSON"],
  ["not_supported", { inputs: [features, ids], outputs: [{ name: "p", parameters: { binary_data: true } }] }, "JSON"],
  ["unknown_input", { inputs: [features, { ...ids, name: "id" }] }, "features, ids"],
  ["missing_input", { inputs: [features] }, "ids"],
  ["wrong_datatype", { inputs: [{ ...features, datatype: "FP64" }, ids] }, "FP32, not FP64"],
  ["wrong_shape", { inputs: [{ ...features, shape: [4, 1] }, ids] }, "[-1, 2]"],
  ["wrong_shape", { inputs: [{ ...features, shape: [4] }, ids] }, "[-1, 2]"],
  ["too_many_rows", { inputs: [{ ...features, shape: [rows, 2] }, ids] }, String(INFERENCE_LIMITS.rowsMax)],
  ["wrong_data", { inputs: [{ ...features, data: [1, 2, 3] }, ids] }, "expected 4 values"],
  ["wrong_data", { inputs: [{ ...features, data: undefined }, ids] }, "expected 4 values"],
  ["wrong_data", { inputs: [features, { ...ids, data: [7, "8"] }] }, "at 1 is no INT64"],
  ["unknown_output", { inputs: [features, ids], outputs: [{ name: "q" }] }, "it has p, label"],
])("%s: %#", (code, json, words) => {
  const read = readInferRequest(json, SIGNATURE);
  expect(read).toMatchObject({ ok: false, reason: { code } });
  expect(read.ok ? "" : read.reason.detail).toContain(words);
});

test("binary_data that is declined is no extension", () => {
  const outputs = [{ name: "p", parameters: { binary_data: false } }];
  expect(readInferRequest({ inputs: [features, ids], outputs }, SIGNATURE).ok).toBe(true);
});

test("the signature is the graph's, with −1 where a dimension is free", () => {
  const signature = signatureOf(denseModel("signature", [3, 4, 1]));
  expect(signature).toEqual({
    ok: true,
    value: {
      inputs: [{ name: "features", datatype: "FP32", shape: [-1, 3] }],
      outputs: [{ name: "probability", datatype: "FP32", shape: [-1, 1] }],
    },
  });
  expect(signatureOf(Uint8Array.from([1, 2, 3]))).toEqual({ ok: false, reason: "not_onnx" });
});

test("rows may be put together only where all first dimensions are free", () => {
  expect(isBatchable(SIGNATURE)).toBe(true);
  expect(isBatchable({ ...SIGNATURE, outputs: [{ name: "p", datatype: "FP32", shape: [] }] })).toBe(false);
  expect(isBatchable({ ...SIGNATURE, inputs: [{ name: "x", datatype: "FP32", shape: [1, 2] }] })).toBe(false);
});
