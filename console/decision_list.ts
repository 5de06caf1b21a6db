/**
 * The newest decisions as a list, and one of them explained. The list can be held still while reading; a picked
 * decision stays explained after it has left the list.
 */
import type { DecisionSummary } from "../src/telemetry/activity.ts";
import { explainDecision } from "./decision_explanation.ts";
import { byId, el, keyedList, setAttributes, setText } from "./dom.ts";
import type { LiveAnswer } from "./live_answer.ts";
import { exactMoney } from "./money_text.ts";

const SHOWN_MAX = 24;

/** Draws the list again. */
export type DecisionList = (decisions: readonly DecisionSummary[], answer: LiveAnswer) => void;

/** Builds the list, empty. */
export function decisionList(): DecisionList {
  const list = byId("decision-list", HTMLOListElement);
  const explanation = byId("explanation", HTMLElement);
  const hold = byId("decisions-hold", HTMLButtonElement);
  let held = false;
  let pickedId: string | null = null;
  let explainedId: string | null = null;
  let names: ReadonlyMap<string, string> = new Map();
  let newest: readonly DecisionSummary[] = [];

  const explain = (decision: DecisionSummary): void => {
    if (explainedId === decision.decisionId) return;
    explainedId = decision.decisionId;
    explanation.replaceChildren(...explainDecision(decision, names));
  };
  const setHeld = (next: boolean): void => {
    held = next;
    setAttributes(hold, { "aria-pressed": String(held) });
    setText(hold, held ? "Let it run" : "Hold the list");
    if (!held) pickedId = null;
    draw();
  };
  const pick = (decision: DecisionSummary): void => {
    pickedId = decision.decisionId;
    explain(decision);
    setHeld(true);
  };
  const rows = keyedList<DecisionSummary, HTMLLIElement>(list, {
    key: (decision) => decision.decisionId,
    make: (decision) => makeRow(decision, pick),
    update: (row, decision) => {
      const current = decision.decisionId === (pickedId ?? explainedId);
      if (row.firstElementChild !== null) setAttributes(row.firstElementChild, { "aria-current": current });
    },
  });
  const draw = (): void => {
    const [first] = newest;
    if (first === undefined) {
      explanation.replaceChildren(el("p", { class: "note" }, "No decision has been reported yet."));
      return;
    }
    // While the list runs, the explanation follows the newest decision, but no faster than a reader can take in.
    if (!held && (explainedId === null || !newest.slice(0, 8).some((other) => other.decisionId === explainedId))) {
      explain(first);
    }
    rows(newest);
  };
  hold.addEventListener("click", () => setHeld(!held));

  return (decisions, answer) => {
    names = new Map(answer.campaigns.map((campaign) => [campaign.campaignId, campaign.name]));
    if (held) return;
    newest = decisions.slice(0, SHOWN_MAX);
    draw();
  };
}

function makeRow(decision: DecisionSummary, pick: (decision: DecisionSummary) => void): HTMLLIElement {
  const filledSec = decision.slots.reduce((sum, slot) => sum + slot.durationSec, 0);
  const priceMicros = decision.slots.reduce((sum, slot) => sum + slot.priceMicros, 0);
  const ads = decision.slots.length;
  const button = el(
    "button",
    { type: "button" },
    el("span", { class: "decision-when" }, clockText(decision.atMs)),
    el("span", { class: "decision-what" }, `${decision.publisherId} · ${decision.surface}`),
    el("span", { class: "badge" }, decision.tier),
    el(
      "span",
      { class: "decision-fill" },
      `${ads} ${ads === 1 ? "ad" : "ads"}, ${filledSec} of ${decision.podDurationSec} s`,
    ),
    el("span", { class: "decision-price number" }, exactMoney(priceMicros)),
  );
  button.addEventListener("click", () => pick(decision));
  return el("li", { "data-decision": decision.decisionId }, button);
}

/** Time of day with seconds, in the reader's own zone. */
function clockText(atMs: number): string {
  return new Date(atMs).toLocaleTimeString(undefined, { hourCycle: "h23" });
}
