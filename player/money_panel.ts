/**
 * Spend beside the player, for whoever holds the admin token: the campaigns whose ads played here first, then whatever
 * else moved since the page was opened. Without a token, a word on how to get one.
 */
import { byId, el, keyedList, setText } from "../console/dom.ts";
import type { LiveCampaign } from "../console/live_answer.ts";
import { startFeed } from "../console/live_feed.ts";
import { exactMoney, shortMoney } from "../console/money_text.ts";
import { dropToken } from "../console/token.ts";

const SHOWN_MAX = 8;

/** The panel. */
export interface MoneyPanel {
  /** An ad of this campaign has been seen here. */
  readonly seen: (campaignId: string) => void;
}

/** A campaign with what it spent since the page was opened. Units: micros. */
interface Moved {
  readonly campaign: LiveCampaign;
  readonly billedMicros: number;
  readonly movedMicros: number;
  readonly seenHere: boolean;
}

/** Builds the panel and, with a token, starts the feed. */
export function moneyPanel(token: string | null): MoneyPanel {
  const box = byId("money", HTMLElement);
  const note = byId("money-note", HTMLElement);
  const seenHere = new Set<string>();
  if (token === null) {
    box.replaceChildren(signInNote());
    return { seen: () => undefined };
  }
  const firstBilled = new Map<string, number>();
  const list = el("ol", { class: "spend" });
  const rows = keyedList<Moved, HTMLLIElement>(list, {
    key: ({ campaign }) => campaign.campaignId,
    make: makeRow,
    update: updateRow,
  });
  box.replaceChildren(list);
  setText(note, "connecting to the console’s feed");
  startFeed(token, {
    onAnswer: ({ campaigns }) => {
      const moved = campaigns.flatMap((campaign) => movedSince(campaign, firstBilled, seenHere));
      const total = moved.reduce((sum, { movedMicros }) => sum + movedMicros, 0);
      rows(moved.toSorted(byInterest).slice(0, SHOWN_MAX));
      setText(note, `${exactMoney(total)} billed since you opened this page, all viewers`);
    },
    onTrouble: (reason) => setText(note, `no news: ${reason}; still asking`),
    onRefused: () => {
      dropToken();
      setText(note, "");
      box.replaceChildren(el("p", { class: "note" }, "Origin refused the token."), signInNote());
    },
  });
  return { seen: (campaignId) => void seenHere.add(campaignId) };
}

function signInNote(): HTMLElement {
  return el(
    "p",
    { class: "note" },
    "To watch the spend of each campaign here, open this page from a signed-in ",
    el("a", { href: "/" }, "console"),
    ", or add ",
    el("code", {}, "#token=…"),
    " with the admin token to its address (the link that npm start prints has it).",
  );
}

function movedSince(campaign: LiveCampaign, first: Map<string, number>, seen: ReadonlySet<string>): Moved[] {
  const { status, house, campaignId } = campaign;
  if (status === null || house) return [];
  const { billedMicros } = status;
  if (!first.has(campaignId)) first.set(campaignId, billedMicros);
  const movedMicros = billedMicros - (first.get(campaignId) ?? billedMicros);
  return [{ campaign, billedMicros, movedMicros, seenHere: seen.has(campaignId) }];
}

function byInterest(a: Moved, b: Moved): number {
  return (
    Number(b.seenHere) - Number(a.seenHere) ||
    b.movedMicros - a.movedMicros ||
    b.billedMicros - a.billedMicros ||
    (a.campaign.campaignId < b.campaign.campaignId ? -1 : 1)
  );
}

function makeRow({ campaign }: Moved): HTMLLIElement {
  return el(
    "li",
    { "data-campaign": campaign.campaignId },
    el("div", { class: "spend-line" }, el("b", {}, campaign.name), el("span", { class: "moved" })),
    el("div", { class: "meter", "aria-hidden": "true" }, el("span")),
    el("span", { class: "note" }),
  );
}

function updateRow(row: HTMLLIElement, { campaign, billedMicros, movedMicros, seenHere }: Moved): void {
  const budgetMicros = campaign.status?.terms.budgetMicros ?? 0;
  const moved = row.querySelector(".moved");
  const bar = row.querySelector(".meter span");
  const note = row.querySelector(".note");
  if (moved !== null) setText(moved, movedMicros > 0 ? `+${exactMoney(movedMicros)}` : "");
  if (bar instanceof HTMLElement && budgetMicros > 0) {
    bar.style.width = `${Math.min(100, (billedMicros / budgetMicros) * 100)}%`;
  }
  if (note !== null) {
    setText(note, `${seenHere ? "seen here · " : ""}${exactMoney(billedMicros)} of ${shortMoney(budgetMicros)} billed`);
  }
}
