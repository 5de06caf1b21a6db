/**
 * A trace holds all that its decision depended on, and nothing personal: deciding again from it gives the same bytes,
 * whatever else the world held. Its line is read back whole, and lines that are no traces are refused.
 */
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { compileCatalog } from "../../../src/catalog/compiled.ts";
import { firstDifference, offerNamed, type Json } from "../../../src/decision/trace/decision_document.ts";
import { explainReplayed, replay } from "../../../src/decision/trace/replay.ts";
import { readTrace, traceHeading, traceLine, TRACE_CHARS_MAX } from "../../../src/decision/trace/codec.ts";
import { isSampled, type DecisionTrace } from "../../../src/decision/trace/trace.ts";
import { Witness } from "../../../src/decision/trace/witness.ts";
import { CATALOG_LIMITS } from "../../../src/kernel/limits.ts";
import { micros } from "../../../src/kernel/money.ts";
import { stream } from "../../../src/kernel/random.ts";
import { breakOf, catalogOf, worldOf } from "./fixture.ts";
import { randomDecision, randomScorer, watch, type Watched } from "./trace_stage.ts";

const seed = process.env["MIDROLL_SEED"] ?? String(Math.floor(Math.random() * 2 ** 31));
console.log(
  `random tests: seed ${seed}; repeat with: ` +
    `MIDROLL_SEED=${seed} npx vitest run --project core test/core/decision/trace.test.ts`,
);
const WORLDS = 300;
const worlds: Watched[] = [];

beforeAll(async () => {
  for (let n = 0; n < WORLDS; n++) worlds.push(await randomDecision(`${seed}-${n}`));
  // Every world has a catalog to be indexed: seconds on a quiet machine.
}, 120_000);

async function everyWorld(look: (watched: Watched, name: string) => Promise<void>): Promise<void> {
  for (const [n, watched] of worlds.entries()) await look(watched, `world ${seed}-${n}`);
}

const broke = (losers: readonly { readonly reason: string }[]): number =>
  losers.filter(({ reason }) => reason === "no_budget").length;

/** The trace as it comes out of a store. */
function stored(trace: DecisionTrace): DecisionTrace {
  const read = readTrace(traceLine(trace));
  if (!read.ok) throw new Error(`a line of ours is refused: ${read.reason}`);
  return read.value;
}

async function differenceOf(trace: DecisionTrace, { catalog }: Pick<Watched, "catalog">) {
  const replayed = await replay(trace, catalog);
  return replayed.ok ? replayed.value.difference : replayed.reason;
}

describe("a trace decides again", () => {
  it("to the same bytes, in every world", async () => {
    const seen = new Set<string>();
    await everyWorld(async (watched, name) => {
      expect(await differenceOf(stored(watched.trace), watched), name).toBeNull();
      for (const { reason } of watched.decision.rejections) seen.add(reason);
    });
    // The worlds are worth the name: they have met what a trace could get wrong.
    for (const reason of ["no_budget", "guarantee_not_drawn", "early_cut", "frequency_capped"]) {
      expect(seen).toContain(reason);
    }
    for (const reason of ["purse_short", "score_invalid", "deal_elsewhere", "outbid"]) expect(seen).toContain(reason);
  });

  it("without what it left out: a campaign or a deal that is not in it counts as one without money or share", async () => {
    let left = 0;
    await everyWorld(async (watched, name) => {
      const { request, world, trace } = watched;
      const kept = new Set(trace.budgets.map(([campaignId]) => campaignId));
      left += [...world.budgets.keys()].filter((campaignId) => !kept.has(campaignId)).length;
      left += world.guarantees.length - trace.guarantees.length;
      // With all that the purse and the table held, the replay is the same as with what the trace kept.
      const whole = { ...trace, budgets: [...world.budgets], guarantees: world.guarantees, request };
      expect(await differenceOf(whole, watched), name).toBeNull();
    });
    expect(left).toBeGreaterThan(WORLDS);
  });

  it("and holds no budget that nobody asked for, however many the purse has", async () => {
    const { request, world } = await randomDecision(`${seed}-crowd`);
    const crowd = Array.from({ length: 900 }, (_, n) => [`other-${n}`, money(n)] as const);
    const budgets = new Map([...world.budgets, ...crowd]);
    const scorer = randomScorer(stream(seed, "crowd"), false);
    const { trace } = await watch(request, { ...world, budgets }, scorer);
    expect(trace.budgets.filter(([campaignId]) => campaignId.startsWith("other-"))).toEqual([]);
  });

  it("nor one that only an explanation asked for", async () => {
    const { world } = await randomDecision(`${seed}-explained`);
    const witness = new Witness();
    const watched = witness.budgets(new Map([...world.budgets, ["asked", money(1)], ["late", money(2)]]));
    watched.get("asked");
    witness.conclude();
    watched.get("late");
    expect([...watched].length).toBeGreaterThan(1);
    expect(witness.askedBudgets()).toEqual([["asked", money(1)]]);
  });

  it("and is read back when it asked for every campaign that a catalog may have", () => {
    const [watched] = worlds;
    if (watched === undefined) throw new Error("there are worlds");
    const { campaigns } = CATALOG_LIMITS.entitiesMax;
    const budgets = Array.from({ length: campaigns }, (_, n) => [`campaign-${n}`, money(n)] as const);
    expect(stored({ ...watched.trace, budgets }).budgets).toHaveLength(campaigns);
  });

  it("holds the publisher's clock, where the viewer's is not known", async () => {
    const catalog = compileCatalog(catalogOf([{ id: "a" }], { timeZone: "Asia/Kolkata" }));
    const { trace } = await watch(breakOf(), worldOf(catalog), randomScorer(stream(seed, "clock"), false));
    expect(trace.request.viewer.utcOffsetMinutes).toBe(330);
    const own = breakOf({ viewer: { ...breakOf().viewer, utcOffsetMinutes: -60 } });
    const said = await watch(own, worldOf(catalog), randomScorer(stream(seed, "clock"), false));
    expect(said.trace.request.viewer.utcOffsetMinutes).toBe(-60);
  });

  it("holds no viewer's key, and what decides stays", async () => {
    const { request, trace } = await randomDecision(`${seed}-privacy`);
    expect(request.viewer.key).toBe("somebody");
    expect(traceLine(trace)).not.toContain("somebody");
    const viewer = { ...request.viewer, key: null, utcOffsetMinutes: 0 };
    expect(trace.request).toEqual({ ...request, viewer });
  });
});

