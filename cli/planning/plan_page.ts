/**
 * A plan as a page for the person who will sign it: what to expect and how sure that is, when the money goes, what the
 * bids should be, what another budget would bring, and why there is not more.
 */
import type { CompiledCatalog } from "../../src/catalog/compiled.ts";
import type { Goal } from "../../src/catalog/entities.ts";
import { DAY_MS } from "../../src/kernel/time.ts";
import type { BidAdvice } from "../../src/simulation/planning/advice.ts";
import type { DeliveryForecast, Forecast, SpendPoint } from "../../src/simulation/planning/forecast.ts";
import type { OutcomeShare } from "../../src/simulation/planning/reasons.ts";
import type { Interval } from "../../src/simulation/planning/replicates.ts";
import { showMicros, showMoment, showTable } from "../outcome.ts";
import type { PlannedCampaign } from "./plan_catalog.ts";
import type { TrafficNote } from "./plan_traffic.ts";

/** All that the page shows. */
export interface PlanPage {
  readonly planned: PlannedCampaign;
  readonly forecast: Forecast;
  readonly note: TrafficNote;
  readonly competition: "paced" | "full";
}

const CHART_ROWS = 12;
const CHART_WIDTH = 44;
const OUTCOMES_SHOWN = 7;
/** Fewer sampled wins than this make a forecast that is worth a warning. */
const WINS_STEADY = 20;

/** The page, a line each. */
export function planPage(page: PlanPage): readonly string[] {
  const { forecast } = page;
  return [
    ...heading(page),
    "",
    ...expectation(forecast),
    "",
    ...chart(forecast.spendCurve, forecast.delivery.budgetMicros),
    "",
    ...bids(forecast),
    "",
    ...budgets(forecast),
    "",
    ...outcomes(forecast.outcomes),
  ];
}

function heading({ planned, forecast, note, competition }: PlanPage): readonly string[] {
  const { campaign, flightStartMs, flightEndMs, budgetMicros } = planned.campaign;
  const days = Math.ceil((flightEndMs - flightStartMs) / DAY_MS);
  const flight = `${showMoment(flightStartMs)} to ${showMoment(flightEndMs)}`;
  const rivals = rivalsOf(planned);
  const from =
    note.kind === "simulated"
      ? `simulated, seed ${note.seed}`
      : `from ${count(note.recordedBreaks)} recorded in ${note.file ?? ""}`;
  const unknown =
    note.unknownPublishers > 0 ? [`           ${count(note.unknownPublishers)} of unknown publishers left out`] : [];
  return [
    `${campaign.name} (${campaign.id})`,
    `  flight   ${flight}, ${count(days)} ${days === 1 ? "day" : "days"}`,
    `  budget   ${money(budgetMicros)}, pacing ${campaign.pacing}`,
    `  traffic  ${count(note.breaksPerDay)} breaks a day, ${from}`,
    ...unknown,
    `           ${count(forecast.breaks)} in the flight, ${count(forecast.decided)} of them decided for this plan`,
    `  market   ${count(rivals)} other campaigns run then, bidding ` +
      (competition === "paced" ? "as their own budgets allow" : "in full"),
  ];
}

function rivalsOf({ catalog, campaign }: { catalog: CompiledCatalog; campaign: PlannedCampaign["campaign"] }): number {
  return [...catalog.campaigns.values()].filter(
    (other) =>
      other !== campaign &&
      other.active &&
      other.budgetMicros > 0 &&
      other.flightStartMs < campaign.flightEndMs &&
      campaign.flightStartMs < other.flightEndMs,
  ).length;
}

function expectation({ delivery, won }: Forecast): readonly string[] {
  const perThousand =
    delivery.impressions.expected > 0 ? delivery.spendMicros.expected / delivery.impressions.expected : 0;
  return [
    ...showTable(
      ["Delivery", "expected", "8 flights of 10", "", ""],
      [
        deliveryRow("impressions", delivery.impressions, count),
        deliveryRow("completed views", delivery.completedViews, count),
        deliveryRow("clicks", delivery.clicks, count),
        deliveryRow("spend", delivery.spendMicros, money),
      ],
      new Set([1, 2, 4]),
    ),
    `  ${money(perThousand * 1000)} for a thousand impressions`,
    `  spends in full in ${chance(delivery.chanceToSpendInFull)}`,
    ...(won < WINS_STEADY
      ? [`  Take care: it wins only ${won} of the breaks decided for this plan; --sample N decides more.`]
      : []),
  ];
}

function deliveryRow(name: string, { expected, low, high }: Interval, show: (value: number) => string): string[] {
  return [`  ${name}`, show(expected), show(low), "to", show(high)];
}

