/**
 * Who scores a break, and how: the canary where the break is one of its own and its exposure covers what it decides,
 * else the live set; in full, reduced, or by the linear models when the set may not, cannot or should not. A set that
 * fails is replaced within the same request.
 */
import type { Decision } from "../../../src/decision/decision.ts";
import { finish, score, type ScoringPlan } from "../../../src/decision/funnel.ts";
import type { Scorer, Scoring } from "../../../src/decision/rank.ts";
import type { Witness } from "../../../src/decision/trace/witness.ts";
import type { Shown } from "./exposure.ts";
import { fallbackScorer } from "./fallback_scorer.ts";
import type { HeldSet } from "./held_set.ts";
import type { Door } from "../isolate.ts";
import type { ScoredRows } from "./shadow.ts";

/** A plan that was scored and decided. */
export interface ScoredBreak {
  readonly scoring: Scoring;
  readonly decision: Decision;
}

/** What is to be decided, and for whom. `trialKey`: what a canary's share goes by. */
export interface ScoreQuestion {
  readonly plan: ScoringPlan;
  readonly witness: Witness | null;
  readonly trialKey: string;
}

/** Decides the break with the models that are due. Never fails for a model's sake. */
export async function scoreBreak(door: Door, question: ScoreQuestion): Promise<ScoredBreak> {
  const { models } = door.isolate;
  const made = (await byCanary(door, question)) ?? (await bySet(door, question, models.live));
  models.decided(made.decision, shownIn(made.decision));
  return made;
}

/** What the canary decides; null when the live set has to. */
async function byCanary(door: Door, question: ScoreQuestion): Promise<ScoredBreak | null> {
  const { models } = door.isolate;
  const canary = models.canaryFor(door, question.trialKey);
  if (canary === null) return null;
  const made = await bySet(door, question, canary);
  if (made.decision.modelSetDigest === null) return null;
  return models.mayShow(door, canary, shownIn(made.decision)) ? made : null;
}

async function bySet(door: Door, question: ScoreQuestion, held: HeldSet | null): Promise<ScoredBreak> {
  const scoring = (held && (await scoredBy(door, question, held))) ?? (await scoredBy(door, question, null));
  if (scoring === null) throw new Error("the linear models score everything");
  return { scoring, decision: finish(question.plan, scoring) };
}

/** The scores of a set, or of the linear models; null: the set does not score this break. */
async function scoredBy(door: Door, { plan, witness }: ScoreQuestion, held: HeldSet | null): Promise<Scoring | null> {
  const { models, recorder } = door.isolate;
  const ask = (scorer: Scorer): Promise<Scoring> => score(plan, witness?.scorer(scorer) ?? scorer);
  if (held === null) return ask(fallbackScorer);
  const tier = models.tierFor(held, door.nowMs);
  if (tier === "fallback") return null;
  let rows: ScoredRows | null = null;
  try {
    const scoring = await held.lend((set) => {
      const scorer = set[tier];
      return ask({
        ...scorer,
        score: async (matrix) => {
          const answers = await scorer.score(matrix);
          rows = { decisionId: plan.world.decisionId, liveDigest: set.digest, matrix, answers };
          return answers;
        },
      });
    });
    // A break without candidates asked it nothing.
    if (scoring.modelSetDigest !== null) held.fared(true, door.nowMs);
    if (rows !== null && tier === "full") models.compare(door, rows);
    return scoring;
  } catch (error) {
    held.fared(false, door.nowMs);
    recorder.fault("scoring_failed");
    console.warn(`scoring failed; another tier answers: ${String(error)}`);
    return null;
  }
}

function shownIn({ slots }: Decision): Shown {
  const paid = slots.filter(({ offer }) => offer.goal.kind !== "house");
  return { impressions: paid.length, spendMicros: paid.reduce((sum, { priceMicros }) => sum + priceMicros, 0) };
}
