/**
 * One decision, explained: the break as a strip of ads, each winner with bid, price and scores, and every loser under
 * the stage and the reason that dropped it.
 */
import type { DecisionSummary, DecisionSummaryRejection, DecisionSummarySlot } from "../src/telemetry/activity.ts";
import { el, type Child } from "./dom.ts";
import { moneyElement } from "./money_element.ts";
import { countText, cpmText, exactMoney } from "./money_text.ts";
import { groupLosers, type ReasonGroup, type StageGroup } from "./reasons.ts";

const HEAD_TITLES: Readonly<Record<string, string>> = {
  completedView: "seen to the end",
  click: "click",
  abandon: "viewer leaves",
  conversion: "converts later",
};
const LOSERS_SHOWN_MAX = 40;

/** Campaign names by id. */
type Names = ReadonlyMap<string, string>;

/** Draws the explanation. */
export function explainDecision(decision: DecisionSummary, names: Names): HTMLElement[] {
  const losers = decision.rejections.length;
  return [
    el(
      "header",
      {},
      el("h3", {}, "Decision ", el("span", { class: "mono" }, decision.decisionId)),
      el(
        "p",
        { class: "note" },
        `${decision.publisherId}, ${decision.surface}, ${decision.podDurationSec} s, tier ${decision.tier}`,
      ),
    ),
    podStrip(decision, names),
    decision.slots.length > 0
      ? slotTable(decision.slots, names)
      : el("p", { class: "note" }, "Nobody won: the break went out empty."),
    el("h3", {}, losers === 0 ? "No losers" : `${countText(losers)} ${losers === 1 ? "loser" : "losers"}, and why`),
    ...groupLosers(decision.rejections).map(stageSection),
  ];
}

function podStrip(decision: DecisionSummary, names: Names): HTMLElement {
  const strip = el("div", { class: "pod", "aria-hidden": "true" });
  let leftSec = decision.podDurationSec;
  for (const slot of decision.slots) {
    const label = names.get(slot.campaignId) ?? slot.campaignId;
    const block = el(
      "span",
      { class: isHouse(slot) ? "pod-ad pod-house" : "pod-ad", title: label },
      `${slot.durationSec} s`,
    );
    block.style.flexGrow = String(slot.durationSec);
    strip.append(block);
    leftSec -= slot.durationSec;
  }
  if (leftSec > 0) {
    const rest = el("span", { class: "pod-rest" }, leftSec >= 5 ? `${Math.round(leftSec * 10) / 10} s unfilled` : "");
    rest.style.flexGrow = String(leftSec);
    strip.append(rest);
  }
  return strip;
}

const isHouse = (slot: DecisionSummarySlot): boolean => Object.keys(slot.scores).length === 0;

function slotTable(slots: readonly DecisionSummarySlot[], names: Names): HTMLElement {
  const heads = ["", "Winner", "Length", "Bid", "Price", "CPM", "Scores"].map((label, i) =>
    el("th", { scope: "col", class: i >= 2 && i <= 5 ? "number" : null }, label),
  );
  const rows = slots.map((slot) =>
    el(
      "tr",
      {},
      el("td", {}, String(slot.slot)),
      el("th", { scope: "row" }, names.get(slot.campaignId) ?? slot.campaignId, winnerIds(slot)),
      el("td", { class: "number" }, `${slot.durationSec} s`),
      el("td", { class: "number" }, isHouse(slot) ? "house" : moneyElement(slot.bidMicros)),
      el("td", { class: "number" }, isHouse(slot) ? "–" : moneyElement(slot.priceMicros)),
      el("td", { class: "number" }, isHouse(slot) ? "–" : cpmText(slot.priceMicros)),
      el("td", {}, ...scoreList(slot)),
    ),
  );
  const table = el("table", { class: "slots" }, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows));
  return el("div", { class: "table-box" }, table);
}

function winnerIds(slot: DecisionSummarySlot): HTMLElement {
  return el("span", { class: "note mono" }, `${slot.lineItemId} · ${slot.creativeId}`);
}

function scoreList(slot: DecisionSummarySlot): Child[] {
  const scores = Object.entries(slot.scores);
  if (scores.length === 0) return [el("span", { class: "note" }, "not scored")];
  return [
    el(
      "ul",
      { class: "scores" },
      ...scores.map(([head, score]) =>
        el("li", {}, `${HEAD_TITLES[head] ?? head} `, el("b", {}, `${(score * 100).toFixed(score < 0.1 ? 2 : 1)} %`)),
      ),
    ),
  ];
}

function stageSection(group: StageGroup): HTMLElement {
  return el(
    "section",
    { class: "stage" },
    el("h4", {}, group.title, " ", el("span", { class: "badge" }, countText(group.count))),
    ...group.reasons.map(reasonLine),
  );
}

function loserName({ lineItemId, creativeId }: DecisionSummaryRejection): string {
  return `${lineItemId} · ${creativeId}`;
}

function bidText({ bidMicros }: DecisionSummaryRejection): string {
  return bidMicros === null ? "" : ` bid ${exactMoney(bidMicros)}`;
}

function reasonLine(group: ReasonGroup): HTMLElement {
  const shown = group.losers.slice(0, LOSERS_SHOWN_MAX);
  const items = shown.map((loser) => el("li", {}, el("span", { class: "mono" }, loserName(loser)), bidText(loser)));
  const hidden = group.losers.length - shown.length;
  return el(
    "details",
    {},
    el(
      "summary",
      {},
      el("b", {}, countText(group.losers.length)),
      ` ${group.sentence} `,
      el(
        "span",
        { class: "note", title: "OpenRTB seat-non-bid number" },
        `${group.reason}, OpenRTB ${group.seatNonBid}`,
      ),
    ),
    el("ul", { class: "losers" }, ...items),
    hidden > 0 ? el("p", { class: "note" }, `and ${countText(hidden)} more`) : null,
  );
}
