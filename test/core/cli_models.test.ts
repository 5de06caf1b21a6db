/**
 * `midroll models` from publishing to rolling back, with the repository's own models through the real gate, against an
 * origin in memory: what is sent, what is shown, what is refused and how.
 */
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newPublisherKey } from "../../cli/models/publisher_key.ts";
import { fromUtf8 } from "../../src/kernel/bytes.ts";
import { readEnvelope } from "../../src/models/envelope.ts";
import { modelSetSchema, type ModelSet } from "../../src/models/manifest.ts";
import { readModelKeys } from "../../src/models/signing_keys.ts";
import { PUBLISHER, publicHalf } from "../model_signing.ts";
import { noOrigin, openStage } from "./cli_stage.ts";
import { ModelsOrigin } from "./models_origin.ts";

const MODELS = join(import.meta.dirname, "../../models");
const KEY = { MIDROLL_MODEL_KEY: JSON.stringify(PUBLISHER), MIDROLL_BY: "kim" };

let stage: ReturnType<typeof openStage>;
const origin = new ModelsOrigin([publicHalf(PUBLISHER)]);
beforeAll(() => {
  stage = openStage();
});
afterAll(() => stage.strike());

/** Runs a command at the origin in memory; none may print the private key. */
async function midroll(...words: readonly string[]) {
  const ran = await stage.midroll(words, origin.answer, KEY);
  expect(ran.out + ran.err).not.toContain(PUBLISHER.privateKey);
  return ran;
}

const publishedSet = (digest: string): ModelSet => {
  const read = readEnvelope(origin.envelopes.get(digest) ?? new Uint8Array());
  return modelSetSchema.parse(JSON.parse(read.ok ? (fromUtf8(read.value.payload) ?? "") : ""));
};

/** The repository's models in a directory of their own, as another set: one head weighs twice as much. */
function anotherSet(): string {
  const dir = join(stage.dir, "another");
  cpSync(MODELS, dir, { recursive: true, filter: (path) => !/exports|training/.test(path) });
  const set = modelSetSchema.parse(JSON.parse(readFileSync(join(dir, "sample-set.json"), "utf8")));
  const models = set.models.map((model) => (model.role === "head" ? { ...model, weight: 2 } : model));
  writeFileSync(join(dir, "sample-set.json"), JSON.stringify({ ...set, models }));
  return dir;
}

