/**
 * Laws that every decision keeps, whatever its rules: asked from the outside, by deciding markets and changed markets
 * and comparing what came out. A law that is broken names itself and says what was seen; the market's seed draws it
 * again.
 */
import { compileCatalog, type CompiledCatalog } from "../../catalog/compiled.ts";
import type { Decision, Slot } from "../../decision/decision.ts";
import { finish, plan, score, type ScoringPlan } from "../../decision/funnel.ts";
import { explainFully } from "../../decision/explain.ts";
import { NO_LAPSES, type HeadScores, type Scorer, type Scoring } from "../../decision/rank.ts";
import type { World } from "../../decision/world.ts";
import { present } from "../../kernel/assert.ts";
import { canonicalJson } from "../../kernel/bytes.ts";
import { FULL_LIMITS } from "../../kernel/limits.ts";
import { micros } from "../../kernel/money.ts";
import { hash32 } from "../../kernel/random.ts";
import { HEADS } from "../../models/manifest.ts";
import { brokenPodRules } from "./pod_rules.ts";
import { shuffled, withBid, withStranger, type Market } from "./market.ts";

/** A law that did not hold. */
export interface BrokenLaw {
  readonly law: string;
  readonly seen: string;
}

/** Wednesday 2026-07-01, 20:00 UTC: inside every flight of a drawn market. */
const NOW_MS = 1_782_936_000_000;
const AMPLE = { availableMicros: micros(10_000_000_000), multiplierPpm: 1_000_000 };
/** Largest bid that a catalog may state. Units: micros CPM. */
const BID_CPM_MAX = 10_000_000_000;
/** How much a winner's bid is raised to see that it still wins. */
const RAISE = 1.5;

/** A decided market. */
interface Decided {
  readonly decision: Decision;
  readonly plan: ScoringPlan;
  readonly scoring: Scoring;
}

/** Decides a market. The models say of each creative what its name says to a hash, so order cannot matter to them. */
async function decideMarket(market: Market): Promise<Decided> {
  const catalog = compileCatalog(market.catalog);
  const publisher = present(catalog.publishers.get("p"), "a drawn market has one publisher");
  const scoringPlan = plan(market.request, worldOf(catalog), publisher);
  const scoring = await score(scoringPlan, scorerOf(scoringPlan));
  return { decision: finish(scoringPlan, scoring), plan: scoringPlan, scoring };
}

/** Every law that this market breaks. Cost: about 4 + winners decisions, more where an explanation is tried out. */
export async function brokenLaws(market: Market): Promise<readonly BrokenLaw[]> {
  const decided = await decideMarket(market);
  const { decision, plan: scoringPlan } = decided;
  const broken: BrokenLaw[] = [
    ...brokenFates(decision, scoringPlan),
    ...brokenPodRules(decision, market).map((seen) => ({ law: "a pod keeps the rules of its break", seen })),
    ...decision.slots.flatMap((slot) => brokenPrice(slot, market)),
  ];
  const bytes = canonicalJson(summary(decision));
  const compare = async (law: string, other: Market): Promise<void> => {
    const seen = canonicalJson(summary((await decideMarket(other)).decision));
    if (seen !== bytes) broken.push({ law, seen: `${bytes} became ${seen}` });
  };
  await compare("the same market gives the same bytes", market);
  await compare("the order in which a market is written changes nothing", shuffled(market));
  await compare("an ad that may not be shown changes nothing", withStranger(market));
  for (const slot of decision.slots) broken.push(...(await brokenByRaise(slot, decision, market)));
  if (hash32(market.seed, NEEDS_SEED) % NEEDS_ONE_IN === 0) broken.push(...(await brokenNeeds(decided, market)));
  return broken;
}

function worldOf(catalog: CompiledCatalog): World {
  return {
    decisionId: "d-1",
    nowMs: NOW_MS,
    catalogDigest: "0".repeat(64),
    catalog,
    budgets: new Map([...catalog.campaigns.keys()].map((id) => [id, AMPLE])),
    guarantees: [],
    limits: FULL_LIMITS,
  };
}

function scorerOf({ candidates }: ScoringPlan): Scorer {
  const ids = candidates.map(({ offer }) => offer.creativeId);
  const column = (head: string): Float32Array =>
    Float32Array.from(ids, (id) => (head === "abandon" ? 0.3 : 1) * (hash32(id, head.length) / 2 ** 32));
  return {
    tier: "full",
    modelSetDigest: null,
    rank: async () => column("rank"),
    score: async () => {
      // Every head is in HEADS, so the record is whole.
      const heads = Object.fromEntries(HEADS.map((head) => [head, column(head)])) as HeadScores;
      return { heads, lapses: NO_LAPSES };
    },
  };
}

/** What of a decision must not change: who plays where for how much. */
function summary(decision: Decision) {
  return decision.slots.map(({ position, offer, bidMicros, priceMicros }) => {
    return { position, lineItemId: offer.lineItemId, bidMicros, priceMicros };
  });
}

