/**
 * Model sets coming and going at one isolate: what is wanted is loaded, tested and used; what fails leaves everything as
 * it was; what has to go goes in order, and never under a decision.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NOTHING_SERVES, type ServingOrder } from "../../src/models/serving_order.ts";
import { HeldSet } from "../../workers/edge/models/held_set.ts";
import type { LoadModelSet } from "../../workers/edge/models/model_set.ts";
import { Recorder } from "../../workers/edge/recorder.ts";
import type { ServingModels } from "../../workers/edge/models/serving_models.ts";
import { PUBLISHER, signedBy } from "../model_signing.ts";
import {
  artifactOf,
  edgeEnv,
  loadStandIn,
  modelsOf,
  ScriptedOrigin,
  ScriptedWallet,
  signedWords,
  wordsOf,
  type Artifact,
} from "./edge_fixture.ts";

const MEGABYTE = 1024 * 1024;

let origin: ScriptedOrigin;
let models: ServingModels;
let faults: string[];
let fetches: number;
/** Names of sets whose memory was freed. */
let released: string[];
let nowMs: number;

const loadAndWatch: LoadModelSet = async (digest, steps) => {
  const set = await loadStandIn(digest, steps);
  return { ...set, release: async () => void released.push(digest) };
};

/** Stores a set. */
async function set(words: string): Promise<string> {
  const artifact = await signedWords(words);
  origin.store.set(artifact.digest, artifact.bytes);
  return artifact.digest;
}

/** Tells the isolate an order, and waits for all that comes of it. */
async function order(over: Partial<ServingOrder>): Promise<void> {
  nowMs += 5_000;
  const work: Promise<unknown>[] = [];
  const env = edgeEnv(origin, new ScriptedWallet());
  models.follow({ ...NOTHING_SERVES, ...over }, { env, waitUntil: (promise) => void work.push(promise), nowMs });
  // Work may leave more work behind.
  for (const promise of work) await promise;
}

const live = (): string | undefined => models.live?.digest;

