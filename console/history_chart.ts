/**
 * One campaign over time, as its ledger remembers it: billed against the plan, and the multiplier at the right. The
 * feed adds the present, so that the curve moves while one looks.
 */
import { pointOf, type HistoryPoint } from "../src/money/ledger_history.ts";
import type { CampaignStatus } from "../src/money/protocol.ts";
import { el, setAttributes, setText } from "./dom.ts";
import { HISTORY_WINDOWS, historyColumns, type HistoryWindow } from "./history_window.ts";
import { lineChart } from "./line_chart.ts";
import { exactMoney, multiplierText, shortMoney } from "./money_text.ts";
import { askHistory } from "./origin_calls.ts";

/** The chart of one campaign. */
export interface HistoryChart {
  readonly element: HTMLElement;
  /** What the feed says now. */
  readonly draw: (status: CampaignStatus, nowMs: number) => void;
  readonly destroy: () => void;
}

/** A ledger adds a point a minute. */
const ASK_EVERY_MS = 30_000;

/** Builds the chart and asks the ledger, now and again. */
export function historyChart(campaignId: string): HistoryChart {
  let points: readonly HistoryPoint[] = [];
  let present: HistoryPoint | null = null;
  let window = HISTORY_WINDOWS[0];
  const chart = moneyChart();
  const note = el("p", { class: "note" }, windowNote(window));

  const redraw = (): void => {
    const newest = points.at(-1)?.atMs ?? 0;
    const all = present !== null && present.atMs > newest ? [...points, present] : points;
    const columns = historyColumns(all, window);
    const billed = exactMoney(columns.billed.at(-1) ?? 0);
    const words = window.added ? `Billed ${billed} in the last ${window.label.toLowerCase()}.` : `Billed ${billed}.`;
    chart.draw([columns.atSec, columns.billed, columns.planned, columns.multiplier], words);
  };
  const choice = windowChoice((chosen) => {
    window = chosen;
    setText(note, windowNote(window));
    redraw();
  });
  const ask = async (): Promise<void> => {
    const asked = await askHistory(campaignId);
    if (asked.ok) points = asked.value;
    setText(note, asked.ok ? windowNote(window) : `The ledger’s history could not be read: ${asked.reason}.`);
    redraw();
  };
  const timer = setInterval(() => void ask(), ASK_EVERY_MS);
  void ask();

  return {
    element: el(
      "section",
      { class: "history" },
      el("header", {}, el("h3", {}, "Over time"), choice, note),
      chart.element,
    ),
    draw: (status, nowMs) => {
      present = pointOf(status, nowMs);
      redraw();
    },
    destroy: () => {
      clearInterval(timer);
      chart.destroy();
    },
  };
}

function windowNote({ added }: HistoryWindow): string {
  return added ? "What was added within it." : "From the first minute the ledger knows.";
}

function moneyChart() {
  return lineChart({
    heightPx: 210,
    lines: [
      { label: "billed", colour: "--accent", filled: true, dashed: false },
      { label: "planned", colour: "--ink-soft", filled: false, dashed: true },
      { label: "multiplier", colour: "--house", filled: false, dashed: false, share: true },
    ],
    valueText: exactMoney,
    axisText: (value) => (Number.isSafeInteger(value) ? shortMoney(value) : ""),
    shareText: (share) => multiplierText(share * 1_000_000),
  });
}

function windowChoice(choose: (window: HistoryWindow) => void): HTMLElement {
  const group = el("div", { class: "choice", role: "group", "aria-label": "How far back" });
  const buttons = HISTORY_WINDOWS.map((window) => {
    const button = el("button", { type: "button", class: "button small" }, window.label);
    button.addEventListener("click", () => {
      mark(window);
      choose(window);
    });
    group.append(button);
    return { window, button };
  });
  const mark = (chosen: HistoryWindow): void => {
    for (const { window, button } of buttons) setAttributes(button, { "aria-pressed": String(window === chosen) });
  };
  mark(HISTORY_WINDOWS[0]);
  return group;
}
