/**
 * Model sets through the real Worker and its object: what may be published, what edges are told after each move, how
 * exposure is granted, and what is shown of all that.
 */
import { reset } from "cloudflare:test";
import type { ModelReport } from "../../src/models/model_report.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NO_PAIRS } from "../../src/models/score_pairs.ts";
import { ROLLOUT_LIMITS } from "../../src/models/rollout/rollout.ts";
import { NOTHING_SERVES } from "../../src/models/serving_order.ts";
import { modelStateSchema, movedSchema, rolloutHistorySchema } from "../../workers/origin/models/model_schemas.ts";
import { openSet } from "../../workers/platform/model_keys.ts";
import { NEXT_PUBLISHER, PUBLISHER, publicHalf } from "../model_signing.ts";
import { gateOf, MODEL_DIGEST, move, publicationOf, publishSet, send, setNamed, storeModel } from "./model_fixture.ts";
import { asAdmin, ask, desk, originEnv, refusal, refusedAs } from "./origin_fixture.ts";

const CAP = { impressions: 100, spendMicros: 5_000_000 };
const KEYS = [publicHalf(PUBLISHER), publicHalf(NEXT_PUBLISHER)];

beforeEach(storeModel);
afterEach(async () => {
  await reset();
});

const order = async () => (await desk.manifest()).models;
const state = async () => modelStateSchema.parse(await (await asAdmin("/v1/admin/models")).json());
const moved = async (command: Record<string, unknown>) => movedSchema.parse(await (await move(command)).json());