describe("midroll models, in the order of a set's life", () => {
  let [first, second] = ["", ""];

  it("publish checks, uploads, signs and makes a first set live, and says each step", async () => {
    const { exitCode, out, err } = await midroll("models", "publish", MODELS, "--note", "the first");
    expect([exitCode, err.split("\n").filter((line) => line.startsWith("✓")).length]).toEqual([0, 5]);
    first = origin.rollout.sets[0]?.digest ?? "";
    expect(out).toBe(`model set ${first}\nlive    ${first.slice(0, 12)}\n`);
    expect(err).toContain("  click: uploaded, 21435 bytes");
    expect(err).toContain(`signed ${first.slice(0, 12)} with test-publisher`);
    expect(origin.models.size).toBe(5);
    expect(origin.lines.map(({ kind, by, why }) => [kind, by, why])).toEqual([
      ["register", "kim", "the first"],
      ["live", "kim", "the first"],
    ]);
  });

  it("publish puts the first eight golden rows of each model into the set", () => {
    for (const { name, golden } of publishedSet(first).models) {
      const written = JSON.parse(readFileSync(join(MODELS, name, "golden.json"), "utf8"));
      expect(golden).toEqual({ rows: written.rows.slice(0, 8), expected: written.expected.slice(0, 8) });
    }
  });

  it("publish of the same again makes the same bytes, uploads nothing and moves nothing", async () => {
    const before = origin.envelopes.get(first);
    const { out, err } = await midroll("models", "publish", MODELS, "--json");
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      digest: first,
      uploaded: [],
      order: { live: first, revision: 2 },
    });
    expect(err).toContain("  click: stored already");
    expect(origin.envelopes.get(first)).toEqual(before);
    expect(origin.lines).toHaveLength(2);
  });

  it("publish of a second set leaves it a candidate", async () => {
    const { out } = await midroll("models", "publish", anotherSet(), "--json");
    second = JSON.parse(out).digest;
    expect(second).not.toBe(first);
    expect(JSON.parse(out)).toMatchObject({ uploaded: [], order: { live: first, canary: null } });
  });

  it("promote puts it on trial by the start of its digest, with a cap", async () => {
    const words = ["--canary", "5", "--cap-impressions", "500", "--cap-spend", "12.5", "--why", "better offline"];
    const { exitCode, out } = await midroll("models", "promote", second.slice(0, 8), ...words);
    expect([exitCode, out]).toEqual([
      0,
      `live    ${first.slice(0, 12)}\ncanary  ${second.slice(0, 12)}, 5 % of viewers\n`,
    ]);
    expect(origin.lines.at(-1)).toMatchObject({ cap: { impressions: 500, spendMicros: 12_500_000 }, sharePpm: 50_000 });
  });

  it("list shows where sets stand, where they are ready and what they were shown", async () => {
    const { out } = await midroll("models", "list");
    expect(out).toContain(
      `${second.slice(0, 12)}  canary 5 %  2 of 3          7            9   0.04  published without`,
    );
    expect(out).toContain(`exposure of ${second.slice(0, 12)}: at most 0 of 500 impressions, 0.00 of 12.50 of spend`);
    const verbose = await midroll("models", "list", "--verbose");
    expect(verbose.out).toMatch(/ {2}click +\d+ +kernel +0\.0e\+0 +cddcffdc7c59c91d/);
    expect(JSON.parse((await midroll("models", "list", "--json")).out)).toMatchObject({ ok: true, digest: first });
  });

  it("promote without a trial makes it live, rollback goes back, and both are in the history", async () => {
    expect((await midroll("models", "promote", second.slice(0, 10), "--why", "it won")).out).toBe(
      `live    ${second.slice(0, 12)}\n`,
    );
    const back = await midroll("models", "rollback", "--why", "fill fell", "--json");
    expect(JSON.parse(back.out)).toMatchObject({ ok: true, digest: first, order: { live: first } });
    const { out } = await midroll("models", "history");
    expect(out).toContain(
      `rollback: ${first.slice(0, 12)} retired → live in place of ${second.slice(0, 12)}  kim  fill fell`,
    );
    const again = await midroll("models", "rollback", "--why", "further", "--json");
    expect([again.exitCode, JSON.parse(again.out).code]).toEqual([1, "nothing_to_roll_back_to"]);
  });

  it("retire takes a set out of a trial", async () => {
    await midroll("models", "promote", second, "--shadow", "20", "--why", "once more");
    expect(origin.rollout.sets.at(-1)).toMatchObject({ standing: "shadow", sharePpm: 200_000 });
    await midroll("models", "retire", second, "--why", "no better");
    expect(origin.rollout.sets.at(-1)).toMatchObject({ standing: "retired", sharePpm: 0 });
  });

  it("stop and resume are said in one word", async () => {
    expect((await midroll("models", "stop")).out).toContain("STOPPED: the fallback tier answers");
    expect((await midroll("models", "stop")).out).toContain("nothing to change");
    expect((await midroll("models", "resume")).out).toBe(`live    ${first.slice(0, 12)}\n`);
  });

  it("export writes a directory that passes the gate and has the same id when published", async () => {
    const dir = join(stage.dir, "exported");
    expect((await midroll("models", "export", second.slice(0, 9), dir)).exitCode).toBe(0);
    expect(new Uint8Array(readFileSync(join(dir, "envelope.dsse.json")))).toEqual(origin.envelopes.get(second));
    const { out } = await midroll("models", "publish", dir, "--json");
    expect(JSON.parse(out)).toMatchObject({ ok: true, digest: second });
  });

  it("export keeps a set whose calibrator is level somewhere, and so cannot be undone", async () => {
    const dir = anotherSet();
    const path = join(dir, "sample-set.json");
    const set = modelSetSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    const calibrator = { kind: "isotonic", x: [0.001, 0.01, 0.5], y: [0.2, 0.2, 0.6] };
    const models = set.models.map((model) => (model.name === "click" ? { ...model, calibrator } : model));
    writeFileSync(path, JSON.stringify({ ...set, models }));
    const { digest } = JSON.parse((await midroll("models", "publish", dir, "--json")).out);
    const exported = join(stage.dir, "calibrated");
    expect((await midroll("models", "export", digest, exported)).exitCode).toBe(0);
    const again = JSON.parse((await midroll("models", "publish", exported, "--json")).out);
    expect(again).toMatchObject({ ok: true, digest, uploaded: [] });
  });

  it("export refuses a model that is not what its digest says", async () => {
    const digest = publishedSet(first).models[0]?.digest ?? "";
    const bytes = origin.models.get(digest) ?? new Uint8Array();
    origin.models.set(digest, bytes.with(7, 0));
    const { out } = await midroll("models", "export", first, join(stage.dir, "spoilt"), "--json");
    expect(JSON.parse(out)).toMatchObject({ ok: false, code: "artifact_altered" });
    origin.models.set(digest, bytes);
  });

  it.each([
    [
      ["models", "promote", "abcdef0123", "--why", "x"],
      1,
      "no model set at http://localhost:8788 begins with abcdef0123",
    ],
    [["models", "promote", "abc", "--why", "x"], 2, '"abc" names no model set'],
    [["models", "promote", "abcdef0123"], 2, "required option '--why <text>'"],
    [["models", "promote", "abcdef0123", "--canary", "--shadow", "--why", "x"], 2, "exclude each other"],
    [["models", "promote", "abcdef0123", "--canary", "much", "--why", "x"], 2, "--canary takes a percentage"],
    [["models", "promote", "abcdef0123", "--canary", "--cap-spend", "0", "--why", "x"], 2, "--cap-spend takes"],
    [["models", "publish", MODELS, "--as", "sideways"], 2, "--as takes candidate, shadow"],
    [["models", "history", "--limit", "0"], 2, "--limit takes a whole number from 1 to 1000"],
  ])("%j is refused in plain words", async (words, exitCode, said) => {
    const ran = await midroll(...words);
    expect(ran.exitCode).toBe(exitCode);
    expect(ran.err).toContain(said);
  });
});

