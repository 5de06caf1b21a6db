/**
 * The one path of a decision through the edge: gather, plan, score, finish, commit. Gathering is the only I/O before
 * the answer; a scorer that fails is replaced by the fallback tier within the same request.
 */
import type { Decision, Slot } from "../../src/decision/decision.ts";
import { finish, plan, score, type ScoringPlan } from "../../src/decision/funnel.ts";
import type { Scoring } from "../../src/decision/rank.ts";
import type { Rejection } from "../../src/decision/rejection.ts";
import { expectedOutcomePpm } from "../../src/decision/value.ts";
import type { World } from "../../src/decision/world.ts";
import type { CompiledPublisher } from "../../src/catalog/compiled.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { ZERO_MICROS } from "../../src/kernel/money.ts";
import { ok, refused, type Result } from "../../src/kernel/result.ts";
import type { BillingClaim } from "../../src/money/protocol.ts";
import type { BreakRequest } from "../../src/protocols/break_request.ts";
import { fallbackScorer } from "./fallback_scorer.ts";
import type { Door } from "./isolate.ts";
import type { LoadedCatalog } from "./publication.ts";
import { TOKEN_LIFETIME_MS } from "../../src/money/limits.ts";

/** Why there is no decision at all. */
export type NoDecision = "not_ready" | "unknown_publisher";

/** A slot whose money is committed. */
export interface CommittedSlot {
  readonly slot: Slot;
  readonly claim: BillingClaim;
}

/** A decision whose every paid slot is backed by committed money. */
export interface CommittedDecision {
  readonly decision: Decision;
  readonly slots: readonly CommittedSlot[];
  /** What it was decided from, for whoever asks why. */
  readonly plan: ScoringPlan;
  readonly scoring: Scoring;
}

/** What the plan could have used money for: the isolate's purse is asked to hold some of it. */
function campaignsOf(scoringPlan: ScoringPlan): ReadonlySet<string> {
  const wanted = new Set(scoringPlan.candidates.map((candidate) => candidate.offer.campaignId));
  for (const { offer, reason } of scoringPlan.rejections) {
    if (reason === "no_budget" || reason === "guarantee_not_drawn") wanted.add(offer.campaignId);
  }
  return wanted;
}

function gather(door: Door, loaded: LoadedCatalog, decisionId: string): World {
  return {
    decisionId,
    nowMs: door.nowMs,
    catalogDigest: loaded.digest,
    catalog: loaded.catalog,
    budgets: door.isolate.purse.view(door.nowMs),
    guarantees: door.isolate.publication.guarantees,
    limits: FULL_LIMITS,
  };
}

async function scoreOrFallBack(door: Door, scoringPlan: ScoringPlan): Promise<Scoring> {
  const { scorer } = door.isolate.publication;
  if (scorer !== null) {
    try {
      return await scorer.lend(() => score(scoringPlan, scorer));
    } catch (error) {
      door.isolate.recorder.fault("scoring_failed");
      console.warn(`scoring failed; the fallback tier answers: ${String(error)}`);
    }
  }
  return score(scoringPlan, fallbackScorer);
}

/** Commits one slot, or says that its money went to a decision that was faster. House slots need none. */
function commitSlot(door: Door, decision: Decision, slot: Slot): CommittedSlot | null {
  const { offer, priceMicros, position, scores } = slot;
  const { campaignId, goal } = offer;
  const house = goal.kind === "house";
  const purchase = { campaignId, priceMicros, outcomePpm: scores === null ? 0 : expectedOutcomePpm(goal, scores) };
  const backing = house
    ? ok({ purseId: "", seq: 0, wallet: "", expiresMs: door.nowMs + TOKEN_LIFETIME_MS })
    : door.isolate.purse.commit(purchase, door.nowMs);
  if (!backing.ok) return null;
  const claim = {
    decisionId: decision.decisionId,
    slot: position,
    campaignId,
    lineItemId: offer.lineItemId,
    creativeId: offer.creativeId,
    priceMicros: house ? ZERO_MICROS : priceMicros,
    ...backing.value,
  };
  return { slot, claim };
}

/** Debits the purse for every paid slot. A slot without money is dropped; the others move up. */
function commit(door: Door, decision: Decision): Pick<CommittedDecision, "decision" | "slots"> {
  const slots: CommittedSlot[] = [];
  const lost: Rejection[] = [];
  for (const slot of decision.slots) {
    const committed = commitSlot(door, decision, { ...slot, position: slots.length + 1 });
    if (committed === null) {
      lost.push({ offer: slot.offer, reason: "budget_spent_meanwhile", bidMicros: slot.bidMicros });
    } else slots.push(committed);
  }
  const kept = { slots: slots.map(({ slot }) => slot), rejections: [...decision.rejections, ...lost] };
  return { decision: { ...decision, ...kept }, slots };
}

/** Decides one break. Refuses, in order: nothing published has reached this isolate; publisher not in the catalog. */
export async function decideBreak(door: Door, request: BreakRequest): Promise<Result<CommittedDecision, NoDecision>> {
  const { isolate, nowMs } = door;
  const loaded = isolate.publication.catalog;
  if (loaded === null) return refused("not_ready");
  const publisher: CompiledPublisher | undefined = loaded.catalog.publishers.get(request.publisherId);
  if (publisher === undefined) return refused("unknown_publisher");

  const decisionId = crypto.randomUUID();
  let scoringPlan = plan(request, gather(door, loaded, decisionId), publisher);
  const wanted = campaignsOf(scoringPlan);
  if (await isolate.purse.draw(door, wanted, nowMs)) {
    scoringPlan = plan(request, gather(door, loaded, decisionId), publisher);
  }
  isolate.purse.offered(wanted);
  const scoring = await scoreOrFallBack(door, scoringPlan);
  const committed = commit(door, finish(scoringPlan, scoring));
  for (const { offer, reason, bidMicros } of committed.decision.rejections) {
    const short = reason === "purse_short" || reason === "budget_spent_meanwhile";
    if (short && bidMicros !== undefined) isolate.purse.missed(offer.campaignId, bidMicros);
  }
  return ok({ ...committed, plan: scoringPlan, scoring });
}