function chart(curve: readonly SpendPoint[], budgetMicros: number): readonly string[] {
  const picked = pickRows(curve);
  const top = Math.max(budgetMicros, 1);
  const cells = (micros: number): number => Math.round((Math.min(micros, top) / top) * CHART_WIDTH);
  const amounts = picked.map(({ spendMicros }) => money(spendMicros.expected));
  const widest = Math.max(0, ...amounts.map((amount) => amount.length));
  return [
    "Spend by the end of the day, against the budget (█ in 9 flights of 10, ▒ in 1 of 10)",
    ...picked.map(({ dayMs, spendMicros }, row) => {
      const sure = cells(spendMicros.low);
      const maybe = cells(spendMicros.high) - sure;
      const bar = `${"█".repeat(sure)}${"▒".repeat(maybe)}`.padEnd(CHART_WIDTH, "·");
      const share = Math.round((100 * spendMicros.expected) / top);
      return `  ${dayOf(dayMs)}  ${(amounts[row] ?? "").padStart(widest)}  ${bar} ${share} %`;
    }),
  ];
}

/** At most twelve days, evenly apart, the last one always among them. */
function pickRows(curve: readonly SpendPoint[]): readonly SpendPoint[] {
  const rows = Math.min(CHART_ROWS, curve.length);
  return Array.from({ length: rows }, (_, row) => curve[Math.ceil(((row + 1) * curve.length) / rows) - 1]).filter(
    (point) => point !== undefined,
  );
}

const PAYS_FOR: Readonly<Record<Goal["kind"], string>> = {
  cpm: "a thousand impressions",
  completedView: "a completed view",
  click: "a click",
  conversion: "a conversion",
  roas: "what conversions bring",
  house: "nothing",
};

function bids({ advice, delivery }: Forecast): readonly string[] {
  const written = advice.kind === "keep" || advice.factor === null;
  const table = showTable(
    ["  line item", "pays for", "now", "then"],
    advice.bids.map((bid) => [
      `  ${bid.lineItemId}`,
      PAYS_FOR[bid.goal],
      showMicros(bid.writtenMicros),
      showMicros(bid.advisedMicros),
    ]),
    new Set([2, 3]),
  );
  return ["Bids", ...adviceLines(advice, delivery), ...(written ? [] : table)];
}

function adviceLines(advice: BidAdvice, delivery: DeliveryForecast): readonly string[] {
  const held = `  Pacing will hold bids at about ${percent(advice.multiplierPpm / 1_000_000)} of what is written.`;
  const reach = `  At the bids as written at most ${money(advice.reachableMicros)} can be spent.`;
  const change = percent(Math.abs((advice.factor ?? 1) - 1));
  switch (advice.kind) {
    case "lower":
      return [held, `  You could bid ${change} less and still spend in full in 9 flights of 10:`];
    case "keep":
      return [held, "  The bids are about right for the budget."];
    case "raise":
      return [reach, `  Bid ${change} more to spend in full in 9 flights of 10:`];
    case "unreachable":
      return [
        reach,
        `  No bid spends ${money(delivery.budgetMicros)} safely: ${advice.factorMax} times as much would spend ` +
          `${money(Math.min(advice.reachableAtMostMicros, delivery.budgetMicros))} on average.`,
        "  Widen the targeting, lengthen the flight, loosen the frequency cap, or cut the budget.",
      ];
  }
}

function budgets({ otherBudgets }: Forecast): readonly string[] {
  return showTable(
    ["With a budget of", "impressions", "completed views", "clicks", "spend", "in full"],
    otherBudgets.map((row) => [
      `  ${money(row.budgetMicros)}`,
      count(row.impressions.expected),
      count(row.completedViews.expected),
      count(row.clicks.expected),
      money(row.spendMicros.expected),
      percent(row.chanceToSpendInFull),
    ]),
    new Set([0, 1, 2, 3, 4, 5]),
  );
}

function outcomes(shares: readonly OutcomeShare[]): readonly string[] {
  const shown = shares.slice(0, OUTCOMES_SHOWN);
  const rest = shares.slice(OUTCOMES_SHOWN).reduce((sum, { share }) => sum + share, 0);
  const rows = shown.map(({ share, meaning }) => `  ${percent(share).padStart(7)}  ${meaning}`);
  if (shares.length === 0) return ["What becomes of the breaks", "  nobody watches in the hours of this flight"];
  return [
    "What becomes of the breaks (by the ad that comes furthest)",
    ...rows,
    ...(rest > 0 ? [`  ${percent(rest).padStart(7)}  ${shares.length - shown.length} other reasons, see --json`] : []),
  ];
}

/** With a comma between thousands. Spelled out: loading a locale for it takes longer than the rest of the page. */
function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function count(value: number): string {
  return grouped(String(Math.round(value)));
}

/** In whole currency with two decimals: a forecast is not exact to the micro. */
function money(amountMicros: number): string {
  const cents = String(Math.round(amountMicros / 10_000)).padStart(3, "0");
  return `${grouped(cents.slice(0, -2))}.${cents.slice(-2)}`;
}

/** Small shares keep their digits, and what is not quite all or nothing does not read as if it were. */
function percent(share: number): string {
  const hundredths = share * 100;
  const digits = hundredths === 0 || hundredths >= 10 ? 0 : hundredths < 0.1 ? 3 : 1;
  return `${hundredths.toFixed(digits)} %`;
}

function chance(share: number): string {
  if (share >= 0.995) return "practically every flight";
  if (share <= 0.005) return "practically no flight";
  return `${Math.round(share * 100)} flights of 100`;
}

function dayOf(dayMs: number): string {
  return new Date(dayMs).toISOString().slice(0, 10);
}
