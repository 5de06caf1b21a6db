/**
 * `npm run -s bench:pacing`: every figure that pacing promises, measured in one run on invented markets: the sample's
 * and two more, several seeds each, and one that drifts. Prints each bar with the worst case, `--json` all cases.
 * Takes about two minutes; no clock is read, so the figures are the same on every machine.
 */
import { showTable } from "../cli/outcome.ts";
import { present } from "../src/kernel/assert.ts";
import { stream } from "../src/kernel/random.ts";
import type { Auctions } from "../src/simulation/auctions/auctions.ts";
import { generateAuctions } from "../src/simulation/auctions/generate.ts";
import { hindsight } from "../src/simulation/auctions/hindsight.ts";
import {
  DRIFTING_MARKET,
  HEAVY_TAILED_MARKET,
  PRICE_POINTS_MARKET,
  SAMPLE_MARKET,
} from "../src/simulation/auctions/markets.ts";
import { MIDROLL_ALONE, replay, type ReplayOptions } from "../src/simulation/auctions/replay.ts";
import { flyWeek, WEEK_SHAPE } from "../src/simulation/auctions/week.ts";

interface Case {
  readonly market: string;
  readonly seed: string;
  readonly budgetFraction: number;
  readonly case: string;
  readonly share: number;
  readonly utilisation: number;
  readonly deviation: number;
}

interface Bar {
  readonly bar: string;
  readonly required: string;
  readonly worst: number;
  readonly met: boolean;
}

const STATIONARY = { sample: SAMPLE_MARKET, heavyTailed: HEAVY_TAILED_MARKET, pricePoints: PRICE_POINTS_MARKET };
const SEEDS = ["midroll-auctions-1", "second", "third"];
const FRACTIONS = [1 / 32, 1 / 8, 1 / 2];
const LAGS = [0.001, 0.005, 0.02, 0.08, 0.16];
const ISOLATES = [1, 4, 16, 64, 256, 1024];

const SHOCK = { priceFactor: 3, from: 0.45, to: 0.55 };
/** What each case changes. */
const CASES: Readonly<Record<string, Partial<ReplayOptions>>> = {
  alone: {},
  isolates: { isolates: 64, lag: 0.01 },
  fewer: { horizonError: 0.25 },
  more: { horizonError: -0.25 },
  shock: { shock: SHOCK },
};

function measure(market: string, seed: string, auctions: Auctions, name: string, change: Partial<ReplayOptions>): Case {
  const options = { ...MIDROLL_ALONE, ...change };
  const figures = present(replay(auctions, options).bidders[0], "the replay had one bidder");
  return {
    market,
    seed,
    budgetFraction: options.budgetFraction,
    case: name,
    share: figures.shareOfHindsightHorizon,
    utilisation: figures.utilisation,
    deviation: figures.planDeviationMax,
  };
}

function measureMarket(market: string, seed: string, auctions: Auctions): Case[] {
  return FRACTIONS.flatMap((budgetFraction) =>
    Object.entries(CASES).map(([name, change]) => measure(market, seed, auctions, name, { ...change, budgetFraction })),
  );
}

/** Lag × isolates. */
function measureGrid(market: string, seed: string, auctions: Auctions): Case[] {
  return FRACTIONS.flatMap((budgetFraction) =>
    LAGS.flatMap((lag) =>
      ISOLATES.map((isolates) =>
        measure(market, seed, auctions, `lag ${lag}, ${isolates} isolates`, { budgetFraction, lag, isolates }),
      ),
    ),
  );
}

/** Largest drop against one isolate with the smallest lag: what spreading and delay together cost at most. */
function gridDrop(cells: readonly Case[]): number {
  const drops = FRACTIONS.map((fraction) => {
    const [first, ...rest] = cells.filter((cell) => cell.budgetFraction === fraction).map((cell) => cell.share);
    return present(first, "a grid starts with one isolate") - Math.min(...rest);
  });
  return Math.max(...drops);
}

