/**
 * Why a campaign does not deliver more: what becomes of every break of its flight, from the ad that came furthest in
 * it. The words are those of the decision's own rejections, and a few that only planning knows.
 */
import { REJECTIONS, type RejectionReason } from "../../decision/rejection.ts";
import { BID_FACTORS, FULL_LEVEL, type Landscape } from "./landscape.ts";
import type { Delivery } from "./delivery.ts";
import { fateAt, further, type Opportunity } from "./opportunity.ts";
import { MULTIPLIER_PPM_MAX } from "../../money/limits.ts";

/** What may become of a break: shown, or why not. */
export type Outcome = "shown" | "held_by_pacing" | "money_gone" | RejectionReason;

/** One outcome and the share of all breaks that it takes. */
export interface OutcomeShare {
  readonly outcome: Outcome;
  /** In plain words. */
  readonly meaning: string;
  readonly share: number;
}

const PLANNING_MEANINGS: Readonly<Record<"shown" | "held_by_pacing" | "money_gone", string>> = {
  shown: "shown",
  held_by_pacing: "would win at full bids, but pacing holds bids down so that the budget lasts",
  money_gone: "would be shown, but the budget is spent by then",
};

function meaningOf(outcome: Outcome): string {
  if (outcome === "shown" || outcome === "held_by_pacing" || outcome === "money_gone") {
    return PLANNING_MEANINGS[outcome];
  }
  return REJECTIONS[outcome].meaning;
}

/** Every outcome with its share of all breaks, largest first, adding up to 1. Requires: at least one opportunity. */
export function outcomeShares(landscape: Landscape, delivery: Delivery): readonly OutcomeShare[] {
  const { opportunities, rows, measures } = landscape;
  const shares = new Map<Outcome, number>();
  const add = (outcome: Outcome, share: number): void => {
    if (share > 0) shares.set(outcome, (shares.get(outcome) ?? 0) + share / opportunities.length);
  };
  const rowOf = new Map(rows.map((at, row) => [at, row]));
  const below = Math.floor(delivery.level);
  opportunities.forEach((opportunity, at) => {
    const row = rowOf.get(at);
    if (row === undefined) {
      add(opportunity.barredBy, 1);
      return;
    }
    // Between two levels part of the flight is at the one, the rest at the other.
    for (const [level, part] of [
      [below, 1 - (delivery.level - below)],
      [below + 1, delivery.level - below],
    ] as const) {
      if (part === 0) continue;
      const shown = measures.impressions[level * rows.length + row] ?? 0;
      add("shown", part * shown * delivery.lasts);
      add("money_gone", part * shown * (1 - delivery.lasts));
      add(reasonAt(opportunity, level), part * (1 - shown));
    }
  });
  return [...shares]
    .map(([outcome, share]) => ({ outcome, meaning: meaningOf(outcome), share }))
    .sort((a, b) => b.share - a.share || (a.outcome < b.outcome ? -1 : 1));
}

/** Why a break that is not shown at this level is not. Requires: the opportunity has chances. */
function reasonAt(opportunity: Opportunity, level: number): Outcome {
  const winsAt = (at: number): boolean =>
    opportunity.chances.some(
      (chance) => fateAt(chance, Math.round((BID_FACTORS[at] ?? 0) * MULTIPLIER_PPM_MAX), 0).wins,
    );
  if (winsAt(level)) return "frequency_capped";
  if (level < FULL_LEVEL && winsAt(FULL_LEVEL)) return "held_by_pacing";
  let reason = opportunity.barredBy;
  for (const chance of opportunity.chances) {
    const fate = fateAt(chance, MULTIPLIER_PPM_MAX, 0);
    if (!fate.wins) reason = further(reason, fate.reason);
  }
  return reason;
}
