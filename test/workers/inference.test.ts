/**
 * Published models asked in the Open Inference Protocol, in the real runtime: what clients of other servers rely on,
 * what other datatypes than float32 come to, and what load, unload and a full memory mean.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { create } from "@bufbuild/protobuf";
import {
  TensorProto_DataType,
  TensorShapeProtoSchema,
  TensorShapeProto_DimensionSchema,
  TypeProtoSchema,
  TypeProto_TensorSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import set from "../../models/sample-set.json";
import { INFERENCE_LIMITS } from "../../src/inference/limits.ts";
import { present } from "../../src/kernel/assert.ts";
import { HEADS, modelSetSchema } from "../../src/models/manifest.ts";
import { VERSION_DIGITS } from "../../src/models/versions.ts";
import { floatTensor, node, writeGraph, type Graph } from "../../src/onnx/graph.ts";
import {
  inferenceAnswerSchema,
  inferenceErrorSchema,
  modelMetadataSchema,
  repositoryIndexSchema,
} from "../../workers/origin/inference/inference_answers.ts";
import { LoadedModels } from "../../workers/origin/inference/loaded_models.ts";
import { sha256Hex } from "../../workers/platform/digest.ts";
import { gateOf, move, publicationOf, send } from "./model_fixture.ts";
import { asAdmin, ask, originEnv, sendJson } from "./origin_fixture.ts";

interface Golden {
  readonly rows: readonly (readonly number[])[];
  readonly expected: readonly number[];
}

const graphs: Readonly<Record<string, string>> = import.meta.glob("../../models/*/model.onnx", {
  query: "?inline",
  import: "default",
  eager: true,
});
const goldens: Readonly<Record<string, Golden>> = import.meta.glob("../../models/*/golden.json", {
  import: "default",
  eager: true,
});
const graphOf = (name: string): Uint8Array => {
  const base64 = graphs[`../../models/${name}/model.onnx`]?.split(",")[1] ?? "";
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
};
const golden = present(goldens["../../models/click/golden.json"], "the click head has golden rows");
const CLICK = present(
  set.models.find(({ name }) => name === "click"),
  "the set has a click head",
);
const CLICK_VERSION = CLICK.digest.slice(0, VERSION_DIGITS);

/** An input or output of any kind. */
function valueOf(name: string, elemType: TensorProto_DataType, shape: readonly (number | string)[]) {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof size === "number" ? { case: "dimValue", value: BigInt(size) } : { case: "dimParam", value: size },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, { elemType, shape: create(TensorShapeProtoSchema, { dim }) });
  const type = create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } });
  return create(ValueInfoProtoSchema, { name, type });
}

/** A graph that answers what it is told, in each of these kinds, `row` after `row`. */
function echo(kinds: Readonly<Record<string, TensorProto_DataType>>): Uint8Array {
  const entries = Object.entries(kinds);
  const graph: Graph = {
    name: "echo",
    irVersion: 8n,
    opsets: new Map([["", 17n]]),
    inputs: entries.map(([name, kind]) => valueOf(name, kind, ["row", 2])),
    outputs: entries.map(([name, kind]) => valueOf(`${name}_again`, kind, ["row", 2])),
    nodes: entries.map(([name]) => node("Identity", [name], [`${name}_again`])),
    constants: new Map(),
  };
  return writeGraph(graph);
}

/** The rows of a table that a request asks for: an index outside it ends the run. And the square root of a number. */
function table(): Uint8Array {
  const { FLOAT, INT64 } = TensorProto_DataType;
  return writeGraph({
    name: "table",
    irVersion: 8n,
    opsets: new Map([["", 17n]]),
    inputs: [valueOf("index", INT64, ["row"]), valueOf("x", FLOAT, ["row"])],
    outputs: [valueOf("found", FLOAT, ["row", 1]), valueOf("root", FLOAT, ["row"])],
    nodes: [node("Gather", ["numbers", "index"], ["found"]), node("Sqrt", ["x"], ["root"])],
    constants: new Map([["numbers", floatTensor("numbers", [3, 1], Float32Array.from([10, 20, 30]))]]),
  });
}