describe("a replayed decision explains", () => {
  it("every offer's fate once, and says of none that nobody asked for that it lacked money", async () => {
    await everyWorld(async ({ catalog, trace, decision }, name) => {
      const replayed = await replay(trace, catalog);
      if (!replayed.ok) throw new Error(`${name} is not replayed`);
      const { slots, rejections } = explainReplayed(trace, replayed.value);
      const told = [...slots, ...rejections].map(({ lineItemId, creativeId }) => `${lineItemId} ${creativeId}`);
      const offers = [...catalog.paidOffers, ...catalog.houseOffers];
      const named = offers.map(({ lineItemId, creativeId }) => `${lineItemId} ${creativeId}`);
      expect(told.toSorted(), name).toEqual(named.toSorted());
      expect(broke(rejections), name).toBe(broke(decision.rejections));
    });
  });
});

describe("a decision that came out differently", () => {
  it("is shown with the first field that differs", async () => {
    const watched = await decided();
    const dearer = structuredClone(watched.trace.decision) as { slots: { priceMicros: number }[] };
    const recordedMicros = (dearer.slots[0]?.priceMicros ?? 0) + 1;
    if (dearer.slots[0] !== undefined) dearer.slots[0].priceMicros = recordedMicros;
    const tampered = { ...watched.trace, decision: dearer as unknown as Json };
    expect(await differenceOf(tampered, watched)).toEqual({
      path: "slots[0].priceMicros",
      recorded: recordedMicros,
      replayed: recordedMicros - 1,
    });
  });

  it("shows when money, time or a score was another", async () => {
    const watched = await decided();
    const { trace } = watched;
    const poor = trace.budgets.map(([id]) => [id, money(1)] as const);
    expect(await differenceOf({ ...trace, budgets: poor }, watched)).not.toBeNull();
    expect(await differenceOf({ ...trace, budgets: [] }, watched)).not.toBeNull();
    expect(await differenceOf({ ...trace, nowMs: 0 }, watched)).not.toBeNull();
    const silent = { ...trace, scores: null };
    expect(await differenceOf(silent, watched)).toBe("other_rows");
    const elsewhere = { ...trace, request: { ...trace.request, publisherId: "q" } };
    expect(await differenceOf(elsewhere, watched)).toBe("other_catalog");
  });

  it.each<[string, Json, Json, string]>([
    ["a field that is gone", { a: 1, b: 2 }, { a: 1 }, "b"],
    ["a field that came", { a: 1 }, { a: 1, b: null }, "b"],
    ["a list that grew", { list: [1] }, { list: [1, 2] }, "list[1]"],
    ["a list that became a field", { list: [] }, { list: {} }, "list"],
    ["deep inside", { a: [{ b: [1, { c: "x" }] }] }, { a: [{ b: [1, { c: "y" }] }] }, "a[0].b[1].c"],
    ["the whole", 1, 2, ""],
  ])("names %s", (_, recorded, replayed, path) => {
    expect(firstDifference(recorded, replayed)?.path).toBe(path);
    expect(firstDifference(recorded, recorded)).toBeNull();
  });
});

