/**
 * The one path of a decision through the edge: gather, plan, score and finish, commit, and a trace of a sampled few.
 * Gathering is the only I/O before the answer.
 */
import type { Decision, Slot } from "../../src/decision/decision.ts";
import { plan, type ScoringPlan } from "../../src/decision/funnel.ts";
import type { Scoring } from "../../src/decision/rank.ts";
import type { Rejection } from "../../src/decision/rejection.ts";
import type { Witness } from "../../src/decision/trace/witness.ts";
import { expectedOutcomePpm } from "../../src/decision/value.ts";
import type { World } from "../../src/decision/world.ts";
import type { CompiledPublisher } from "../../src/catalog/compiled.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { ZERO_MICROS } from "../../src/kernel/money.ts";
import { trialKeyOf } from "../../src/models/assignment.ts";
import { ok, refused, type Result } from "../../src/kernel/result.ts";
import type { BillingClaim } from "../../src/money/protocol.ts";
import type { BreakRequest } from "../../src/protocols/break_request.ts";
import type { Door } from "./isolate.ts";
import type { LoadedCatalog } from "./publication.ts";
import { scoreBreak } from "./models/score_break.ts";
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
  /** Positions of the decision before its commit whose money was gone. */
  readonly droppedSlots: readonly number[];
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

/** What a decision is made in and who watches it: the witness of a decision that leaves a trace, or null. */
interface Setting {
  readonly loaded: LoadedCatalog;
  readonly decisionId: string;
  readonly witness: Witness | null;
}

function gather(door: Door, { loaded, decisionId, witness }: Setting): World {
  const budgets = door.isolate.purse.view(door.nowMs);
  return {
    decisionId,
    nowMs: door.nowMs,
    catalogDigest: loaded.digest,
    catalog: loaded.catalog,
    budgets: witness?.budgets(budgets) ?? budgets,
    guarantees: door.isolate.publication.guarantees,
    limits: FULL_LIMITS,
  };
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
function commit(door: Door, decision: Decision): Omit<CommittedDecision, "plan" | "scoring"> {
  const slots: CommittedSlot[] = [];
  const lost: Rejection[] = [];
  const droppedSlots: number[] = [];
  for (const slot of decision.slots) {
    const committed = commitSlot(door, decision, { ...slot, position: slots.length + 1 });
    if (committed === null) {
      lost.push({ offer: slot.offer, reason: "budget_spent_meanwhile", bidMicros: slot.bidMicros });
      droppedSlots.push(slot.position);
    } else slots.push(committed);
  }
  const kept = { slots: slots.map(({ slot }) => slot), rejections: [...decision.rejections, ...lost] };
  return { decision: { ...decision, ...kept }, slots, droppedSlots };
}

/**
 * Decides one break. `household`: the name of the viewer's, if it is known. Refuses, in order: nothing published has
 * reached this isolate; publisher not in the catalog.
 */
export async function decideBreak(
  door: Door,
  request: BreakRequest,
  household: string | null,
): Promise<Result<CommittedDecision, NoDecision>> {
  const { isolate, nowMs } = door;
  const loaded = isolate.publication.catalog;
  if (loaded === null) return refused("not_ready");
  const publisher: CompiledPublisher | undefined = loaded.catalog.publishers.get(request.publisherId);
  if (publisher === undefined) return refused("unknown_publisher");

  const witness = isolate.traces.witnessFor(door, request.requestId);
  const setting = { loaded, decisionId: crypto.randomUUID(), witness };
  const trialKey = trialKeyOf(request.viewer.key, household, request.requestId);
  let scoringPlan = plan(request, gather(door, setting), publisher);
  const wanted = campaignsOf(scoringPlan);
  if (await isolate.purse.draw(door, wanted, nowMs)) {
    scoringPlan = plan(request, gather(door, setting), publisher);
  }
  isolate.purse.offered(wanted);
  const { scoring, decision } = await scoreBreak(door, { plan: scoringPlan, witness, trialKey });
  const committed = commit(door, decision);
  if (witness !== null) {
    isolate.traces.keep(door, witness, { plan: scoringPlan, decision, droppedSlots: committed.droppedSlots });
  }
  for (const { offer, reason, bidMicros } of committed.decision.rejections) {
    const short = reason === "purse_short" || reason === "budget_spent_meanwhile";
    if (short && bidMicros !== undefined) isolate.purse.missed(offer.campaignId, bidMicros);
  }
  return ok({ ...committed, plan: scoringPlan, scoring });
}