const { BOOL, FLOAT, FLOAT16, INT64, STRING, UINT64 } = TensorProto_DataType;
/** Models that no edge serves, but whose bytes can be asked. */
const OTHERS: Readonly<Record<string, Uint8Array>> = {
  words: echo({ long: INT64, word: STRING, flag: BOOL, unsigned: UINT64, small: FLOAT }),
  table: table(),
  half: echo({ half: FLOAT16 }),
  broken: Uint8Array.from([1, 2, 3]),
  spare: echo({ x: FLOAT }),
};

async function store(bytes: Uint8Array): Promise<{ readonly digest: string; readonly sizeBytes: number }> {
  const digest = await sha256Hex(bytes);
  const headers = { "content-type": "application/octet-stream" };
  const answer = await asAdmin(`/v1/admin/models/${digest}`, { method: "PUT", headers, body: bytes });
  expect(answer.status).toBe(200);
  return { digest, sizeBytes: bytes.length };
}

/** Publishes the other models as a candidate, and the repository's own as the live set. */
async function publishBoth(): Promise<void> {
  const models = [];
  for (const [at, [name, bytes]] of Object.entries(OTHERS).entries()) {
    const role = at === 0 ? { role: "earlyRanker" } : { role: "head", head: HEADS[at - 1] };
    models.push({ name, ...role, ...(await store(bytes)), inputName: "x", outputName: "y" });
  }
  for (const { name } of set.models) await store(graphOf(name));
  await publish({ featureSchemaDigest: set.featureSchemaDigest, columns: set.columns, models });
  expect((await move({ kind: "live", digest: await publish(set) })).status).toBe(200);
}

/** Publishes a set and gives its digest. */
async function publish(document: unknown): Promise<string> {
  const { digest, envelope } = await publicationOf(document);
  const answer = await send(digest, { envelope, gate: gateOf(modelSetSchema.parse(document)) });
  expect(answer.status).toBe(200);
  return digest;
}

const get = (path: string) => asAdmin(`/v2${path}`);
const post = (path: string, body: unknown) => sendJson("POST", `/v2${path}`, body);
const features = (rows: readonly (readonly number[])[]) => ({
  name: "features",
  shape: [rows.length, set.columns],
  datatype: "FP32",
  data: rows.flat(),
});
/** A refusal: status and sentence. */
const refused = async (answer: Response): Promise<[number, string]> => [
  answer.status,
  inferenceErrorSchema.parse(await answer.json()).error,
];
const infer = async (path: string, body: unknown) => {
  const answer = await post(path, body);
  const text = await answer.text();
  expect({ path, status: answer.status, text: answer.status === 200 ? "" : text }).toEqual({
    path,
    status: 200,
    text: "",
  });
  return { text, ...inferenceAnswerSchema.parse(JSON.parse(text)) };
};
const said = (answer: { readonly outputs: readonly { readonly data: readonly unknown[] }[] }) =>
  answer.outputs[0]?.data.map(Number) ?? [];

beforeAll(async () => {
  await publishBoth();
  // The runtime starts once in a file, which takes seconds here.
  await infer("/models/click/infer", { inputs: [features(golden.rows.slice(0, 1))] });
}, 120_000);

describe("the server", () => {
  test("says what it is, and that it runs and is ready, without a token for health alone", async () => {
    expect(await (await get("")).json()).toMatchObject({ name: "midroll", extensions: ["model_repository"] });
    expect(await (await ask("/v2/health/live")).json()).toEqual({ live: true });
    expect((await refused(await ask("/v2")))[0]).toBe(401);
    expect(await refused(await ask("/v2/models/click/infer", { method: "POST" }))).toEqual([
      401,
      "Send the admin token as Authorization: Bearer.",
    ]);
  });

  test("answers unknown paths, methods and models in the protocol's form", async () => {
    expect((await refused(await get("/nothing")))[0]).toBe(404);
    expect((await refused(await get("/models/click/infer")))[0]).toBe(405);
    expect(await refused(await get("/models/nobody"))).toEqual([404, "no model of that name is published"]);
    expect(await refused(await get("/models/click/versions/1"))).toEqual([404, "the model click has no such version"]);
    expect((await refused(await post("/models/nobody/infer", {})))[0]).toBe(404);
  });
});

