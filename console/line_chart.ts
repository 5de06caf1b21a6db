/**
 * Time charts with uPlot: takes its colours from the page's theme (and takes them again when light turns dark), follows
 * the width of its box, and keeps a sentence for those who do not see it.
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { el, setText } from "./dom.ts";

/** One line of a chart. */
export interface ChartLine {
  readonly label: string;
  /** Name of the theme's colour: `--paid`. */
  readonly colour: string;
  /** Whether the area below is tinted. */
  readonly filled: boolean;
  readonly dashed: boolean;
  /** Its values are shares from 0 to 1, on an axis of their own at the right. */
  readonly share?: boolean;
}

/** What a chart shows and how its values are spelled. */
export interface ChartTerms {
  readonly heightPx: number;
  readonly lines: readonly ChartLine[];
  readonly valueText: (value: number) => string;
  readonly axisText: (value: number) => string;
  /** How shares are spelled, when a line is one. */
  readonly shareText?: (value: number) => string;
}

/** A chart on the page. */
export interface LineChart {
  readonly element: HTMLElement;
  /** Columns: epoch seconds, then one column a line. `sentence` says the same in words. */
  readonly draw: (columns: readonly (readonly number[])[], sentence: string) => void;
  readonly destroy: () => void;
}

/** Makes a chart; put `element` into the page, then draw. */
export function lineChart(terms: ChartTerms): LineChart {
  const box = el("div", { class: "chart-box", "aria-hidden": "true" });
  const words = el("p", { class: "visually-hidden" });
  const element = el("div", { class: "chart" }, box, words);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  let plot: uPlot | null = null;
  let columns: readonly (readonly number[])[] = [[], ...terms.lines.map(() => [])];

  const plain = (): uPlot.AlignedData => {
    const [times = [], ...lines] = columns;
    return [[...times], ...lines.map((line) => [...line])];
  };
  const remake = (): void => {
    plot?.destroy();
    plot = null;
    if (box.clientWidth > 0) plot = new uPlot(chartOptions(terms, box.clientWidth), plain(), box);
  };
  const watcher = new ResizeObserver(() => {
    if (plot === null) remake();
    else plot.setSize({ width: box.clientWidth, height: terms.heightPx });
  });
  watcher.observe(box);
  scheme.addEventListener("change", remake);

  return {
    element,
    draw: (next, sentence) => {
      columns = next;
      setText(words, sentence);
      if (plot === null) remake();
      else plot.setData(plain());
    },
    destroy: () => {
      watcher.disconnect();
      scheme.removeEventListener("change", remake);
      plot?.destroy();
    },
  };
}

function themeColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function chartOptions(terms: ChartTerms, width: number): uPlot.Options {
  const shareText = terms.shareText ?? String;
  const axis = {
    stroke: themeColour("--ink-soft"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: themeColour("--line"), width: 1 },
    ticks: { show: false },
  };
  const shareAxis = { ...axis, scale: "share", side: 1, size: 52, grid: { show: false } };
  return {
    width,
    height: terms.heightPx,
    cursor: { y: false, points: { size: 7 } },
    legend: { live: true },
    scales: {
      x: { time: true },
      y: { range: (_plot, min, max) => [Math.min(0, min ?? 0), Math.max(1, (max ?? 0) * 1.15)] },
      share: { range: [0, 1.15] },
    },
    axes: [
      {
        ...axis,
        space: 80,
        values: (_plot, ticks, _axis, _space, stepSec) => ticks.map((at) => timeText(at, stepSec)),
      },
      { ...axis, size: 64, values: (_plot, ticks) => ticks.map(terms.axisText) },
      ...(terms.lines.some((line) => line.share === true)
        ? [
            {
              ...shareAxis,
              values: (_plot: uPlot, ticks: number[]) => ticks.map((at) => (at > 1 ? "" : shareText(at))),
            },
          ]
        : []),
    ],
    series: [
      { label: "time", value: "{HH}:{mm}:{ss}" },
      ...terms.lines.map((line) => lineOptions(line, line.share === true ? shareText : terms.valueText)),
    ],
  };
}

function lineOptions(line: ChartLine, valueText: (value: number) => string): uPlot.Series {
  return {
    label: line.label,
    scale: line.share === true ? "share" : "y",
    stroke: themeColour(line.colour),
    width: 1.75,
    points: { show: false },
    ...(line.filled ? { fill: `${themeColour(line.colour)}22` } : {}),
    ...(line.dashed ? { dash: [5, 4] } : {}),
    value: (_plot: uPlot, value: number | null) => (value === null ? "–" : valueText(value)),
  };
}

/** A tick of the time axis: as fine as the steps between ticks are. */
function timeText(atSec: number, stepSec: number): string {
  const at = new Date(atSec * 1000);
  if (stepSec >= 86_400) return at.toLocaleDateString(undefined, { month: "short", day: "numeric" });
  const seconds = stepSec < 60 ? ({ second: "2-digit" } as const) : {};
  const clock = at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", ...seconds, hourCycle: "h23" });
  if (stepSec < 3600 || at.getHours() !== 0) return clock;
  return at.toLocaleDateString(undefined, { month: "short", day: "numeric" });
}
