/**
 * The forecast of a flight before it starts. Read this file first: sample the flight's traffic, find the market, work
 * out each break's chances, add them up at every bid level, and do so again for two hundred flights that could have
 * been. Everything else in the answer is read off those curves.
 */
import type { CompiledCampaign, CompiledCatalog, CompiledLineItem } from "../../catalog/compiled.ts";
import type { Scorer } from "../../decision/rank.ts";
import { deliver, spendsInFull, type Delivery, type SpendingTerms } from "./delivery.ts";
import { bidAdvice, type BidAdvice } from "./advice.ts";
import { addUp, buildLandscape, type Landscape, type Measure } from "./landscape.ts";
import { fullMarket, settleMarket, type Market } from "./market.ts";
import { opportunityOf, plannedOf, type Opportunity } from "./opportunity.ts";
import { outcomeShares, type OutcomeShare } from "./reasons.ts";
import { countWithLuck, drawReplicates, intervalOf, type Interval, type Replicate } from "./replicates.ts";
import { withHistory } from "./rival_history.ts";
import { onViewersClock } from "./reach.ts";
import { flightDays, supplyWeek, wholeShape, type FlightDay } from "./supply.ts";
import { sampleFlight, type FlightTraffic, type TrafficSource } from "./traffic.ts";

/** What is planned, against whom, in which traffic. */
export interface PlanQuestion {
  readonly catalog: CompiledCatalog;
  readonly campaign: CompiledCampaign;
  readonly scorer: Scorer;
  readonly traffic: TrafficSource;
  readonly seed: string;
  /** Breaks to decide. More is slower and sharper. */
  readonly sampleSize: number;
  /** Whether other campaigns bid as their own budgets allow, or in full. */
  readonly competition: "paced" | "full";
}

/** Delivery with its uncertainty. */
export interface DeliveryForecast extends Readonly<Record<Measure, Interval>> {
  readonly budgetMicros: number;
  /** Share of flights that spend the budget. */
  readonly chanceToSpendInFull: number;
}

/** Money spent from the start of the flight to the end of a day. */
export interface SpendPoint {
  readonly dayMs: number;
  /** Cumulative. Units: micros. */
  readonly spendMicros: Interval;
}

/** The answer. */
export interface Forecast {
  /** Expected in the flight. */
  readonly breaks: number;
  /** Of them decided for the forecast, and of these won at the level that bids are paced to. */
  readonly decided: number;
  readonly won: number;
  readonly delivery: DeliveryForecast;
  readonly spendCurve: readonly SpendPoint[];
  readonly advice: BidAdvice;
  /** The same campaign with other budgets. */
  readonly otherBudgets: readonly DeliveryForecast[];
  readonly outcomes: readonly OutcomeShare[];
  /** Relative supply for this campaign, 168 whole numbers from Monday 00:00 UTC; null when there is none. */
  readonly supplyShape: readonly number[] | null;
}

/** All that a forecast is read from, so that other budgets can be asked for without deciding again. */
export interface Study {
  readonly terms: SpendingTerms;
  readonly lines: readonly CompiledLineItem[];
  readonly flight: FlightTraffic;
  readonly market: Market;
  readonly landscape: Landscape;
  readonly days: readonly FlightDay[];
  readonly week: Float64Array | null;
  readonly replicates: readonly Replicate[];
}

/** Multiples of the budget that are forecast beside it. */
const BUDGET_MULTIPLES = [0.25, 0.5, 0.75, 1, 1.5, 2, 4] as const;
/** Breaks from which the multipliers of the competition are found. */
const MARKET_SAMPLE = 50;

/** Samples and decides. Same question, same study. Cost: one decision and a few pods a sampled break. */
export async function study(question: PlanQuestion): Promise<Study> {
  const { campaign, catalog, traffic, seed, scorer, sampleSize } = question;
  const span = { startMs: campaign.flightStartMs, endMs: campaign.flightEndMs };
  const sampled = sampleFlight(traffic, span, sampleSize, seed);
  const flight = { ...sampled, sample: sampled.sample.map((asked) => onViewersClock(asked, catalog)) };
  const every = Math.max(1, Math.floor(flight.sample.length / MARKET_SAMPLE));
  const { market, rates } = await settleMarket(
    fullMarket(catalog, scorer),
    campaign.campaign.id,
    flight.sample.filter((_, at) => at % every === 0),
    { paced: question.competition === "paced", breaksPerDay: traffic.breaksPerDay },
  );
  const own = plannedOf(catalog, campaign.campaign.id);
  const opportunities: Opportunity[] = [];
  for (const asked of flight.sample) {
    opportunities.push(await opportunityOf(market, own, withHistory(asked, rates)));
  }
  const landscape = buildLandscape(opportunities, span.startMs);
  const lines = [...catalog.lineItems].filter((line) => line.campaign === campaign);
  const week = supplyWeek(flight.sample, lines);
  const days = flightDays(flight.hours, week ?? traffic.week);
  const dayShares = days.map(({ share }) => share);
  return {
    terms: { budgetMicros: campaign.budgetMicros, pacing: campaign.campaign.pacing },
    lines,
    flight,
    market,
    landscape,
    days,
    week,
    replicates: drawReplicates(landscape, flight.breaks, dayShares, seed),
  };
}

