/**
 * Decisions of random worlds, watched as the edge watches them: catalogs with caps, blocks, guaranteed deals and too
 * many candidates, purses that lack money, scorers that say anything a model may say.
 */
import { compileCatalog, type CompiledCatalog } from "../../../src/catalog/compiled.ts";
import type { Decision } from "../../../src/decision/decision.ts";
import { finish, plan, score } from "../../../src/decision/funnel.ts";
import { NO_LAPSES, type HeadScores, type Scorer } from "../../../src/decision/rank.ts";
import { traceOf, type DecisionTrace } from "../../../src/decision/trace/trace.ts";
import { Witness } from "../../../src/decision/trace/witness.ts";
import type { World } from "../../../src/decision/world.ts";
import { present } from "../../../src/kernel/assert.ts";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { micros } from "../../../src/kernel/money.ts";
import { stream, type RandomStream } from "../../../src/kernel/random.ts";
import { HEADS, type Head } from "../../../src/models/manifest.ts";
import type { BreakRequest } from "../../../src/protocols/break_request.ts";
import { breakOf, catalogOf, NOW_MS, worldOf, type AdSketch } from "./fixture.ts";

/** A decision and what it was made of. */
export interface Watched {
  readonly request: BreakRequest;
  readonly world: World;
  readonly catalog: CompiledCatalog;
  readonly decision: Decision;
  readonly trace: DecisionTrace;
}

const BUILD = { version: "0.0.0", deployment: "test" };
const pick = <T>(random: RandomStream, items: readonly T[]): T =>
  present(items[random.below(items.length)], "a word is picked from a list that has some");

function randomAd(random: RandomStream, n: number): AdSketch {
  const guaranteed = random.below(6) === 0;
  return {
    id: `a${n}`,
    advertiser: guaranteed ? `adv-g${n}` : `adv-${random.below(12)}`,
    durationSec: pick(random, [6, 10, 15, 30]),
    cpmMicros: 1_000_000 + random.below(40_000_000),
    ...(guaranteed ? { guaranteedAt: [pick(random, ["p", "elsewhere"])] } : {}),
    ...(!guaranteed && random.below(3) === 0
      ? { goal: { kind: "click" as const, perClickMicros: 1_000_000 + random.below(9_000_000) } }
      : {}),
    categories: [pick(random, ["IAB8", "IAB2", "IAB2-3", "IAB19"])],
    targeting: random.below(3) === 0 ? { countries: { include: [pick(random, ["US", "DE"])] } } : {},
    ...(random.below(4) === 0 ? { frequencyCap: { impressions: 1, windowMinutes: 60 } } : {}),
    status: random.below(10) === 0 ? "paused" : "active",
  };
}

/** Models of two heads failed, and of one head all of them. */
const LAPSES = { thinned: ["click", "abandon"], replaced: ["abandon"] } as const;

/** A scorer that says something else of every row, and of some rows nothing sensible. */
export function randomScorer(random: RandomStream, broken: boolean): Scorer {
  const column = (rowCount: number): Float32Array =>
    Float32Array.from({ length: rowCount }, () => (broken && random.below(20) === 0 ? Number.NaN : random.next()));
  const heads = (rowCount: number): HeadScores => {
    // One entry a head.
    return Object.fromEntries(HEADS.map((head) => [head, column(rowCount)])) as Record<Head, Float32Array>;
  };
  return {
    tier: "full",
    modelSetDigest: "5".repeat(64),
    rank: async ({ rowCount }) => column(rowCount),
    score: async ({ rowCount }) => ({ heads: heads(rowCount), lapses: broken ? LAPSES : NO_LAPSES }),
  };
}

/** Decides as the edge does, with a witness. */
export async function watch(
  request: BreakRequest,
  world: World,
  scorer: Scorer,
): Promise<{ readonly decision: Decision; readonly trace: DecisionTrace }> {
  const witness = new Witness();
  const publisher = present(world.catalog.publishers.get(request.publisherId), "the fixture has a publisher");
  const scoringPlan = plan(request, { ...world, budgets: witness.budgets(world.budgets) }, publisher);
  const decision = finish(scoringPlan, await score(scoringPlan, witness.scorer(scorer)));
  return { decision, trace: traceOf(witness, { plan: scoringPlan, decision, droppedSlots: [], build: BUILD }) };
}

/** The decision of one seed. */
export async function randomDecision(seed: string): Promise<Watched> {
  const random = stream(seed, "trace");
  const ads = Array.from({ length: 1 + random.below(60) }, (_, n) => randomAd(random, n));
  const house: AdSketch[] = [{ id: "h", goal: { kind: "house" } }];
  const catalog = compileCatalog(catalogOf([...ads, ...house], { houseFill: true, separatedCategories: ["IAB2"] }));
  const broke = random.below(4) === 0;
  const budgets = new Map(
    [...catalog.campaigns.keys()].flatMap((id) => {
      const availableMicros = micros(random.below(broke ? 30_000 : 10_000_000));
      return random.below(4) === 0 ? [] : [[id, { availableMicros, multiplierPpm: random.below(1_000_001) }] as const];
    }),
  );
  const guarantees = catalog.guarantees
    .filter(() => random.below(4) > 0)
    .map(({ dealId }) => ({ contractId: dealId, alphaPpm: random.below(900_000), zetaPpm: random.below(900_000) }));
  const limits = { ...FULL_LIMITS, candidatesMax: 3 + random.below(40), scoredRowsMax: 2 + random.below(20) };
  const shown = ads
    .filter(() => random.below(5) === 0)
    .map(({ id }) => ({ lineItemId: `li-${id}`, shownMs: NOW_MS - 1 }));
  const request = breakOf({
    podDurationSec: pick(random, [15, 30, 90]),
    maxAdDurationSec: 30,
    viewer: { ...breakOf().viewer, key: "somebody", country: pick(random, ["US", "DE", "FR"]), frequency: shown },
    blockedCategories: random.below(4) === 0 ? ["IAB19"] : [],
  });
  const world = worldOf(catalog, { decisionId: `d-${seed}`, budgets, guarantees, limits });
  const watched = await watch(request, world, randomScorer(random, random.below(8) === 0));
  return { request, world, catalog, ...watched };
}
