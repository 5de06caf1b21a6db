/**
 * Why an ad lost, in sentences. The meaning of each reason is written beside its number in the decision core; here it
 * becomes a sentence, stages get names a reader outside the team understands, and an unknown reason is still shown.
 */
import { REJECTIONS, type Stage } from "../src/decision/rejection.ts";
import type { DecisionSummaryRejection } from "../src/telemetry/activity.ts";

/** The stages in the order in which a decision passes them, each with a title. */
const STAGE_TITLES: Readonly<Record<Stage, string>> = {
  retrieve: "Not eligible for this break",
  guarantee: "Guaranteed, but not in this break",
  rank: "Cut by the early ranker",
  value: "Not usable after scoring",
  auction: "Not allowed to compete",
  pod: "Beaten in the break",
  commit: "Money was gone",
};

/** All losers of one stage. */
export interface StageGroup {
  readonly stage: string;
  readonly title: string;
  readonly count: number;
  readonly reasons: readonly ReasonGroup[];
}

/** All losers of one stage for one reason. */
export interface ReasonGroup {
  readonly reason: string;
  /** What the reason means, as a sentence. */
  readonly sentence: string;
  /** OpenRTB seat-non-bid number; 500 and up are Midroll's own. */
  readonly seatNonBid: number;
  readonly losers: readonly DecisionSummaryRejection[];
}

/** What a reason means, as a sentence. */
export function reasonSentence(reason: string): string {
  const known = Object.entries(REJECTIONS).find(([name]) => name === reason);
  const words = known === undefined ? reason.replaceAll("_", " ") : known[1].meaning;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

/** Groups losers by stage, in the order of the stages, and by reason, most frequent first. */
export function groupLosers(rejections: readonly DecisionSummaryRejection[]): StageGroup[] {
  const order = Object.keys(STAGE_TITLES);
  const rank = (stage: string): number => (order.includes(stage) ? order.indexOf(stage) : order.length);
  const titles = new Map<string, string>(Object.entries(STAGE_TITLES));
  return [...Map.groupBy(rejections, (rejection) => rejection.stage)]
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([stage, losers]) => ({
      stage,
      title: titles.get(stage) ?? stage,
      count: losers.length,
      reasons: groupReasons(losers),
    }));
}

function groupReasons(losers: readonly DecisionSummaryRejection[]): ReasonGroup[] {
  return [...Map.groupBy(losers, (loser) => loser.reason)]
    .map(([reason, members]) => ({
      reason,
      sentence: reasonSentence(reason),
      seatNonBid: members[0]?.seatNonBid ?? 0,
      losers: members,
    }))
    .sort((a, b) => b.losers.length - a.losers.length || (a.reason < b.reason ? -1 : 1));
}
