/**
 * Decides again from a trace. The law: with the catalog of the same digest the replay gives the recorded decision, byte
 * for byte, on any engine, because nothing after scoring uses mathematics whose bits an engine may choose, and the
 * scores themselves are recorded.
 */
import type { CompiledCatalog } from "../../catalog/compiled.ts";
import { ok, refused, type Result } from "../../kernel/result.ts";
import { micros } from "../../kernel/money.ts";
import { HEADS, type Head } from "../../models/manifest.ts";
import type { DecisionSummary } from "../../telemetry/activity.ts";
import { decisionDocument, documentText, firstDifference, type Difference } from "./decision_document.ts";
import type { Decision } from "../decision.ts";
import { explainFully } from "../explain.ts";
import { finish, plan, score, type ScoringPlan } from "../funnel.ts";
import { NO_LAPSES, type HeadAnswers, type Scorer, type Scoring } from "../rank.ts";
import type { DecisionTrace } from "./trace.ts";
import type { HeardScores } from "./witness.ts";
import type { CampaignBudget, World } from "../world.ts";

/** Why a trace cannot be decided again: the catalog lacks its publisher; other rows are to be scored than were. */
export type ReplayRefusal = "other_catalog" | "other_rows";

/** A decision made again. */
export interface Replayed {
  readonly plan: ScoringPlan;
  readonly scoring: Scoring;
  readonly decision: Decision;
  /** Null: the same bytes. */
  readonly difference: Difference | null;
}

/** Decides again. `catalog`: the one of the trace's digest. Refuses as `ReplayRefusal` says, in that order. */
export async function replay(trace: DecisionTrace, catalog: CompiledCatalog): Promise<Result<Replayed, ReplayRefusal>> {
  const publisher = catalog.publishers.get(trace.request.publisherId);
  if (publisher === undefined) return refused("other_catalog");
  const scoringPlan = plan(trace.request, worldOf(trace, catalog), publisher);
  const scorer = new RecordedScorer(trace.scores);
  let scoring: Scoring;
  try {
    scoring = await score(scoringPlan, scorer);
  } catch (error) {
    if (error instanceof OtherRows) return refused("other_rows");
    throw error;
  }
  const decision = finish(scoringPlan, scoring);
  const document = decisionDocument(decision);
  const same = documentText(document) === documentText(trace.decision);
  return ok({
    plan: scoringPlan,
    scoring,
    decision,
    difference: same ? null : firstDifference(trace.decision, document),
  });
}

/**
 * Every candidate's fate, with what the commit dropped. An offer that retrieval never looked at was never asked for
 * money either, so none of them is told to lack it.
 */
export function explainReplayed({ droppedSlots, budgets }: DecisionTrace, replayed: Replayed): DecisionSummary {
  const { plan: made, scoring, decision } = replayed;
  const dropped = new Set(droppedSlots);
  const kept = decision.slots.filter(({ position }) => !dropped.has(position));
  const spent = decision.slots.flatMap(({ position, offer, bidMicros }) =>
    dropped.has(position) ? [{ offer, reason: "budget_spent_meanwhile" as const, bidMicros }] : [],
  );
  const committed = {
    ...decision,
    slots: kept.map((slot, at) => ({ ...slot, position: at + 1 })),
    rejections: [...decision.rejections, ...spent],
  };
  const world = { ...made.world, budgets: new FundedUnlessAsked(budgets) };
  return explainFully({ ...made, world }, scoring, committed);
}

class FundedUnlessAsked extends Map<string, CampaignBudget> {
  static readonly #ample = { availableMicros: micros(Number.MAX_SAFE_INTEGER), multiplierPpm: 1_000_000 };

  override get(campaignId: string): CampaignBudget {
    return super.get(campaignId) ?? FundedUnlessAsked.#ample;
  }
}

function worldOf(trace: DecisionTrace, catalog: CompiledCatalog): World {
  const { decisionId, nowMs, catalogDigest, guarantees, limits } = trace;
  return { decisionId, nowMs, catalogDigest, catalog, budgets: new Map(trace.budgets), guarantees, limits };
}

class OtherRows extends Error {
  override readonly name = "OtherRows";
}

/** Gives the recorded answers again. Rejects with `OtherRows` when asked for another number of rows. */
class RecordedScorer implements Scorer {
  readonly tier: Scorer["tier"];
  readonly modelSetDigest: string | null;
  readonly #heard: HeardScores | null;

  constructor(heard: HeardScores | null) {
    this.tier = heard?.tier ?? "house";
    this.modelSetDigest = heard?.modelSetDigest ?? null;
    this.#heard = heard;
  }

  async rank({ rowCount }: { readonly rowCount: number }): Promise<Float32Array> {
    return ofRows(this.#heard?.promises, rowCount);
  }

  async score({ rowCount }: { readonly rowCount: number }): Promise<HeadAnswers> {
    const columns = HEADS.map((head) => [head, ofRows(this.#heard?.heads[head], rowCount)] as const);
    // One entry a head, by the line above.
    const heads = Object.fromEntries(columns) as Record<Head, Float32Array>;
    return { heads, lapses: this.#heard?.lapses ?? NO_LAPSES };
  }
}

function ofRows(recorded: Float32Array | null | undefined, rowCount: number): Float32Array {
  if (recorded?.length !== rowCount) throw new OtherRows("other rows are to be scored than were");
  return recorded;
}