describe("a model set", () => {
  test("is a candidate once it is published, and what edges fetch opens with a trusted key", async () => {
    const digest = await publishSet("one");
    expect(await order()).toMatchObject({ live: null, canary: null });
    expect((await state()).sets).toMatchObject([{ digest, standing: "candidate", keyIds: [PUBLISHER.id] }]);
    const envelope = await desk.artifact("modelSet", digest);
    const opened = await openSet(envelope ?? new Uint8Array(), KEYS, digest);
    expect(opened.ok && JSON.parse(new TextDecoder().decode(opened.value))).toEqual(await setNamed("one"));
    const answer = await asAdmin(`/v1/admin/model-sets/${digest}`);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(envelope);
  });

  test("does not open in workerd with any one of its bytes changed", async () => {
    const digest = await publishSet("one");
    const envelope = (await desk.artifact("modelSet", digest)) ?? new Uint8Array();
    for (let at = 0; at < envelope.length; at++) {
      const changed = envelope.with(at, (envelope[at] ?? 0) ^ (1 << (at & 7)));
      expect([at, (await openSet(changed, KEYS, digest)).ok]).toEqual([at, false]);
    }
  });

  test("published again stays where it stands; signed by the next key it has the same id", async () => {
    const digest = await publishSet("one");
    await moved({ kind: "live", digest });
    const set = await setNamed("one");
    const again = await publicationOf(set, [NEXT_PUBLISHER]);
    expect(again.digest).toBe(digest);
    const answer = movedSchema.parse(
      await (await send(digest, { ...again, digest: undefined, gate: gateOf(set) })).json(),
    );
    expect(answer).toMatchObject({ line: null, order: { live: digest } });
    expect((await state()).sets).toMatchObject([{ digest, standing: "live", keyIds: [NEXT_PUBLISHER.id] }]);
  });

  test("that nobody trusted signed is refused, whatever is wrong with it", async () => {
    const set = await setNamed("one");
    const gate = gateOf(set);
    const { digest, envelope } = await publicationOf(set);
    const stranger = await publicationOf(set, [{ ...PUBLISHER, id: "stranger" }]);
    const impostor = await publicationOf(set, [{ ...NEXT_PUBLISHER, id: PUBLISHER.id }]);
    const unsigned = await publicationOf(set, []);
    const otherType = { ...(envelope as object), payloadType: "application/json" };
    const cases: readonly (readonly [string, unknown, string])[] = [
      ["key_unknown", stranger.envelope, digest],
      ["signature_false", impostor.envelope, digest],
      ["unsigned", unsigned.envelope, digest],
      ["envelope_of_another_type", otherType, digest],
      ["envelope_malformed", { ...(envelope as object), more: 1 }, digest],
      ["set_altered", envelope, "e".repeat(64)],
    ];
    for (const [code, sent, called] of cases) {
      expect(await refusal(await send(called, { envelope: sent, gate }))).toMatchObject(refusedAs(422, code));
    }
    expect((await state()).sets).toEqual([]);
    expect(await desk.artifact("modelSet", digest)).toBeNull();
  });

  test("that no edge could serve with is refused, saying why", async () => {
    const whole = await setNamed("one");
    const faults: readonly (readonly [object, string])[] = [
      [{ ...whole, featureSchemaDigest: "a".repeat(64) }, "trained on another feature schema"],
      [{ ...whole, models: whole.models.slice(1) }, "needs one early ranker and has 0"],
      [{ ...whole, columns: 0 }, "columns"],
    ];
    for (const [set, why] of faults) {
      const { digest, envelope } = await publicationOf(set);
      const refused = await refusal(await send(digest, { envelope, gate: gateOf(whole) }));
      expect(refused).toMatchObject(refusedAs(422, "model_set_invalid"));
      expect(JSON.stringify(refused)).toContain(why);
    }
  });

  test("whose models are not all stored, or not all checked by the gate, is refused", async () => {
    const set = await setNamed("one");
    const { digest, envelope } = await publicationOf(set);
    const gate = gateOf(set);
    const part = { ...gate, models: gate.models.slice(1) };
    expect(await refusal(await send(digest, { envelope, gate: part }))).toMatchObject(
      refusedAs(422, "gate_report_incomplete"),
    );
    await originEnv.ARTIFACTS.delete(`models/${MODEL_DIGEST}.onnx`);
    expect(await refusal(await send(digest, { envelope, gate }))).toMatchObject({
      ...refusedAs(409, "artifact_missing"),
      digests: [MODEL_DIGEST],
    });
  });

  test("whose envelope was changed in the store is handed to nobody, and no label moves to it", async () => {
    const digest = await publishSet("one");
    const envelope = (await desk.artifact("modelSet", digest)) ?? new Uint8Array();
    const key = `model-sets/${digest}.dsse.json`;
    await originEnv.ARTIFACTS.put(key, envelope.with(20, (envelope[20] ?? 0) ^ 1));
    expect(await desk.artifact("modelSet", digest)).toBeNull();
    expect(await refusal(await move({ kind: "live", digest }))).toMatchObject({
      ...refusedAs(409, "set_not_ready"),
      lacks: ["signature"],
    });
    expect(await order()).toEqual({ ...NOTHING_SERVES, revision: 1 });
  });
});

/** What one isolate says of the sets that it was to load. */
const said = (sequence: number, report: Pick<ModelReport, "ready" | "failed">) =>
  desk.modelReport({ isolateId: "isolate-1", sequence, revision: 0, decided: [], shadow: null, ...report });

