/**
 * The top of the console: five numbers, the traffic chart, and the last minute's fill, tiers, beacons and faults. Each
 * bar has its numbers beside it in words, so colour never carries the meaning alone.
 */
import type { Tier } from "../src/telemetry/activity.ts";
import { byId, el, setText, stackedBar } from "./dom.ts";
import { lineChart } from "./line_chart.ts";
import type { LastMinute, LiveAnswer } from "./live_answer.ts";
import type { LiveStore } from "./live_store.ts";
import { countText, exactMoney, shareText, shortMoney } from "./money_text.ts";

const TIERS: readonly { readonly tier: Tier; readonly label: string; readonly title: string }[] = [
  { tier: "full", label: "Full", title: "all models scored" },
  { tier: "reduced", label: "Reduced", title: "fewer rows, fewer models" },
  { tier: "fallback", label: "Fallback", title: "scored without models" },
  { tier: "house", label: "House", title: "house ads only" },
];

/** Beacon outcomes in the order of interest; anything else follows by name. */
const VERDICTS = ["billed", "duplicate", "late", "exhausted", "invalid"];

/** Draws the top of the console, and draws it again with each answer. */
export function overview(): (answer: LiveAnswer, store: LiveStore) => void {
  const tiles = byId("tiles", HTMLElement);
  const minute = byId("minute", HTMLElement);
  const minuteNote = byId("minute-note", HTMLElement);
  const rate = tile(tiles, "Decisions a second", "decisions-per-sec");
  const fill = tile(tiles, "Break time filled", "fill");
  const billed = tile(tiles, "Impressions billed", "impressions-billed");
  const committed = tile(tiles, "Committed", "committed");
  const spent = tile(tiles, "Billed, all campaigns", "billed-total");
  const chart = lineChart({
    heightPx: 300,
    lines: [
      { label: "decisions", colour: "--accent", filled: true, dashed: false },
      { label: "impressions billed", colour: "--house", filled: false, dashed: false },
    ],
    valueText: (value) => value.toFixed(1),
    axisText: (value) => (Number.isInteger(value) ? countText(value) : ""),
  });
  byId("traffic", HTMLElement).append(chart.element);

  return (answer, store) => {
    const { lastMinute } = answer;
    const perSec = store.decisionsPerSec(answer.nowMs);
    rate(perSec < 100 ? perSec.toFixed(1) : countText(perSec), `${countText(lastMinute.decisions)} in the last minute`);
    fill(
      shareText(lastMinute.paidMs + lastMinute.houseMs, lastMinute.requestedMs),
      `${shareText(lastMinute.emptyDecisions, lastMinute.decisions)} of breaks left empty`,
    );
    billed(countText(lastMinute.beacons["billed"] ?? 0), "in the last minute");
    committed(shortMoney(lastMinute.committedMicros), "currency units, last minute");
    const totals = sumSpend(answer);
    spent(shortMoney(totals.billedMicros), `of ${shortMoney(totals.budgetMicros)} budgeted`, totals.exactText);
    const { atSec, decisions, billed: billedPerSec } = store.traffic(answer.nowMs);
    chart.draw([atSec, decisions, billedPerSec], `About ${perSec.toFixed(1)} decisions a second now.`);
    setText(minuteNote, `${countText(lastMinute.isolates)} edge ${lastMinute.isolates === 1 ? "isolate" : "isolates"}`);
    minute.replaceChildren(...minuteParts(lastMinute));
  };
}

type Tile = (value: string, note: string, title?: string) => void;

function tile(parent: HTMLElement, label: string, name: string): Tile {
  const value = el("strong", { class: "tile-value", "data-tile": name }, "–");
  const note = el("span", { class: "note" });
  parent.append(el("div", { class: "panel tile" }, el("h3", {}, label), value, note));
  return (valueText, noteText, title) => {
    setText(value, valueText);
    setText(note, noteText);
    if (title !== undefined) value.title = title;
  };
}

/** Sums over all campaigns; a sum too large to be exact is shown as the largest exact one rather than not at all. */
function sumSpend(answer: LiveAnswer): { billedMicros: number; budgetMicros: number; exactText: string } {
  let billed = 0n;
  let budget = 0n;
  for (const { status, house } of answer.campaigns) {
    if (status === null || house) continue;
    billed += BigInt(status.billedMicros);
    budget += BigInt(status.terms.budgetMicros);
  }
  const billedMicros = exactNumber(billed);
  return { billedMicros, budgetMicros: exactNumber(budget), exactText: `${exactMoney(billedMicros)} currency units` };
}

function exactNumber(sum: bigint): number {
  const largest = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(sum < largest ? sum : largest);
}

function minuteParts(minute: LastMinute): HTMLElement[] {
  const unfilledMs = Math.max(0, minute.requestedMs - minute.paidMs - minute.houseMs);
  const decisions = TIERS.reduce((sum, { tier }) => sum + minute.tiers[tier], 0);
  return [
    shares(
      "Fill",
      [
        { label: "Paid", className: "paid", amount: minute.paidMs },
        { label: "House", className: "house", amount: minute.houseMs },
        { label: "Unfilled", className: "unfilled", amount: unfilledMs },
      ],
      minute.requestedMs,
    ),
    shares(
      "Tier",
      TIERS.map(({ tier, label, title }) => ({ label, title, className: `tier-${tier}`, amount: minute.tiers[tier] })),
      decisions,
    ),
    counts("Beacons", byInterest(minute.beacons), "none yet", ""),
    counts("Faults", Object.entries(minute.faults), "none", "bad"),
  ];
}

interface Share {
  readonly label: string;
  readonly title?: string;
  readonly className: string;
  readonly amount: number;
}

function shares(title: string, parts: readonly Share[], total: number): HTMLElement {
  const legend = parts.map((part) =>
    el(
      "li",
      { title: part.title ?? null },
      el("span", { class: `swatch ${part.className}`, "aria-hidden": "true" }),
      `${part.label} `,
      el("b", {}, shareText(part.amount, total)),
    ),
  );
  return el(
    "div",
    { class: "minute-part" },
    el("h3", {}, title),
    stackedBar(parts),
    el("ul", { class: "legend" }, ...legend),
  );
}

function verdictRank(name: string): number {
  return VERDICTS.includes(name) ? VERDICTS.indexOf(name) : VERDICTS.length;
}

function byInterest(beacons: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(beacons).sort(([a], [b]) => verdictRank(a) - verdictRank(b) || (a < b ? -1 : 1));
}

function counts(title: string, entries: readonly [string, number][], none: string, tone: string): HTMLElement {
  const shown = entries.filter(([, count]) => count > 0);
  const list = shown.map(([name, count]) =>
    el("li", { class: `badge ${tone}` }, `${spaced(name)} `, el("b", {}, countText(count))),
  );
  const content = list.length > 0 ? el("ul", { class: "badges" }, ...list) : el("p", { class: "note" }, none);
  return el("div", { class: "minute-part" }, el("h3", {}, title), content);
}

/** `scoring_failed` and `firstQuartile` as words. */
function spaced(code: string): string {
  return code
    .replaceAll("_", " ")
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim();
}
