/**
 * Sets on trial at one edge: who gets the canary and how much of it is shown, what the shadow is asked and when, and
 * with how much effort an edge decides that has too much to do. Decisions come through the doors.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { NO_LAPSES } from "../../src/decision/rank.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { stream } from "../../src/kernel/random.ts";
import { ONE_SECOND_OF_SHADOWS, Shadow } from "../../workers/edge/models/shadow.ts";
import type { ExposureAsk, ExposureGrant, ExposureReturn } from "../../src/models/serving_order.ts";
import { HeldSet } from "../../workers/edge/models/held_set.ts";
import type { LoadModelSet } from "../../workers/edge/models/model_set.ts";
import { edgeWith, loadStandIn, ScriptedOrigin, ScriptedWallet, signedWords, snapshotOf } from "./edge_fixture.ts";

const WHOLE_PPM = 1_000_000;

let origin: ScriptedOrigin;
let edge: ReturnType<typeof edgeWith>;
let live: string;
let trial: string;
/** Lets waiting decisions of sets that say "patient" go on. */
let letGo: () => void;
/** Decisions that wait there. */
let waiting: number;

/** Sets that say "patient" score in full only when they are let. */
const load: LoadModelSet = async (digest, steps) => {
  const set = await loadStandIn(digest, steps);
  const words = new TextDecoder().decode(await steps.artifact("modelSet", digest));
  if (!words.includes("patient")) return set;
  const gate = Promise.withResolvers<void>();
  letGo = gate.resolve;
  return {
    ...set,
    full: {
      ...set.full,
      score: async (matrix) => {
        waiting++;
        await gate.promise;
        return set.full.score(matrix);
      },
    },
  };
};

const decidedSchema = z.object({
  tier: z.string(),
  modelSetDigest: z.string().nullable(),
  ads: z.array(z.object({ priceMicros: z.number() })),
});