describe("the rollout", () => {
  test("lets no set decide that isolates could not load, until one can", async () => {
    const digest = await publishSet("one");
    await said(1, { ready: [], failed: [{ digest, reason: "golden_mismatch" }] });
    const refused = { ...refusedAs(409, "set_not_ready"), lacks: ["isolates"] };
    expect(await refusal(await move({ kind: "live", digest }))).toMatchObject(refused);
    expect(await refusal(await move({ kind: "canary", digest, sharePpm: 50_000, cap: CAP }))).toMatchObject(refused);
    await said(2, { ready: [digest], failed: [] });
    await moved({ kind: "live", digest });
    expect(await order()).toMatchObject({ live: digest });
  });

  test("tells edges of a canary, of the live set after it, and of the way back", async () => {
    const [one, two] = [await publishSet("one"), await publishSet("two")];
    await moved({ kind: "live", digest: one });
    await moved({ kind: "canary", digest: two, sharePpm: 50_000, cap: CAP });
    expect(await order()).toMatchObject({ live: one, canary: { digest: two, sharePpm: 50_000 }, warm: [] });
    await moved({ kind: "live", digest: two });
    expect(await order()).toMatchObject({ live: two, canary: null, warm: [one] });
    const back = await moved({ kind: "rollback" });
    expect(back).toMatchObject({
      digest: one,
      order: { live: one, warm: [] },
      line: { kind: "rollback", replaced: two },
    });
    expect(await order()).toEqual(back.order);
    const answer = await asAdmin("/v1/admin/rollout/history?limit=4");
    const { lines } = rolloutHistorySchema.parse(await answer.json());
    expect(lines.map(({ kind, by, why }) => [kind, by, why])).toEqual([
      ["rollback", "kim", "it is better"],
      ["live", "kim", "it is better"],
      ["canary", "kim", "it is better"],
      ["live", "kim", "it is better"],
    ]);
  });

  test("stops for everybody and goes on", async () => {
    const digest = await publishSet("one");
    await moved({ kind: "live", digest });
    await moved({ kind: "stop" });
    expect(await order()).toMatchObject({ live: digest, stopped: true });
    await moved({ kind: "resume" });
    expect(await order()).toMatchObject({ live: digest, stopped: false });
  });

  test("refuses what may not be with a stable code, and nothing moves", async () => {
    const [one, two, three] = [await publishSet("one"), await publishSet("two"), await publishSet("three")];
    await moved({ kind: "live", digest: one });
    await moved({ kind: "canary", digest: two, sharePpm: 50_000, cap: CAP });
    const before = await order();
    const canary = { kind: "canary", digest: three, sharePpm: 50_000, cap: CAP };
    const cases: readonly (readonly [number, string, Record<string, unknown>])[] = [
      [404, "set_unknown", { kind: "live", digest: "d".repeat(64) }],
      [409, "move_not_allowed", { kind: "retire", digest: one }],
      [409, "place_taken", canary],
      [422, "share_out_of_range", { ...canary, sharePpm: 600_000 }],
      [422, "cap_malformed", { ...canary, cap: { ...CAP, impressions: 0 } }],
      [409, "nothing_to_roll_back_to", { kind: "rollback" }],
      [400, "bad_field", { kind: "live", digest: three, why: "" }],
      [400, "bad_field", { kind: "live", digest: three, by: "two\nlines" }],
      [400, "bad_field", { kind: "explode" }],
    ];
    for (const [status, code, command] of cases) {
      expect(await refusal(await move(command))).toMatchObject(refusedAs(status, code));
    }
    expect(await order()).toEqual(before);
  });

  test("is open to its operator alone", async () => {
    const paths = ["/v1/admin/rollout/history", "/v1/admin/models", `/v1/admin/model-sets/${MODEL_DIGEST}`];
    for (const path of paths) expect((await ask(path)).status).toBe(401);
    expect((await ask("/v1/admin/rollout/moves", { method: "POST", body: "{}" })).status).toBe(401);
  });
});

const askFor = (digest: string, impressions = 60) =>
  desk.grantExposure({ digest, isolateId: "isolate-1", impressions, spendMicros: 1_000_000 });

