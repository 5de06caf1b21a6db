/**
 * What was learned as a page for the person who will put it to use: the table, what it does on days it was not learned
 * from and how sure that is, and what such an estimate cannot know.
 */
import type { Landscape } from "../../src/catalog/entities.ts";
import type { PriceRule } from "../../src/catalog/words.ts";
import type { LearnedLine } from "../../src/simulation/learning/backoff.ts";
import type { BreakKind } from "../../src/simulation/learning/kinds.ts";
import type {
  Bidding,
  CalibrationBin,
  LandscapeReport,
  ShadingCompared,
} from "../../src/simulation/learning/landscape_report.ts";
import type { Change } from "../../src/simulation/learning/paired_bootstrap.ts";
import type { Compared, ReserveReport } from "../../src/simulation/learning/reserve_report.ts";
import type { LearnedReserve, ReserveTerms } from "../../src/simulation/learning/reserves.ts";
import { showTable } from "../outcome.ts";

/** Where the numbers come from. */
export interface LogNote {
  readonly source: string;
  readonly method: "decided" | "logged";
  readonly breaks: number;
  readonly bids: number;
  readonly learnedDays: number;
  readonly heldOutDays: number;
  /** ISO 8601 date. */
  readonly heldOutFrom: string;
}

/** All that the page of reserves shows. */
export interface ReservePage {
  readonly note: LogNote;
  readonly lines: readonly LearnedReserve[];
  readonly report: ReserveReport;
  readonly terms: ReserveTerms;
  readonly rules: ReadonlySet<PriceRule>;
  readonly file: string;
}

/** All that the page of landscapes shows. */
export interface LandscapePage {
  readonly note: LogNote;
  readonly lines: readonly LearnedLine<Landscape>[];
  readonly report: LandscapeReport;
  readonly file: string;
}

const LINES_SHOWN = 24;
const CAMPAIGNS_SHOWN = 6;
const CHART_WIDTH = 41;
const SOLD_TWICE = { decided: "decided twice by the funnel", logged: "sold twice as its sales say" } as const;

/** The page of reserves, a line each. */
export function reservePage({ note, lines, report, terms, rules, file }: ReservePage): readonly string[] {
  const { all, seed } = report;
  return [
    ...heading("Reserve prices", note),
    "",
    ...tableOf(
      "Learned (CPM)",
      lines.map(({ kind, model, samples, largestBuyerShare }) => [
        ...kindWords(kind),
        money(model.cpmMicros),
        count(samples),
        plainPercent(largestBuyerShare),
      ]),
      ["reserve", "sales", "largest buyer"],
    ),
    ...(lines.length === 0 ? noReserve(rules, terms) : []),
    "",
    ...showTable(
      ["On the days held out", "without", "with", "change", "95 of 100"],
      [
        ["  revenue", money(all.without.revenueMicros), money(all.with.revenueMicros), ...changed(all.revenueChange)],
        ["  paid ads", count(all.without.ads), count(all.with.ads), percent(ratio(all.with.ads, all.without.ads)), ""],
        ["  paid seconds", seconds(all.without.paidMs), seconds(all.with.paidMs), ...changed(all.paidTimeChange)],
        ["  fill", plainPercent(all.without.fill), plainPercent(all.with.fill), "", ""],
      ],
      new Set([1, 2, 3, 4]),
    ),
    `  ${count(all.breaks)} breaks, each ${SOLD_TWICE[note.method]}; interval from breaks drawn again, seed ${seed}`,
    ...(lines.length > 0 && all.revenueChange.low <= 0
      ? ["  Take care: the gain is not sure, its interval reaches nothing or less. Better no table than this one."]
      : []),
    ...(lines.length === 0 ? [] : whereAndWho(report)),
    "",
    "Bids are held as they were logged: nobody enters, leaves, or learns to bid otherwise, and no budget",
    "lasts longer or shorter. Publish the table to a part of the traffic first and look at revenue there.",
    file,
  ];
}

function whereAndWho({ parts, campaigns }: ReserveReport): readonly string[] {
  const rows = campaigns
    .slice(0, CAMPAIGNS_SHOWN)
    .map(({ campaignId, withoutMicros, withMicros }) => [
      `  ${campaignId}`,
      money(withoutMicros),
      money(withMicros),
      percent(ratio(withMicros, withoutMicros)),
    ]);
  return [
    "",
    ...forest(parts),
    "",
    ...showTable(["Campaigns most changed", "spent without", "with", "change"], rows, new Set([1, 2, 3])),
  ];
}

/** The page of landscapes, a line each. */
export function landscapePage({ note, lines, report, file }: LandscapePage): readonly string[] {
  return [
    ...heading("Landscapes of rival bids", note),
    "",
    ...tableOf(
      "Bid to beat (CPM)",
      lines.map(({ kind, model, samples }) => [
        ...kindWords(kind),
        money(quantileOf(model, 0.25)),
        money(quantileOf(model, 0.5)),
        money(quantileOf(model, 0.75)),
        count(samples),
      ]),
      ["one in four", "half", "three in four", "bids"],
    ),
    "",
    ...calibration("Full bids: chance as predicted, and as it came (held out)", report.fullCalibration),
    ...calibration("Shaded bids", report.shadedCalibration),
    `  on average ${(100 * report.calibrationError).toFixed(1)} points apart; ` +
      `${count(report.uncovered)} of ${count(report.bids)} bids had no landscape`,
    "",
    ...shading(report),
    "",
    "Each bid is judged alone against the others as they were logged; when many shade, bids to beat fall too.",
    file,
  ];
}