beforeEach(() => {
  origin = new ScriptedOrigin();
  fetches = 0;
  origin.answerArtifact = async (_kind, digest) => {
    fetches++;
    return origin.store.get(digest) ?? null;
  };
  faults = [];
  released = [];
  nowMs = 1_800_000_000_000;
  const recorder = new Recorder("isolate-1");
  vi.spyOn(recorder, "fault").mockImplementation((fault) => void faults.push(fault));
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  models = modelsOf(recorder, loadAndWatch);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("a set that becomes live", () => {
  test("decides once it is loaded; the one before stays ready", async () => {
    const [first, second] = [await set("first"), await set("second")];
    await order({ live: first });
    await order({ live: second });
    expect(live()).toBe(second);
    expect([...models.ready].sort()).toEqual([first, second].sort());
    expect([faults, released]).toEqual([[], []]);
  });

  test("again, is there at once and nothing is fetched", async () => {
    const [first, second] = [await set("first"), await set("second")];
    await order({ live: first });
    await order({ live: second });
    const before = fetches;
    nowMs += 1_000;
    models.follow(
      { ...NOTHING_SERVES, live: first },
      { env: edgeEnv(origin, new ScriptedWallet()), waitUntil: () => undefined, nowMs },
    );
    expect(live()).toBe(first);
    expect(fetches).toBe(before);
  });

  test("tells origin what is ready, at once, and which order was carried out", async () => {
    const [first, second] = [await set("first"), await set("second")];
    await order({ revision: 3, live: first, warm: [second] });
    const newest = origin.modelReports.at(-1);
    expect(newest).toMatchObject({ revision: 3, ready: [first, second].sort(), failed: [], shadow: null });
    expect(origin.modelReports.map(({ sequence }) => sequence)).toEqual(origin.modelReports.map((_, at) => at));
  });

  test("by an answer that is older than the last one does not", async () => {
    const [first, second] = [await set("first"), await set("second")];
    await order({ live: first, warm: [second] });
    models.follow(
      { ...NOTHING_SERVES, live: second },
      { env: edgeEnv(origin, new ScriptedWallet()), waitUntil: () => undefined, nowMs: nowMs - 1 },
    );
    expect(live()).toBe(first);
  });

  test("is none when nothing is published", async () => {
    await order({ live: await set("first") });
    await order({ live: null });
    expect(live()).toBeUndefined();
  });
});

/** A set with one bit of its envelope altered. */
const forged = async (words: string): Promise<Artifact> => {
  const { bytes } = await wordsOf(words);
  const altered = await signedBy([PUBLISHER], bytes);
  altered[40] = (altered[40] ?? 0) ^ 1;
  return { digest: (await wordsOf(words)).digest, bytes: altered };
};

describe("a set that cannot serve", () => {
  const stranger = { ...PUBLISHER, id: "stranger" };
  const ills: [string, () => Promise<Artifact>, string][] = [
    ["says something else of its golden rows", () => signedWords("forgetful"), "golden_mismatch"],
    ["is refused by the runtime", () => signedWords("broken"), "models_unavailable"],
    ["needs more than there is", () => signedWords(`bytes=${60 * MEGABYTE}`), "models_over_budget"],
    ["takes more memory than it said", () => signedWords(`bytes=1 held=${90 * MEGABYTE}`), "models_over_budget"],
    ["is not signed", () => wordsOf("words"), "models_unavailable"],
    ["has a bit altered", () => forged("words"), "models_unavailable"],
    [
      "is signed by a stranger",
      async () => {
        const { digest, bytes } = await wordsOf("words");
        return { digest, bytes: await signedBy([stranger], bytes) };
      },
      "models_unavailable",
    ],
    [
      "is signed, but is another set",
      async () => ({ digest: (await wordsOf("words")).digest, bytes: (await signedWords("others")).bytes }),
      "models_unavailable",
    ],
  ];

  test.each(ills)(
    "because it %s leaves the live one in place, counted, and origin is told",
    async (_why, ill, fault) => {
      const first = await set("first");
      await order({ live: first });
      const { digest, bytes } = await ill();
      origin.store.set(digest, bytes);
      await order({ live: digest });
      expect([live(), faults]).toEqual([first, [fault]]);
      expect(models.ready).toEqual([first]);
      expect(origin.modelReports.at(-1)).toMatchObject({ ready: [first], failed: [{ digest, reason: fault }] });
    },
  );

  test("is tried again later, not at every request", async () => {
    const digest = await set("forgetful");
    for (let n = 0; n < 5; n++) await order({ live: digest });
    expect(faults).toEqual(["golden_mismatch"]);
    nowMs += 60_000;
    await order({ live: digest });
    expect(faults).toEqual(["golden_mismatch", "golden_mismatch"]);
  });

  test("leaves nothing behind in memory", async () => {
    const digest = await set("forgetful");
    await order({ live: digest });
    expect(released).toEqual([digest]);
  });
});

describe("room on the shelf", () => {
  test("is made by what is longest unused, and never by the live set", async () => {
    const digests: string[] = [];
    for (let n = 0; n < 5; n++) digests.push(await set(`number ${n} bytes=${12 * MEGABYTE}`));
    const [a = "", b = "", c = "", d = "", e = ""] = digests;
    await order({ live: a });
    await order({ live: b });
    await order({ live: c });
    await order({ live: a });
    await order({ live: d });
    expect([...models.ready].sort()).toEqual([a, b, c, d].sort());
    await order({ live: e });
    expect(released).toEqual([b]);
    expect([...models.ready].sort()).toEqual([a, c, d, e].sort());
  });

  test("is not made for a set that would push out one that is wanted more", async () => {
    const [first, canary, warm] = [
      await set(`live bytes=${20 * MEGABYTE}`),
      await set(`canary bytes=${20 * MEGABYTE}`),
      await set(`warm bytes=${20 * MEGABYTE}`),
    ];
    await order({ live: first, canary: { digest: canary, sharePpm: 1 }, warm: [warm] });
    expect([...models.ready].sort()).toEqual([first, canary].sort());
    expect(faults).toEqual(["models_over_budget"]);
  });

  test("is taken from warm sets for one that is wanted more", async () => {
    const [first, warm, canary] = [
      await set(`live bytes=${20 * MEGABYTE}`),
      await set(`warm bytes=${20 * MEGABYTE}`),
      await set(`canary bytes=${20 * MEGABYTE}`),
    ];
    await order({ live: first, warm: [warm] });
    await order({ live: first, warm: [warm], canary: { digest: canary, sharePpm: 1 } });
    expect([...models.ready].sort()).toEqual([first, canary].sort());
    expect(released).toEqual([warm]);
  });

  test("holds six sets, however small", async () => {
    for (let n = 0; n < 9; n++) await order({ live: await set(`number ${n}`) });
    expect([models.ready.length, released.length]).toEqual([6, 3]);
  });
});

test("a set that has to go is freed when its last user is done, and only once", async () => {
  const { digest } = await artifactOf(new Uint8Array([1]));
  const stand = await loadStandIn(digest, {
    artifact: async () => new TextEncoder().encode("models"),
    admit: () => undefined,
    piece: async (work) => work(),
  });
  const held = new HeldSet({ ...stand, release: async () => void released.push(digest) });
  const [one, two] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const users = [held.lend(() => one.promise), held.lend(() => two.promise)];
  await held.retire();
  expect(released).toEqual([]);
  one.resolve();
  await users[0];
  expect(released).toEqual([]);
  two.resolve();
  await users[1];
  await held.retire();
  expect(released).toEqual([digest]);
});