describe("the exposure of a canary", () => {
  test("is granted at the desk up to its cap, and what is handed back once may be granted again", async () => {
    const digest = await publishSet("one");
    expect(await askFor(digest)).toBeNull();
    await moved({ kind: "canary", digest, sharePpm: 50_000, cap: CAP });
    const first = await askFor(digest);
    expect(first).toMatchObject({ digest, impressions: 60, spendMicros: 1_000_000 });
    expect(await askFor(digest)).toMatchObject({ impressions: 40 });
    expect(await askFor(digest)).toBeNull();
    const unused = { grantId: first?.grantId ?? "", impressions: 50, spendMicros: 900_000 };
    await desk.returnExposure(unused);
    await desk.returnExposure(unused);
    await desk.returnExposure({ ...unused, grantId: "unheard-of" });
    expect((await state()).sets).toMatchObject([{ exposure: { taken: { impressions: 50, spendMicros: 1_100_000 } } }]);
    expect(await askFor(digest)).toMatchObject({ impressions: 50 });
    expect(await askFor(digest)).toBeNull();
  });

  test("of a set that was forgotten and published again is not raised by a grant from before", async () => {
    const digest = await publishSet("one");
    await moved({ kind: "canary", digest, sharePpm: 50_000, cap: CAP });
    const before = await askFor(digest);
    await moved({ kind: "retire", digest });
    const registry = originEnv.MODEL_REGISTRY.getByName("models");
    const papers = { keyIds: [], gate: gateOf(await setNamed("one")) };
    const words = { by: "kim", why: "one of many", atMs: 1 };
    for (let n = 0; n < ROLLOUT_LIMITS.setsMax; n++) {
      await registry.register(n.toString(16).padStart(64, "0"), papers, words);
    }
    expect((await state()).sets.some((set) => set.digest === digest)).toBe(false);
    await publishSet("one");
    await moved({ kind: "canary", digest, sharePpm: 50_000, cap: CAP });
    await desk.returnExposure({ grantId: before?.grantId ?? "", impressions: 60, spendMicros: 1_000_000 });
    expect(await askFor(digest)).toMatchObject({ impressions: 60 });
    expect(await askFor(digest)).toMatchObject({ impressions: 40 });
    expect(await askFor(digest)).toBeNull();
  });
});

const report = (isolateId: string, sequence: number, ready: string[]) => ({
  isolateId,
  sequence,
  revision: 1,
  ready,
  failed: [],
  decided: [],
  shadow: null,
});

describe("what isolates report", () => {
  test("shows at how many of them a set is ready, and what it decided, once each", async () => {
    const digest = await publishSet("one");
    const decided = [{ digest, decisions: 3, impressions: 5, spendMicros: 20_000, droppedHeads: 1 }];
    await desk.modelReport({ ...report("a", 1, [digest]), decided });
    await desk.modelReport({ ...report("a", 1, [digest]), decided });
    await desk.modelReport({ ...report("b", 1, []), failed: [{ digest, reason: "golden_mismatch" }] });
    expect((await state()).sets).toMatchObject([
      { readyAt: 1, heard: 2, failed: { golden_mismatch: 1 }, decisions: 3, impressions: 5, spendMicros: 20_000 },
    ]);
  });

  test("compares the shadow's scores with the live set's, over all of them", async () => {
    const [live, shadow] = [await publishSet("one"), await publishSet("two")];
    await moved({ kind: "live", digest: live });
    await moved({ kind: "shadow", digest: shadow, sharePpm: 100_000 });
    const pairs = { ...NO_PAIRS, count: 2, apartSum: 0.5, apartMax: 0.4 };
    for (const isolateId of ["a", "b"]) {
      await desk.modelReport({ ...report(isolateId, 1, []), shadow: { live, shadow, heads: { click: pairs } } });
    }
    expect((await state()).shadow).toMatchObject({
      live,
      shadow,
      heads: { click: { count: 4, meanApart: 0.25, apartMax: 0.4 } },
    });
  });

  test("that are no reports, or are of sets nobody published, change nothing", async () => {
    const digest = await publishSet("one");
    const decided = [{ digest: "d".repeat(64), decisions: 3, impressions: 5, spendMicros: 1, droppedHeads: 0 }];
    await desk.modelReport({ ...report("a", 1, []), decided });
    await desk.modelReport({ ...report("b", -1, [digest]) });
    expect((await state()).sets).toMatchObject([{ heard: 1, readyAt: 0, decisions: 0 }]);
  });
});