describe("a published model", () => {
  test("tells its versions, what it takes and what it gives", async () => {
    const metadata = modelMetadataSchema.parse(await (await get("/models/click")).json());
    expect(metadata).toMatchObject({
      name: "click",
      versions: [CLICK_VERSION],
      platform: "onnx_onnxv1",
      inputs: [{ name: "features", datatype: "FP32", shape: [-1, set.columns] }],
      outputs: [{ name: "probability", datatype: "FP32", shape: [-1, 1] }],
      parameters: { digest: CLICK.digest, live: true, head: "click", model_sets: [{ standing: "live" }] },
    });
    const words = modelMetadataSchema.parse(await (await get("/models/words")).json());
    expect(words.inputs.map(({ datatype }) => datatype)).toEqual(["INT64", "BYTES", "BOOL", "UINT64", "FP32"]);
    expect(words.parameters).toMatchObject({ live: false, head: null, model_sets: [{ standing: "candidate" }] });
    expect(await (await get(`/models/click/versions/${CLICK_VERSION}/ready`)).json()).toEqual({
      name: "click",
      ready: true,
    });
  });

  test("says of golden rows what Python heard, flat or nested, by name and by version", async () => {
    const flat = features(golden.rows);
    const answer = await infer("/models/click/infer", { id: "golden 1", inputs: [flat] });
    expect(answer).toMatchObject({ model_name: "click", model_version: CLICK_VERSION, id: "golden 1" });
    expect(answer.outputs).toMatchObject([{ name: "probability", datatype: "FP32", shape: [golden.rows.length, 1] }]);
    golden.expected.forEach((value, row) => expect(said(answer)[row]).toBeCloseTo(value, 6));
    const nested = await infer(`/models/click/versions/${CLICK.digest}/infer`, {
      inputs: [{ ...flat, data: golden.rows }],
    });
    expect(nested.outputs).toEqual(answer.outputs);
    expect("id" in nested).toBe(false);
  });

  test("of every name of the live set answers", async () => {
    for (const { name, outputName } of set.models) {
      const answer = await infer(`/models/${name}/infer`, { inputs: [features(golden.rows)] });
      expect(answer.outputs.map((output) => output.name)).toEqual([outputName]);
    }
  });

  test("answers whatever content type the client says, as curl sends it", async () => {
    const body = JSON.stringify({ inputs: [features(golden.rows.slice(0, 1))] });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect((await asAdmin("/v2/models/click/infer", { method: "POST", headers, body })).status).toBe(200);
  });

  test("refuses what does not fit, what is no JSON and what is too large", async () => {
    const wide = { ...features(golden.rows), shape: [golden.rows.length, 1] };
    expect((await refused(await post("/models/click/infer", { inputs: [wide] })))[0]).toBe(400);
    const headers = { "content-type": "application/json" };
    const sent = (body: BodyInit) => asAdmin("/v2/models/click/infer", { method: "POST", headers, body });
    expect((await refused(await sent("{")))[0]).toBe(400);
    expect((await refused(await sent(Uint8Array.from([0xff]))))[0]).toBe(400);
    expect((await refused(await sent("x".repeat(INFERENCE_LIMITS.bodyBytesMax + 1))))[0]).toBe(413);
    const rows = Array.from({ length: INFERENCE_LIMITS.rowsMax + 1 }, () => golden.rows[0] ?? []);
    expect((await refused(await post("/models/click/infer", { inputs: [features(rows)] })))[1]).toContain("rows");
  });
});

/** One value of each kind that is no float, and a long one. */
const kinds = (long: string) =>
  `{"inputs":[{"name":"long","shape":[1,2],"datatype":"INT64","data":[${long}]},` +
  `{"name":"word","shape":[1,2],"datatype":"BYTES","data":["Grüße","${"w".repeat(300)}"]},` +
  `{"name":"flag","shape":[1,2],"datatype":"BOOL","data":[[true,false]]},` +
  `{"name":"unsigned","shape":[1,2],"datatype":"UINT64","data":[18446744073709551615,0]},` +
  `{"name":"small","shape":[1,2],"datatype":"FP32","data":[0.5,-2]}]`;
const words = async (rest: string) => {
  const body = `${kinds("9007199254740993,-9223372036854775808")}${rest}}`;
  const answer = await asAdmin("/v2/models/words/infer", { method: "POST", body });
  expect(answer.status).toBe(200);
  return answer.text();
};