/** The forecast of a study. */
export function forecastOf(studied: Study): Forecast {
  const { terms, flight, landscape, replicates, week } = studied;
  const each = flight.breaks / Math.max(1, landscape.opportunities.length);
  const base = addUp(landscape, new Float64Array(landscape.rows.length).fill(each));
  return {
    breaks: Math.round(flight.breaks),
    decided: flight.sample.length,
    won: rowsWon(landscape, deliver(base, terms).level),
    delivery: forecastBudget(studied, terms.budgetMicros),
    spendCurve: spendCurve(studied),
    advice: bidAdvice(terms, base, replicates, studied.lines),
    otherBudgets: BUDGET_MULTIPLES.map((multiple) =>
      forecastBudget(studied, Math.max(1, Math.round(multiple * terms.budgetMicros))),
    ),
    outcomes: landscape.opportunities.length === 0 ? [] : outcomeShares(landscape, deliver(base, terms)),
    supplyShape: week === null ? null : wholeShape(week),
  };
}

/** Delivery with another budget and everything else the same. Never falls with the budget, nor do its bounds. */
export function forecastBudget(studied: Study, budgetMicros: number): DeliveryForecast {
  const terms = { ...studied.terms, budgetMicros };
  const flights = studied.replicates.map((replicate) => ({ replicate, delivery: deliver(replicate.curve, terms) }));
  const spread = viewSpread(studied.landscape);
  const measure = (name: Measure, realised: (one: (typeof flights)[number]) => number): Interval => ({
    ...intervalOf(flights.map(realised)),
    expected: intervalOf(flights.map(({ delivery }) => delivery[name])).expected,
  });
  return {
    budgetMicros,
    impressions: measure("impressions", ({ delivery }) => delivery.impressions),
    completedViews: measure("completedViews", ({ delivery, replicate }) =>
      countWithLuck(delivery.completedViews, replicate.viewLuck, spread),
    ),
    clicks: measure("clicks", ({ delivery, replicate }) => countWithLuck(delivery.clicks, replicate.clickLuck, 1)),
    spendMicros: measure("spendMicros", ({ delivery }) => delivery.spendMicros),
    chanceToSpendInFull:
      flights.filter(({ delivery }) => spendsInFull(delivery, terms)).length / Math.max(1, flights.length),
  };
}

/** Share of impressions not completed: given the impressions, completed views vary less than a rare event would. */
function viewSpread({ measures }: Landscape): number {
  const impressions = totalOf(measures.impressions);
  return impressions > 0 ? Math.max(0, 1 - totalOf(measures.completedViews) / impressions) : 1;
}

function totalOf(cells: Float64Array): number {
  return cells.reduce((sum, cell) => sum + cell, 0);
}

/** How many sampled breaks the forecast rests on: those with any win at the level, rounded up. */
function rowsWon({ measures, rows }: Landscape, level: number): number {
  const from = Math.ceil(level) * rows.length;
  return measures.impressions.subarray(from, from + rows.length).filter((share) => share > 0).length;
}

function spendCurve({ terms, days, replicates }: Study): readonly SpendPoint[] {
  const paths = replicates.map(({ curve, days: volumes }) => {
    const delivery: Delivery = deliver(curve, terms);
    const supply = days.map(({ share }, day) => share * (volumes[day] ?? 0));
    const total = supply.reduce((sum, one) => sum + one, 0);
    let gone = 0;
    return supply.map((one) => {
      gone += total > 0 ? one / total : 0;
      return delivery.spendMicros * Math.min(1, gone / delivery.lasts);
    });
  });
  return days.map(({ fromMs }, day) => ({
    dayMs: fromMs,
    spendMicros: intervalOf(paths.map((path) => path[day] ?? 0)),
  }));
}