/** One week with hours, cold: with the right forecast of its shape, one whose every hour is wrong, and none. */
function measureWeek(seed: string): Case[] {
  const auctions = generateAuctions(SAMPLE_MARKET, seed);
  const random = stream(seed, "misjudged hours");
  const misjudged = WEEK_SHAPE.map((weight) => Math.round(weight * (0.75 + 0.5 * random.next())));
  const whole = auctions.prices.reduce((sum, price) => sum + price, 0);
  return FRACTIONS.flatMap((budgetFraction) => {
    const budget = Math.floor(whole * budgetFraction);
    const full = 5 * hindsight(auctions, budget).pricePerOutcome;
    return [
      { name: "week", shape: WEEK_SHAPE },
      { name: "week, hours wrong by 25 %", shape: misjudged },
      { name: "week, flat forecast", shape: [] },
    ].map(({ name, shape }) => ({
      market: "sample",
      seed,
      budgetFraction,
      case: name,
      ...flyWeek(auctions, budget, full, shape),
    }));
  });
}

function barsOf(cases: readonly Case[], drop: number): Bar[] {
  const of = (name: string, fraction?: number): Case[] =>
    cases.filter((each) => each.case === name && (fraction === undefined || each.budgetFraction === fraction));
  const least = (bar: string, required: number, picked: Case[], figure: (each: Case) => number): Bar => {
    const worst = Math.min(...picked.map(figure));
    return { bar, required: `at least ${percent(required)}`, worst, met: worst >= required };
  };
  const share = (each: Case): number => each.share;
  const misjudged = [...of("fewer"), ...of("more")];
  const deviation = Math.max(...of("alone").map((each) => each.deviation));
  return [
    least("value, one isolate, budget 1/32", 0.99, of("alone", 1 / 32), share),
    least("value, one isolate, budget 1/8", 0.995, of("alone", 1 / 8), share),
    least("value, one isolate, budget 1/2", 0.995, of("alone", 1 / 2), share),
    least("value, 64 isolates, lag 1 %", 0.988, of("isolates"), share),
    least("value, forecast wrong by 25 %", 0.95, misjudged, share),
    least("utilisation, forecast wrong by 25 %", 0.98, misjudged, (each) => each.utilisation),
    least("value, price x3 over a tenth", 0.96, of("shock"), share),
    { bar: "distance from the plan", required: "at most 1.00 %", worst: deviation, met: deviation <= 0.01 },
    { bar: "drop by isolates and lag", required: "under 3.00 %", worst: drop, met: drop < 0.03 },
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

const stationary: Case[] = [];
for (const [market, terms] of Object.entries(STATIONARY)) {
  for (const seed of SEEDS) stationary.push(...measureMarket(market, seed, generateAuctions(terms, seed)));
}
const grids = Object.entries(STATIONARY).map(([market, terms]) =>
  measureGrid(market, "second", generateAuctions(terms, "second")),
);
const drifting = measureMarket("drifting", "second", generateAuctions(DRIFTING_MARKET, "second"));
const driftingGrid = measureGrid("drifting", "second", generateAuctions(DRIFTING_MARKET, "second"));
const week = measureWeek("second");
const bars = barsOf(stationary, Math.max(...grids.map(gridDrop)));

if (process.argv.includes("--json")) {
  const outside = { drifting, driftingGrid, driftingGridDrop: gridDrop(driftingGrid), week };
  console.log(JSON.stringify({ bars, stationary, grid: grids.flat(), ...outside }));
} else {
  const rows = bars.map((each) => [each.bar, each.required, percent(each.worst), each.met ? "met" : "MISSED"]);
  console.log(showTable(["stationary markets, worst of nine", "required", "measured", ""], rows).join("\n"));
  const shown = [...drifting, ...week].map((each) => [
    each.market,
    each.case,
    each.budgetFraction.toFixed(3),
    percent(each.share),
    percent(each.utilisation),
    percent(each.deviation),
  ]);
  console.log(`\n${showTable(["market", "case", "budget", "of hindsight", "spent", "off plan"], shown).join("\n")}`);
  console.log(`\ndrop by isolates and lag in the drifting market: ${percent(gridDrop(driftingGrid))}`);
}
process.exitCode = bars.every((each) => each.met) ? 0 : 1;