describe("other datatypes", () => {
  test("come out to the last digit and letter", async () => {
    const text = await words("");
    expect(text).toContain('"datatype":"INT64","shape":[1,2],"data":[9007199254740993,-9223372036854775808]');
    expect(text).toContain(`"datatype":"BYTES","shape":[1,2],"data":["Grüße","${"w".repeat(300)}"]`);
    expect(text).toContain('"datatype":"BOOL","shape":[1,2],"data":[true,false]');
    expect(text).toContain('"datatype":"UINT64","shape":[1,2],"data":[18446744073709551615,0]');
    expect(text).toContain('"datatype":"FP32","shape":[1,2],"data":[0.5,-2]');
  });

  test("come out alone, and in the order asked for", async () => {
    const answer = inferenceAnswerSchema.parse(
      JSON.parse(await words(',"outputs":[{"name":"word_again"},{"name":"long_again"}]')),
    );
    expect(answer.outputs.map(({ name }) => name)).toEqual(["word_again", "long_again"]);
  });

  test("that JSON cannot carry are said in the metadata and refused in a request", async () => {
    const metadata = modelMetadataSchema.parse(await (await get("/models/half")).json());
    expect(metadata.inputs).toEqual([{ name: "half", datatype: "FP16", shape: [-1, 2] }]);
    const half = { name: "half", shape: [1, 2], datatype: "FP16", data: [1, 2] };
    expect(await refused(await post("/models/half/infer", { inputs: [half] }))).toEqual([
      400,
      "FP16 cannot be written in JSON",
    ]);
  });
});

/** A row of the table, and a number to take the root of. */
const order = (index: number, x = 1) => ({
  inputs: [
    { name: "index", shape: [1], datatype: "INT64", data: [index] },
    { name: "x", shape: [1], datatype: "FP32", data: [x] },
  ],
});

describe("values that a model cannot take", () => {
  test("are refused, and spoil no answer of the same batch", async () => {
    const answers = await Promise.all([0, 99, 2].map((index) => post("/models/table/infer", order(index))));
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 200]);
    const [first, , last] = await Promise.all(answers.map((answer) => answer.json()));
    expect(said(inferenceAnswerSchema.parse(first))).toEqual([10]);
    expect(said(inferenceAnswerSchema.parse(last))).toEqual([30]);
  });

  test("that give no number are refused, because JSON has no word for it", async () => {
    const [status, words] = await refused(await post("/models/table/infer", order(0, -1)));
    expect([status, words]).toEqual([422, "the output root is not a finite number at 0, which JSON cannot carry"]);
    expect((await post("/models/table/infer", { ...order(0, -1), outputs: [{ name: "found" }] })).status).toBe(200);
  });
});

const index = async (body: unknown = {}) =>
  repositoryIndexSchema.parse(await (await post("/repository/index", body)).json());
const control = (name: string, verb: "load" | "unload", body: unknown = {}) =>
  post(`/repository/models/${name}/${verb}`, body);

