/**
 * An explained decision for people: what was asked, who won, and every loser under the stage and the reason that
 * dropped it, with what is known of it by then.
 */
import { REJECTIONS } from "../../src/decision/rejection.ts";
import type { Replayed } from "../../src/decision/trace/replay.ts";
import type { DecisionTrace } from "../../src/decision/trace/trace.ts";
import type { DecisionSummary, DecisionSummaryRejection } from "../../src/telemetry/activity.ts";
import { countOf, showMicros, showMoment, showTable } from "../outcome.ts";

/** Stages in their order. One that is not named here is shown by its own word, after the others. */
const STAGE_TITLES: ReadonlyMap<string, string> = new Map([
  ["retrieve", "may not run here"],
  ["guarantee", "did not have the guaranteed seat"],
  ["rank", "cut before scoring"],
  ["value", "worth nothing to this break"],
  ["auction", "could not compete"],
  ["pod", "not in the chosen break"],
  ["commit", "won, but could not be paid"],
]);

const HEAD_TITLES: Readonly<Record<string, string>> = {
  completedView: "seen",
  click: "click",
  abandon: "leaves",
  conversion: "converts",
};

/** The page. */
export function explainPage(trace: DecisionTrace, replayed: Replayed, explained: DecisionSummary): string[] {
  const { slots, rejections } = explained;
  return [
    ...heading(trace, replayed),
    "",
    ...(slots.length === 0 ? ["Nobody won: the break went out empty."] : wonTable(explained)),
    "",
    rejections.length === 0 ? "Nobody lost." : `${countOf(rejections.length, "candidate")} lost:`,
    ...stagesOf(rejections).flatMap(([stage, ofStage]) => stageLines(stage, ofStage)),
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

function wonTable({ slots }: DecisionSummary): string[] {
  const rows = slots.map((slot) => [
    String(slot.slot),
    slot.lineItemId,
    slot.creativeId,
    `${slot.durationSec} s`,
    showMicros(slot.bidMicros),
    showMicros(slot.priceMicros),
    showMicros(slot.floorMicros),
    showMicros(slot.valueMicros),
    slot.neededBidMicros === null ? "" : showMicros(slot.neededBidMicros),
    [scoreText(slot.scores), dealText(slot.dealId)].filter((words) => words !== "").join(", "),
  ]);
  const header = ["won", "line item", "creative", "length", "bid", "price", "floor", "value", "needed", ""];
  return showTable(header, rows, new Set([0, 3, 4, 5, 6, 7, 8]));
}

/** Losers by stage, those that came furthest first: they are asked about first. */
function stagesOf(losers: readonly DecisionSummaryRejection[]): [string, readonly DecisionSummaryRejection[]][] {
  const byStage = Map.groupBy(losers, ({ stage }) => stage);
  const order = [...STAGE_TITLES.keys()];
  return [...byStage].toSorted(([a], [b]) => order.indexOf(b) - order.indexOf(a));
}

function stageLines(stage: string, ofStage: readonly DecisionSummaryRejection[]): string[] {
  const byReason = Map.groupBy(ofStage, ({ reason }) => reason);
  const title = STAGE_TITLES.get(stage);
  return [
    "",
    title === undefined ? stage : `${title} (${stage})`,
    ...[...byReason].flatMap(([reason, losers]) => reasonLines(reason, losers)),
  ];
}

function reasonLines(reason: string, losers: readonly DecisionSummaryRejection[]): string[] {
  const meaning = Object.entries(REJECTIONS).find(([known]) => known === reason)?.[1].meaning ?? "";
  const rows = losers.map((loser) => [
    loser.lineItemId,
    loser.creativeId,
    moneyText("bid", loser.bidMicros),
    moneyText("value", loser.valueMicros),
    moneyText("floor", loser.floorMicros),
    moneyText("needed", loser.neededBidMicros),
    scoreText(loser.scores),
    dealText(loser.dealId),
  ]);
  // The header is empty: its line is not shown, and a column that nobody fills takes no room.
  const filled = rows[0]?.map((_, column) => column).filter((column) => rows.some((row) => row[column] !== "")) ?? [];
  const lines = showTable(
    filled.map(() => ""),
    rows.map((row) => filled.map((column) => row[column] ?? "")),
  ).slice(1);
  return [`  ${reason}, OpenRTB ${losers[0]?.seatNonBid ?? 0}: ${meaning}`, ...lines.map((line) => `    ${line}`)];
}

function moneyText(title: string, amountMicros: number | null): string {
  return amountMicros === null ? "" : `${title} ${showMicros(amountMicros)}`;
}

function dealText(dealId: string | null): string {
  return dealId === null ? "" : `deal ${dealId}`;
}

function scoreText(scores: Readonly<Record<string, number>> | null): string {
  return Object.entries(scores ?? {})
    .map(([head, score]) => `${HEAD_TITLES[head] ?? head} ${(100 * score).toPrecision(3)} %`)
    .join(", ");
}