const publish = (dir: string, env: Record<string, string> = KEY) =>
  stage.midroll(["models", "publish", dir, "--state", stage.dir, "--json"], noOrigin, env);

describe("midroll models publish", () => {
  it("sends nothing of a set that the gate refuses, and says why", async () => {
    const dir = anotherSet();
    const path = join(dir, "click/model.onnx");
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 100));
    const asked = stage.asked.length;
    const { exitCode, out } = await publish(dir);
    expect([exitCode, stage.asked.length - asked]).toEqual([1, 0]);
    const answer = JSON.parse(out);
    expect(answer.code).toBe("models_refused");
    expect(answer.models.filter((model: { accepted: boolean }) => !model.accepted)).toMatchObject([{ name: "click" }]);
  });

  it("sends nothing of a set whose golden rows are those of another model", async () => {
    const dir = anotherSet();
    const path = join(dir, "sample-set.json");
    const set = modelSetSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    const { rows, expected } = JSON.parse(readFileSync(join(dir, "abandon/golden.json"), "utf8"));
    const golden = { rows: rows.slice(0, 2), expected: expected.slice(0, 2) };
    const models = set.models.map((model) => (model.name === "click" ? { ...model, golden } : model));
    writeFileSync(path, JSON.stringify({ ...set, models }));
    const asked = stage.asked.length;
    expect(JSON.parse((await publish(dir)).out)).toMatchObject({ code: "golden_mismatch" });
    expect(stage.asked.length).toBe(asked);
  });

  it("says what it looks for in a directory without a set, and in one of another version", async () => {
    expect(JSON.parse((await publish(stage.dir)).out)).toMatchObject({ code: "model_set_unreadable" });
    const dir = anotherSet();
    const path = join(dir, "sample-set.json");
    const set = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...set, featureSchemaDigest: "0".repeat(64) }));
    expect(JSON.parse((await publish(dir)).out)).toMatchObject({ code: "model_set_invalid" });
  });

  it("takes its key from a file, the environment or the state directory, and refuses what is none", async () => {
    const bare = { MIDROLL_MODEL_KEY: "" };
    expect(JSON.parse((await publish(MODELS, bare)).out)).toMatchObject({ code: "no_model_key" });
    stage.write("secrets.json", { adminToken: "x" });
    expect(JSON.parse((await publish(MODELS, bare)).out)).toMatchObject({ code: "model_key_malformed" });
    const { publicKey } = newPublisherKey();
    const mixed = { MIDROLL_MODEL_KEY: JSON.stringify({ ...PUBLISHER, publicKey }) };
    expect(JSON.parse((await publish(MODELS, mixed)).out)).toMatchObject({ code: "model_key_malformed" });
    stage.write("secrets.json", { adminToken: "x", modelKey: PUBLISHER });
    expect(JSON.parse((await publish(MODELS, bare)).out)).toMatchObject({ code: "origin_unreachable" });
  });

  it("is refused by an origin that does not trust the key", async () => {
    const strangers = new ModelsOrigin([publicHalf(newPublisherKey("somebody"))]);
    const { out } = await stage.midroll(["models", "publish", MODELS, "--json"], strangers.answer, KEY);
    expect(JSON.parse(out)).toMatchObject({ ok: false, code: "key_unknown" });
  });
});

