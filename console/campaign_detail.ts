/**
 * One campaign in full: its terms, every amount to the micro, its money over time since the page was opened, and what
 * each wallet holds. A drawer over the page; Escape or a click outside closes it.
 */
import type { CampaignStatus, WalletShare } from "../src/money/protocol.ts";
import { paceText, spendMeter, utilisation, utilisationText } from "./campaign_columns.ts";
import { byId, el } from "./dom.ts";
import { lineChart, type LineChart } from "./line_chart.ts";
import type { LiveAnswer, LiveCampaign } from "./live_answer.ts";
import type { LiveStore } from "./live_store.ts";
import { moneyElement } from "./money_element.ts";
import { countText, exactMoney, multiplierText, shortMoney } from "./money_text.ts";

/** The drawer. */
export interface CampaignDetail {
  readonly open: (campaignId: string) => void;
  readonly draw: (answer: LiveAnswer) => void;
}

/** Builds the drawer, closed. */
export function campaignDetail(store: LiveStore): CampaignDetail {
  const dialog = byId("campaign-detail", HTMLDialogElement);
  let answer: LiveAnswer | null = null;
  let shownId: string | null = null;
  let chart: LineChart | null = null;
  let live: HTMLElement | null = null;

  const drawCampaign = (): void => {
    const campaign = answer?.campaigns.find((other) => other.campaignId === shownId);
    if (campaign === undefined || answer === null || live === null) return;
    live.replaceChildren(
      ...(campaign.status === null ? [unknown()] : amounts(campaign, campaign.status, answer.nowMs)),
    );
    const history = store.history(campaign.campaignId);
    if (history === null || chart === null) return;
    const billed = sinceFirst(history.billedMicros);
    const words = `Billed ${exactMoney(billed.at(-1) ?? 0)} since this page was opened.`;
    chart.draw([history.atSec, billed, sinceFirst(history.plannedMicros)], words);
  };
  const close = (): void => {
    chart?.destroy();
    chart = null;
    shownId = null;
  };
  dialog.addEventListener("close", close);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  const open = (campaignId: string): void => {
    const campaign = answer?.campaigns.find((other) => other.campaignId === campaignId);
    if (campaign === undefined) return;
    shownId = campaignId;
    chart = spendChart();
    live = el("div", { class: "drawer-live" });
    dialog.replaceChildren(drawerFrame(campaign, live, chart, () => dialog.close()));
    dialog.showModal();
    drawCampaign();
  };
  return {
    open,
    draw: (next) => {
      answer = next;
      if (dialog.open) drawCampaign();
    },
  };
}

/** What was added since the first value heard, so that a new page shows movement and not a flat line of old totals. */
function sinceFirst(totals: readonly number[]): number[] {
  const first = totals[0] ?? 0;
  return totals.map((total) => total - first);
}

function spendChart(): LineChart {
  return lineChart({
    heightPx: 190,
    lines: [
      { label: "billed", colour: "--accent", filled: true, dashed: false },
      { label: "planned", colour: "--ink-soft", filled: false, dashed: true },
    ],
    valueText: exactMoney,
    axisText: (value) => (Number.isSafeInteger(value) ? shortMoney(value) : ""),
  });
}

function drawerFrame(campaign: LiveCampaign, live: HTMLElement, chart: LineChart, close: () => void): HTMLElement {
  const button = el("button", { type: "button", class: "button small" }, "Close");
  button.addEventListener("click", close);
  return el(
    "div",
    { class: "drawer-body" },
    el(
      "header",
      {},
      el(
        "div",
        {},
        el("h2", { id: "campaign-detail-title" }, campaign.name),
        el("p", { class: "note" }, subtitle(campaign)),
      ),
      button,
    ),
    live,
    el("h3", {}, "Since this page was opened"),
    chart.element,
  );
}

function subtitle(campaign: LiveCampaign): string {
  const lines = `${countText(campaign.lineItems)} line ${campaign.lineItems === 1 ? "item" : "items"}`;
  return `${campaign.advertiserName} · ${campaign.campaignId} · ${lines}${campaign.house ? " · house" : ""}`;
}

function unknown(): HTMLElement {
  return el("p", { class: "note" }, "This campaign’s ledger did not answer. The console keeps asking.");
}

function amounts(campaign: LiveCampaign, status: CampaignStatus, nowMs: number): HTMLElement[] {
  const { terms } = status;
  const entries: [string, Node | string][] = [
    ["Budget", moneyElement(terms.budgetMicros)],
    ["Billed", moneyElement(status.billedMicros)],
    ["Outstanding", moneyElement(status.outstandingMicros)],
    ["Planned by now", moneyElement(status.plannedMicros)],
    ["Granted, ever", moneyElement(status.grantedMicros)],
    ["Returned, ever", moneyElement(status.returnedMicros)],
    ["Used", utilisationText(utilisation(status))],
    ["Against plan", paceText(status)],
    ["Pacing multiplier", `${multiplierText(status.multiplierPpm)} (${terms.pacing})`],
    ["Impressions billed", countText(status.impressionsBilled)],
    ["Late", countText(status.late)],
    ["Exhausted", countText(status.exhausted)],
    ["Duplicates", countText(status.duplicates)],
    ["Flight", `${dayText(terms.flightStartMs)} – ${dayText(terms.flightEndMs)}`],
    ["Status", terms.status],
  ];
  const list = el("dl", { class: "facts" });
  for (const [name, value] of entries) list.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  return [
    ...(campaign.house ? [] : [spendMeter(status)]),
    list,
    el("p", { class: "note" }, "Units of the catalog’s currency; the last digit is one micro."),
    el("h3", {}, "Wallets"),
    walletTable(status.wallets, nowMs),
  ];
}

function walletTable(wallets: readonly WalletShare[], nowMs: number): HTMLElement {
  if (wallets.length === 0) return el("p", { class: "note" }, "No wallet has drawn on this campaign yet.");
  const heads = ["Wallet", "Granted", "Billed", "Returned", "Heard"].map((label, i) =>
    el("th", { scope: "col", class: i === 0 ? null : "number" }, label),
  );
  const rows = wallets.map((share) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", class: "mono" }, share.wallet.replace(/^wallet:/, "")),
      ...[share.grantedMicros, share.billedMicros, share.returnedMicros].map((amount) =>
        el("td", { class: "number" }, moneyElement(amount)),
      ),
      el("td", { class: "number" }, agoText(nowMs - share.heardMs)),
    ),
  );
  return el(
    "div",
    { class: "table-box" },
    el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows)),
  );
}

function agoText(elapsedMs: number): string {
  const seconds = Math.max(0, Math.round(elapsedMs / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
}

function dayText(atMs: number): string {
  return new Date(atMs).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}