describe("the line of a trace", () => {
  it("is read back whole, to the bit of every score", async () => {
    await everyWorld(async ({ trace }) => {
      expect(stored(trace)).toEqual(trace);
      expect(traceHeading(traceLine(trace))).toEqual({ decisionId: trace.decisionId, nowMs: trace.nowMs });
    });
  });

  it("names offers by their place in the catalog", async () => {
    const { catalog, decision, trace } = await decided();
    const { slots } = trace.decision as { slots: { offer: string }[] };
    expect(slots.map(({ offer }) => offerNamed(catalog, offer))).toEqual(decision.slots.map(({ offer }) => offer));
    expect(offerNamed(catalog, "paid:9999")).toBeNull();
    expect(offerNamed(catalog, "slate:1")).toBeNull();
  });

  it("is refused, never thrown over, when it is damaged anywhere", async () => {
    const line = traceLine((await decided()).trace);
    const nothing = JSON.stringify({ ...JSON.parse(line), scores: { ...JSON.parse(line).scores, promises: "A" } });
    expect(readTrace(nothing)).toEqual({ ok: false, reason: "bad_scores" });
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.string({ maxLength: 4 }), (at, junk) => {
        const read = readTrace(line.slice(0, at) + junk + line.slice(at + 1));
        // Some damage is still a trace, of another decision; the others say what they are not.
        expect(read.ok ? "a trace" : read.reason).toMatch(/^(a trace|not_json|unknown_format|bad_trace|bad_scores)$/);
      }),
      { seed: Number(seed) % 2 ** 31, numRuns: 2_000 },
    );
  });

  it.each<[string, string, string]>([
    ["nothing", "", "not_json"],
    ["a word", '"midroll-trace/2"', "unknown_format"],
    ["a later format", '{"format":"midroll-trace/3"}', "unknown_format"],
    ["a bare heading", '{"format":"midroll-trace/2","decisionId":"d","nowMs":1}', "bad_trace"],
    ["a pit", "[".repeat(100_000) + "]".repeat(100_000), "too_deep"],
    ["a flood", " ".repeat(TRACE_CHARS_MAX + 1), "too_long"],
  ])("is refused when it is %s", (_, line, reason) => {
    expect(readTrace(line)).toEqual({ ok: false, reason });
    expect(traceHeading(line)).toBeNull();
  });

  it("is refused for any JSON that is none", () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(readTrace(json).ok).toBe(false);
      }),
      { seed: Number(seed) % 2 ** 31, numRuns: 500 },
    );
  });
});

describe("which decisions leave traces", () => {
  const ids = Array.from({ length: 100_000 }, (_, n) => `request-${n}`);

  it.each([0, 10_000, 250_000, 1_000_000])("%i of a million, decided by the request's id alone", (sharePpm) => {
    const sampled = ids.filter((id) => isSampled(id, sharePpm)).length;
    // Five standard deviations of a coin of that share, thrown as often.
    const expected = (ids.length * sharePpm) / 1_000_000;
    const tolerance = 5 * Math.sqrt(expected * (1 - sharePpm / 1_000_000));
    expect(Math.abs(sampled - expected)).toBeLessThanOrEqual(tolerance);
    expect(ids.slice(0, 1_000).every((id) => isSampled(id, sharePpm) === isSampled(id, sharePpm))).toBe(true);
  });

  it("and a larger share keeps those of a smaller one", () => {
    expect(ids.filter((id) => isSampled(id, 10_000)).every((id) => isSampled(id, 20_000))).toBe(true);
  });
});

const money = (availableMicros: number) => ({ availableMicros: micros(availableMicros), multiplierPpm: 1_000_000 });

/** A random decision in which somebody has won and lost, with money and models. */
async function decided(): Promise<Watched> {
  for (let n = 0; ; n++) {
    const watched = await randomDecision(`${seed}-decided-${n}`);
    const { slots, counts } = watched.decision;
    if (slots.some(({ priceMicros }) => priceMicros > 10) && counts.bids > 3) return watched;
  }
}