async function decide(viewer: string | null, requestId: string) {
  const headers = { "content-type": "application/json" };
  const body = { publisherId: "demo", requestId, podDurationSec: 30, viewer: viewer === null ? {} : { id: viewer } };
  const answer = await edge.ask("/v1/decide", { method: "POST", headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
  return decidedSchema.parse(await answer.json());
}

/** Which set decided for a viewer. */
const deciderFor = async (viewer: string | null, requestId = "r"): Promise<string> => {
  const { modelSetDigest } = await decide(viewer, requestId);
  return modelSetDigest === trial ? "canary" : modelSetDigest === live ? "live" : "fallback";
};

/** Opens an edge with a live set and one on trial, both ready. */
async function open(words: { readonly live?: string; readonly trial?: string } = {}): Promise<void> {
  const [liveSet, trialSet] = [await signedWords(words.live ?? "live"), await signedWords(words.trial ?? "on trial")];
  [live, trial] = [liveSet.digest, trialSet.digest];
  origin.store.set(trial, trialSet.bytes);
  origin.goLive(liveSet);
  origin.models = { ...origin.models, warm: [trial] };
  edge = edgeWith(origin, new ScriptedWallet(), {}, load);
  await decide("somebody", "warm-up");
  await edge.settled();
}

/** The next request finds a new order. */
async function reorder(over: Partial<typeof origin.models>): Promise<void> {
  origin.models = { ...origin.models, revision: origin.models.revision + 1, ...over };
  vi.setSystemTime(Date.now() + 2_000);
  await decide("somebody", "learns-of-it");
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  origin = new ScriptedOrigin();
  origin.publish("catalogDigest", await snapshotOf("coffee", "tea"));
  waiting = 0;
});
afterEach(async () => {
  await edge.settled();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** An origin that grants so many impressions and no more, as it was asked. */
function grants(
  total: number,
  atOnce = total,
): { readonly granted: () => number; readonly returned: ExposureReturn[] } {
  let left = total;
  const returned: ExposureReturn[] = [];
  origin.grantExposure = async ({ digest, impressions, spendMicros }: ExposureAsk): Promise<ExposureGrant | null> => {
    const given = Math.min(left, impressions, atOnce);
    left -= given;
    return given === 0 ? null : { grantId: `g${left}`, digest, impressions: given, spendMicros };
  };
  origin.returnExposure = async (unused) => void returned.push(unused);
  return { granted: () => total - left, returned };
}

describe("a canary", () => {
  test("of a quarter decides for about a quarter of viewers, for each of them always or never", async () => {
    await open();
    grants(1_000_000);
    await reorder({ canary: { digest: trial, sharePpm: 250_000 } });
    const viewers = Array.from({ length: 80 }, (_, n) => `viewer-${n}`);
    // The first decisions of an isolate find no exposure yet.
    await Promise.all(viewers.map((viewer) => deciderFor(viewer)));
    const first = await Promise.all(viewers.map((viewer) => deciderFor(viewer, "r1")));
    expect(await Promise.all(viewers.map((viewer, n) => deciderFor(viewer, `other-${n}`)))).toEqual(first);
    const share = first.filter((by) => by === "canary").length / viewers.length;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.45);
  });

  test("goes by the request only where no viewer is known", async () => {
    await open();
    grants(1_000_000);
    await reorder({ canary: { digest: trial, sharePpm: 500_000 } });
    const ids = Array.from({ length: 40 }, (_, n) => `r${n}`);
    await Promise.all(ids.map((id) => deciderFor(null, id)));
    const of = async (viewer: string | null) => new Set(await Promise.all(ids.map((id) => deciderFor(viewer, id))));
    expect((await of("somebody")).size).toBe(1);
    expect((await of(null)).size).toBe(2);
  });

  test("shows nothing before origin has granted anything, and nothing at all when origin refuses", async () => {
    await open();
    origin.grantExposure = async () => null;
    await reorder({ canary: { digest: trial, sharePpm: WHOLE_PPM } });
    for (let n = 0; n < 10; n++) expect(await deciderFor(`viewer-${n}`)).toBe("live");
    origin.grantExposure = () => Promise.reject(new Error("connection lost"));
    vi.setSystemTime(Date.now() + 3_000);
    expect(await deciderFor("viewer")).toBe("live");
  });

  test.each(["1", "2", "3"])("never shows more than is granted, however decisions overlap (seed %s)", async (seed) => {
    const random = stream(seed, "exposure");
    await open();
    const { granted, returned } = grants(40 + random.below(60), 1 + random.below(20));
    await reorder({ canary: { digest: trial, sharePpm: WHOLE_PPM } });
    let shown = 0;
    for (let round = 0; round < 25; round++) {
      const together = 1 + random.below(8);
      const made = await Promise.all(Array.from({ length: together }, (_, n) => decide(`v-${round}-${n}`, "r")));
      shown += made.filter((by) => by.modelSetDigest === trial).reduce((sum, { ads }) => sum + ads.length, 0);
      const back = returned.reduce((sum, { impressions }) => sum + impressions, 0);
      expect(shown, `seed ${seed}, round ${round}`).toBeLessThanOrEqual(granted() - back);
      vi.setSystemTime(Date.now() + 200);
    }
    expect(shown, `seed ${seed}: something was shown`).toBeGreaterThan(0);
  });

  test("that is withdrawn while it scores shows nothing: the live set decides, and what was granted goes back", async () => {
    await open({ trial: "patient canary" });
    const { returned } = grants(1_000);
    await reorder({ canary: { digest: trial, sharePpm: WHOLE_PPM } });
    const late = deciderFor("viewer");
    await vi.waitUntil(() => waiting === 1);
    await reorder({ canary: null });
    letGo();
    expect(await late).toBe("live");
    expect(returned).toHaveLength(1);
  });

  test("that fails leaves the break to the live set", async () => {
    await open({ trial: "failing" });
    grants(1_000);
    await reorder({ canary: { digest: trial, sharePpm: WHOLE_PPM } });
    expect(await deciderFor("viewer-1")).toBe("live");
    expect(await deciderFor("viewer-2")).toBe("live");
  });

  test("and what it decided are told to origin by the set's digest", async () => {
    await open();
    grants(1_000);
    await reorder({ canary: { digest: trial, sharePpm: WHOLE_PPM } });
    const made = await Promise.all(Array.from({ length: 6 }, (_, n) => decide(`viewer-${n}`, "r")));
    const ads = made.flatMap((by) => (by.modelSetDigest === trial ? by.ads : []));
    await reorder({});
    vi.setSystemTime(Date.now() + 6_000);
    await reorder({ canary: null });
    await edge.settled();
    const told = origin.modelReports.flatMap(({ decided }) => decided).filter(({ digest }) => digest === trial);
    const sum = (pick: (line: (typeof told)[number]) => number) => told.reduce((total, line) => total + pick(line), 0);
    expect(sum(({ impressions }) => impressions)).toBeGreaterThanOrEqual(ads.length);
    expect(ads.length).toBeGreaterThan(0);
  });
});

test("models that are stopped leave every break to the fallback tier, until they are let go", async () => {
  await open();
  expect(await deciderFor("viewer")).toBe("live");
  await reorder({ stopped: true });
  expect((await decide("viewer", "r")).tier).toBe("fallback");
  await reorder({ stopped: false });
  expect(await deciderFor("viewer")).toBe("live");
});

test("an edge with too much to do scores with less effort, and with all of it when it has caught up", async () => {
  await open({ live: "patient" });
  const { reducedInFlight, fallbackInFlight } = FULL_LIMITS;
  const full = Array.from({ length: reducedInFlight }, (_, n) => decide(`v${n}`, "r"));
  await vi.waitUntil(() => waiting === reducedInFlight);
  // The reduced tier does not wait, so one after the other finds the same number in flight.
  expect((await decide("another", "r")).tier).toBe("reduced");
  letGo();
  expect(new Set((await Promise.all(full)).map(({ tier }) => tier))).toEqual(new Set(["full"]));
  expect((await decide("later", "r")).tier).toBe("full");
  expect(fallbackInFlight).toBeGreaterThan(reducedInFlight);
});

describe("a shadow", () => {
  test("scores what was decided, after it was answered, and origin is told how far the two are apart", async () => {
    await open({ live: "live click=0.25", trial: "shadow click=0.75" });
    await reorder({ shadow: { digest: trial, sharePpm: WHOLE_PPM } });
    for (let n = 0; n < 3; n++) {
      expect(await deciderFor(`viewer-${n}`)).toBe("live");
      await edge.settled();
    }
    vi.setSystemTime(Date.now() + 6_000);
    await reorder({});
    await edge.settled();
    const told = origin.modelReports.flatMap(({ shadow }) => (shadow === null ? [] : [shadow]));
    expect(told[0]).toMatchObject({ live, shadow: trial });
    const click = told[0]?.heads["click"];
    expect(click?.count).toBeGreaterThan(0);
    expect(click?.apartMax).toBe(0.5);
    expect(click?.apartSum).toBe(0.5 * (click?.count ?? 0));
  });

  test("runs one at a time and so many in a second, and counts what it leaves out", async () => {
    await open();
    const steps: string[] = [];
    const shadow = new Shadow({ modelStep: (step) => void steps.push(step) });
    const set = await loadStandIn(trial, {
      artifact: async () => new TextEncoder().encode("models"),
      admit: () => undefined,
      piece: async (work) => work(),
    });
    const matrix = { rows: new Float32Array(1), rowCount: 1, columns: 1 };
    const rows = { liveDigest: live, matrix, answers: { ...(await set.full.score(matrix)), lapses: NO_LAPSES } };
    const consider = (decisionId: string, nowMs: number): Promise<unknown> => {
      let run: Promise<unknown> = Promise.resolve();
      const door = { nowMs, waitUntil: (work: Promise<unknown>) => void (run = work) };
      shadow.consider(door, { decisionId, ...rows }, new HeldSet(set), WHOLE_PPM);
      return run;
    };
    await Promise.all([consider("a", 0), consider("b", 0), consider("c", 0)]);
    expect(steps).toEqual(["shadowSkipped", "shadowSkipped", "shadowed"]);
    for (let n = 0; n < 50; n++) await consider(`d${n}`, 500);
    expect(steps.filter((step) => step === "shadowed")).toHaveLength(ONE_SECOND_OF_SHADOWS);
    await consider("e", 1_000);
    expect(steps.filter((step) => step === "shadowed")).toHaveLength(ONE_SECOND_OF_SHADOWS + 1);
  });
});