describe("the repository", () => {
  test("lists every version of every published model", async () => {
    const names = [...Object.keys(OTHERS), ...set.models.map(({ name }) => name)];
    expect((await index()).map(({ name }) => name)).toEqual(names.toSorted());
    const empty = await asAdmin("/v2/repository/index", { method: "POST" });
    expect(repositoryIndexSchema.parse(await empty.json())).toHaveLength(names.length);
  });

  test("unloads a model, which then answers nothing until it is loaded again", async () => {
    expect((await control("abandon", "unload")).status).toBe(200);
    const order = { inputs: [features(golden.rows.slice(0, 1))] };
    const words = "the model abandon is unloaded: load it first";
    expect(await refused(await post("/models/abandon/infer", order))).toEqual([400, words]);
    expect(await refused(await get("/models/abandon/ready"))).toEqual([400, words]);
    expect(await index({ ready: true })).not.toContainEqual(expect.objectContaining({ name: "abandon" }));
    expect((await index()).find(({ name }) => name === "abandon")).toMatchObject({
      state: "UNAVAILABLE",
      reason: "unloaded by an operator",
    });
    expect(await refused(await ask("/v2/health/ready"))).toEqual([503, "Not answering: abandon."]);
    expect((await control("abandon", "load")).status).toBe(200);
    expect(await (await ask("/v2/health/ready")).json()).toEqual({ ready: true });
    await infer("/models/abandon/infer", order);
  });

  test("keeps a model unloaded when requests for it were waiting", async () => {
    const object = originEnv.INFERENCE.getByName("models");
    const body = { inputs: [features(golden.rows.slice(0, 1))] };
    await infer("/models/abandon/infer", body);
    const before = (await object.figures()).loaded;
    for (let n = 0; n < 5; n++) {
      const waiting = post("/models/abandon/infer", body);
      expect((await control("abandon", "unload")).status).toBe(200);
      expect([200, 400]).toContain((await waiting).status);
      expect((await object.figures()).loaded).toBe(before - 1);
      expect((await control("abandon", "load")).status).toBe(200);
    }
  });

  test("has nothing against a model any more once the store has what it lacked", async () => {
    let stored: Uint8Array | null = null;
    const models = new LoadedModels(async () => stored);
    expect((await models.signatureOf(CLICK.digest)).ok).toBe(false);
    expect(models.failureOf(CLICK.digest)).toBe("its bytes are not in the store");
    stored = graphOf("click");
    expect((await models.signatureOf(CLICK.digest)).ok).toBe(true);
    expect(models.failureOf(CLICK.digest)).toBeNull();
    stored = null;
    expect((await models.load(CLICK.digest)).ok).toBe(false);
    stored = graphOf("click");
    expect((await models.signatureOf(CLICK.digest)).ok).toBe(true);
    expect(models.failureOf(CLICK.digest)).toBeNull();
  });

  test("says why a model cannot be loaded", async () => {
    const [status, words] = await refused(await control("broken", "load"));
    expect(status).toBe(500);
    expect(words).toContain("the model cannot be loaded: ");
    expect((await refused(await get("/models/broken")))[0]).toBe(500);
    expect((await index()).find(({ name }) => name === "broken")?.state).toBe("UNAVAILABLE");
  });

  test("refuses parameters that it does not know, and names that nobody published", async () => {
    expect((await refused(await control("click", "load", { parameters: { config: "{}" } })))[0]).toBe(400);
    expect((await control("click", "unload", { parameters: { unload_dependents: true } })).status).toBe(200);
    expect((await control("click", "load")).status).toBe(200);
    expect((await refused(await control("nobody", "unload")))[0]).toBe(404);
  });
});

test("requests that come together are answered in few batches, each with its own rows", async () => {
  const before = await originEnv.INFERENCE.getByName("models").figures();
  const orders = Array.from({ length: 40 }, (_, n) => [golden.rows[n % golden.rows.length] ?? []]);
  const answers = await Promise.all(
    orders.map((rows, n) => infer("/models/click/infer", { id: String(n), inputs: [features(rows)] })),
  );
  answers.forEach((answer, n) => {
    expect(answer.id).toBe(String(n));
    expect(said(answer)[0]).toBeCloseTo(golden.expected[n % golden.rows.length] ?? Number.NaN, 6);
  });
  const after = await originEnv.INFERENCE.getByName("models").figures();
  expect(after.requests - before.requests).toBe(40);
  expect(after.rows - before.rows).toBe(40);
  expect(after.batches - before.batches).toBeLessThan(40);
  expect(after.batchRowsMost).toBeLessThanOrEqual(INFERENCE_LIMITS.rowsMax);
  expect(await (await asAdmin("/v1/admin/inference")).json()).toMatchObject({ requests: after.requests });
});

test("more rows than may wait are refused with 503 and a moment to wait, and the others are answered", async () => {
  const rows = Array.from({ length: INFERENCE_LIMITS.rowsMax }, (_, n) => golden.rows[n % golden.rows.length] ?? []);
  const body = { inputs: [features(rows)] };
  const several = 2 + INFERENCE_LIMITS.queuedRowsMax / INFERENCE_LIMITS.rowsMax;
  const object = originEnv.INFERENCE.getByName("models");
  const found = await object.find("click", null, 0);
  if (!found.ok) throw new Error("the click head answers");
  const values = Float32Array.from(body.inputs[0]?.data ?? []);
  const inputs = [{ name: "features", datatype: "FP32" as const, shape: [rows.length, set.columns], values }];
  const order = { name: "click", digest: CLICK.digest, inputs, outputs: ["probability"], rows: rows.length };
  const answers = await Promise.all(Array.from({ length: several * 2 }, () => object.infer(order)));
  const told = answers.filter((answer) => !answer.ok);
  expect(told.length).toBeGreaterThan(0);
  expect(told.length).toBeLessThan(answers.length);
  for (const answer of told) expect(answer).toMatchObject({ reason: { code: "queue_full" } });
});