function heading(what: string, note: LogNote): readonly string[] {
  return [
    `${what} from ${note.source}`,
    `  ${count(note.breaks)} breaks with ${count(note.bids)} bids; learned from ${count(note.learnedDays)} days, ` +
      `judged on ${count(note.heldOutDays)} from ${note.heldOutFrom} on`,
  ];
}

function kindWords({ publisherId, surface, device, genre }: BreakKind): string[] {
  return [`  ${publisherId}`, surface ?? "any", device ?? "any", genre ?? "any"];
}

function tableOf(title: string, rows: readonly (readonly string[])[], columns: readonly string[]): readonly string[] {
  const header = [title, "surface", "device", "genre", ...columns];
  const more = rows.length - LINES_SHOWN;
  return [
    ...showTable(header, rows.slice(0, LINES_SHOWN), new Set(columns.map((_, at) => 4 + at))),
    ...(more > 0 ? [`  ... and ${count(more)} more, see --json`] : []),
  ];
}

function noReserve(rules: ReadonlySet<PriceRule>, { samplesMin, fillLossMax }: ReserveTerms): readonly string[] {
  const why = [
    `  No reserve: none is surely worth more than it loses, from at least ${samplesMin} sales and with at most ` +
      `${plainPercent(fillLossMax)} of paid time lost.`,
  ];
  const first = "  Under first price winners pay their bid: a reserve helps only against campaigns that shade.";
  return rules.has("first") ? [...why, first] : why;
}

/** Revenue change of each part as a dot in its interval, all on one scale. */
function forest(parts: ReserveReport["parts"]): readonly string[] {
  const most = Math.max(0.01, ...parts.flatMap((part) => [-part.revenueChange.low, part.revenueChange.high]));
  const cell = (share: number): number => Math.round(((share / most + 1) / 2) * (CHART_WIDTH - 1));
  return showTable(
    ["Revenue by part", "", "breaks", "without", "change", `-${plainPercent(most)} to +${plainPercent(most)}`],
    parts.map((part) => [
      `  ${part.publisherId}`,
      part.surface,
      count(part.breaks),
      money(part.without.revenueMicros),
      percent(part.revenueChange.share),
      bar(part, cell),
    ]),
    new Set([2, 3, 4]),
  );
}

function bar({ revenueChange: { share, low, high } }: Compared, cell: (share: number) => number): string {
  const cells = Array.from({ length: CHART_WIDTH }, (_, at): string => (at === cell(0) ? "│" : "·"));
  for (let at = cell(low); at <= cell(high); at++) cells[at] = "─";
  cells[cell(share)] = "●";
  return cells.join("");
}

function calibration(title: string, bins: readonly CalibrationBin[]): readonly string[] {
  const rows = bins.map(({ bids, predicted, won }) => {
    const cells = [..."█".repeat(Math.round(won * CHART_WIDTH)).padEnd(CHART_WIDTH, "·")];
    cells[Math.min(CHART_WIDTH - 1, Math.round(predicted * CHART_WIDTH))] = "●";
    return ["", count(bids), plainPercent(predicted), plainPercent(won), cells.join("")];
  });
  return [
    title,
    ...showTable([" ", "bids", "predicted", "won", "0 % to 100 %, ● as predicted"], rows, new Set([1, 2, 3])),
  ];
}

function shading({ all, parts, spendChange, seed }: LandscapeReport): readonly string[] {
  return [
    ...showTable(
      ["First price, on the days held out", "wins", "spent", "surplus", "CPM"],
      [
        biddingRow("full bids", all.full),
        biddingRow("shaded", all.shaded),
        biddingRow("who knows the bid to beat", all.oracle),
      ],
      new Set([1, 2, 3, 4]),
    ),
    `  shading keeps ${captured(all)} of the surplus there is; spend ${percent(spendChange.share)} ` +
      `(${percent(spendChange.low)} to ${percent(spendChange.high)}, seed ${seed})`,
    ...parts.map((part) => `    ${part.publisherId}: ${captured(part)}`),
  ];
}

function biddingRow(name: string, { wins, spendMicros, surplusMicros }: Bidding): readonly string[] {
  const cpmMicros = wins === 0 ? 0 : (1000 * spendMicros) / wins;
  return [`  ${name}`, count(wins), money(spendMicros), money(surplusMicros), money(cpmMicros)];
}

/** How much of the surplus there is shading keeps. */
function captured({ shaded, oracle }: ShadingCompared): string {
  return plainPercent(oracle.surplusMicros === 0 ? 0 : shaded.surplusMicros / oracle.surplusMicros);
}

function quantileOf({ rivalCpmMicros }: Landscape, share: number): number {
  return rivalCpmMicros[Math.round(share * (rivalCpmMicros.length - 1))] ?? 0;
}

function ratio(after: number, before: number): number {
  return before === 0 ? 0 : after / before - 1;
}

function changed({ share, low, high }: Change): [string, string] {
  return [percent(share), `${percent(low)} to ${percent(high)}`];
}

function percent(share: number): string {
  return `${share < 0 ? "-" : "+"}${Math.abs(100 * share).toFixed(1)} %`;
}

function plainPercent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function seconds(ms: number): string {
  return count(ms / 1000);
}

function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** In whole currency with two decimals: an estimate is not exact to the micro. */
function money(amountMicros: number): string {
  const cents = String(Math.round(amountMicros / 10_000)).padStart(3, "0");
  return `${count(Number(cents.slice(0, -2)))}.${cents.slice(-2)}`;
}
