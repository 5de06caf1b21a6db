/**
 * The replayable record of one decision: everything it depended on and what came of it. A share of all decisions leaves
 * one behind. Nothing in it names a person: the viewer's key is left out, for it decides nothing; audience segments and
 * what the viewer was shown lately are in it, because they do decide.
 */
import type { GuaranteeTable } from "../../guaranteed/contract.ts";
import type { Limits } from "../../kernel/limits.ts";
import { hash32 } from "../../kernel/random.ts";
import type { BreakRequest } from "../../protocols/break_request.ts";
import { decisionDocument, type Json } from "./decision_document.ts";
import type { Decision } from "../decision.ts";
import { publisherOffsetMinutes } from "../facts.ts";
import type { ScoringPlan } from "../funnel.ts";
import { REJECTIONS } from "../rejection.ts";
import type { HeardScores, Witness } from "./witness.ts";
import type { CampaignBudget } from "../world.ts";

/** Which code decided. */
export interface Build {
  /** Version of Midroll, as package.json has it. */
  readonly version: string;
  /** The platform's name of the deployed Worker version; empty where it gives none. */
  readonly deployment: string;
}

/** One decision with all it depended on. */
export interface DecisionTrace {
  readonly decisionId: string;
  /** Units: epoch milliseconds. */
  readonly nowMs: number;
  readonly catalogDigest: string;
  readonly build: Build;
  /** As the door understood it, without the viewer's key, on the clock that the decision went by. */
  readonly request: BreakRequest;
  /** Budgets that the decision asked for, by campaign id. It never asked for any other. */
  readonly budgets: readonly (readonly [string, CampaignBudget])[];
  /** Lines of the guaranteed deals that reached the seat of this break. Any other counts as none. */
  readonly guarantees: GuaranteeTable;
  readonly limits: Readonly<Limits>;
  /** Null: there was nothing to score. */
  readonly scores: HeardScores | null;
  /** What `finish` decided. */
  readonly decision: Json;
  /** Positions in `decision` whose money was gone when it was to be committed (`budget_spent_meanwhile`). */
  readonly droppedSlots: readonly number[];
}

/** What the door knows of a decision beyond its witness. */
export interface Testimony {
  readonly plan: Pick<ScoringPlan, "request" | "world" | "publisher" | "candidates">;
  /** As `finish` gave it, before its money was committed. */
  readonly decision: Decision;
  readonly droppedSlots: readonly number[];
  readonly build: Build;
}

/** Everything. Units of a share: millionths. */
const WHOLE_PPM = 1_000_000;

/** Whether the decisions of this request leave traces: the same answer on every machine. `sharePpm` of requests do. */
export function isSampled(requestId: string, sharePpm: number): boolean {
  return hash32(`trace\u0000${requestId}`) < (sharePpm / WHOLE_PPM) * 0x1_0000_0000;
}

/** The trace of a decision. Cost: linear in the decision, so it is made after the answer. */
export function traceOf(witness: Witness, { plan, decision, droppedSlots, build }: Testimony): DecisionTrace {
  const { request, world, publisher } = plan;
  // Whose clock the hours are on is settled here: calendars of two engines may know other rules of a time zone.
  const utcOffsetMinutes = request.viewer.utcOffsetMinutes ?? publisherOffsetMinutes(publisher, world.nowMs);
  return {
    decisionId: world.decisionId,
    nowMs: world.nowMs,
    catalogDigest: world.catalogDigest,
    build,
    request: { ...request, viewer: { ...request.viewer, key: null, utcOffsetMinutes } },
    budgets: witness.askedBudgets(),
    guarantees: linesThatMatter(plan, decision),
    limits: world.limits,
    scores: witness.heardScores(),
    decision: decisionDocument(decision),
    droppedSlots,
  };
}

/** Lines of deals with an offer that retrieval let through: the seat is drawn among these alone. */
function linesThatMatter({ world, candidates }: Testimony["plan"], { rejections }: Decision): GuaranteeTable {
  const dealIds = new Set<string>();
  for (const { offer } of candidates) if (offer.guarantee !== null) dealIds.add(offer.guarantee.dealId);
  for (const { offer, reason } of rejections) {
    if (offer.guarantee !== null && REJECTIONS[reason].stage !== "retrieve") dealIds.add(offer.guarantee.dealId);
  }
  return world.guarantees.filter(({ contractId }) => dealIds.has(contractId));
}
