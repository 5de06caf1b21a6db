/**
 * What an isolate makes of what origin publishes, when origin or its store are ill: whatever is missing, altered,
 * broken or late leaves what is loaded in place and is counted, and waiting has a bound.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Publication } from "../../workers/edge/publication.ts";
import { Recorder } from "../../workers/edge/recorder.ts";
import type { ServingModels } from "../../workers/edge/models/serving_models.ts";
import {
  edgeEnv,
  modelsOf,
  never,
  ScriptedOrigin,
  ScriptedWallet,
  snapshotOf,
  signedWords,
  wordsOf,
  type Artifact,
} from "./edge_fixture.ts";

let origin: ScriptedOrigin;
let publication: Publication;
let serving: ServingModels;
let faults: string[];
let nowMs: number;
let first: Artifact;
let second: Artifact;
let models: Artifact;

/** One request's share of keeping up to date. Later requests come `afterMs` later. Units: milliseconds. */
async function request(afterMs: number): Promise<{ readonly waitedMs: number; readonly settled: Promise<unknown> }> {
  nowMs += afterMs;
  const work: Promise<unknown>[] = [];
  const startedMs = performance.now();
  await publication.refresh(edgeEnv(origin, new ScriptedWallet()), (promise) => void work.push(promise), nowMs);
  const waitedMs = performance.now() - startedMs;
  // Work may leave more work behind.
  const settle = async (): Promise<void> => {
    for (const promise of work) await promise;
  };
  return { waitedMs, settled: settle() };
}

/** A request some seconds later, and all that it started. */
async function later(): Promise<void> {
  await (
    await request(4_000)
  ).settled;
}

const loaded = () => [publication.catalog?.digest, serving.live?.digest];

beforeEach(async () => {
  [first, second, models] = [
    await snapshotOf("coffee"),
    await snapshotOf("coffee", "tea"),
    await signedWords("models"),
  ];
  origin = new ScriptedOrigin();
  origin.publish("catalogDigest", first);
  origin.goLive(models);
  const recorder = new Recorder("isolate-1");
  faults = [];
  vi.spyOn(recorder, "fault").mockImplementation((fault) => void faults.push(fault));
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  serving = modelsOf(recorder);
  publication = new Publication(recorder, serving);
  nowMs = 1_800_000_000_000;
  await later();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const altered = (bytes: Uint8Array | undefined): Uint8Array | null => {
  const copy = bytes?.slice() ?? null;
  if (copy !== null) copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
};

test("a sound catalog and model set are in use after one request", () => {
  expect(loaded()).toEqual([first.digest, models.digest]);
  expect(faults).toEqual([]);
});

describe("a published artifact that cannot be had", () => {
  const illnesses: [string, (digest: string) => Promise<Uint8Array | null>][] = [
    ["is missing from the store", async () => null],
    ["comes with one bit altered", async (digest) => altered(origin.store.get(digest))],
    ["comes empty", async () => new Uint8Array()],
    ["cannot be fetched", () => Promise.reject(new Error("the store does not answer"))],
  ];

  test.each(illnesses)("%s: the loaded catalog and models stay, and both faults are counted", async (_what, answer) => {
    const better = await signedWords("better models");
    origin.publish("catalogDigest", second);
    origin.goLive(better);
    origin.answerArtifact = (_kind, digest) => answer(digest);
    await later();
    expect(loaded()).toEqual([first.digest, models.digest]);
    expect(faults.sort()).toEqual(["catalog_unavailable", "models_unavailable"]);

    origin.recover();
    await later();
    expect(loaded(), "and is used once it can be had").toEqual([second.digest, better.digest]);
  });

  test("is what its digest says, but no snapshot and no model: nothing changes", async () => {
    origin.publish("catalogDigest", await wordsOf('{"format":"midroll-catalog/1"}'));
    origin.goLive(await signedWords("broken"));
    await later();
    expect(loaded()).toEqual([first.digest, models.digest]);
    expect(faults.sort()).toEqual(["catalog_unavailable", "models_unavailable"]);
  });
});

describe("an origin that is down", () => {
  test("leaves all that is loaded, and is asked again about once a second, not by every request", async () => {
    origin.answerManifest = () => Promise.reject(new Error("connection lost"));
    const before = origin.manifestCalls;
    await later();
    for (let n = 0; n < 20; n++) await (await request(10)).settled;
    expect(origin.manifestCalls - before).toBe(1);
    await (
      await request(1_000)
    ).settled;
    expect(origin.manifestCalls - before).toBe(2);
    expect(faults).toEqual(["origin_unreachable", "origin_unreachable"]);
    expect(loaded()).toEqual([first.digest, models.digest]);
  });

  test("is noticed again within two seconds of its return", async () => {
    origin.answerManifest = () => Promise.reject(new Error("connection lost"));
    await later();
    origin.publish("catalogDigest", second);
    origin.recover();
    await (
      await request(2_000)
    ).settled;
    expect(loaded()).toEqual([second.digest, models.digest]);
  });
});

describe("an origin that hangs", () => {
  test("costs one request a wait of under a second, and the others none", async () => {
    origin.answerManifest = () => never();
    const { waitedMs } = await request(4_000);
    expect(waitedMs).toBeGreaterThan(300);
    expect(waitedMs).toBeLessThan(1_000);
    const others = await Promise.all(Array.from({ length: 20 }, () => request(1)));
    expect(Math.max(...others.map((other) => other.waitedMs))).toBeLessThan(200);
    expect(loaded()).toEqual([first.digest, models.digest]);
  });

  test("does not keep an isolate from asking again", async () => {
    origin.answerManifest = () => never();
    await request(4_000);
    origin.publish("catalogDigest", second);
    origin.recover();
    await (
      await request(6_000)
    ).settled;
    expect(loaded()).toEqual([second.digest, models.digest]);
  });

  test("in the middle of a model does not keep newer models out for ever", async () => {
    const better = await signedWords("better models");
    origin.goLive(better);
    origin.answerArtifact = () => never();
    await request(4_000);
    origin.recover();
    await later();
    expect(loaded(), "the load may still be under way").toEqual([first.digest, models.digest]);
    await (
      await request(31_000)
    ).settled;
    expect(loaded()).toEqual([first.digest, better.digest]);
  });

  test("in the middle of a catalog does not keep newer catalogs out for ever", async () => {
    origin.publish("catalogDigest", second);
    origin.answerArtifact = () => never();
    await request(4_000);
    origin.recover();
    await later();
    expect(loaded(), "the load may still be under way").toEqual([first.digest, models.digest]);
    await (
      await request(31_000)
    ).settled;
    expect(loaded()).toEqual([second.digest, models.digest]);
  });

  test("lets a cold isolate's first request go on without a catalog after two seconds", async () => {
    const recorder = new Recorder("isolate-2");
    serving = modelsOf(recorder);
    publication = new Publication(recorder, serving);
    origin.answerManifest = () => never();
    const { waitedMs } = await request(0);
    expect(waitedMs).toBeGreaterThan(1_900);
    expect(waitedMs).toBeLessThan(3_500);
    expect(loaded()).toEqual([undefined, undefined]);
  });
});

test("when nothing was ever published there is no catalog, and that is no fault", async () => {
  const recorder = new Recorder("isolate-3");
  serving = modelsOf(recorder);
  publication = new Publication(recorder, serving);
  origin = new ScriptedOrigin();
  await later();
  expect(loaded()).toEqual([undefined, undefined]);
  expect(faults).toEqual([]);
});