describe("midroll models keygen", () => {
  it("keeps the private half in a file of its owner and shows the public one, once", async () => {
    const file = join(stage.dir, "key.json");
    const { exitCode, out } = await stage.midroll(["models", "keygen", file, "--id", "spring", "--json"]);
    const key = JSON.parse(readFileSync(file, "utf8"));
    expect([exitCode, statSync(file).mode & 0o777, key.id]).toEqual([0, 0o600, "spring"]);
    expect(out).not.toContain(key.privateKey);
    const trusted = readModelKeys(JSON.parse(out).modelKeys);
    expect(trusted).toEqual({ ok: true, value: [publicHalf(key)] });
    const again = await stage.midroll(["models", "keygen", file, "--json"]);
    expect([again.exitCode, JSON.parse(again.out).code]).toEqual([1, "key_file_exists"]);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(key);
  });

  it("shows both keys while one follows the other", async () => {
    const before = stage.write("model-keys.json", JSON.stringify([publicHalf(PUBLISHER)]));
    const file = join(stage.dir, "next.json");
    const { out } = await stage.midroll(["models", "keygen", file, "--beside", before, "--json"]);
    const trusted = readModelKeys(JSON.parse(out).modelKeys);
    expect(trusted.ok && trusted.value.map(({ id }) => id)).toEqual([PUBLISHER.id, JSON.parse(out).id]);
  });

  it("writes no key whose name is taken already, because no Worker would take both", async () => {
    const before = stage.write("model-keys.json", JSON.stringify([publicHalf(PUBLISHER)]));
    const words = ["--beside", before, "--id", PUBLISHER.id, "--json"];
    const { exitCode, out } = await stage.midroll(["models", "keygen", join(stage.dir, "twin.json"), ...words]);
    expect([exitCode, JSON.parse(out).code]).toEqual([1, "model_keys_malformed"]);
    expect(existsSync(join(stage.dir, "twin.json"))).toBe(false);
  });
});