function brokenFates(decision: Decision, { candidates }: ScoringPlan): readonly BrokenLaw[] {
  const fates = new Map<string, number>();
  for (const { offer } of [...decision.slots, ...decision.rejections]) {
    fates.set(offer.lineItemId, (fates.get(offer.lineItemId) ?? 0) + 1);
  }
  const law = "every candidate has exactly one fate";
  return [
    ...candidates.flatMap(({ offer }) =>
      fates.has(offer.lineItemId) ? [] : [{ law, seen: `${offer.lineItemId}: none` }],
    ),
    ...[...fates].flatMap(([id, count]) => (count === 1 ? [] : [{ law, seen: `${id}: ${count}` }])),
  ];
}

/** The lowest price the open auction may take for an ad of this length, worked out the slow way. Units: micros. */
function naiveFloor(market: Market, durationSec: number): number {
  const publisher = present(market.catalog.publishers[0], "a drawn market has one publisher");
  const { floors } = market.request;
  const row = publisher.durationFloors.find(({ minSec, maxSec }) => minSec <= durationSec && durationSec <= maxSec);
  const own = row?.cpmMicros ?? publisher.floorCpmMicros;
  return Math.max(own, floors.cpmMicros, floors.cpmMicrosPerSec * durationSec) / 1000;
}

function brokenPrice({ offer, bidMicros, priceMicros }: Slot, market: Market): readonly BrokenLaw[] {
  const dealt = market.catalog.deals.some(({ lineItemIds }) => lineItemIds.includes(offer.lineItemId));
  const floor = dealt ? 0 : naiveFloor(market, offer.durationSec);
  if (floor <= priceMicros && priceMicros <= bidMicros) return [];
  const seen = `${offer.lineItemId}: floor ${floor}, price ${priceMicros}, bid ${bidMicros}`;
  return [{ law: "floor ≤ price ≤ bid", seen }];
}

/**
 * Raises one winner's bid: it must still win and, unless it pays its bid, at the same price for the same place. A bid
 * with a premium may buy another place by rising, and that place has another price.
 */
async function brokenByRaise(slot: Slot, before: Decision, market: Market): Promise<readonly BrokenLaw[]> {
  const { goal, lineItemId } = slot.offer;
  if (goal.kind !== "cpm") return [];
  const raised = await decideMarket(withBid(market, lineItemId, Math.round(goal.cpmMicros * RAISE)));
  const after = raised.decision.slots.find(({ offer }) => offer.lineItemId === lineItemId);
  if (after === undefined) return [{ law: "raising a winning bid never loses", seen: lineItemId }];
  const bound = market.priceRule === "first" || !before.pod.proved || !raised.decision.pod.proved;
  const moved = isPremium(market, lineItemId) && after.position !== slot.position;
  if (bound || moved || after.priceMicros === slot.priceMicros) return [];
  const seen = `${lineItemId}: ${slot.priceMicros} became ${after.priceMicros}`;
  return [{ law: "a winner's price does not move with its own bid", seen }];
}

function isPremium({ catalog }: Market, lineItemId: string): boolean {
  const premium = catalog.lineItems.find(({ id }) => id === lineItemId)?.positionPremiumPpm;
  return premium !== undefined && (premium.first > 0 || premium.last > 0);
}

/** An explanation is some dozen pods: one market in so many is explained. */
const NEEDS_ONE_IN = 16;
const NEEDS_SEED = 1;
/** Losers that are asked in one market: each is a decision or two. */
const NEEDS_ASKED = 3;

/**
 * What an explanation says a loser needed, tried out: with that bid it wins; with one micro less it would be as good as
 * what it displaces, and who then plays is a matter of order; with two less it loses. Only open demand without premiums
 * says it exactly: an agreed price stays what it is, and a premium buys a place.
 */
async function brokenNeeds({ decision, plan, scoring }: Decided, market: Market): Promise<readonly BrokenLaw[]> {
  if (!decision.pod.proved) return [];
  const dealt = new Set(market.catalog.deals.flatMap(({ lineItemIds }) => lineItemIds));
  const losers = explainFully(plan, scoring, decision).rejections.filter(
    ({ lineItemId, neededBidMicros }) =>
      neededBidMicros !== null && !dealt.has(lineItemId) && !isPremium(market, lineItemId),
  );
  const broken: BrokenLaw[] = [];
  for (const { lineItemId, neededBidMicros } of losers.slice(0, NEEDS_ASKED)) {
    const needed = neededBidMicros ?? 0;
    const law = "a loser wins with what it is told it needed, and not with less";
    for (const [bidMicros, wins] of [
      [needed, true],
      [needed - 2, false],
    ] as const) {
      if (bidMicros <= 0 || bidMicros * 1000 > BID_CPM_MAX) continue;
      const after = (await decideMarket(withBid(market, lineItemId, bidMicros * 1000))).decision;
      const won = after.slots.some(({ offer }) => offer.lineItemId === lineItemId);
      if (won !== wins && after.pod.proved) broken.push({ law, seen: `${lineItemId} with ${bidMicros}: ${won}` });
    }
  }
  return broken;
}
