/**
 * A replayed decision for people: what was asked, who won, and every loser under the stage and the reason that dropped
 * it, with what is known of it by then.
 */
import type { Offer } from "../src/catalog/compiled.ts";
import type { Scores } from "../src/decision/candidate.ts";
import { offerName } from "../src/decision/decision_document.ts";
import { REJECTIONS, type RejectionReason, type Stage } from "../src/decision/rejection.ts";
import type { Replayed } from "../src/decision/replay.ts";
import type { DecisionTrace } from "../src/decision/trace.ts";
import { countOf, showMicros, showMoment, showTable } from "./outcome.ts";

/** What became of one candidate. Units: micros for one impression, probabilities. */
export interface Fate {
  readonly lineItemId: string;
  readonly creativeId: string;
  readonly campaignId: string;
  readonly durationSec: number;
  /** 1-based position in the break, or null: it lost. */
  readonly position: number | null;
  readonly stage: Stage | null;
  readonly reason: RejectionReason | null;
  /** OpenRTB's number for the reason. */
  readonly seatNonBid: number | null;
  readonly bidMicros: number | null;
  readonly priceMicros: number | null;
  readonly scores: Scores | null;
}

const STAGE_TITLES: Readonly<Record<Stage, string>> = {
  retrieve: "may not run here",
  guarantee: "did not have the guaranteed seat",
  rank: "cut before scoring",
  value: "worth nothing to this break",
  auction: "could not compete",
  pod: "not in the chosen break",
  commit: "won, but could not be paid",
};

const HEAD_TITLES: Readonly<Record<string, string>> = {
  completedView: "seen",
  click: "click",
  abandon: "leaves",
  conversion: "converts",
};

/** Every candidate's fate: winners in order of play, then losers in the order of the stages. */
export function fatesOf({ droppedSlots }: DecisionTrace, { decision, scoring }: Replayed): readonly Fate[] {
  const scoresOf = new Map(scoring.scored.map(({ offer, scores }) => [offerName(offer), scores]));
  const dropped = new Set(droppedSlots);
  const winners = decision.slots.filter(({ position }) => !dropped.has(position));
  const spent = decision.slots.filter(({ position }) => dropped.has(position));
  return [
    ...winners.map(({ offer, bidMicros, priceMicros, scores }, index) => {
      const won = { position: index + 1, stage: null, reason: null, seatNonBid: null };
      return { ...nameOf(offer), ...won, bidMicros, priceMicros, scores };
    }),
    ...decision.rejections.map(({ offer, reason, bidMicros }) =>
      lostFate(offer, reason, bidMicros ?? null, scoresOf.get(offerName(offer)) ?? null),
    ),
    ...spent.map(({ offer, bidMicros, scores }) => lostFate(offer, "budget_spent_meanwhile", bidMicros, scores)),
  ];
}

function nameOf({ lineItemId, creativeId, campaignId, durationSec }: Offer) {
  return { lineItemId, creativeId, campaignId, durationSec };
}

function lostFate(offer: Offer, reason: RejectionReason, bidMicros: number | null, scores: Scores | null): Fate {
  const { stage, seatNonBid } = REJECTIONS[reason];
  return { ...nameOf(offer), position: null, stage, reason, seatNonBid, bidMicros, priceMicros: null, scores };
}

/** The page. */
export function explainPage(trace: DecisionTrace, replayed: Replayed, fates: readonly Fate[]): string[] {
  const winners = fates.filter(({ position }) => position !== null);
  const losers = fates.filter(({ position }) => position === null);
  return [
    ...heading(trace, replayed),
    "",
    ...(winners.length === 0 ? ["Nobody won: the break went out empty."] : wonTable(winners)),
    "",
    losers.length === 0 ? "Nobody lost." : `${countOf(losers.length, "candidate")} lost:`,
    ...stagesOf(losers).flatMap(([stage, ofStage]) => stageLines(stage, ofStage)),
  ];
}

function heading({ decisionId, nowMs, request, build, catalogDigest }: DecisionTrace, replayed: Replayed): string[] {
  const { decision, difference } = replayed;
  const { viewer } = request;
  const place = [viewer.device, viewer.country, viewer.region].filter((word) => word !== null).join(", ");
  const { proved, nodes } = decision.pod;
  const pod = `the pod is ${proved ? "proved best" : "the best found"} (${countOf(nodes, "node")})`;
  const length = `${request.podDurationSec} s, at most ${countOf(request.maxAds, "ad")}`;
  const said =
    difference === null
      ? "decided again here: the same bytes"
      : `decided again here DIFFERENTLY: ${difference.path} was ${JSON.stringify(difference.recorded)}, ` +
        `is ${JSON.stringify(difference.replayed)}`;
  return [
    `decision   ${decisionId}, ${showMoment(nowMs)}`,
    `break      ${request.publisherId}, ${request.surface}, ${length}`,
    `viewer     ${place === "" ? "nothing known" : place}${viewer.limitAdTracking ? ", limits tracking" : ""}`,
    `decided    tier ${decision.tier}; ${pod}`,
    `by         midroll ${`${build.version} ${build.deployment}`.trim()}, catalog ${catalogDigest.slice(0, 12)}`,
    `replay     ${said}`,
  ];
}

function wonTable(winners: readonly Fate[]): string[] {
  const rows = winners.map((fate) => [
    String(fate.position),
    fate.lineItemId,
    fate.creativeId,
    `${fate.durationSec} s`,
    showMicros(fate.bidMicros ?? 0),
    showMicros(fate.priceMicros ?? 0),
    scoreText(fate.scores),
  ]);
  return showTable(["won", "line item", "creative", "length", "bid", "price", "scores"], rows, new Set([0, 3, 4, 5]));
}

function stagesOf(losers: readonly Fate[]): [Stage, readonly Fate[]][] {
  // STAGE_TITLES has the stages in their order, and no other keys.
  const stages = Object.keys(STAGE_TITLES) as Stage[];
  const filled = stages.map((stage): [Stage, Fate[]] => [stage, losers.filter((fate) => fate.stage === stage)]);
  // Those that came furthest are asked about first.
  return filled.filter(([, ofStage]) => ofStage.length > 0).toReversed();
}

function stageLines(stage: Stage, ofStage: readonly Fate[]): string[] {
  const byReason = Map.groupBy(ofStage, ({ reason }) => reason);
  return [
    "",
    `${STAGE_TITLES[stage]} (${stage})`,
    ...[...byReason].flatMap(([reason, fates]) => (reason === null ? [] : reasonLines(reason, fates))),
  ];
}

function reasonLines(reason: RejectionReason, fates: readonly Fate[]): string[] {
  const { meaning, seatNonBid } = REJECTIONS[reason];
  const rows = fates.map((fate) => [
    fate.lineItemId,
    fate.creativeId,
    fate.bidMicros === null ? "" : `bid ${showMicros(fate.bidMicros)}`,
    scoreText(fate.scores),
  ]);
  return [
    `  ${reason}, OpenRTB ${seatNonBid}: ${meaning}`,
    ...showTable(["", "", "", ""], rows)
      .map((row) => `    ${row}`)
      .slice(1),
  ];
}

function scoreText(scores: Scores | null): string {
  if (scores === null) return "";
  return Object.entries(scores)
    .map(([head, score]) => `${HEAD_TITLES[head] ?? head} ${(100 * score).toPrecision(3)} %`)
    .join(", ");
}
